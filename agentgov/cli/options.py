"""Options that many commands share, and the one way a command prints its answer."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from typing import Any, TextIO, TypeVar

import click

from agentgov.errors import UsageError
from agentgov.report.page import Page

Command = TypeVar("Command", bound=Callable[..., Any])
AT_HELP = "Governance of this moment: an act (12, or its id), a time (2026-11-23T08:00Z), or a revision."


def repo_option(command: Command) -> Command:
    """`--repo DIR`: where the repository is; the default is found by walking up from the working directory."""
    return click.option(
        "--repo", "repo", default=".", metavar="DIR", help="Repository (default: the one around here)."
    )(command)


def format_option(*formats: str) -> Callable[[Command], Command]:
    """`--format` with the given formats (text and json always), and `--json` as its short form."""
    choices = tuple(dict.fromkeys(("text", "json", *formats)))

    def decorate(command: Command) -> Command:
        command = click.option("--json", "output", flag_value="json", help="Same as --format json.")(command)
        return click.option(
            "--format", "output", type=click.Choice(choices), default="text", help="How to print the answer."
        )(command)

    return decorate


def store_option(command: Command) -> Command:
    """`--store URL`: where the gate keeps its state."""
    says = "The gate's store (default: the one of agentgov serve)."
    return click.option("--store", metavar="URL", callback=_one_place, help=says)(command)


def kept_options(command: Command) -> Command:
    """`--store URL` and `--gate URL`, of which one is given at most: where it is kept what is asked for."""
    says = "Ask the gate there instead, as whoever is logged in."
    return click.option("--gate", metavar="URL", callback=_one_place, help=says)(store_option(command))


def _one_place(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    other = "store" if parameter.name == "gate" else "gate"
    if value is not None and ctx.params.get(other) is not None:
        raise UsageError("--store and --gate name two places", "give one of them")
    return value


def report_options(*formats: str) -> Callable[[Command], Command]:
    """`--format` and `--json` as of `format_option`, and `--report FORMAT=FILE`, which may be repeated.

    The command takes `output: str` and `reports: tuple[ReportFile, ...]`, and hands both to `publish`.
    """
    from agentgov.cli.publish import distinct, report_file

    choices = tuple(dict.fromkeys(("text", "json", *formats)))

    def decorate(command: Command) -> Command:
        command = click.option(
            "--report",
            "reports",
            multiple=True,
            metavar="FORMAT=FILE",
            type=report_file(choices),
            shell_complete=lambda ctx, param, start: _complete_report(choices, ctx, param, start),
            callback=distinct,
            help="Write the answer to FILE too, in one of the formats; may be repeated.",
        )(command)
        return format_option(*formats)(command)

    return decorate


def _complete_report(formats: tuple[str, ...], ctx: click.Context, param: click.Parameter, start: str) -> list[str]:
    from agentgov.cli.completing import complete_report

    return complete_report(formats)(ctx, param, start)


def wants_colour(stream: Any = None) -> bool:
    """Whether to paint: a terminal that is not dumb, and nobody said NO_COLOR."""
    stream = sys.stdout if stream is None else stream
    return bool(stream.isatty()) and "NO_COLOR" not in os.environ and os.environ.get("TERM", "") != "dumb"


def wants_source(asked: bool | None) -> bool:
    """Whether text shows the lines that it is about: as asked, else on a terminal."""
    return sys.stdout.isatty() if asked is None else asked


def show(page: Page, *, err: bool = False) -> None:
    """Print a page to stdout (data) or stderr (messages)."""
    stream = sys.stderr if err else sys.stdout
    text = page.text(colour=wants_colour(stream), width=_width(stream))
    click.echo(text, nl=False, err=err, color=True)


def _width(stream: TextIO) -> int | None:
    """Columns of a terminal, or as COLUMNS says; None in a pipe, where a row is a line for `grep` and `awk`."""
    return shutil.get_terminal_size().columns if stream.isatty() or "COLUMNS" in os.environ else None


def show_json(document: Mapping[str, Any]) -> None:
    """Print a JSON document: UTF-8, indented, in the order it was built."""
    click.echo(json_text(document), nl=False)


def json_text(document: Mapping[str, Any]) -> str:
    """A JSON document as text; what is no UTF-8 in a file name is shown as a replacement character."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace") + "\n"


def answer(output: str, page: Page, document: Mapping[str, Any]) -> None:
    """Print one answer in the format asked for; the format never changes the exit code."""
    if output == "json":
        show_json(document)
    else:
        show(page)


def listen_address(_: click.Context, __: click.Parameter, text: str | None) -> tuple[str, int] | None:
    """Host and port of an option's text, None where it is not given."""
    from agentgov.net.listening import parse_address

    if text is None:
        return None
    try:
        return parse_address(text)
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from error
