"""What the judge of a release says, for people: one line, a table of its metrics, and every look played again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from agentgov.model.pipeline import Judge, Pipeline
from agentgov.model.state import Deployment
from agentgov.model.transitions import is_ramping, judge_of
from agentgov.model.units import format_share, rough_duration
from agentgov.release.judge import Counts, Evidence, Judgement, Outcome, eta_seconds, thresholds
from agentgov.release.view import Observed
from agentgov.release.windows import Window
from agentgov.report.moments import stamp
from agentgov.report.page import Page, Span, Style

_STYLES: dict[Outcome, Style] = {Outcome.PASS: "good", Outcome.FAIL: "bad", Outcome.INCONCLUSIVE: "warn"}
_MANY = 1e6  # evidence beyond which nobody needs to know how much

JudgedStage = Literal["canary", "production"]


@dataclass(frozen=True, slots=True)
class Judged:
    """What is judged of an agent now, in which stage and by which rules, and what the judge makes of it."""

    stage: JudgedStage
    judge: Judge
    judgement: Judgement
    eta: int | None = None  # seconds to a verdict; what bakes passes by its soak, whatever the judge says

    def words(self) -> str:
        """The verdict so far, and bad units of all units on each side; "" before anything is counted."""
        alone = self.stage == "production"
        sides = [_counted(one, alone) for one in self.judgement.evidence if one.counts != Counts()]
        said = judge_words(self.judgement, self.eta, alone=alone)
        return f"{said} ({'; '.join(sides)})" if sides else ""

    def document(self) -> dict[str, Any]:
        """The same, as documents carry it."""
        fails, passes = thresholds(self.judge)
        return {
            "stage": self.stage,
            "outcome": self.judgement.outcome.value,
            "metric": self.judgement.metric or None,
            "failsAt": fails,
            "passesAt": passes,
            "metrics": metrics_json(self.judgement.evidence, self.judge),
        }


def judged_stage(at: Deployment) -> JudgedStage | None:
    """Where something of an agent is judged: its canary, else what bakes."""
    return "canary" if is_ramping(at) else "production" if at.production.state == "BAKING" else None


def rules_in(at: Deployment, pipeline: Pipeline, stage: JudgedStage) -> Judge | None:
    """By which rules that is judged, None where it is not."""
    found = pipeline.stage("canary").judge
    return judge_of(at, pipeline) if stage == "canary" else found if isinstance(found, Judge) else None


def judged_of(at: Deployment, pipeline: Pipeline, seen: Observed) -> Judged | None:
    """What is judged of an agent, by what was observed of it; None where nothing is, or nothing was observed."""
    stage = judged_stage(at)
    judge = rules_in(at, pipeline, stage) if stage is not None else None
    judgement = seen.judgement if stage == "canary" else seen.bake
    if stage is None or judge is None or judgement is None:
        return None
    return Judged(stage, judge, judgement, eta_seconds(judgement, seen.unit_rate) if stage == "canary" else None)


def judge_words(found: Judgement, eta_seconds: int | None, *, alone: bool = False) -> str:
    """One line: the verdict, and how much is left to it. What runs alone can only be found harmful."""
    if found.outcome is Outcome.FAIL:
        return f"fail: {found.metric} is worse"
    if found.outcome is Outcome.INCONCLUSIVE:
        return "inconclusive: the traffic is not split as recorded"
    if found.outcome is Outcome.PASS:
        return "pass"
    if alone:
        return "no harm found so far"
    if found.eta_units is None:
        return "undecided, and no telling when; a quiet agent needs an evaluation"
    about = f", in about {rough_duration(eta_seconds)}" if eta_seconds is not None else ""
    return f"undecided, about {found.eta_units:,} more units{about}"


def verdict(found: Judgement, eta_seconds: int | None = None, *, alone: bool = False) -> Span:
    """The same line in its colour."""
    return Span(judge_words(found, eta_seconds, alone=alone), _STYLES.get(found.outcome, "plain"))


def metrics_table(page: Page, found: Judgement, judge: Judge, *, alone: bool) -> Page:
    """What was counted and how far each metric is from its thresholds; of a release that runs alone, only the harm."""
    fails, passes = thresholds(judge)
    header = ("metric", "canary", "stable", f"harm (fails at {number(fails)})")
    more = () if alone else (f"safe (passes at {number(passes)})", "below its ceiling", "")
    return page.table((*header, *more), [_row(one, judge, alone) for one in found.evidence])


def looks_table(page: Page, looks: Sequence[tuple[Window, Judgement]]) -> Page:
    """Every look: when, at which share, what was counted since the one before, and the verdict after it."""
    return page.table(("look", "share", "bad units, canary beside stable", "verdict"), [_look(*one) for one in looks])


def metrics_json(evidence: Iterable[Evidence], judge: Judge) -> list[dict[str, Any]]:
    """What was counted of every metric and how far it is from its thresholds, as documents carry it."""
    return [
        {
            "metric": one.metric,
            "gate": judge.metrics[one.metric].gate,
            "ceiling": judge.metrics[one.metric].ceiling,
            **sides_json(one.counts),
            "evidence": {"harm": one.harm, "safety": one.safety, "ceiling": one.ceiling},
            "outcome": one.outcome.value,
        }
        for one in evidence
    ]


def sides_json(counts: Counts) -> dict[str, Any]:
    """Units and bad ones of both sides."""
    return {
        "canary": {"units": counts.canary_units, "bad": counts.canary_bad},
        "stable": {"units": counts.stable_units, "bad": counts.stable_bad},
    }


def number(evidence: float) -> str:
    """Evidence for people."""
    if evidence >= _MANY:
        return "over a million"
    return f"{evidence:,.0f}" if evidence >= 100 else f"{evidence:.3g}"


def _counted(one: Evidence, alone: bool) -> str:
    counts = one.counts
    words = f"{one.metric} {counts.canary_bad:,} of {counts.canary_units:,}"
    return words if alone else f"{words} beside {counts.stable_bad:,} of {counts.stable_units:,}"


def _row(one: Evidence, judge: Judge, alone: bool) -> tuple[str | Span, ...]:
    counts, metric = one.counts, judge.metrics[one.metric]
    stable = "-" if alone else f"{counts.stable_bad:,} of {counts.stable_units:,}"
    cells = (one.metric, f"{counts.canary_bad:,} of {counts.canary_units:,}", stable, number(one.harm))
    if alone:
        return cells
    ceiling = f"{number(one.ceiling)} ({metric.ceiling:g})" if metric.ceiling is not None else "-"
    says = one.outcome.value if metric.gate else f"{one.outcome.value}, can only fail"
    return (*cells, number(one.safety), ceiling, Span(says, _STYLES.get(one.outcome, "plain")))


def _look(window: Window, found: Judgement) -> tuple[str | Span, ...]:
    sides = (
        f"{name} {one.canary_bad}/{one.canary_units} {one.stable_bad}/{one.stable_units}"
        for name, one in window.counts.items()
    )
    words = f"{found.outcome.value} {found.metric}".rstrip()
    style = _STYLES.get(found.outcome, "plain")
    return (stamp(window.at), format_share(window.share), ", ".join(sides) or "none", Span(words, style))
