"""What `agentgov import` tells: one line an agent, the worklist, what could not be imported, the formats.

Values in, pages and documents out; only `around` looks at the fleet, and nothing here writes.
"""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentgov.importers.folders import State
from agentgov.importers.registry import Format
from agentgov.importers.result import Failure, Imported, NoAgent, Outcome, Source
from agentgov.model.finding import Finding
from agentgov.model.governed import FLEET_FILE
from agentgov.model.verdict import Location
from agentgov.report.page import Page, Span
from agentgov.validate.codes import finding

_SHOWN = 40  # lines of the worklist on a terminal; validate and --json show all of it


@dataclass(frozen=True, slots=True)
class Told:
    """All that came of one run: agents that are in the fleet now, failures, findings about fleet and sources."""

    agents: tuple[tuple[Imported, State], ...]
    failures: tuple[Failure, ...]
    findings: tuple[Finding, ...]

    def in_state(self, state: State) -> list[Imported]:
        """The agents of which that was found or done."""
        return [item for item, found in self.agents if found == state]


def no_agents(outcome: Outcome, sources: Sequence[Source], form: Format) -> tuple[list[Failure], list[Finding]]:
    """What to say of inputs without agents: a file that was named is a failure, one that was found a finding.

    A folder is a failure where not one of its files was of the format."""
    found = [_no_agent(item) for item in outcome.without if item.folder]
    failures = [Failure(item.source, item.message) for item in outcome.without if not item.folder]
    looked = Counter(source.folder for source in sources if source.folder)
    without = Counter(item.folder for item in outcome.without)
    for folder, count in looked.items():
        if without[folder] == count:
            failures.append(Failure(folder, f"none of its {count} files named {form.searched} holds an agent"))
    return failures, found


def _no_agent(item: NoAgent) -> Finding:
    return finding("import.no-agent", Location(item.source, 1, 1), item.message)


def around(root: Path, workspace: str) -> list[Finding]:
    """What the fleet itself lacks for these agents; governance is never touched here."""
    found = []
    if not os.path.lexists(root / FLEET_FILE):
        message = f"{root} is not a fleet yet: there is no {FLEET_FILE}"
        found.append(finding("layout.file-missing", Location(FLEET_FILE), message, "agentgov init"))
    file = f"governance/workspaces/{workspace}.yaml"
    if not os.path.lexists(root / file):
        fix = f"add: apiVersion: agentgov.dev/v1, kind: Workspace, name: {workspace}, owner: <person or team:id>"
        found.append(finding("import.workspace", Location(file), f"the workspace {workspace} has no {file}", fix))
    return found


def page(told: Told) -> Page:
    """One line an agent: its folder, where it comes from, and what is to be done or was done before."""
    out = Page()
    for item, state in told.agents:
        name = " (renamed: its own name is taken)" if item.renamed else ""
        source = Span(f"  from {item.source}: {item.original}{name}", "dim")
        if state == "written":
            out.line(item.agent.folder, source, Span(f"  {len(item.findings)} to fill in", "warn"))
        else:
            words = "unchanged" if state == "unchanged" else "edited since it was imported, left as it is"
            out.line(item.agent.folder, source, f"  {words}")
    return out


def messages(told: Told) -> Page:
    """What could not be imported, the beginning of the worklist, and the sums."""
    out = Page()
    for failure in told.failures:
        out.line(Span("not imported: ", "bad"), f"{failure.source}: {failure.message}")
    written = told.in_state("written")
    quiet = [one for one in told.findings if one.code == "import.no-agent"]
    worklist = [one for one in told.findings if one.code != "import.no-agent"]
    worklist += [one for item in written for one in item.findings]
    for one in worklist[:_SHOWN]:
        fix = f" ({one.fix})" if one.code == "import.workspace" else ""
        out.line(Span(f"{one.where}: ", "dim"), f"{one.code} {one.message}{fix}")
    if len(worklist) > _SHOWN:
        out.line(f"... and {len(worklist) - _SHOWN} more; all of them: agentgov validate --select import")
    if quiet:
        files = f"{len(quiet)} file{'' if len(quiet) == 1 else 's'}"
        out.line(f"{files} without an agent of this format left out (import.no-agent); --json names them")
    agents = f"{len(written)} agent{'' if len(written) == 1 else 's'}"
    before = len(told.agents) - len(written)
    there = f", {before} there already" if before else ""
    return out.line(f"{agents} imported as drafts{there}, {len(told.failures)} failed, {len(worklist)} to fill in")


def document(told: Told) -> dict[str, Any]:
    """The answer as it is told with `--json`."""
    agents = [
        {
            "agent": str(item.agent),
            "source": item.source,
            "name": item.original,
            "renamed": item.renamed,
            "state": state,
            "files": sorted(item.files),
            "findings": [] if state == "edited" else [_finding(one) for one in item.findings],
        }
        for item, state in told.agents
    ]
    return {
        "schema": "agentgov.import/1",
        "agents": agents,
        "failures": [{"source": failure.source, "message": failure.message} for failure in told.failures],
        "findings": [_finding(one) for one in told.findings],
    }


def _finding(one: Finding) -> dict[str, Any]:
    where = one.where
    return {
        "code": one.code,
        "severity": one.severity.value,
        "file": where.file,
        "line": where.line,
        "column": where.column,
        "pointer": where.pointer,
        "message": one.message,
        "fix": one.fix,
    }


def list_page(formats: Sequence[Format]) -> Page:
    """The formats, one a line."""
    out = Page()
    width = max(len(one.name) for one in formats)
    for one in formats:
        out.line(f"{one.name:<{width}}  {one.title}", Span(f"  ({one.searched})", "dim"))
    return out


def list_document(formats: Sequence[Format]) -> dict[str, Any]:
    """The formats as they are told with `--list --json`."""
    told = [{"name": one.name, "title": one.title, "files": list(one.files or _names(one))} for one in formats]
    return {"schema": "agentgov.import-list/1", "formats": told}


def _names(one: Format) -> list[str]:
    return [f"*{suffix}" for suffix in one.suffixes]
