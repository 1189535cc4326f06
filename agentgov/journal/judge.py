"""Does this act hold at this place of the journal, and what does it change?

The same function judges an act before it is appended and every time it is verified, so nothing is appended that a
verifier would refuse. An act that does not hold is a `Refusal`, never an exception; what cannot be told because an
object is missing is an IncompleteError.
"""

from collections.abc import Callable, Mapping
from functools import partial

from agentgov.journal.authorise import decide_advance, first_disagreement, observe_change
from agentgov.journal.authority import refuse_signers
from agentgov.journal.clock import judge_checkpoint, refuse_time
from agentgov.journal.evidence import judge_evidence, missing_for
from agentgov.journal.imports import judge_imported
from agentgov.journal.imports import spent as spent_imports
from agentgov.journal.incidents import judge_drill, judge_incident
from agentgov.journal.outcome import Outcome
from agentgov.journal.overriding import judge_confirm, judge_override, overdue_of, spent
from agentgov.journal.owed import overdue_words
from agentgov.journal.pausing import judge_pause, judge_resume, pause_of
from agentgov.journal.pipelines import pipeline_of
from agentgov.journal.practised import overdue_drill
from agentgov.journal.releases import judge_release_seen
from agentgov.journal.reviews import judge_review, with_paths
from agentgov.journal.revoked import revoked_tags
from agentgov.journal.revoking import judge_revoke
from agentgov.journal.stretch import may_follow
from agentgov.journal.view import View
from agentgov.journal.votes import may_promote
from agentgov.journal.waiving import judge_waive, skipped, time_set
from agentgov.model.act import Act
from agentgov.model.names import agent_id
from agentgov.model.policies import aborting_rules
from agentgov.model.state import HEAD_FILE, PENDING_FILE, Changes, Head, Pending, deployment_path
from agentgov.model.transitions import KINDS, Refusal, Setting, apply_to_deployment
from agentgov.repo.objects import ObjectError, is_object_id
from agentgov.trust.identity import Identity

_UNTIL_WAIVED = "only what contains is taken until administrators waive it"


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
    refusal = refuse_time(view, act, signers, now) or refuse_signers(view, act, signers)
    if refusal is not None:
        return refusal
    if view.stretch is not None and not may_follow(act):
        return Refusal("journal.stretch", f"the journal is broken at {view.stretch.first[:12]}: {_UNTIL_WAIVED}")
    time = time_set(act) or act.time or head.time
    outcome = judge_waive(view, act, now) if act.kind == "waive" else _effect(view, act, signers, time, file)
    if isinstance(outcome, Refusal):
        return outcome
    if not isinstance(outcome, Outcome):
        outcome = Outcome(outcome)
    changes = {HEAD_FILE: _next_head(head, act, outcome, time), **outcome.changes, **skipped(view, act, signers, time)}
    return Outcome(changes, outcome.files, outcome.advance)


def _effect(
    view: View, act: Act, signers: frozenset[Identity], time: int, file: Callable[[str], bytes]
) -> Outcome | Changes | Refusal:
    if act.kind in KINDS:
        return _deployment(view, act, signers, time)
    effects: Mapping[str, Callable[[], Outcome | Changes | Refusal]] = {
        "advance": partial(_advance, view, act, time),
        "review": partial(judge_review, view, act, time)
        if act.is_personal
        else partial(judge_imported, view, act, time, file),
        "release-seen": partial(judge_release_seen, view, act, time, file),
        "pause": partial(judge_pause, view, act, time),
        "resume": partial(judge_resume, view, act),
        "checkpoint": partial(judge_checkpoint, view, act, signers, time),
        "override": partial(judge_override, view, act, signers, time),
        "confirm": partial(judge_confirm, view, act),
        "revoke": partial(judge_revoke, view, act, signers, time),
        "evidence": partial(judge_evidence, view, act, time),
        "incident": partial(judge_incident, view, act, time),
        "drill": partial(judge_drill, view, act, time),
    }
    if act.kind not in effects:
        return Refusal("act.place", f"an act {act.kind} cannot stand here")
    return effects[act.kind]()


def _next_head(head: Head, act: Act, outcome: Outcome, time: int) -> Head:
    moved = outcome.advance.governance if outcome.advance is not None else ""
    return Head(
        fleet=head.fleet,
        introduction=head.introduction,
        main=act.get("Main") or head.main,
        governance=moved or head.governance,
        previous_governance=head.governance if moved else head.previous_governance,
        seq=head.seq + 1,
        time=time,
    )


def _advance(view: View, act: Act, time: int) -> Outcome | Refusal:
    main = act.get("Main")
    if not is_object_id(main):
        return Refusal("advance.main", f"{main!r} is no commit of main")
    try:
        change = observe_change(view, main, whole=False)
        advance = decide_advance(view, change, time)
    except ObjectError as error:
        return Refusal("advance.main", f"main cannot be read at {main[:12]}: {error}")
    if advance.authorised != act.get("Authorised"):
        path = first_disagreement(view, advance, act.get("Authorised"))
        return Refusal("advance.contents", "the act authorises other contents than the reviews cover", path)
    changes: Changes = {PENDING_FILE: Pending(advance.pending), **spent(view, advance, change)}
    changes |= spent_imports(view, advance.accepted)
    for key, review in view.state.reviews().items():
        left = tuple(entry for entry in review.paths if entry.path not in advance.accepted)
        if left != review.paths:  # spent, or of a base that is no longer there
            changes[f"reviews/{key}.yaml"] = with_paths(review, left)
    return Outcome(changes, advance=advance)


def _deployment(view: View, act: Act, signers: frozenset[Identity], time: int) -> Outcome | Refusal:
    agent = agent_id(act.get("Agent"))
    if agent is None:
        return Refusal("act.agent", f"{act.get('Agent')!r} is no agent id")
    releases = {release.tag: release for release in view.state.releases(agent)}
    setting = Setting(
        time=time,
        seq=view.state.head.seq + 1,
        pipeline=pipeline_of(view, agent),
        paused=pause_of(view, agent, time) is not None,
        release_of=releases.get,
        may_promote=partial(may_promote, view, agent),
        people=sum(signer.kind == "person" for signer in signers),
        overdue=overdue_of(view, agent, time) is not None,
        revoked=revoked_tags(view, releases.values()),
        owed=partial(overdue_words, view, agent, time),
        unpractised=partial(overdue_drill, view, agent, time),
        aborting=aborting_rules(view.governance.alerts),
        missing_evidence=partial(missing_for, view),
    )
    before = view.state.deployment(agent)
    after = apply_to_deployment(act, before, setting)
    if isinstance(after, Refusal):
        return after
    return Outcome({deployment_path(agent): after} if after != before else {})
