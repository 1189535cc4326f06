"""`agentgov import`: agents of another format become folders of this fleet, with a worklist of what is still unknown.

Finds the inputs, has them imported, writes each agent whole or not at all, and prints one line an agent. What an
earlier import wrote is left as it is. `--list` tells the formats.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentgov.cli.options import answer, format_option, show
from agentgov.cli.place import workspace_name
from agentgov.importers.registry import FORMATS, NAMES, format_named

if TYPE_CHECKING:
    from agentgov.cli.start.import_report import Told
    from agentgov.importers.result import Source


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command line says."""

    format_name: str
    paths: tuple[str, ...]
    into: str
    repo: str | None


@click.command("import")
@click.argument("format_name", metavar="FORMAT", type=click.Choice(NAMES), required=False)
@click.argument("paths", metavar="PATH...", nargs=-1)
@click.option(
    "--into", metavar="WORKSPACE", default="imported", type=workspace_name, help="Workspace (default: imported)."
)
@click.option("--repo", metavar="DIR", help="Root of the fleet (default: the fleet around here).")
@click.option("--list", "listed", is_flag=True, help="Tell the formats, and which files each is in.")
@format_option()
def command(
    format_name: str | None, paths: tuple[str, ...], into: str, repo: str | None, listed: bool, output: str
) -> int:
    """Turn agents of another format into agents of this fleet, as drafts.

    Folders are searched for the files of FORMAT (--list). What the source cannot say (owner, risk, budget, effects
    of tools) is marked in agent.yaml at the line to fill in, and `agentgov validate` lists it. Nothing that exists
    is overwritten, and importing again changes nothing. Exit 0: every input became an agent, 1: some could not be
    read or written, or hold no agent, and each is named.
    """
    from agentgov.cli.start.import_report import document, list_document, list_page, messages, page

    if listed:
        answer(output, list_page(FORMATS), list_document(FORMATS))
        return 0
    if format_name is None:
        raise click.UsageError(f"name a format: {', '.join(NAMES)}; what each is says --list")
    if not paths:
        raise click.UsageError("name the files or folders to import")
    told = _import(_Asked(format_name, paths, into, repo))
    answer(output, page(told), document(told))
    if output == "text":
        show(messages(told), err=True)
    return 1 if told.failures else 0


def _import(asked: _Asked) -> "Told":
    from agentgov.cli.start.import_report import Told, around, no_agents
    from agentgov.importers.folders import imported_before, settle
    from agentgov.importers.importing import import_agents
    from agentgov.importers.result import Failure, Source
    from agentgov.importers.sources import read_sources

    root = _root(asked.repo)
    form = format_named(asked.format_name)
    inputs = list(read_sources(asked.paths, form))
    sources = [item for item in inputs if isinstance(item, Source)]
    before = imported_before(root, asked.into)
    outcome = import_agents(form.name, form.reader(), _watched(sources), asked.into, before)
    settled = [(item, settle(root, item)) for item in outcome.imported]
    done = tuple((item, state) for item, state in settled if not isinstance(state, Failure))
    refused = [state for _, state in settled if isinstance(state, Failure)]
    unread = [item for item in inputs if isinstance(item, Failure)]
    nothing, without = no_agents(outcome, sources, form)
    return Told(
        done, (*unread, *outcome.failures, *refused, *nothing), (*(around(root, asked.into) if done else ()), *without)
    )


def _watched(sources: Sequence["Source"]) -> Iterator["Source"]:
    """The sources one by one, with a word on a terminal about how far it is."""
    from agentgov.cli.progress import Progress

    progress = Progress("importing", "files")
    for number, source in enumerate(sources):
        progress.tell(number, len(sources))
        yield source
    progress.done()


def _root(repo: str | None) -> Path:
    """The folder to write below: the fleet around a folder, or a folder that was named although it is no fleet."""
    from agentgov.cli.place import fleet_around, fleet_root
    from agentgov.errors import ConfigurationError

    if repo is None:
        return fleet_around(".")
    found = fleet_root(Path(repo))
    if found is None and not Path(repo).is_dir():
        raise ConfigurationError(f"{repo} is not a folder")
    return found or Path(repo)
