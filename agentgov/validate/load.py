"""Documents as typed values: read strictly, checked against their schema, converted. References are not followed here.

`load_governance` and `load_agent` are what trust builds on: a document with any error is no document, and nothing is
guessed in its place. Deterministic; reads only through the snapshot.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from agentgov.model.access import Access
from agentgov.model.agent import Agent
from agentgov.model.document import Document
from agentgov.model.finding import Finding, Severity, order
from agentgov.model.fleet import Fleet, Governance, Workspace
from agentgov.model.governed import (
    ACCESS_FILE,
    FLEET_FILE,
    GITHUB_CODEOWNERS,
    GITLAB_CODEOWNERS,
    PIPELINE_FILE,
    Kind,
    kind_of,
)
from agentgov.model.names import AgentId, agent_of_path, is_label
from agentgov.model.pipeline import Pipeline
from agentgov.model.snapshot import Entry, Snapshot
from agentgov.model.verdict import Location
from agentgov.validate import schema
from agentgov.validate.codes import finding
from agentgov.validate.pointers import child
from agentgov.validate.yaml_reader import read

Typed = TypeVar("Typed", bound=Document)

TYPES: Mapping[Kind, type[Document]] = {
    "Fleet": Fleet,
    "Access": Access,
    "Pipeline": Pipeline,
    "Workspace": Workspace,
    "Agent": Agent,
}


@dataclass(frozen=True, slots=True)
class LoadedFleet:
    """Everything that could be read: governance (None when any of its documents could not), agents by id, findings."""

    governance: Governance | None
    agents: Mapping[AgentId, Agent]
    findings: tuple[Finding, ...]


def load_governance(snapshot: Snapshot) -> tuple[Governance | None, tuple[Finding, ...]]:
    """All governance of a snapshot; None when any governance document is missing or has an error."""
    entries = snapshot.entries()
    loader = _Loader(snapshot, entries)
    fleet = loader.document("Fleet", Fleet, FLEET_FILE)
    access = loader.document("Access", Access, ACCESS_FILE)
    pipeline = loader.document("Pipeline", Pipeline, PIPELINE_FILE)
    workspaces: dict[str, Workspace] = {}
    for name, path in _workspace_files(entries):
        workspace = loader.document("Workspace", Workspace, path)
        if workspace is not None:
            workspaces[name] = workspace
    findings = loader.findings
    if fleet is None or access is None or pipeline is None or _broken(findings):
        return None, tuple(findings)
    file = codeowners_file(entries, fleet.codeowners.dialect)
    text = snapshot.read(file).decode("utf-8", "surrogateescape") if file else ""
    return Governance(
        fleet=fleet,
        access=access,
        pipeline=pipeline,
        workspaces=workspaces,
        codeowners=text,
        codeowners_file=file,
    ), tuple(findings)


def load_agent(snapshot: Snapshot, agent_id: AgentId) -> tuple[Agent | None, tuple[Finding, ...]]:
    """The agent.yaml of one agent; None when it is missing or has an error."""
    loader = _Loader(snapshot, snapshot.entries())
    return loader.document("Agent", Agent, agent_id.file), tuple(loader.findings)


def load_fleet(snapshot: Snapshot) -> LoadedFleet:
    """Governance and all agents of a snapshot, with the findings of both, sorted."""
    governance, findings = load_governance(snapshot)
    entries = snapshot.entries()
    loader = _Loader(snapshot, entries)
    agents: dict[AgentId, Agent] = {}
    for agent_id in agent_ids(entries):
        agent = loader.document("Agent", Agent, agent_id.file)
        if agent is not None:
            agents[agent_id] = agent
    return LoadedFleet(governance, agents, tuple(sorted((*findings, *loader.findings), key=order)))


def agent_ids(paths: Iterable[str]) -> Iterator[AgentId]:
    """The ids of all agents that have an agent.yaml among the paths, in their order."""
    for path in paths:
        if path.startswith("agents/") and kind_of(path) == "Agent":
            agent_id = agent_of_path(path)
            if agent_id is not None:
                yield agent_id


def codeowners_file(paths: Mapping[str, Entry], dialect: str) -> str:
    """The path of the CODEOWNERS file that decides in a dialect: the first place in which there is one, or empty."""
    places = GITLAB_CODEOWNERS if dialect == "gitlab" else GITHUB_CODEOWNERS
    return next((place for place in places if place in paths and paths[place].is_file), "")


def convert(kind: type[Typed], value: object) -> Typed:
    """A value that its schema has accepted, as its type; ValueError where types and schema disagree."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        # JSON Schema calls 3.0 an integer; the strict conversion does not.
        return msgspec.convert(value, kind, strict=False)


class _Loader:
    """Reads documents of one snapshot and collects what is wrong with them."""

    __slots__ = ("_entries", "_snapshot", "findings")

    def __init__(self, snapshot: Snapshot, entries: Mapping[str, Entry]) -> None:
        self._snapshot = snapshot
        self._entries = entries
        self.findings: list[Finding] = []

    def document(self, kind: Kind, type_: type[Typed], path: str) -> Typed | None:
        """The document at a path, None when it is missing or has an error."""
        entry = self._entries.get(path)
        if entry is None or not entry.is_file:
            self.findings.append(_absent(path, entry, self._entries))
            return None
        data = self._snapshot.read(path)
        document = read(data, path)
        found = list(document.findings)
        if document.value is not None:
            found.extend(schema.check(kind, document.value, data, path))
        self.findings.extend(found)
        if _broken(found) or document.value is None:
            return None
        value = document.value
        if kind == "Agent" and b"x-" in data and isinstance(value, dict):
            value = {**value, "x-": dict(extensions(value, ""))}
        try:
            return convert(type_, value)
        except ValueError as error:
            self.findings.append(finding("schema.invalid", Location(path, 1, 1), f"cannot be used: {error}"))
            return None


def extensions(value: object, pointer: str) -> Iterator[tuple[str, object]]:
    """Everything under keys that start with `x-`, by JSON pointer; `runtime` is free as a whole and not searched."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from extensions(item, child(pointer, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            here = child(pointer, key)
            if key.startswith("x-"):
                yield here, item
            elif here != "/spec/runtime":
                yield from extensions(item, here)


def _workspace_files(entries: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for path in entries:
        if path.startswith("governance/workspaces/") and kind_of(path) == "Workspace":
            name = path.rpartition("/")[2].removesuffix(".yaml")
            if is_label(name):
                yield name, path


def _absent(path: str, entry: Entry | None, entries: Mapping[str, Entry]) -> Finding:
    where = Location(path)
    if entry is not None:
        return finding("layout.not-a-file", where, f"{path} is a symbolic link or a submodule", "put a file there")
    if any(other.startswith(f"{path}/") for other in entries):
        return finding("layout.not-a-file", where, f"{path} is a folder", "put a file there")
    return finding("layout.file-missing", where, f"{path} is missing", "add it (`agentgov schema` shows what it holds)")


def _broken(findings: Iterable[Finding]) -> bool:
    return any(found.severity is Severity.ERROR for found in findings)
