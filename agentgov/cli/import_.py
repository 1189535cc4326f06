"""`agentgov import`: agents of another format become folders of this fleet, with a worklist of what is still unknown.

Finds the inputs, has them imported, writes each agent whole or not at all, and prints one line an agent.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agentgov.cli.options import answer, format_option, show
from agentgov.cli.place import workspace_name

if TYPE_CHECKING:
    from agentgov.importers.result import Failure, Imported
    from agentgov.model.finding import Finding
    from agentgov.report.page import Page

_SHOWN = 40  # lines of the worklist on a terminal; validate and --json show all of it


@click.command("import")
@click.argument("format_name", metavar="FORMAT", type=click.Choice(["cagent"]))
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option(
    "--into", metavar="WORKSPACE", default="imported", type=workspace_name, help="Workspace (default: imported)."
)
@click.option("--repo", metavar="DIR", help="Root of the fleet (default: the fleet around here).")
@format_option()
def command(format_name: str, paths: tuple[str, ...], into: str, repo: str | None, output: str) -> int:
    """Turn agents of another format into agents of this fleet, as drafts.

    FORMAT is cagent. Folders are searched for *.yaml. What the source cannot say (owner, risk, budget, effects of
    tools) is marked in agent.yaml at the line to fill in, and `agentgov validate` lists it. Nothing that exists is
    overwritten. Exit 0: every input became an agent, 1: some could not be read or written, and each is named.
    """
    from agentgov.importers.cagent import import_cagent
    from agentgov.importers.folders import write_agent
    from agentgov.importers.result import Failure, Source
    from agentgov.importers.sources import read_sources

    root = _root(repo)
    inputs = list(read_sources(paths))
    imported, refused = import_cagent([item for item in inputs if isinstance(item, Source)], into)
    failures = [item for item in inputs if isinstance(item, Failure)] + refused
    written: list[Imported] = []
    for item in imported:
        problem = write_agent(root, item.agent, item.files)
        if problem:
            failures.append(Failure(item.source, f"agent {item.original!r}: {problem}"))
        else:
            written.append(item)
    findings = _around(root, into) if written else []
    answer(output, _page(written), _document(written, failures, findings))
    if output == "text":
        show(_messages(written, failures, findings), err=True)
    return 1 if failures else 0


def _root(repo: str | None) -> Path:
    """The folder to write below: the fleet around a folder, or a folder that was named although it is no fleet."""
    from agentgov.cli.place import fleet_root
    from agentgov.errors import ConfigurationError

    found = fleet_root(Path(repo or "."))
    if found is not None:
        return found
    if repo is None:
        raise ConfigurationError("there is no fleet around here", "make one: agentgov init; or name one: --repo DIR")
    if not Path(repo).is_dir():
        raise ConfigurationError(f"{repo} is not a folder")
    return Path(repo)


def _around(root: Path, workspace: str) -> list["Finding"]:
    """What the fleet itself lacks for these agents; governance is never touched here."""
    from agentgov.model.governed import FLEET_FILE
    from agentgov.model.verdict import Location
    from agentgov.validate.codes import finding

    found = []
    if not os.path.lexists(root / FLEET_FILE):
        message = f"{root} is not a fleet yet: there is no {FLEET_FILE}"
        found.append(finding("layout.file-missing", Location(FLEET_FILE), message, "agentgov init"))
    file = f"governance/workspaces/{workspace}.yaml"
    if not os.path.lexists(root / file):
        fix = f"add: apiVersion: agentgov.dev/v1, kind: Workspace, name: {workspace}, owner: <person or team:id>"
        found.append(finding("import.workspace", Location(file), f"the workspace {workspace} has no {file}", fix))
    return found


def _page(written: list["Imported"]) -> "Page":
    from agentgov.report.page import Page, Span

    page = Page()
    for item in written:
        name = " (renamed: its own name is taken)" if item.renamed else ""
        todo = f"  {len(item.findings)} to fill in"
        page.line(item.agent.folder, Span(f"  from {item.source}: {item.original}{name}", "dim"), Span(todo, "warn"))
    return page


def _messages(written: list["Imported"], failures: list["Failure"], findings: list["Finding"]) -> "Page":
    from agentgov.report.page import Page, Span

    page = Page()
    for failure in failures:
        page.line(Span("not imported: ", "bad"), f"{failure.source}: {failure.message}")
    worklist = [*findings, *(finding for item in written for finding in item.findings)]
    for finding in worklist[:_SHOWN]:
        fix = f" ({finding.fix})" if finding.code == "import.workspace" else ""
        page.line(Span(f"{finding.where}: ", "dim"), f"{finding.code} {finding.message}{fix}")
    if len(worklist) > _SHOWN:
        page.line(f"... and {len(worklist) - _SHOWN} more; all of them: agentgov validate --select import")
    agents = f"{len(written)} agent{'' if len(written) == 1 else 's'}"
    return page.line(f"{agents} imported as drafts, {len(failures)} failed, {len(worklist)} to fill in")


def _document(written: list["Imported"], failures: list["Failure"], findings: list["Finding"]) -> dict[str, Any]:
    agents = [
        {
            "agent": str(item.agent),
            "source": item.source,
            "name": item.original,
            "renamed": item.renamed,
            "files": sorted(item.files),
            "findings": [_finding(finding) for finding in item.findings],
        }
        for item in written
    ]
    return {
        "schema": "agentgov.import/1",
        "agents": agents,
        "failures": [{"source": failure.source, "message": failure.message} for failure in failures],
        "findings": [_finding(finding) for finding in findings],
    }


def _finding(finding: "Finding") -> dict[str, Any]:
    where = finding.where
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "file": where.file,
        "line": where.line,
        "column": where.column,
        "pointer": where.pointer,
        "message": finding.message,
        "fix": finding.fix,
    }
