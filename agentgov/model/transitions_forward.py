"""The acts that carry a release forward: stage, pass, canary, share, graduate, settle. Pure; see `transitions`."""

from msgspec.structs import replace

from agentgov.model.state import Canary, Deployment, Prior, Production, Staging
from agentgov.model.transition_case import (
    Case,
    Refusal,
    bad_counts,
    is_newer,
    is_ramping,
    is_retired,
    is_staged,
    judge_of,
    lacks_evidence,
    leaves,
    missing_promoters,
    raises_risk,
    unfit,
    unsoaked,
)
from agentgov.model.units import parse_duration, parse_share

_CANARY_RUNS = Refusal(
    "transition.canary", "a canary is running; it ends, or somebody aborts it, before another release"
)
PRIOR_KEPT = 32  # releases that production ran before; older ones stay in the journal's history


def stage(case: Case) -> Deployment | Refusal:
    """A newer release enters staging (P12), or gives its name to the same content where that already stands."""
    at, release = case.at, case.release
    refusal = leaves(case, at.staging.release) or unfit(case) or _not_stageable(case)
    if refusal is not None:
        return refusal
    if case.production is not None and release.closure == case.production.closure:
        return _relabel_production(case)
    if is_ramping(at):
        return _relabel_canary(case)
    if is_staged(at) and case.staging is not None and release.closure == case.staging.closure:
        return replace(at, staging=replace(at.staging, release=release.tag), votes=())
    refusal = lacks_evidence(case, "staging")
    if refusal is not None:
        return refusal
    return replace(at, staging=Staging(state="SOAKING", release=release.tag, since=case.setting.time), votes=())


def _not_stageable(case: Case) -> Refusal | None:
    """Only newer, and never a pre-release: those wait for a channel of their own, which no pipeline has yet."""
    release, last = case.release, case.last
    if is_retired(case.at) and case.at.hold is not None:
        return Refusal("transition.retired", f"{case.at.agent} is retired; lift its hold first")
    if release.release_name.is_prerelease:
        return Refusal(
            "transition.prerelease", f"{release.name} is a pre-release, and the pipeline has no channel for it"
        )
    held = [("production", last)]
    held += [("canary", case.canary)] if is_ramping(case.at) else []
    held += [("staging", case.staging)] if is_staged(case.at) else []
    for name, other in held:
        if not is_newer(release, other):
            return Refusal("transition.version", f"{release.name} is not newer than what {name} holds")
    if last is not None and release.authorised_at < last.authorised_at:
        return Refusal("transition.content", f"the content of {release.name} is older than what production runs")
    return None


def _relabel_production(case: Case) -> Deployment | Refusal:
    """Production runs this content already: it gets the newer name. Waits for a canary of other content to end, or
    that canary could never graduate."""
    at, tag = case.at, case.release.tag
    refusal = raises_risk(case) or _canary_runs(case)
    if refusal is not None:
        return refusal
    staging = at.staging
    if is_staged(at) and case.staging is not None:
        same = case.staging.closure == case.release.closure
        staging = replace(staging, release=tag) if same else replace(staging, state="SUPERSEDED")
    return replace(at, staging=staging, production=replace(at.production, release=tag), votes=())


def _relabel_canary(case: Case) -> Deployment | Refusal:
    """The canary runs this content already: it gets the newer name, in staging too, and keeps step and share. Anything
    else waits."""
    at, tag = case.at, case.release.tag
    if case.canary is None or case.canary.closure != case.release.closure:
        return _CANARY_RUNS
    refusal = raises_risk(case)
    if refusal is not None:
        return refusal
    canary, staging = replace(at.canary, release=tag), replace(at.staging, release=tag)
    return replace(at, staging=staging, canary=canary, votes=())


def _canary_runs(case: Case) -> Refusal | None:
    return _CANARY_RUNS if is_ramping(case.at) else None


def passed(case: Case) -> Deployment | Refusal:
    """The soak in staging is over (P10)."""
    at = case.at
    if at.staging.state != "SOAKING" or at.staging.release != case.release.tag:
        return Refusal("transition.state", f"{case.release.name} is not soaking in staging")
    refusal = unsoaked(case, at.staging.since, case.setting.pipeline.stage("staging").soak)
    refusal = refusal or lacks_evidence(case, "pass")
    if refusal is not None:
        return refusal
    return replace(at, staging=replace(at.staging, state="PASSED", since=case.setting.time))


