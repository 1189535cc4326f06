"""`--report FORMAT=FILE`: one answer told in several formats in one run. Writes whole files or none of them.

What is wrong with a FILE is said before anything is judged. The formats never change what a command answers.
"""

import os
import stat
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from agentgov.cli.options import show
from agentgov.errors import ConfigurationError
from agentgov.model import guess
from agentgov.report.page import Page

SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"
_STEP_SUMMARY = 1024 * 1024 - 1024  # bytes that GitHub takes of a step's summary; a larger one is refused as a whole
_LEAST = 10_000  # bytes below which nothing sensible fits
Renderers = Mapping[str, Callable[[], str]]  # format -> what makes the text, called where it is asked for


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A format and the file to write it to."""

    format: str
    path: Path


def report_file(formats: tuple[str, ...]) -> Callable[[str], ReportFile]:
    """What turns the argument of --report into a format of the list and a file that can be written."""

    def convert(value: str) -> ReportFile:
        name, sign, file = value.partition("=")
        if not sign or not file:
            raise click.BadParameter(f"{value!r} is not FORMAT=FILE, such as sarif=agentgov.sarif.")
        if name not in formats:
            close = guess.closest(name, formats)
            meant = f"did you mean {close!r}?" if close else f"there are {', '.join(formats)}."
            raise click.BadParameter(f"there is no format {name!r}; {meant}")
        if file == "-":
            raise click.BadParameter(f"standard output is what --format is for: --format {name}.")
        problem = _unusable(Path(file))
        if problem:
            raise click.BadParameter(f"{file}: {problem}.")
        return ReportFile(name, Path(file))

    return convert


def distinct(ctx: click.Context, param: click.Parameter, value: tuple[ReportFile, ...]) -> tuple[ReportFile, ...]:
    """The reports; a usage error where two of them would write one file."""
    seen: dict[str, ReportFile] = {}
    for report in value:
        place = os.path.realpath(report.path)
        if place in seen and not _special(report.path):
            raise click.BadParameter(f"{report.path} is named twice; one file holds one report.", ctx, param)
        seen[place] = report
    return value


def publish(
    output: str,
    reports: tuple[ReportFile, ...],
    renderers: Renderers,
    page: Callable[[], Page],
    summary: Callable[[int], str] | None = None,
) -> None:
    """Write the report files, then print the answer in the format `output`: for text the page, else what is rendered.

    `summary` makes Markdown of at most so many bytes for the step of a GitHub workflow that asks for that format.
    ConfigurationError, after all is printed, where a report file could not be written.
    """
    failure = None
    try:
        write_reports(reports, renderers)
    except ConfigurationError as error:
        failure = error
    if output == "text":
        show(page())
    else:
        click.echo(renderers[output](), nl=False)
    if summary is not None and "github" in (output, *(one.format for one in reports)):
        _step_summary(summary)
    if failure is not None:
        raise failure


def _step_summary(summary: Callable[[int], str]) -> None:
    """Append to the summary of the step where GitHub asks for one; a note where that does not work."""
    name = os.environ.get(SUMMARY_VARIABLE)
    if not name:
        return
    file = Path(name)
    try:
        room = _STEP_SUMMARY - (file.stat().st_size if file.exists() else 0)
        if room > _LEAST:
            with file.open("ab") as stream:
                stream.write(f"{summary(room)}\n".encode("utf-8", "replace"))
    except OSError as error:
        click.echo(f"note: the summary in {SUMMARY_VARIABLE} cannot be written: {error.strerror}", err=True)


def write_reports(reports: tuple[ReportFile, ...], renderers: Renderers) -> None:
    """Write every report: all of them are rendered and laid beside their places before the first takes its own.

    ConfigurationError where one cannot be written; what stood in its place before still stands there then.
    """
    texts = [(report, renderers[report.format]().encode("utf-8", "replace")) for report in reports]
    laid: list[tuple[Path, Path]] = []
    report = None
    try:
        for report, data in texts:
            if _special(report.path):
                report.path.write_bytes(data)
                continue
            place = Path(os.path.realpath(report.path))
            laid.append((_lay(place, data), place))
        while laid:
            laid[0][0].replace(laid[0][1])
            laid.pop(0)
    except OSError as error:
        name = report.path if report is not None else "the report"
        raise ConfigurationError(
            f"{name} cannot be written: {error.strerror}", "the answer itself does not depend on it"
        ) from error
    finally:
        for temporary, _ in laid:
            temporary.unlink(missing_ok=True)


def _lay(place: Path, data: bytes) -> Path:
    """The bytes in a new file beside the place, with the rights that the file there has, or that a new one would."""
    import tempfile

    descriptor, name = tempfile.mkstemp(prefix=f".{place.name[:100]}.", dir=place.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            os.fchmod(stream.fileno(), _rights(place))
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def _rights(place: Path) -> int:
    try:
        return stat.S_IMODE(place.stat().st_mode)
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def _unusable(file: Path) -> str:
    """Why a report cannot be written there; empty where it can, as far as one can tell before."""
    try:
        place = Path(os.path.realpath(file))
        if place.is_dir():
            return "a folder stands there"
        if not _special(file) and not place.parent.is_dir():
            return f"there is no folder {file.parent}; a report does not make one"
        if _is_output(file):
            return "standard output is what --format is for"
        writable = os.access(file if _special(file) else place.parent, os.W_OK)
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)
    return "" if writable else "it may not be written by you"


def _special(file: Path) -> bool:
    """Whether what stands there is no ordinary file, such as /dev/null or a pipe: written to, never replaced."""
    return file.exists() and not file.is_file()


def _is_output(file: Path) -> bool:
    """Whether it is a file that this process prints into, which a new file in its place would cut off."""
    if not file.is_file():
        return False
    for stream in (sys.stdout, sys.stderr):
        try:
            if os.path.samestat(os.fstat(stream.fileno()), file.stat()):
                return True
        except (OSError, ValueError):
            continue
    return False
