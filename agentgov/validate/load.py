"""Documents as typed values: read strictly, checked against their schema, converted. References are not followed here.

`load_governance` and `load_agent` are what trust builds on: a document with any error is no document, and nothing is
guessed in its place. Deterministic; reads only through the snapshot.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from functools import cached_property, lru_cache
from typing import Generic, TypeVar

import msgspec

from agentgov.model.access import Access
from agentgov.model.agent import Agent
from agentgov.model.document import Document
from agentgov.model.finding import Finding, Severity, order
from agentgov.model.fleet import Fleet, Governance, Reviews, Workspace
from agentgov.model.governed import (
    ACCESS_FILE,
    ACTIONS_FILE,
    ALERTS_FILE,
    FLEET_FILE,
    PIPELINE_FILE,
    PRICES_FILE,
    RETENTION_FILE,
    Kind,
    kind_of,
)
from agentgov.model.names import AgentId, agent_of_path, is_label
from agentgov.model.pipeline import Pipeline
from agentgov.model.playbook import Drill, Playbook
from agentgov.model.policies import ActionPolicy, AlertPolicy, PriceList, Retention
from agentgov.model.snapshot import Entry, Snapshot, path_text
from agentgov.model.verdict import Location
from agentgov.owners.codeowners import Codeowners, Dialect, locate, parse, places
from agentgov.trust.identity import Directory
from agentgov.trust.permissions import Grant, standing
from agentgov.trust.verbs import ADMINISTRATOR, BUILT_IN_ROLES
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
    "ActionPolicy": ActionPolicy,
    "PriceList": PriceList,
    "Retention": Retention,
    "AlertPolicy": AlertPolicy,
    "Playbook": Playbook,
    "Drill": Drill,
}

# Errors that leave every known field with a value that its schema accepts.
_BESIDE_THE_VALUES = frozenset(
    {"schema.unknown-field", "yaml.duplicate-key", "yaml.merge-key", "text.hidden-character"}
)


class Loaded(msgspec.Struct, Generic[Typed], frozen=True):
    """One document: `typed` is None when it is missing or has an error.

    `draft` is there also when nothing but names of fields or single characters is wrong: good for telling what else is,
    never to be relied on. `value` is what the YAML says, as far as it could be read.
    """

    typed: Typed | None
    draft: Typed | None
    value: object
    findings: tuple[Finding, ...]


class Workspaces(Mapping[str, Workspace]):
    """The workspaces of a snapshot that can be read, by name, each read when it is first asked for: to judge one agent
    takes one of them, and a fleet may have hundreds."""

    __slots__ = ("_files", "_loaded", "_snapshot")

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._files = dict(workspace_files(snapshot.entries()))
        self._loaded: dict[str, Loaded[Workspace]] = {}

    def __getitem__(self, name: str) -> Workspace:
        found = self._document(name).typed
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._files if self._document(name).typed is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def findings(self) -> Iterator[Finding]:
        """What is wrong with any of them."""
        for name in self._files:
            yield from self._document(name).findings

    def _document(self, name: str) -> Loaded[Workspace]:
        if name not in self._loaded:
            self._loaded[name] = load_document(self._snapshot, "Workspace", Workspace, self._files[name])
        return self._loaded[name]


class Parts(msgspec.Struct, frozen=True, dict=True):
    """The governance documents that could be read, each by itself, so that one broken file hides no other problem.

    `of_documents` are the findings of all of them but the workspaces.
    """

    fleet: Fleet | None
    access: Access | None
    pipeline: Pipeline | None
    workspaces: Mapping[str, Workspace]
    codeowners: str
    codeowners_file: str
    of_documents: tuple[Finding, ...]
    dialect: Dialect = "github"
    actions: ActionPolicy | None = None  # these four are optional; None also where one cannot be read
    prices: PriceList | None = None
    retention: Retention | None = None
    alerts: AlertPolicy | None = None

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with any of them."""
        of_workspaces = self.workspaces.findings() if isinstance(self.workspaces, Workspaces) else ()
        return (*self.of_documents, *of_workspaces)

    @cached_property
    def directory(self) -> Directory | None:
        """The people of Access, None when it could not be read."""
        return None if self.access is None else Directory(self.access)

    @cached_property
    def owners(self) -> Codeowners:
        """The CODEOWNERS that decides; empty where there is none."""
        return parse(self.codeowners, self.codeowners_file, self.dialect)

    @cached_property
    def reviewing(self) -> Mapping[str, tuple[Grant, ...]]:
        """The rights to review by person, also those that end some day."""
        found: dict[str, list[Grant]] = {}
        for grant in () if self.access is None else standing(self.access, "review", date.min):
            found.setdefault(grant.person, []).append(grant)
        return {person: tuple(grants) for person, grants in found.items()}

    @cached_property
    def selectable(self) -> Mapping[str, Collection[str]]:
        """What a who-list may name, by kind: person, team and role, each in the order of Access."""
        if self.access is None:
            return {"person": (), "team": (), "role": ()}
        return {
            "person": dict.fromkeys(person.id for person in self.access.people),
            "team": dict.fromkeys(team.id for team in self.access.teams),
            "role": dict.fromkeys((ADMINISTRATOR, *BUILT_IN_ROLES, *(role.name for role in self.access.roles))),
        }

    @cached_property
    def most_approvals(self) -> int:
        """The most approvals that any review rule asks for."""
        reviews = self.fleet.reviews if self.fleet is not None else Reviews()
        return max(rule.approvals for rule in (reviews.default, *reviews.rules))

    @property
    def exempt(self) -> tuple[str, ...]:
        """The patterns of paths that take no review."""
        return () if self.fleet is None else self.fleet.reviews.exempt

    @property
    def governance(self) -> Governance | None:
        """All of it together; None when any document is missing or has an error."""
        broken = any(found.severity is Severity.ERROR for found in self.findings)
        if self.fleet is None or self.access is None or self.pipeline is None or broken:
            return None
        return Governance(
            fleet=self.fleet,
            access=self.access,
            pipeline=self.pipeline,
            workspaces=dict(self.workspaces),
            codeowners=self.codeowners,
            codeowners_file=self.codeowners_file,
            actions=self.actions,
            prices=self.prices,
            retention=self.retention,
            alerts=self.alerts,
        )


