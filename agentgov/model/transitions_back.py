"""The acts that take a release back, and people's words: fail, stall, abort, withdraw, rollback, retire, promote, hold,
clear, alarm. Pure; see `transitions`. No pause, hold or missing promoter ever blocks an act that reduces risk."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

from msgspec.structs import replace

from agentgov.model.act import Act
from agentgov.model.pipeline import Judge
from agentgov.model.state import Canary, Deployment, Hold, Production, Release, Staging, Vote
from agentgov.model.transition_case import (
    Case,
    Refusal,
    Setting,
    bad_counts,
    candidate,
    is_newer,
    is_ramping,
    is_retired,
    leaving,
    rests_on_revoked,
)
from agentgov.model.transitions_forward import with_prior
from agentgov.model.units import parse_duration

_STAGES: Mapping[str, Literal["canary", "production"]] = MappingProxyType(
    {"canary": "canary", "production": "production"}
)


def fail(case: Case) -> Deployment | Refusal:
    """The canary is judged worse (P3): its traffic goes, and its content is marked bad."""
    at = case.at
    refusal = _not_in_canary(case) or bad_counts(case)
    if refusal is not None:
        return refusal
    staging = replace(at.staging, state="FAILED")  # it keeps what is in canary
    ended = replace(at.canary, state="FAILED", share=0, since=case.setting.time)
    return replace(at, staging=staging, canary=ended, bad=_added(at.bad, case.release.closure), votes=())


def stall(case: Case) -> Deployment | Refusal:
    """The canary cannot be judged (P6): the ramp stops. The share stays, as nothing speaks against the candidate, and
    moving its sessions back would break them and end the only evidence there is."""
    at = case.at
    refusal = _not_in_canary(case) or bad_counts(case)
    if refusal is not None:
        return refusal
    if at.canary.state != "RAMP":
        return Refusal("transition.state", f"the ramp of {case.release.name} has stopped already")
    return replace(at, canary=replace(at.canary, state="INCONCLUSIVE", since=case.setting.time))


def _not_in_canary(case: Case) -> Refusal | None:
    if is_ramping(case.at) and case.at.canary.release == case.release.tag:
        return None
    return Refusal("transition.state", f"{case.release.name} is not in canary")


def abort(case: Case) -> Deployment | Refusal:
    """The candidate ends: by a person at any time, by the reconciler only when its canary stayed inconclusive for
    another deadline, by a bot in canary where an alert rule of the governance says so. Its tag is withdrawn, or it
    would enter canary again at once; a new tag may carry its content."""
    if candidate(case.at) != case.release.tag:
        return Refusal("transition.candidate", f"{case.release.name} is not on its way to production")
    if not case.act.is_personal:
        refusal = _not_by_rule(case) if case.act.get("Rule") else _not_expired(case)
        if refusal is not None:
            return refusal
    return _without_candidate(case, "ABORTED")


def _not_by_rule(case: Case) -> Refusal | None:
    rule = case.act.get("Rule")
    if rule not in case.setting.aborting:
        return Refusal("transition.automatic", f"the fleet has no alert rule {rule} that aborts canaries")
    return _not_in_canary(case)


def _not_expired(case: Case) -> Refusal | None:
    judge = case.setting.pipeline.stage("canary").judge
    if case.at.canary.state != "INCONCLUSIVE" or not isinstance(judge, Judge):
        return Refusal("transition.automatic", "only an inconclusive canary is aborted by a bot")
    if case.setting.time - case.at.canary.since < parse_duration(judge.deadline):
        return Refusal("transition.deadline", f"the canary has been inconclusive for less than {judge.deadline}")
    return None


def withdraw(case: Case) -> Deployment | Refusal:
    """A release never advances again (P2), and its traffic goes with the same act. What production runs is rolled back
    instead, so that there is always something to go back to and withdrawing is no kill switch."""
    if case.release.tag == case.at.production.release:
        return Refusal("transition.running", f"production runs {case.release.name}; roll it back instead")
    return _without_candidate(case, "WITHDRAWN")


def _without_candidate(case: Case, state: str) -> Deployment:
    at, tag, now = case.at, case.release.tag, case.setting.time
    canary, staging = at.canary, at.staging
    if is_ramping(at) and canary.release == tag:
        canary = replace(canary, state=state, share=0, since=now)
    if staging.release == tag:
        staging = Staging(since=now)
    votes = tuple(vote for vote in at.votes if vote.release != tag)
    return replace(at, canary=canary, staging=staging, withdrawn=_added(at.withdrawn, tag), votes=votes)


def rollback(case: Case) -> Deployment | Refusal:
    """Production returns to an older release (P1, P4): old content marked bad, canary gone, hold set, in one act.

    An act that leaves content which production no longer runs has no effect, so two people who roll back at once go
    back one release, not two.
    """
    at, running, now = case.at, case.production, case.setting.time
    if is_retired(at):
        return Refusal("transition.retired", f"{at.agent} is retired; lift its hold, and release a newer version")
    left = case.setting.release_of(case.act.get("Leaves"))
    if running is None or left is None or str(left.release_name.agent) != at.agent:
        return Refusal("transition.leaves", "the act does not name a release of the agent that production could leave")
    if left.closure != running.closure:
        return at
    refusal = _not_a_target(case, running) or _not_automatic(case)
    if refusal is not None:
        return refusal
    spoilt = case.staging is not None and case.staging.closure == running.closure
    bad = tuple(closure for closure in at.bad if closure != case.release.closure)
    return replace(
        at,
        staging=replace(at.staging, state="FAILED") if spoilt else at.staging,
        canary=replace(at.canary, state="ABORTED", share=0, since=now) if is_ramping(at) else at.canary,
        production=Production(state="ROLLED_BACK", release=case.release.tag, since=now),
        prior=with_prior(at, now),
        bad=_added(bad, running.closure),
        votes=(),
        hold=_hold(case.act, case.setting),
    )


def rollback_target(
    deployment: Deployment, release_of: Callable[[str], Release | None], revoked: frozenset[str] = frozenset()
) -> Release | None:
    """The release to go back to when nobody names one: the newest that production ran before which is older than the
    running one, of other content, neither marked bad nor withdrawn, and not resting on a revoked key."""
    running = release_of(deployment.production.release)
    if running is None:
        return None
    for prior in deployment.prior:
        target = release_of(prior.release)
        if target is None or target.closure in deployment.bad or target.tag in deployment.withdrawn:
            continue
        if target.closure != running.closure and is_newer(running, target) and target.tag not in revoked:
            return target
    return None


def _not_a_target(case: Case, running: Release) -> Refusal | None:
    """An older release, never withdrawn. What is marked bad, or last ran before the window (or never), takes two."""
    at, target = case.at, case.release
    if target.closure == running.closure:
        return Refusal("transition.running", f"production runs the content of {target.name} already")
    if target.tag in at.withdrawn:
        return Refusal("transition.withdrawn", f"{target.name} is withdrawn")
    if target.tag in case.setting.revoked:
        return rests_on_revoked(case)
    if not is_newer(running, target):
        return Refusal("transition.version", f"{target.name} is not older than {running.name}")
    if case.setting.people >= 2:
        return None
    if target.closure in at.bad:
        return Refusal(
            "transition.bad", f"the content of {target.name} is marked bad; returning to it takes two people"
        )
    window = case.setting.pipeline.rollback.window
    if case.setting.time - _last_ran(case) > parse_duration(window):
        return Refusal("transition.window", f"{target.name} did not run in the last {window}; that takes two people")
    return None


def _last_ran(case: Case) -> int:
    """When production last ran the target's content, long ago where it never did."""
    ran = [(prior.until, case.setting.release_of(prior.release)) for prior in case.at.prior]
    times = [until for until, record in ran if record is not None and record.closure == case.release.closure]
    return max(times, default=-(1 << 62))


