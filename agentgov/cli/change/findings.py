"""How a command tells its findings: on standard output, in report files, and in the summary of a GitHub step."""

import shutil
from collections.abc import Callable, Set
from functools import cache, partial

from agentgov.cli.publish import ReportFile, publish
from agentgov.model.snapshot import Snapshot
from agentgov.report.findings import Lines, Report
from agentgov.report.formats import FORMATS, render
from agentgov.report.page import Page

_WIDEST = 160  # columns of a line of source


def tell(
    report: Report,
    output: str,
    reports: tuple[ReportFile, ...] = (),
    *,
    source: bool = False,
    suppressed: bool = False,
) -> None:
    """Write the report files, then print the report in the format `output`.

    In text, `source` shows the lines that findings are about, and `suppressed` what was suppressed.

    ConfigurationError, after all is printed, where a report file could not be written.
    """

    def summary(limit: int) -> str:
        from agentgov.report.formats import markdown

        return markdown.summary(report, limit)

    def shown() -> Page:
        from agentgov.report.formats.text import page

        width = min(shutil.get_terminal_size((120, 24)).columns, _WIDEST)
        return page(report, width if source else None, suppressed=suppressed)

    publish(output, reports, {name: partial(render, name, report) for name in FORMATS}, shown, summary)


def read_from(snapshot: Snapshot) -> Callable[[str], bytes | None]:
    """The bytes of a governed file, None where there is no file."""

    def read(path: str) -> bytes | None:
        try:
            return snapshot.read(path)
        except KeyError:
            return None

    return read


def lines_between(before: Snapshot, after: Snapshot, touched: Set[str]) -> Callable[[str], Lines | None]:
    """The changed lines of a path, compared when they are asked for; None where the change does not touch it."""
    from agentgov.diff.lines import changed_lines

    old, new = read_from(before), read_from(after)

    @cache
    def changed(path: str) -> Lines | None:
        return changed_lines(old(path), new(path) or b"") if path in touched else None

    return changed