def canary(case: Case) -> Deployment | Refusal:
    """The release that passed staging gets the first share of traffic (P11)."""
    at, rules = case.at, case.setting.pipeline.stage("canary")
    if at.staging.state != "PASSED" or at.staging.release != case.release.tag:
        return Refusal("transition.state", f"{case.release.name} has not passed staging")
    refusal = _canary_runs(case) or raises_risk(case) or leaves(case, at.canary.release)
    refusal = refusal or missing_promoters(case, rules) or lacks_evidence(case, "canary")
    if refusal is not None:
        return refusal
    if case.production is not None and case.production.closure == case.release.closure:
        return Refusal("transition.running", f"production runs the content of {case.release.name} already")
    return _with_share(case, 0)


def share(case: Case) -> Deployment | Refusal:
    """The canary gets the share of the next step (P8)."""
    at = case.at
    refusal = _not_ramping(case) or raises_risk(case) or bad_counts(case) or _step_unsoaked(case)
    return refusal if refusal is not None else _with_share(case, at.canary.step + 1)


def _with_share(case: Case, step: int) -> Deployment | Refusal:
    steps = case.setting.pipeline.stage("canary").steps
    if step >= len(steps):
        return Refusal("transition.step", f"the canary has {len(steps)} steps, and there is no next one")
    if case.act.get("Share") != steps[step].share:
        return Refusal("transition.share", f"the share of step {step + 1} is {steps[step].share}")
    buckets = parse_share(steps[step].share)
    ramp = Canary(state="RAMP", release=case.release.tag, step=step, share=buckets, since=case.setting.time)
    return replace(case.at, canary=ramp)


def _not_ramping(case: Case) -> Refusal | None:
    if case.at.canary.state == "RAMP" and case.at.canary.release == case.release.tag:
        return None
    return Refusal("transition.state", f"{case.release.name} is not ramping in canary")


def _step_unsoaked(case: Case) -> Refusal | None:
    steps, step = case.setting.pipeline.stage("canary").steps, case.at.canary.step
    return unsoaked(case, case.at.canary.since, steps[step].soak) if step < len(steps) else None


def graduate(case: Case) -> Deployment | Refusal:
    """The canary becomes production in one act (P9); what ran before stays known as the one to return to."""
    at, pipeline, now = case.at, case.setting.pipeline, case.setting.time
    refusal = _not_ramping(case) or raises_risk(case) or leaves(case, at.production.release)
    refusal = refusal or _not_last_step(case) or _step_unsoaked(case) or _unproven(case)
    refusal = refusal or lacks_evidence(case, "production")
    if refusal is not None:
        return refusal
    if case.production is not None and case.production.closure == case.release.closure:
        return Refusal("transition.running", f"production runs the content of {case.release.name} already")
    bakes = parse_duration(pipeline.stage("production").bake) > 0
    return replace(
        at,
        canary=replace(at.canary, state="GRADUATED", share=0, since=now),
        production=Production(state="BAKING" if bakes else "STABLE", release=case.release.tag, since=now),
        prior=with_prior(at, now),
        votes=tuple(vote for vote in at.votes if vote.release != case.release.tag),
    )


def _not_last_step(case: Case) -> Refusal | None:
    """A pipeline that became shorter meanwhile makes the step that stands the last one."""
    left = len(case.setting.pipeline.stage("canary").steps) - 1 - case.at.canary.step
    return Refusal("transition.step", f"{left} more steps of the canary to go") if left > 0 else None


def _unproven(case: Case) -> Refusal | None:
    """Production takes a judge's yes on counts, or where there is no judge a person's promote; and its promoters."""
    judged, rules = case.act.get("Judged"), case.setting.pipeline.stage("production")
    judge = judge_of(case.at, case.setting.pipeline)
    if judged != ("unjudged" if judge is None else "pass"):
        says = "goes unjudged" if judge is None else "must be judged pass"
        return Refusal("transition.judged", f"the canary of {case.release.name} {says}")
    if judge is not None and not case.act.all("Counts"):
        return Refusal("transition.counts", "a canary is not judged without counts")
    return bad_counts(case) or missing_promoters(case, rules, at_least=1 if judge is None else 0)


def settle(case: Case) -> Deployment | Refusal:
    """Production has baked (P10)."""
    at = case.at
    if at.production.state != "BAKING" or at.production.release != case.release.tag:
        return Refusal("transition.state", f"{case.release.name} is not baking in production")
    if case.setting.paused:
        return Refusal("transition.paused", f"{at.agent} is paused, and what is paused does not bake")
    refusal = unsoaked(case, at.production.since, case.setting.pipeline.stage("production").bake)
    return refusal if refusal is not None else replace(at, production=replace(at.production, state="STABLE"))


def with_prior(at: Deployment, now: int) -> tuple[Prior, ...]:
    """The releases that production ran before, newest first, once the present one leaves."""
    if not at.production.release:
        return at.prior
    left = Prior(release=at.production.release, since=at.production.since, until=now)
    return (left, *at.prior)[:PRIOR_KEPT]
