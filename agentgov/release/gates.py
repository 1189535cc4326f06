"""Why was my release refused, and what does it wait for: the guards of planning.

Two kinds. The law (`model.transitions`) says what is legal at all; it is asked, never repeated. The gates here speak of
what only the reconciler knows: soak and units really observed, the judge, evidence, who is eligible. Pure; `plan` puts
them in order.
"""

from collections.abc import Mapping
from types import MappingProxyType

from agentgov.model.act import GRAMMAR, Act
from agentgov.model.evidence import StageName
from agentgov.model.pipeline import Step
from agentgov.model.state import Release
from agentgov.model.transitions import (
    Refusal,
    Setting,
    apply_to_deployment,
    is_newer,
    judge_of,
    last_running,
    release_trailer,
)
from agentgov.model.units import parse_duration, rough_duration
from agentgov.release.judge import Outcome, eta_seconds, seconds_for
from agentgov.release.view import AgentView, Decision, GateName, Wait

BOT = "bot:reconciler"
# A release refused with one of these never enters by waiting; with any other it may, later.
NEVER = frozenset({"prerelease", "bad", "withdrawn", "revoked", "content"})
# What opens where the law says no with one of these.
_GATE_OF: Mapping[str, GateName] = MappingProxyType(
    {
        "paused": "pause",
        "hold": "hold",
        "retired": "hold",
        "promoters": "promoters",
        "soak": "soak",
        "override-overdue": "people",
        "incident-overdue": "people",
        "drill-overdue": "people",
        "canary": "queue",
    }
)


def propose(
    view: AgentView,
    rule: str,
    kind: str,
    release: Release,
    *,
    subject: str,
    reason: str,
    values: dict[str, str] | None = None,
    counts: tuple[str, ...] = (),
) -> Decision | Refusal:
    """The decision to append one act, after asking the law exactly what every verifier will ask of it."""
    at = view.deployment
    left = {"stage": at.staging.release, "canary": at.canary.release}.get(kind, at.production.release)
    known = {"Agent": at.agent, "Release": release_trailer(release), "Leaves": left or "none", **(values or {})}
    fields: list[tuple[str, str]] = []
    for name, presence in GRAMMAR[kind]:
        if presence == "many":
            fields += [(name, text) for text in counts]
        elif name in known:
            fields.append((name, known[name]))
    act = Act(kind, "0" * 26, "", "", BOT, subject, tuple(fields), view.now)
    setting = Setting(
        view.now,
        0,
        view.pipeline,
        view.paused,
        view.release,
        view.may_promote,
        overdue=view.overdue,
        revoked=view.revoked,
        owed=view.owed,
        unpractised=view.unpractised,
        missing_evidence=view.missing_evidence,
    )
    outcome = apply_to_deployment(act, at, setting)
    return outcome if isinstance(outcome, Refusal) else Decision(rule, kind, act.fields, subject, reason)


def soak_gate(rule: str, observed: int, needed: str) -> list[Wait]:
    """Waits until a soak was observed for as long as the pipeline asks."""
    seconds = parse_duration(needed)
    if observed >= seconds:
        return []
    left = seconds - observed
    return [Wait(rule, f"soak {rough_duration(observed)} of {needed}", rough_duration(left), gate="soak", eta=left)]


def step_gates(view: AgentView, rule: str, step: Step) -> list[Wait]:
    """Waits of a canary step: soak, and where the canary is judged its units and a tick with data."""
    seen = view.observed
    waits = soak_gate(rule, seen.canary_soak, step.soak)
    if judge_of(view.deployment, view.pipeline) is None:
        return waits
    if seen.units < step.min_units:
        left = step.min_units - seen.units
        words, eta = f"canary: {seen.units} of {step.min_units} units", seconds_for(left, seen.unit_rate)
        waits.append(Wait(rule, words, f"{left} units", gate="units", eta=eta))
    if not seen.healthy:
        waits.append(Wait(rule, f"data: {seen.problem or 'no counts in this tick'}", gate="data"))
    return waits


def judge_gate(view: AgentView, rule: str) -> list[Wait]:
    """Waits until the canary is judged good, where a judge judges it."""
    found = view.observed.judgement
    if judge_of(view.deployment, view.pipeline) is None or (found is not None and found.outcome is Outcome.PASS):
        return []
    eta = found.eta_units if found is not None else None
    about = (
        f", about {eta} more units" if eta is not None else ", and no telling when; a quiet agent needs an evaluation"
    )
    remaining = f"{eta} units" if eta is not None else ""
    seconds = eta_seconds(found, view.observed.unit_rate) if found is not None else None
    return [Wait(rule, f"judge: undecided{about}", remaining, gate="judge", eta=seconds)]


