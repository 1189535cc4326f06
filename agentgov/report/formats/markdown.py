"""Findings as GitHub Flavored Markdown, for a comment or a step summary: a section for each file, worst files first.

What does not fit is left out in whole sections and said; a table is never cut.
"""

from collections.abc import Iterator

from agentgov.model.finding import Finding, Suppressed
from agentgov.report.findings import Report, counts, plural, shortened
from agentgov.report.markup import code, cut, prose

COMMENT = 65_536  # characters that GitHub takes in a comment
_ROWS = 100  # of one table; a file with more has several sections
_WORDS = 500  # characters of one message


def render(report: Report) -> str:
    """The report as a comment. Its first line is a mark by which a bot finds its own comment again."""
    return f"<!-- agentgov {report.command} -->\n{summary(report, COMMENT - 100)}"


def summary(report: Report, limit: int) -> str:
    """The report in at most so many bytes."""
    verdict = "failed" if report.failed else "passed"
    title = f"## agentgov {report.command} {verdict}: {counts(report.findings)}"
    head = f"{title}\n\n{prose(report.summary())}\n"
    rest = "\n**{} more sections are left out here**: `agentgov " + report.command + " --format json` has everything.\n"
    return cut(head, list(_sections(report)), limit, rest)


def _sections(report: Report) -> Iterator[str]:
    files: dict[str, list[Finding]] = {}
    for found in report.worst_first():
        files.setdefault(found.where.file, []).append(found)
    for file, found_here in files.items():
        rows = sorted(found_here, key=lambda found: (found.where.line, found.where.column))
        for start in range(0, len(rows), _ROWS):
            part = rows[start : start + _ROWS]
            more = f", {start + 1:,} to {start + len(part):,}" if len(rows) > _ROWS else ""
            title = f"\n### {code(file)}: {counts(rows)}{more}\n\n"
            yield f"{title}| line | finding | what is wrong |\n| ---: | --- | --- |\n{''.join(map(_row, part))}"
    for start in range(0, len(report.suppressed), _ROWS):
        silenced = report.suppressed[start : start + _ROWS]
        title = f"\n### {plural(len(report.suppressed), 'finding')} suppressed\n\n"
        head = "| where | finding | because |\n| --- | --- | --- |\n"
        yield f"{title}{head}{''.join(map(_suppressed, silenced))}"


def _row(found: Finding) -> str:
    line = str(found.where.line) if found.where.line else ""
    fix = f"<br>fix: {prose(shortened(found.fix, _WORDS))}" if found.fix else ""
    what = f"{prose(shortened(found.message, _WORDS))}{fix}"
    return f"| {line} | {found.severity} {code(found.code)} | {what} |\n"


def _suppressed(one: Suppressed) -> str:
    found = one.finding
    return f"| {code(str(found.where))} | {code(found.code)} | {prose(shortened(one.reason, _WORDS))} |\n"
