"""`agentgov new`: one agent that validates, inside the limits of its workspace and with an owner who owns its folder.

Reads the fleet's governance to choose what fits, and says so where it has to be changed. Overwrites nothing.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agentgov.cli import parameters
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.errors import ConfigurationError, RefusedError, UsageError
from agentgov.model.names import AgentId

if TYPE_CHECKING:
    from agentgov.report.page import Page
    from agentgov.trust.identity import Directory
    from agentgov.validate.load import Parts


@dataclass(slots=True)
class _Result:
    """What was done, and which governance files are part of it."""

    agent: AgentId
    owner: str
    written: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    governance: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@click.command()
@click.argument("agent", metavar="WORKSPACE/AGENT", type=parameters.agent)
@click.option("--owner", metavar="WHO", help="Person or team:ID who answers for it (default: the workspace's owner).")
@repo_option
@format_option()
def new(agent: AgentId, owner: str | None, repo: str, output: str) -> int:
    """Scaffold an agent that validates: agent.yaml, a prompt, a small evaluation suite, a playbook.

    Where governance does not know the workspace or the owner of the folder yet, that is added and said: it takes the
    administrators' approval. Exit 0: the files are there, 1: something is in their place.
    """
    from agentgov.cli.place import fleet_around
    from agentgov.importers.folders import write_agent
    from agentgov.journal.view import day_of
    from agentgov.repo import clock
    from agentgov.repo.snapshot import WorkTreeSnapshot
    from agentgov.scaffold.agent import agent_files
    from agentgov.scaffold.limits import limits_for
    from agentgov.validate.load import load_parts

    root = fleet_around(repo)
    if os.path.lexists(root / agent.folder):
        raise RefusedError(f"{agent.folder} exists already, and nothing is overwritten", "choose another name")
    parts = load_parts(WorkTreeSnapshot(root))
    result = _Result(agent, _owner(parts, agent, owner, repo))
    limits = limits_for(parts.workspaces.get(agent.workspace), parts.workspaces.values(), parts.prices)
    files = agent_files(agent, result.owner, limits, day_of(clock.now()))
    inside = {path: text.encode() for path, text in files.items() if path.startswith(f"{agent.folder}/")}
    problem = write_agent(root, agent, inside)
    if problem:
        raise ConfigurationError(problem)
    result.written += sorted(inside)
    for path in sorted(set(files) - set(inside)):
        _write(result, root, path, files[path])
    _workspace(result, root, limits.currency)
    _ownership(result, root, parts)
    _schemas(result, root)
    document = _document(result)
    answer(output, _page(result), document)
    return 0


def _owner(parts: "Parts", agent: AgentId, named: str | None, repo: str) -> str:
    """Who answers for it: as named, else the workspace's owner, else whoever sits here, else the only administrator."""
    from agentgov.trust.identity import Directory

    if parts.access is None:
        if named is not None:
            return named
        raise ConfigurationError("governance/access.yaml cannot be read", "see: agentgov validate; or name an --owner")
    directory = Directory(parts.access)
    if named is not None:
        if not directory.members(named) or named.startswith("role:"):
            message = f"{named} is no person and no team in governance/access.yaml"
            raise UsageError(message, "write team:ID or a person's id")
        return named
    workspace = parts.workspaces.get(agent.workspace)
    if workspace is not None and directory.members(workspace.owner):
        return workspace.owner
    here = _person_here(directory, repo)
    if here is not None:
        return here
    if len(directory.administrators) == 1:
        return min(directory.administrators)
    raise UsageError(f"nobody is known to own the workspace {agent.workspace}", "name one: --owner team:ID")


def _person_here(directory: "Directory", repo: str) -> str | None:
    from agentgov.repo.repository import Repository

    try:
        return directory.by_email(Repository.open(repo).ident()[1])
    except ConfigurationError:
        return None


def _workspace(result: _Result, root: Path, currency: str) -> None:
    from agentgov.cli.place import write_new
    from agentgov.scaffold.fleet import workspace_file

    path = f"governance/workspaces/{result.agent.workspace}.yaml"
    if write_new(root, path, workspace_file(result.agent.workspace, result.owner, currency)):
        result.written.append(path)
        result.governance.append(path)


def _ownership(result: _Result, root: Path, parts: "Parts") -> None:
    """Give the folder to its owner in CODEOWNERS where they do not own it yet."""
    from agentgov.cli.place import write_new
    from agentgov.owners.codeowners import places
    from agentgov.scaffold.forge import codeowners_line
    from agentgov.scaffold.limits import handle_of, owns

    if parts.access is None or owns(parts, result.agent.file, result.owner):
        return
    handle = handle_of(parts.access, result.owner, parts.dialect)
    file = parts.codeowners_file or places(parts.dialect)[0]
    if handle is None:
        result.notes.append(f"{result.owner} does not own {result.agent.folder} in {file} and has no handle for it")
        return
    line = f"{codeowners_line(f'/{result.agent.folder}/', handle)}\n"
    if not write_new(root, file, line):
        text = parts.codeowners
        try:
            with (root / file).open("ab") as stream:
                stream.write((line if not text or text.endswith("\n") else f"\n{line}").encode())
        except OSError as error:
            raise ConfigurationError(f"{file} cannot be written: {error.strerror}") from error
    result.governance.append(file)
    result.notes.append(f"{file} now ends with: {' '.join(line.split())}")


def _schemas(result: _Result, root: Path) -> None:
    """The schemas that the new files name, where nobody has put them there."""
    from agentgov.cli.place import write_new
    from agentgov.cli.tools.schema import schema_copies

    for path, text in schema_copies().items():
        if write_new(root, path, text):
            result.written.append(path)


def _write(result: _Result, root: Path, path: str, text: str) -> None:
    from agentgov.cli.place import write_new

    (result.written if write_new(root, path, text) else result.left).append(path)


def _document(result: _Result) -> dict[str, Any]:
    return {
        "schema": "agentgov.new/1",
        "agent": str(result.agent),
        "owner": result.owner,
        "written": result.written,
        "left": result.left,
        "governance": result.governance,
        "notes": result.notes,
    }


def _page(result: _Result) -> "Page":
    from agentgov.cli.tools.schema import briefly
    from agentgov.report.page import Page, Span

    page = Page().line(Span(str(result.agent), "bold"), f", owned by {result.owner}")
    for path in briefly(result.written):
        page.line(Span("  wrote ", "good"), path)
    for path in result.left:
        page.line(Span("  left  ", "dim"), f"{path}, which exists")
    for note in result.notes:
        page.line(Span("  note  ", "warn"), note)
    if result.governance:
        files = " and ".join(result.governance)
        page.line(Span("  note  ", "warn"), f"{files}: governance, so the change takes the administrators' approval")
    page.line(f"write {result.agent.folder}/prompts/system.md, then: agentgov validate")
    return page
