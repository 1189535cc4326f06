"""What the judge of a release says, for people: one line, a table of its metrics, and every look played again."""

from collections.abc import Sequence

from agentgov.model.pipeline import Judge
from agentgov.model.units import format_share, rough_duration
from agentgov.release.judge import Evidence, Judgement, Outcome, thresholds
from agentgov.release.windows import Window
from agentgov.report.moments import stamp
from agentgov.report.page import Page, Span, Style

_STYLES: dict[Outcome, Style] = {Outcome.PASS: "good", Outcome.FAIL: "bad", Outcome.INCONCLUSIVE: "warn"}
_MANY = 1e6  # evidence beyond which nobody needs to know how much


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


def number(evidence: float) -> str:
    """Evidence for people."""
    if evidence >= _MANY:
        return "over a million"
    return f"{evidence:,.0f}" if evidence >= 100 else f"{evidence:.3g}"


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