class LoadedFleet(msgspec.Struct, frozen=True):
    """Everything that could be read: governance (None when any of its documents could not), agents by id, findings."""

    governance: Governance | None
    agents: Mapping[AgentId, Agent]
    findings: tuple[Finding, ...]


def load_governance(snapshot: Snapshot) -> tuple[Governance | None, tuple[Finding, ...]]:
    """All governance of a snapshot; None when any governance document is missing or has an error."""
    parts = load_parts(snapshot)
    return parts.governance, parts.findings


def load_agent(snapshot: Snapshot, agent_id: AgentId) -> tuple[Agent | None, tuple[Finding, ...]]:
    """The agent.yaml of one agent; None when it is missing or has an error."""
    loaded = load_document(snapshot, "Agent", Agent, agent_id.file)
    return loaded.typed, loaded.findings


def load_fleet(snapshot: Snapshot) -> LoadedFleet:
    """Governance and all agents of a snapshot, with the findings of both, sorted."""
    governance, findings = load_governance(snapshot)
    found = list(findings)
    agents: dict[AgentId, Agent] = {}
    for agent_id in agent_ids(snapshot.entries()):
        agent, of_agent = load_agent(snapshot, agent_id)
        found.extend(of_agent)
        if agent is not None:
            agents[agent_id] = agent
    return LoadedFleet(governance, agents, tuple(sorted(found, key=order)))


def load_parts(snapshot: Snapshot) -> Parts:
    """The governance documents of a snapshot, each by itself."""
    entries = snapshot.entries()
    fleet = load_document(snapshot, "Fleet", Fleet, FLEET_FILE)
    access = load_document(snapshot, "Access", Access, ACCESS_FILE)
    pipeline = load_document(snapshot, "Pipeline", Pipeline, PIPELINE_FILE)
    there = {"/".join(path.split("/", 2)[:2]) for path in entries if path.startswith("governance/")}
    actions = _optional(snapshot, "ActionPolicy", ActionPolicy, ACTIONS_FILE, there)
    prices = _optional(snapshot, "PriceList", PriceList, PRICES_FILE, there)
    retention = _optional(snapshot, "Retention", Retention, RETENTION_FILE, there)
    alerts = _optional(snapshot, "AlertPolicy", AlertPolicy, ALERTS_FILE, there)
    found = [*fleet.findings, *access.findings, *pipeline.findings]
    found += [*actions.findings, *prices.findings, *retention.findings, *alerts.findings]
    dialect = fleet.draft.codeowners.dialect if fleet.draft is not None else "github"
    file = locate([path for path in places(dialect) if path in entries and entries[path].is_file], dialect) or ""
    text = path_text(snapshot.read(file)) if file else ""
    return Parts(
        fleet=fleet.typed,
        access=access.typed,
        pipeline=pipeline.typed,
        workspaces=Workspaces(snapshot),
        codeowners=text,
        codeowners_file=file,
        of_documents=tuple(found),
        dialect=dialect,
        actions=actions.typed,
        prices=prices.typed,
        retention=retention.typed,
        alerts=alerts.typed,
    )