def _not_automatic(case: Case) -> Refusal | None:
    """A bot rolls back only what is baking, and only where the pipeline says so."""
    automatic = case.setting.pipeline.stage("production").auto_rollback and case.at.production.state == "BAKING"
    if case.act.is_personal or automatic:
        return None
    return Refusal("transition.automatic", "a bot rolls back only what is baking, where the pipeline has autoRollback")


def promote(case: Case) -> Deployment | Refusal:
    """A person's word for the candidate at one stage; saying it twice changes nothing."""
    at = case.at
    stage = _STAGES.get(case.act.get("Stage"))
    if stage is None:
        return Refusal("transition.stage", "a release is promoted to canary or to production")
    if candidate(at) != case.release.tag:
        return Refusal("transition.candidate", f"{case.release.name} is not on its way to production")
    vote = Vote(by=case.act.actor_id, release=case.release.tag, stage=stage, seq=case.setting.seq)
    given = {(other.by, other.release, other.stage) for other in at.votes}
    return at if (vote.by, vote.release, vote.stage) in given else replace(at, votes=(*at.votes, vote))


def clear(case: Case) -> Deployment | Refusal:
    """A person forgives: the bad mark of the release's content goes, or its inconclusive canary ends and starts anew
    from the first share with fresh evidence."""
    at = case.at
    if case.release.closure in at.bad:
        return replace(at, bad=tuple(closure for closure in at.bad if closure != case.release.closure))
    if at.canary.state == "INCONCLUSIVE" and at.canary.release == case.release.tag:
        return replace(at, canary=Canary(since=case.setting.time))
    return Refusal("transition.state", f"{case.release.name} is neither marked bad nor inconclusive in canary")


def alarm(case: Case) -> Deployment | Refusal:
    """A release's ref moved or disappeared: the agent is held. The same observation again changes nothing, also after
    a person lifted the hold."""
    seen = f"{case.release.tag} {case.act.get('Observed')}"
    if seen in case.at.alarms:
        return case.at
    hold = case.at.hold or _hold(case.act, case.setting)
    return replace(case.at, alarms=(*case.at.alarms, seen), hold=hold)


def retire(act: Act, at: Deployment, setting: Setting) -> Deployment | Refusal:
    """A person ends an agent: no stage holds anything, and nothing enters one until somebody lifts the hold. What ran
    stays known, so that only something newer ever follows; a candidate is withdrawn, as by an abort."""
    if is_retired(at) and at.hold is not None:
        return at
    refusal = leaving(act, at.production.release)
    if refusal is not None:
        return refusal
    now, tag = setting.time, candidate(at)
    return replace(
        at,
        staging=Staging(since=now),
        canary=replace(at.canary, state="ABORTED", share=0, since=now) if is_ramping(at) else at.canary,
        production=Production(state="RETIRED", since=now),
        prior=with_prior(at, now),
        withdrawn=_added(at.withdrawn, tag) if tag else at.withdrawn,
        votes=(),
        hold=_hold(act, setting),
    )


def hold(act: Act, at: Deployment, setting: Setting) -> Deployment | Refusal:
    """An agent stays where it is, until the hold is lifted; staging goes on, so that a fix can arrive."""
    if act.get("State") == "set":
        return replace(at, hold=_hold(act, setting))
    if act.get("State") == "lifted":
        return replace(at, hold=None)
    return Refusal("transition.state", "a hold is set or lifted")


def _hold(act: Act, setting: Setting) -> Hold:
    return Hold(by=act.actor_id, seq=setting.seq, reason=act.reason or act.subject)


def _added(to: tuple[str, ...], value: str) -> tuple[str, ...]:
    return to if value in to else (*to, value)
