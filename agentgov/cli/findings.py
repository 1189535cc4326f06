"""How a command tells its findings: on standard output, in report files, and in the summary of a GitHub step."""

import os
import shutil
from collections.abc import Callable, Set
from functools import cache, partial
from pathlib import Path

import click

from agentgov.cli.options import show
from agentgov.cli.publish import ReportFile, write_reports
from agentgov.errors import ConfigurationError
from agentgov.model.snapshot import Snapshot
from agentgov.report.findings import Lines, Report
from agentgov.report.formats import FORMATS, render

SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"
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
    failure = None
    try:
        write_reports(reports, {name: partial(render, name, report) for name in FORMATS})
    except ConfigurationError as error:
        failure = error
    if output == "text":
        from agentgov.report.formats.text import page

        width = min(shutil.get_terminal_size((120, 24)).columns, _WIDEST)
        show(page(report, width if source else None, suppressed=suppressed))
    else:
        click.echo(render(output, report), nl=False)
    if "github" in (output, *(one.format for one in reports)):
        _step_summary(report)
    if failure is not None:
        raise failure


def _step_summary(report: Report) -> None:
    """Append to the summary of the step where GitHub asks for one; a note where that does not work."""
    from agentgov.report.formats.github import step_summary

    name = os.environ.get(SUMMARY_VARIABLE)
    if not name:
        return
    file = Path(name)
    try:
        used = file.stat().st_size if file.exists() else 0
        with file.open("ab") as stream:
            stream.write(step_summary(report, used).encode("utf-8", "replace"))
    except OSError as error:
        click.echo(f"note: the summary in {SUMMARY_VARIABLE} cannot be written: {error.strerror}", err=True)


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
