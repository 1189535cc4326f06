"""Results of evaluations and tests for people: what stands for a content, and what is missing before a stage."""

from collections.abc import Mapping, Sequence

from agentgov.model.evidence import Result, StageName
from agentgov.report.moments import stamp
from agentgov.report.page import Page, Span

BEFORE: Mapping[StageName, str] = {
    "staging": "before staging",
    "pass": "before it passes staging",
    "canary": "before canary",
    "production": "before production",
}


def named(result: Result) -> str:
    """A result by its kind and suite."""
    return f"{result.kind} {result.suite}".rstrip()


def metrics_words(metrics: Mapping[str, str]) -> str:
    """Numbers by name, in one line."""
    return ", ".join(f"{name} {value}" for name, value in metrics.items())


def results_page(
    page: Page, release: str, results: Sequence[Result], missing: Mapping[StageName, Sequence[str]]
) -> Page:
    """Add all results of a release, and what it still lacks."""
    page.line(Span(release, "bold"))
    for one in results:
        page.line("  ", Span("passed " if one.passed else "failed ", "good" if one.passed else "bad"), named(one))
        page.line(Span(f"         {metrics_words(one.metrics) or 'no numbers'}", "dim"))
        page.line(Span(f"         by {one.by}, act {one.seq}, {stamp(one.time)}, {one.tool}", "dim"))
    if not results:
        page.line("  no results")
    return missing_lines(page, missing)


def missing_lines(page: Page, missing: Mapping[StageName, Sequence[str]]) -> Page:
    """What a release lacks before each stage."""
    for stage, texts in missing.items():
        page.line("  ", Span("waits ", "warn"), f"{BEFORE[stage]}: {', '.join(texts)}")
    return page
