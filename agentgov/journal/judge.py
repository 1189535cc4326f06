"""Does this act hold at this place of the journal, and what does it change?

The same function judges an act before it is appended and every time it is verified, so nothing is appended that a
verifier would refuse. An act that does not hold is a `Refusal`, never an exception; what cannot be told because an
object is missing is an IncompleteError.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from agentgov.journal.adopt import MAX_SKEW
from agentgov.journal.authorise import Advance, decide_advance, is_nameable, observe_change
from agentgov.journal.authority import refuse_signers
from agentgov.journal.records import to_bytes
from agentgov.journal.reviews import judge_review, with_paths
from agentgov.journal.tags import judge_tag
from agentgov.journal.view import View
from agentgov.model.act import Act
from agentgov.model.governed import ROOTS, is_governed
from agentgov.model.names import AgentId, agent_id, is_label, release_name
from agentgov.model.state import (
    HEAD_FILE,
    PENDING_FILE,
    Changes,
    Head,
    Pause,
    Pending,
    Release,
    Vote,
    deployment_path,
    release_path,
)
from agentgov.model.transitions import KINDS, Refusal, Setting, apply_to_deployment
from agentgov.repo.changes import changed_paths
from agentgov.repo.objects import ObjectError, is_object_id, object_id
from agentgov.trust.identity import Identity
from agentgov.trust.permissions import standing

_UNTIL = re.compile(r"(?:0|[1-9][0-9]{0,10})\Z")  # epoch seconds, up to the year 5138


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
        "advance": partial(_advance, view, act, time),
        "review": partial(_review, view, act, time),
        "release-seen": partial(_release_seen, view, act, time, file),
        "pause": partial(_pause, view, act, time),
        "resume": partial(_resume, view, act),
        "checkpoint": partial(_checkpoint, view, act),
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


def _advance(view: View, act: Act, time: int) -> Outcome | Refusal:
    main = act.get("Main")
    if not is_object_id(main):
        return Refusal("advance.main", f"{main!r} is no commit of main")
    try:
        advance = decide_advance(view, observe_change(view, main, whole=False), time)
    except ObjectError as error:
        return Refusal("advance.main", f"main cannot be read at {main[:12]}: {error}")
    if advance.authorised != act.get("Authorised"):
        return Refusal("advance.contents", "the act authorises other contents than the reviews cover")
    changes: Changes = {PENDING_FILE: Pending(advance.pending)}
    for key, review in view.state.reviews().items():
        left = tuple(entry for entry in review.paths if entry.path not in advance.accepted)
        if left != review.paths:  # spent, or of a base that is no longer there
            changes[f"reviews/{key}.yaml"] = with_paths(review, left)
    return Outcome(changes, advance=advance)


def _review(view: View, act: Act, time: int) -> Outcome | Refusal:
    changes = judge_review(view, act, time)
    return changes if isinstance(changes, Refusal) else Outcome(changes)


def _checkpoint(view: View, act: Act) -> Outcome | Refusal:
    """A heartbeat. It may say how far main has come only where nothing differs that is not pending already: authors of
    a change are looked for from the last commit of main that was looked at."""
    main = act.get("Main")
    if not main:
        return Outcome({})
    if not is_object_id(main):
        return Refusal("checkpoint.main", f"{main!r} is no commit of main")
    try:
        differing = changed_paths(view.repo, view.authorised, view.repo.commit(main).tree, ROOTS)
    except ObjectError as error:
        return Refusal("checkpoint.main", f"main cannot be read at {main[:12]}: {error}")
    pending = view.state.pending
    if any(is_governed(path) and is_nameable(path) and path not in pending for path in differing):
        return Refusal("checkpoint.main", "main holds changes that no advance has looked at")
    return Outcome({})


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
    """Whether a promote vote still counts: its author may promote in production today, and is among those whom the
    stage's promoters name, where it names any."""
    grants = standing(view.governance.access, "promote", view.today)
    if not any(grant.person == vote.by and "production" in grant.environments for grant in grants):
        return False
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
    if not _is_selector(selector) or mode not in ("stop", "read-only") or _UNTIL.match(until) is None:
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