def load_document(snapshot: Snapshot, kind: Kind, type_: type[Typed], path: str) -> Loaded[Typed]:
    """The document of a kind at a path."""
    entries = snapshot.entries()
    entry = entries.get(path)
    if entry is None or not entry.is_file:
        return Loaded(None, None, None, (_absent(path, entry, entries),))
    load = _loaded if kind in ("Agent", "Workspace") else _remembered  # of these there are too many
    return load(kind, type_, path, snapshot.read(path))


def _loaded(kind: Kind, type_: type[Typed], path: str, data: bytes) -> Loaded[Typed]:
    document = read(data, path)
    value, found = document.value, document.findings
    if value is None:
        return Loaded(None, None, None, found)
    found = (*found, *schema.check(kind, value, data, path))
    errors = {problem.code for problem in found if problem.severity is Severity.ERROR}
    if not errors <= _BESIDE_THE_VALUES:
        return Loaded(None, None, value, found)
    named = value
    if kind == "Agent" and b"x-" in data and isinstance(value, dict):
        named = {**value, "x-": dict(extensions(value, ""))}
    try:
        draft = convert(type_, named)
    except ValueError as error:  # a test proves that schema and types agree; this is the net below it
        problem = finding("schema.invalid", Location(path, 1, 1), f"the document cannot be used: {error}")
        return Loaded(None, None, value, (*found, problem))
    return Loaded(None if errors else draft, draft, value, found)


_remembered = lru_cache(maxsize=32)(_loaded)  # governance is read again for every answer, and mostly as it was


def agent_ids(paths: Iterable[str]) -> Iterator[AgentId]:
    """The ids of all agents that have an agent.yaml among the paths, in their order."""
    for path in paths:
        if path.startswith("agents/") and path.endswith("/agent.yaml") and kind_of(path) == "Agent":
            agent_id = agent_of_path(path)
            if agent_id is not None:
                yield agent_id


def workspace_files(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(name, path) of every workspace file among the paths, in their order."""
    for path in paths:
        if path.startswith("governance/workspaces/") and kind_of(path) == "Workspace":
            name = path.rpartition("/")[2].removesuffix(".yaml")
            if is_label(name):
                yield name, path


def convert(type_: type[Typed], value: object) -> Typed:
    """A value that its schema has accepted, as its type; ValueError where types and schema disagree."""
    try:
        return msgspec.convert(value, type_)
    except msgspec.ValidationError:
        # JSON Schema calls 3.0 an integer; the strict conversion does not.
        return msgspec.convert(value, type_, strict=False)


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


def _optional(snapshot: Snapshot, kind: Kind, type_: type[Typed], path: str, there: set[str]) -> Loaded[Typed]:
    """A document that a fleet need not have: nothing to find where nothing stands at its path. Whatever stands there
    and is no such document has an error, so that a broken file, or a folder, is never taken for none."""
    return load_document(snapshot, kind, type_, path) if path in there else Loaded(None, None, None, ())


def _absent(path: str, entry: Entry | None, entries: Mapping[str, Entry]) -> Finding:
    if entry is not None:
        return finding("layout.not-a-file", Location(path, 1, 1), f"{path} is not an ordinary file", "put a file there")
    if any(other.startswith(f"{path}/") for other in entries):
        return finding("layout.not-a-file", Location(path), f"{path} is a folder", "put a file there")
    fix = f"add it; `agentgov schema {kind_of(path)}` prints what it holds"
    return finding("layout.file-missing", Location(path), f"{path} is missing", fix)
