"""Findings for people: one line each for pipes and log files, with the line they are about for a terminal.

What is left out when there are many is said, and errors are never left out for warnings.
"""

from collections.abc import Iterator
from functools import cache

from agentgov.model.finding import Finding
from agentgov.report import findings
from agentgov.report.findings import Report, one_line, severity_span
from agentgov.report.page import Page, Span, Style, safe

SHOWN = 200  # findings of one line each; all other formats show every one
SHOWN_WITH_SOURCE = 50  # findings of about six lines each
_MARGIN = 10  # columns that stay free on both sides of what a caret points at


def render(report: Report) -> str:
    """The page for a pipe."""
    return page(report).text()


def page(report: Report, width: int | None = None, *, suppressed: bool = False) -> Page:
    """Findings by file, then the summary; what was suppressed stands before, if asked for.

    With a `width` in columns every finding shows the line it is about, and a caret below the place.
    """
    if suppressed and report.suppressed:
        return findings.suppressed_page(report.suppressed).then(page(report, width))
    limit = SHOWN if width is None else SHOWN_WITH_SOURCE
    shown = findings.worst(report.findings, limit)
    out = findings.page(shown) if width is None else _with_sources(report, shown, width)
    if len(shown) < len(report.findings):
        there = set(shown)
        rest = [found for found in report.findings if found not in there]
        how = "all of them: --format json, or one kind of them: --select CODE"
        out.blank().line(Span(f"... and {len(rest):,} more ({findings.counts(rest)}); {how}", "dim"))
    words = findings.counts(report.findings)
    if report.findings:
        out.blank()
    return out.line(Span(words, "bold" if report.findings else "good"), report.summary().removeprefix(words))


def _with_sources(report: Report, shown: list[Finding], width: int) -> Page:
    @cache
    def lines(file: str) -> list[bytes]:
        return (report.read(file) or b"").splitlines()

    out = Page()
    for number, found in enumerate(shown):
        if number:
            out.blank()
        kind = (severity_span(found.severity), "  ", Span(found.code, "dim"))
        place = Span(str(found.where), "bold")
        if _columns(f"{safe(place.text)}  {found.severity}  {found.code}") <= width:
            out.line(place, "  ", *kind)
        else:
            out.line(place).line("  ", *kind)
        for line in _wrapped(found.message, width - 2):
            out.line(f"  {line}")
        text = lines(found.where.file)[found.where.line - 1 : found.where.line] if found.where.line else []
        for raw in text:
            for source in _source(raw.decode("utf-8", "surrogateescape"), found, width):
                out.line(Span(f"  {source[0]} | ", "dim"), Span(source[1], source[2]))
        for index, line in enumerate(_wrapped(found.fix, width - 7)):
            out.line(Span("       " if index else "  fix: ", "accent"), line)
    return out


def _wrapped(text: str, width: int) -> list[str]:
    """The words in lines that fit; a longer word, such as a path to copy, stays whole."""
    from textwrap import wrap

    return wrap(safe(one_line(text)), max(20, width), break_long_words=False, break_on_hyphens=False)


def _source(line: str, found: Finding, width: int) -> Iterator[tuple[str, str, Style]]:
    """The line and the caret below it, each with what stands left of the bar: as much of it as fits, and the place."""
    number, column = str(found.where.line), min(found.where.column, len(line) + 1)
    room = max(20, width - len(number) - 6)
    start = max(0, column - 1 - room + _MARGIN)
    cells = [safe(" " if char == "\t" else char) for char in line[start : start + room + 1]]
    lead = "…" if start else ""
    text, place = lead, None
    for index, cell in enumerate(cells):
        if start + index == column - 1:
            place = _columns(text)
        if _columns(text) + _columns(cell) >= room:
            text += "…"
            break
        text += cell
    yield number, text, "plain"
    if found.where.column:
        at = _columns(text) if place is None else place
        yield " " * len(number), f"{' ' * min(at, room)}^", findings.STYLES[found.severity]


def _columns(text: str) -> int:
    """How many columns a terminal takes for it."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
