"""A drill as people read it: before it, in its course, and what came of it; on a terminal and as Markdown.

Shows values that are handed in; decides nothing.
"""

import textwrap
from collections.abc import Iterable, Sequence
from typing import Protocol

from agentgov.report.page import Page, Span

WIDTH = 100


class ShownObjective(Protocol):
    """What is shown of an objective."""

    @property
    def id(self) -> str: ...
    @property
    def metric(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def observed(self) -> str: ...
    @property
    def met(self) -> bool: ...
    @property
    def weight(self) -> int: ...


class ShownGap(Protocol):
    """What is shown of a gap."""

    @property
    def gap(self) -> str: ...
    @property
    def owner(self) -> str: ...
    @property
    def due(self) -> str: ...
    @property
    def do(self) -> str: ...


def clock(seconds: int) -> str:
    """The clock of a drill: 05:40, or 1:05:40."""
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60:02}:{rest % 60:02}"


def took(seconds: float) -> str:
    """A duration in words: 40s, 5m 40s, 1h 5m."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60}s" if whole % 60 else f"{whole // 60}m"
    return f"{whole // 3600}h {whole % 3600 // 60}m" if whole % 3600 // 60 else f"{whole // 3600}h"


def metric_words(metric: str) -> str:
    """A metric in words: `time-to-pause` is how long it took to pause."""
    return {
        "questions-answered": "questions answered right",
        "restored": "restored and verified",
        "backup-age": "age of the backup",
    }.get(metric, metric.replace("-", " "))


def observed_words(observed: str) -> str:
    """What was observed, in words."""
    if observed.endswith("s") and observed[:-1].isdecimal():
        return took(int(observed[:-1]))
    return "not measured" if observed == "-" else observed


def goal_words(metric: str, target: str) -> str:
    """What an objective asks for: `time to pause: within 10m`."""
    return f"{metric_words(metric)}: {'at least' if target.endswith('%') else 'within'} {target}"


def wrapped(text: str, indent: str = "") -> list[str]:
    """A text in lines of at most WIDTH columns, each behind the indent; a command stays on one line, to be copied."""
    if "agentgov " in text and '"' in text:
        return [f"{indent}{text}"]
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False) or [
        indent
    ]


def gap_lines(page: Page, gaps: Sequence[ShownGap]) -> Page:
    """Gaps with whoever mends them, numbered."""
    for number, gap in enumerate(gaps, 1):
        first, *rest = wrapped(gap.gap, "     ")
        page.line(Span(f"  {number}. ", "warn"), first.lstrip())
        for line in rest:
            page.line(line)
        for line in wrapped(f"to do: {gap.do} ({gap.owner}, by {gap.due})", "     "):
            page.line(Span(line, "dim"))
    return page


def objective_table(page: Page, objectives: Iterable[ShownObjective]) -> Page:
    """Every objective with what was measured."""
    rows = [
        (
            Span("met" if one.met else "MISSED", "good" if one.met else "bad"),
            one.id,
            metric_words(one.metric),
            f"at least {one.target}" if one.target.endswith("%") else f"within {one.target}",
            observed_words(one.observed),
            str(one.weight),
        )
        for one in objectives
    ]
    return page.table(("", "OBJECTIVE", "MEASURED", "TARGET", "RESULT", "WEIGHT"), rows)


def markdown(
    title: str, facts: Sequence[tuple[str, str]], objectives: Sequence[ShownObjective], gaps: Sequence[ShownGap]
) -> str:
    """A report: the facts, the objectives, and what is to be done by whom."""
    lines = [f"# {title}", ""]
    lines += [f"- **{name}**: {value}" for name, value in facts]
    lines += [
        "",
        "## Objectives",
        "",
        "| | objective | measured | target | result | weight |",
        "|---|---|---|---|---|---|",
    ]
    for one in objectives:
        word = "met" if one.met else "**missed**"
        row = (word, one.id, metric_words(one.metric), one.target, observed_words(one.observed), str(one.weight))
        lines.append(f"| {' | '.join(_cell(part) for part in row)} |")
    lines += ["", "## What is to be done", ""]
    lines += [f"{number}. {gap.gap}. **{gap.owner}**, by {gap.due}: {gap.do}." for number, gap in enumerate(gaps, 1)]
    return "\n".join(lines if gaps else [*lines, "Nothing: no gap was found."]) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
