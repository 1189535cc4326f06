"""What happens to one agent next: at most one act, by the first rule that matches. Pure and total.

    P0   journal not verified here                       nothing             integrity
    P0   journal older than maxAge                       stops P8, P9, P11 and P12; the rest goes on
    P1   a person orders a rollback                      an act of its own, appended without planning (`orders`)
    P2   a candidate is withdrawn                        the act that withdrew it took its traffic already
    P3   canary judged FAIL                              fail                reduces risk
    P4   production judged FAIL while it bakes           rollback            reduces risk
    P0   a ref moved (after what takes traffic away)     alarm, with a hold  integrity
    P5   paused                                          stops production's rows; the law refuses them
    P6   no data, deadline, broken routing               stall, later abort  neutral
    P7   frozen                                          stop here
    P8   ramp: soak, units, data                         share               raises risk
    P9   last step: judge, promoters                     graduate            raises risk
    P10  staging soaked; production baked                pass; settle        neutral
    P11  staging passed                                  canary              raises risk
    P12  a newer eligible release                        stage               raises risk

Every state that cannot move says what it waits for. A plan speaks only of the deployment that the tick observed, so
planning again without observing again changes nothing. Reading the world and appending acts is the shell's.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from agentgov.model.pipeline import Judge
from agentgov.model.state import Release
from agentgov.model.transitions import Refusal, candidate, is_ramping, judge_of, rollback_target
from agentgov.model.units import parse_duration, rough_duration
from agentgov.release import gates
from agentgov.release.judge import Outcome
from agentgov.release.observations import fingerprint
from agentgov.release.view import AgentView, Decision, Wait

Answer = Decision | Sequence[Wait]


def plan_agent(view: AgentView) -> Decision:
    """The next act for one agent, or none, with everything that waits."""
    if not view.integrity:
        unverified = "the journal is not verified here; nothing moves until it is"
        return Decision("P0", None, waits=(Wait("P0", unverified, gate="stale"),))
    waits: list[Wait] = [Wait("P0", view.stale, gate="stale")] if view.stale else []
    if view.observed.of != fingerprint(view.deployment):
        alarm, unseen = _moved(view), Wait("", "this state is observed from the next tick on")
        return alarm if isinstance(alarm, Decision) else Decision("", None, waits=(*waits, unseen))
    for rule in _RULES:
        if view.stale and rule in _RAISE_RISK:
            continue
        answer = rule(view)
        if isinstance(answer, Decision):
            return replace(answer, waits=tuple(waits))
        waits += answer
        if rule is _frozen and answer:
            return Decision("P7", None, waits=tuple(waits))
    return Decision("", None, waits=tuple(waits))


def _moved(view: AgentView) -> Answer:
    """A ref that moved or disappeared: alarm and hold, each observation once."""
    for moved in view.moved:
        if f"{moved.release.tag} {moved.observed}" in view.deployment.alarms:
            continue
        where = "is gone" if moved.observed == "none" else f"points at {moved.observed[:12]}"
        subject = f"hold {view.deployment.agent}: the tag of v{moved.release.release_name.version} {where}"
        reason = "A release's tag never moves. What runs keeps running from the recorded object."
        values = {"Observed": moved.observed}
        outcome = gates.propose(view, "P0", "alarm", moved.release, subject=subject, reason=reason, values=values)
        return _unless([], outcome, "P0")
    return ()


def _failed(view: AgentView) -> Answer:
    """P3, whatever pause, freeze or hold say."""
    found, release = view.observed.judgement, view.release(view.deployment.canary.release)
    if not is_ramping(view.deployment) or release is None or found is None or found.outcome is not Outcome.FAIL:
        return ()
    subject = f"fail the canary of {_named(release)} on {found.metric}"
    outcome = gates.propose(
        view,
        "P3",
        "fail",
        release,
        subject=subject,
        reason=f"The canary is worse than what runs beside it: {found.metric}.",
        values={"Metric": found.metric},
        counts=view.observed.counts,
    )
    return _unless([], outcome, "P3")


def _bake_failed(view: AgentView) -> Answer:
    """P4, whatever pause, freeze or hold say."""
    at, found = view.deployment, view.observed.bake
    if at.production.state != "BAKING" or found is None or found.outcome is not Outcome.FAIL:
        return ()
    if not view.pipeline.stage("production").auto_rollback:
        words = f"production is above its ceiling: {found.metric}; autoRollback is off, so somebody decides"
        return (Wait("P4", words, gate="people"),)
    target, running = rollback_target(at, view.release, view.revoked), view.release(at.production.release)
    if target is None or running is None:
        words = f"production is above its ceiling: {found.metric}, with nothing to go back to; pause it"
        return (Wait("P4", words, gate="people"),)
    subject = f"roll back {_named(running)} to v{target.release_name.version}"
    reason = f"Above its ceiling while it baked: {found.metric}."
    outcome = gates.propose(view, "P4", "rollback", target, subject=subject, reason=reason)
    return _unless([], outcome, "P4")


def _stalled(view: AgentView) -> Answer:
    """P6. A paused canary is not observed, so it is not blamed either."""
    at = view.deployment
    release = view.release(at.canary.release)
    if at.canary.state == "INCONCLUSIVE" and release is not None:
        return _expired(view, release)
    why = _why_stalled(view) if at.canary.state == "RAMP" and not view.paused else ""
    if release is None or not why:
        return ()
    subject, reason = f"stop the ramp of {_named(release)}", f"Inconclusive: {why}."
    counts = view.observed.counts
    outcome = gates.propose(view, "P6", "stall", release, subject=subject, reason=reason, counts=counts)
    return _unless([], outcome, "P6")


def _expired(view: AgentView, release: Release) -> Answer:
    """An inconclusive canary waits a deadline for people, and is aborted then."""
    judge = view.pipeline.stage("canary").judge
    message = f"the canary of {_named(release)} is inconclusive; clear it, or abort it"
    if view.paused or not isinstance(judge, Judge):
        return (Wait("P6", message, gate="people"),)
    left = view.deployment.canary.since + parse_duration(judge.deadline) - view.now
    if left > 0:
        return (Wait("P6", message, rough_duration(left), gate="people"),)
    subject, reason = f"abort {_named(release)}", "Inconclusive for a whole deadline."
    return _unless([], gates.propose(view, "P6", "abort", release, subject=subject, reason=reason), "P6")


def _why_stalled(view: AgentView) -> str:
    seen, judge = view.observed, judge_of(view.deployment, view.pipeline)
    if judge is None:
        return ""
    outcome = seen.judgement.outcome if seen.judgement is not None else Outcome.UNDECIDED
    if outcome is Outcome.INCONCLUSIVE:
        return "traffic is not split as recorded, so counts prove nothing"
    if seen.no_data_ticks >= judge.no_data_ticks:
        return f"no data for {seen.no_data_ticks} ticks ({seen.problem or 'no counts'})"
    if outcome is not Outcome.PASS and view.now - seen.ramp_started >= parse_duration(judge.deadline):
        return f"not decided within {judge.deadline}"
    return ""


def _frozen(view: AgentView) -> Answer:
    """P7: nothing below happens; observing goes on."""
    if not view.frozen:
        return ()
    left = view.frozen_until - view.now if view.frozen_until else None
    remaining = rough_duration(left) if left is not None else ""
    return (Wait("P7", f"frozen: {view.frozen}", remaining, gate="freeze", eta=left),)


def _ramp(view: AgentView) -> Answer:
    """P8 and P9: the next share, or after the last step production."""
    at, steps = view.deployment, view.pipeline.stage("canary").steps
    release, step = view.release(at.canary.release), gates.current_step(view)
    if at.canary.state != "RAMP" or release is None or step is None:
        return ()
    if at.canary.step + 1 < len(steps):
        share = steps[at.canary.step + 1].share
        waits = gates.step_gates(view, "P8", step) + gates.eligibility_gate(view, "P8", release)
        subject, reason = (
            f"raise the canary of {_named(release)} to {share}",
            f"Step at {step.share} done: soak, units.",
        )
        counts, values = view.observed.counts, {"Share": share}
        outcome = gates.propose(
            view, "P8", "share", release, subject=subject, reason=reason, values=values, counts=counts
        )
        return _unless(waits, outcome, "P8")
    waits = gates.step_gates(view, "P9", step) + gates.judge_gate(view, "P9")
    waits += gates.evidence_gate(view, "P9", release, "production")
    waits += gates.eligibility_gate(view, "P9", release)
    return _unless(waits, _graduation(view, release), "P9")


def _graduation(view: AgentView, release: Release) -> Decision | Refusal:
    judged = "unjudged" if judge_of(view.deployment, view.pipeline) is None else "pass"
    reason = "The canary passed its judge." if judged == "pass" else "Unjudged: on a person's word."
    return gates.propose(
        view,
        "P9",
        "graduate",
        release,
        subject=f"promote {_named(release)} to production",
        reason=reason,
        values={"Judged": judged},
        counts=view.observed.counts,
    )


def _soaked(view: AgentView) -> Answer:
    """P10: staging passes."""
    at = view.deployment
    release = view.release(at.staging.release)
    if at.staging.state != "SOAKING" or release is None:
        return ()
    waits = gates.soak_gate("P10", view.observed.staging_soak, view.pipeline.stage("staging").soak)
    waits += gates.evidence_gate(view, "P10", release, "pass") + gates.eligibility_gate(view, "P10", release)
    subject, reason = f"pass {_named(release)} in staging", "Soak and evidence are there."
    return _unless(waits, gates.propose(view, "P10", "pass", release, subject=subject, reason=reason), "P10")


def _baked(view: AgentView) -> Answer:
    """P10: production settles."""
    at = view.deployment
    release, found = view.release(at.production.release), view.observed.bake
    if at.production.state != "BAKING" or release is None or (found is not None and found.outcome is Outcome.FAIL):
        return ()
    waits = gates.soak_gate("P10", view.observed.bake_soak, view.pipeline.stage("production").bake)
    subject, reason = f"settle {_named(release)} in production", "It has baked."
    return _unless(waits, gates.propose(view, "P10", "settle", release, subject=subject, reason=reason), "P10")


def _started(view: AgentView) -> Answer:
    """P11: the first share of traffic."""
    at, steps = view.deployment, view.pipeline.stage("canary").steps
    release = view.release(at.staging.release)
    if at.staging.state != "PASSED" or is_ramping(at) or release is None or candidate(at) != release.tag or not steps:
        return ()
    waits = gates.evidence_gate(view, "P11", release, "canary") + gates.eligibility_gate(view, "P11", release)
    subject, values = f"start the canary of {_named(release)} at {steps[0].share}", {"Share": steps[0].share}
    outcome = gates.propose(
        view, "P11", "canary", release, subject=subject, reason="It has passed staging.", values=values
    )
    return _unless(waits, outcome, "P11")


def _newer(view: AgentView) -> Answer:
    """P12: the newest eligible release enters staging."""
    found = gates.newest_release(view)
    if found is None:
        return ()
    release, outcome = found
    return _unless(gates.preemption_gate(view, "P12", release), outcome, "P12")


def _unless(waits: list[Wait], outcome: Decision | Refusal, rule: str) -> Answer:
    """The decision, unless something is waited for or the law says no."""
    waits = waits + gates.refusal_gate(rule, outcome, waits)
    return outcome if isinstance(outcome, Decision) and not waits else waits


def _named(release: Release) -> str:
    return f"{release.release_name.agent} v{release.release_name.version}"


_RULES: tuple[Callable[[AgentView], Answer], ...] = (
    _failed,
    _bake_failed,
    _moved,
    _stalled,
    _frozen,
    _ramp,
    _soaked,
    _baked,
    _started,
    _newer,
)
_RAISE_RISK = frozenset({_ramp, _started, _newer})