def evidence_gate(view: AgentView, rule: str, release: Release, stage: StageName) -> list[Wait]:
    """Waits for evidence that is asked for before a stage."""
    missing = view.missing_evidence(release, stage)
    return [Wait(rule, f"evidence: {', '.join(missing)}", gate="evidence")] if missing else []


def eligibility_gate(view: AgentView, rule: str, release: Release) -> list[Wait]:
    """A candidate that no longer verifies stays where it is; somebody aborts it, or a newer release takes its place."""
    why = view.ineligible.get(release.tag)
    return [Wait(rule, f"{release.name} is not eligible: {why}", gate="eligible")] if why is not None else []


def refusal_gate(rule: str, outcome: Decision | Refusal, waits: list[Wait]) -> list[Wait]:
    """What the law still says no to, unless the wait for the same soak or evidence is listed already."""
    if not isinstance(outcome, Refusal) or (outcome.code == "transition.soak" and waits):
        return []
    if outcome.code == "transition.evidence":
        listed = any(wait.gate == "evidence" for wait in waits)
        return [] if listed else [Wait(rule, f"evidence: {outcome.message}", gate="evidence")]
    word = outcome.code.removeprefix("transition.")
    return [Wait(rule, f"{word}: {outcome.message}", gate=_GATE_OF.get(word, ""))]


def preemption_gate(view: AgentView, rule: str, newer: Release) -> list[Wait]:
    """Staging is not preempted once half soaked, so a stream of tags starves nobody. What passed and cannot enter
    canary under a pause or a hold makes room, or a fix could never arrive; so does what is no longer eligible, what
    production runs since somebody rolled back to the same content, and what lacks results that the newer one has."""
    at = view.deployment
    held, running = view.release(at.staging.release), view.release(at.production.release)
    if held is None or held.tag in view.ineligible or held.closure == newer.closure:
        return []
    if running is not None and held.closure == running.closure:
        return []
    if _lacks(view, held) and not _lacks(view, newer):
        return []
    message = f"{newer.name} waits behind {held.name} in staging"
    soak = parse_duration(view.pipeline.stage("staging").soak)
    if at.staging.state == "SOAKING" and 2 * view.observed.staging_soak >= soak:
        return [Wait(rule, f"{message}, which is half soaked", gate="queue")]
    if at.staging.state == "PASSED" and not view.paused and at.hold is None:
        return [Wait(rule, f"{message}, which has passed", gate="queue")]
    return []


def _lacks(view: AgentView, release: Release) -> bool:
    """Whether results are missing that somebody has to bring before this release may leave staging."""
    return any(view.missing_evidence(release, stage) for stage in ("pass", "canary"))


def newest_release(view: AgentView) -> tuple[Release, Decision | Refusal] | None:
    """The newest release that may enter staging now or later, with the law's answer; None where there is none."""
    waiting: tuple[Release, Decision | Refusal] | None = None
    for release in _newer_than_production(view):
        if release.tag in view.ineligible:
            continue
        outcome = _staged(view, release)
        if not isinstance(outcome, Refusal):
            return release, outcome
        word = outcome.code.removeprefix("transition.")
        if word == "version":  # not newer than the candidate, and what follows is older still
            return waiting
        if word == "evidence":  # nobody tells whether it ever comes, so an older one that has it goes first
            waiting = waiting or (release, outcome)
        elif word not in NEVER:
            return release, outcome
    return waiting


def _newer_than_production(view: AgentView) -> list[Release]:
    """Newest first; of equal precedence (build metadata only) the one that was seen first."""
    running = view.release(last_running(view.deployment))
    found: list[Release] = []
    for release in reversed(view.releases):
        if not is_newer(release, running):
            break
        found.append(release)
    found.sort(key=lambda release: (release.seen, release.name))
    return sorted(found, key=lambda release: release.release_name.precedence, reverse=True)


def _staged(view: AgentView, release: Release) -> Decision | Refusal:
    name, agent = release.release_name, view.deployment.agent
    what = "it is the newest eligible release"
    return propose(view, "P12", "stage", release, subject=f"stage {agent} v{name.version}", reason=what)


def current_step(view: AgentView) -> Step | None:
    """The step that a ramp stands on; the last one where the pipeline became shorter, None where it has none left."""
    steps = view.pipeline.stage("canary").steps
    return steps[min(view.deployment.canary.step, len(steps) - 1)] if steps else None
