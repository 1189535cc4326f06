"""Does this act hold at this place of the journal, and what does it change?

The same function judges an act before it is appended and every time it is verified, so nothing is appended that a
verifier would refuse. An act that does not hold is a `Refusal`, never an exception; what cannot be told because an
object is missing is an IncompleteError.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from agentgov.journal.adopt import MAX_SKEW
from agentgov.journal.authorise import Advance, decide_advance, observe_change, parse_content_path
from agentgov.journal.authority import refuse_signers
from agentgov.journal.records import to_bytes
from agentgov.journal.tags import judge_tag
from agentgov.journal.view import View
from agentgov.model.act import Act
from agentgov.model.names import AgentId, agent_id, is_label, release_name
from agentgov.model.state import (
    HEAD_FILE,
    PENDING_FILE,
    Changes,
    Head,
    OpenReview,
    Pause,
    Pending,
    Release,
    ReviewedPath,
    Vote,
    deployment_path,
    release_path,
)
from agentgov.model.transitions import KINDS, Refusal, Setting, apply_to_deployment
from agentgov.repo.objects import object_id
from agentgov.trust.identity import Identity


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an act changes: records, raw files beside them, and the tree of authorised contents where it moves."""

    changes: Changes
    files: Mapping[str, bytes] = field(default_factory=dict)
    advance: Advance | None = None


def contents(outcome: Outcome) -> dict[str, bytes | None]:
    """The files that an outcome writes into the journal's tree, or removes from it (None), by path."""
    wanted: dict[str, bytes | None] = dict(outcome.files)
    for path, record in outcome.changes.items():
        wanted[path] = to_bytes(record) if record is not None else None
    return wanted


def judge(
    view: View, act: Act, signers: frozenset[Identity], now: int, file: Callable[[str], bytes]
) -> Outcome | Refusal:
    """What an act signed by these people changes when appended to this view.

    `now` is the verifier's clock in epoch seconds; `file(path)` gives the raw file that lies beside the act (the bytes
    of a tag), KeyError where there is none.
    """
    head = view.state.head
    if act.fleet != head.fleet:
        return Refusal("act.fleet", "the act was signed for another fleet")
    if act.governance not in (head.governance, head.previous_governance):
        return Refusal("act.governance", "the act was signed under governance that is no longer in force")
    if act.time is not None and not head.time <= act.time <= now + MAX_SKEW:
        word = "behind the journal" if act.time < head.time else "ahead of this machine's clock"
        return Refusal("act.time", f"the act's time is {word}")
    refusal = refuse_signers(view, act, signers)
    if refusal is not None:
        return refusal
    outcome = _effect(view, act, signers, act.time or head.time, file)
    if isinstance(outcome, Refusal):
        return outcome
    return Outcome({HEAD_FILE: _next_head(head, act, outcome), **outcome.changes}, outcome.files, outcome.advance)


def _effect(
    view: View, act: Act, signers: frozenset[Identity], time: int, file: Callable[[str], bytes]
) -> Outcome | Refusal:
    if act.kind in KINDS:
        return _deployment(view, act, signers, time)
    effects: Mapping[str, Callable[[], Outcome | Refusal]] = {
        "advance": partial(_advance, view, act),
        "review": partial(_review, view, act, time),
        "release-seen": partial(_release_seen, view, act, time, file),
        "pause": partial(_pause, view, act, time),
        "resume": partial(_resume, view, act),
        "checkpoint": lambda: Outcome({}),
    }
    if act.kind not in effects:
        return Refusal("act.place", f"an act {act.kind} cannot stand here")
    return effects[act.kind]()


def _next_head(head: Head, act: Act, outcome: Outcome) -> Head:
    moved = outcome.advance.governance if outcome.advance is not None else ""
    return Head(
        fleet=head.fleet,
        introduction=head.introduction,
        main=act.get("Main") or head.main,
        governance=moved or head.governance,
        previous_governance=head.governance if moved else head.previous_governance,
        seq=head.seq + 1,
        time=act.time or head.time,
    )


def _advance(view: View, act: Act) -> Outcome | Refusal:
    advance = decide_advance(view, observe_change(view, act.get("Main")))
    if advance.authorised != act.get("Authorised"):
        return Refusal("advance.contents", "the act authorises other contents than the reviews cover")
    changes: Changes = {PENDING_FILE: Pending(advance.pending)}
    for key, review in view.state.reviews().items():
        left = tuple(entry for entry in review.paths if entry.path not in advance.accepted)
        if left != review.paths:  # spent, or of a base that is no longer there
            changes[f"reviews/{key}.yaml"] = _with_paths(review, left)
    return Outcome(changes, advance=advance)


def _with_paths(review: OpenReview, paths: tuple[ReviewedPath, ...]) -> OpenReview | None:
    if not paths:
        return None
    return OpenReview(by=review.by, verdict=review.verdict, seq=review.seq, time=review.time, paths=paths)


def _review(view: View, act: Act, time: int) -> Outcome | Refusal:
    if not act.is_personal:
        return Refusal("review.bot", "imported reviews come with a later version")
    paths = [parse_content_path(value) for value in act.all("Path")]
    known = [path for path in paths if path is not None]
    if not known or len(known) != len(paths) or len({path.path for path in known}) != len(known):
        return Refusal("review.paths", "the review does not name its paths as it must")
    changes: Changes = {}
    mine = {path.path for path in known}
    for key, review in view.state.reviews().items():
        if review.by == act.actor_id:
            left = tuple(entry for entry in review.paths if entry.path not in mine)
            if left != review.paths:
                changes[f"reviews/{key}.yaml"] = _with_paths(review, left)
    verdict = act.get("Verdict")
    if verdict == "withdraw":
        return Outcome(changes) if changes else Refusal("review.nothing", "there is no review to withdraw")
    if verdict not in ("approve", "request-changes"):
        return Refusal("review.verdict", f"{verdict!r} is no verdict of a review")
    seq = view.state.head.seq + 1
    changes[f"reviews/{act.id}.yaml"] = OpenReview(
        by=act.actor_id,
        verdict="approve" if verdict == "approve" else "request-changes",
        seq=seq,
        time=time,
        paths=tuple(known),
    )
    return Outcome(changes)


def _release_seen(view: View, act: Act, time: int, file: Callable[[str], bytes]) -> Outcome | Refusal:
    parts = act.get("Release").split(" ")
    name = release_name(parts[0])
    if name is None or len(parts) != 4 or str(name.agent) != act.get("Agent"):
        return Refusal("release.name", f"{act.get('Release')!r} does not name a release of {act.get('Agent')}")
    if view.state.release(name) is not None:
        return Refusal("release.known", f"the journal has seen {name} already")
    path = f"releases/{name}.tag"
    try:
        raw = file(path)
    except KeyError:
        return Refusal("release.tag-missing", f"the bytes of the tag {name} do not lie beside the act")
    oid = object_id("tag", raw)
    judged = judge_tag(view, name, oid, raw)
    if isinstance(judged, Refusal):
        return judged
    release = Release(
        name=judged.name,
        tag=judged.tag,
        commit=judged.commit,
        closure=judged.closure,
        authorised_at=judged.authorised_at,
        seen=time,
        by=judged.by,
    )
    said = (str(name), release.tag, release.commit, release.closure)
    if tuple(parts) != said or act.get("Authorised-At") != str(release.authorised_at):
        return Refusal("release.bound", "the act says something else of the release than its tag")
    return Outcome({release_path(name): release}, {path: raw})


def _deployment(view: View, act: Act, signers: frozenset[Identity], time: int) -> Outcome | Refusal:
    agent = agent_id(act.get("Agent"))
    if agent is None:
        return Refusal("act.agent", f"{act.get('Agent')!r} is no agent id")
    releases = {release.tag: release for release in view.state.releases(agent)}
    setting = Setting(
        time=time,
        seq=view.state.head.seq + 1,
        pipeline=view.governance.pipeline,
        paused=pause_of(view, agent, time) is not None,
        release_of=releases.get,
        may_promote=partial(may_promote, view),
        people=sum(signer.kind == "person" for signer in signers),
    )
    before = view.state.deployment(agent)
    after = apply_to_deployment(act, before, setting)
    if isinstance(after, Refusal):
        return after
    return Outcome({deployment_path(agent): after} if after != before else {})


def may_promote(view: View, vote: Vote) -> bool:
    """Whether a promote vote is by somebody whom the stage's promoters name now."""
    promoters = view.governance.pipeline.stage(vote.stage).promoters
    if promoters is None or not promoters.sources:
        return True
    return any(vote.by in view.directory.members(source, view.today) for source in promoters.sources)


def pause_of(view: View, agent: AgentId, time: int) -> Pause | None:
    """The pause that stops an agent at this journal time, the strictest first; None where it may run."""
    matching = [pause for pause in view.state.pauses().values() if selects(pause.selector, agent)]
    running = [pause for pause in matching if pause.until == 0 or time < pause.until]
    return min(running, key=lambda pause: (pause.mode != "stop", pause.seq), default=None)


def selects(selector: str, agent: AgentId) -> bool:
    """Whether a selector means an agent: its id, or `<workspace>/*`."""
    return selector in (str(agent), f"{agent.workspace}/*")


def _pause(view: View, act: Act, time: int) -> Outcome | Refusal:
    selector, mode, until = act.get("Selector"), act.get("Mode"), act.get("Until") or "0"
    if not _is_selector(selector) or mode not in ("stop", "read-only") or not until.isdecimal() or len(until) > 12:
        return Refusal("pause.words", "the pause does not say whom, how or until when as it must")
    pause = Pause(
        selector=selector,
        by=act.actor_id,
        seq=view.state.head.seq + 1,
        time=time,
        mode="read-only" if mode == "read-only" else "stop",
        until=int(until),
        reason=act.reason,
    )
    return Outcome({f"pauses/{act.id}.yaml": pause})


def _resume(view: View, act: Act) -> Outcome | Refusal:
    selector = act.get("Selector")
    found = {key for key, pause in view.state.pauses().items() if pause.selector == selector}
    if not found:
        return Refusal("pause.none", f"nothing is paused by {selector!r}")
    return Outcome({f"pauses/{key}.yaml": None for key in found})


def _is_selector(text: str) -> bool:
    workspace, _, name = text.partition("/")
    return agent_id(text) is not None or (name == "*" and is_label(workspace))
