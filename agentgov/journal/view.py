"""Where the journal stands: one commit of it, read lazily, with the governance that was authorised then.

A view decides nothing and never changes; the next act makes the next view. Views of one journal share what was read
once and cannot change: records by their bytes, the acts in their order.
"""

from collections.abc import Container, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from agentgov.errors import AgentgovError, IncompleteError
from agentgov.journal.line import Line
from agentgov.journal.parts import Overlay, governance_part
from agentgov.journal.records import from_bytes
from agentgov.journal.stretch import Stretch
from agentgov.model.agent import Agent
from agentgov.model.fleet import Governance
from agentgov.model.names import AgentId, agent_id
from agentgov.model.record_reader import one_below
from agentgov.model.snapshot import TREE, path_text
from agentgov.model.state import AUTHORISED, Record, State
from agentgov.model.units import parse_duration
from agentgov.repo.changes import changed_paths
from agentgov.repo.objects import TreeEntry
from agentgov.repo.repository import Repository
from agentgov.repo.snapshot import TreeSnapshot
from agentgov.trust.identity import Directory
from agentgov.validate.load import load_governance

if TYPE_CHECKING:
    from agentgov.journal.authors import Touches
    from agentgov.journal.commits import Signatures
    from agentgov.journal.owed import Owed
    from agentgov.model.playbook import Drill

Agents = dict[tuple[AgentId, str], Agent | None]

_MOST_KNOWN = 65_536


class Known:
    """Records by the blob that spells them; of those that almost every act rewrites, only the last."""

    __slots__ = ("_last", "_many")

    def __init__(self) -> None:
        self._last: dict[str, tuple[str, Record]] = {}
        self._many: dict[tuple[str, str], Record] = {}

    def get(self, path: str, oid: str) -> Record | None:
        """What the blob says that stands at a path of the journal's tree, where it is known."""
        folder, slash, _ = path.partition("/")
        if slash:
            return self._many.get((folder, oid))
        last = self._last.get(path)
        return last[1] if last is not None and last[0] == oid else None

    def put(self, path: str, oid: str, record: Record) -> None:
        """Keep what the blob at a path says."""
        folder, slash, _ = path.partition("/")
        if not slash:
            self._last[path] = (oid, record)
            return
        if len(self._many) >= _MOST_KNOWN:
            self._many.clear()
        self._many[folder, oid] = record


class Memory:
    """What was read once and cannot change, shared by all views of one journal."""

    def __init__(self, repo: Repository) -> None:
        self._repo = repo
        self.line = Line(repo)
        self.records = Known()
        self.closures: dict[tuple[AgentId, str, str], str] = {}  # by the trees of an agent's folders
        self.agents: Agents = {}  # by the blob of agent.yaml; None for one that cannot be read
        self.owed: tuple[tuple[str, str], tuple[Owed, ...]] | None = None  # by the trees of incidents and of reviews
        self.drills: tuple[str, tuple[Drill, ...]] | None = None  # by the tree of drills

    # What judges contents is loaded by whoever asks for it: most commands find nothing new to judge.

    @cached_property
    def touched(self) -> "Touches":
        """What each commit of main changes."""
        from agentgov.journal.authors import Touches

        return Touches(self._repo)

    @cached_property
    def signatures(self) -> "Signatures":
        """By which keys commits of main are signed."""
        from agentgov.journal.commits import Signatures

        return Signatures(self._repo)


class TreeReader:
    """Finds records in the tree of one journal commit, each read once."""

    def __init__(self, repo: Repository, tree: str, known: Known | None = None) -> None:
        self._repo, self._tree = repo, tree
        self._known = known or Known()
        self._records: dict[str, Record | None] = {}
        self._names: dict[str, Sequence[str]] = {}

    def record(self, path: str) -> Record | None:
        """The record at a path; IncompleteError when what stands there is none."""
        if path not in self._records:
            entry = self._repo.entry(self._tree, path)
            self._records[path] = self._read(path, entry.oid) if entry is not None and entry.is_file else None
        return self._records[path]

    def names(self, folder: str) -> Sequence[str]:
        """The names in a folder, sorted by their bytes, folders with a trailing slash."""
        if folder not in self._names:
            entry = self._repo.entry(self._tree, folder)
            found = self._repo.tree(entry.oid) if entry is not None and entry.mode == TREE else ()
            self._names[folder] = [path_text(item.name) + ("/" if item.mode == TREE else "") for item in found]
        return self._names[folder]

    def _read(self, path: str, oid: str) -> Record:
        return read_record(self._repo, self._known, path, oid)


def read_record(repo: Repository, known: Known, path: str, oid: str) -> Record:
    """The record that a blob spells at a path of the journal's tree, read once; IncompleteError when it is none."""
    record = known.get(path, oid)
    if record is None:
        record = from_bytes(path, repo.blob(oid))
        known.put(path, oid, record)
    return record


@dataclass(frozen=True, slots=True)
class View:
    """The journal at one commit."""

    repo: Repository
    tip: str
    tree: str
    state: State
    authorised: str  # tree of the governed contents of main as last authorised
    governance: Governance
    directory: Directory
    memory: Memory = field(compare=False, repr=False)
    revoked: frozenset[str] = frozenset()  # fingerprints of keys that are dead
    stretch: Stretch | None = None  # what the branch holds since then that is no act
    branch_tip: str = ""  # "" where the tip of the branch is this act

    @property
    def end(self) -> str:
        """The tip of the branch: what the next act is a child of."""
        return self.branch_tip or self.tip

    @property
    def contents(self) -> TreeSnapshot:
        """The authorised contents as a snapshot."""
        return TreeSnapshot(self.repo, self.authorised, "authorised contents")

    @property
    def today(self) -> date:
        """The date that every rule with a date compares with: journal time, in UTC."""
        return day_of(self.state.head.time)

    @property
    def max_age(self) -> int:
        """How old journal time may be before nothing that raises risk happens, in seconds."""
        return parse_duration(self.governance.fleet.journal.max_age)

    def is_stale(self, now: int) -> bool:
        """Whether journal time is older than that by this clock (epoch seconds): acts may have been kept from us."""
        return now - self.state.head.time > self.max_age

    def time_of_bots(self, now: int) -> int:
        """The journal time that a bot's act carries now: never behind, and no step that takes two to make."""
        return self.state.head.time if self.is_stale(now) else max(now, self.state.head.time)

    def agents(self, workspace: str = "") -> Iterator[AgentId]:
        """The ids of all authorised agents, or those of one workspace."""
        return agents_in(self.repo, self.authorised, workspace)

    def deployed(self) -> Iterator[AgentId]:
        """The ids of all agents that entered the pipeline; no record is read for it."""
        reader = TreeReader(self.repo, self.tree)
        for path in one_below(reader, "deployments"):
            found = agent_id(path.removeprefix("deployments/").removesuffix(".yaml"))
            if found is not None:
                yield found

    def changed_deployments(self, before: str | None) -> dict[str, bool] | None:
        """The ids of agents whose deployments are others than in a tree of the journal, and whether one came or went;
        None where that cannot be told."""
        try:
            paths = changed_paths(self.repo, before, self.tree, ("deployments",))
        except AgentgovError:
            return None
        ids = (path.removeprefix("deployments/").removesuffix(".yaml") for path in paths)
        return {one: None in entries for one, entries in zip(ids, paths.values(), strict=True)}


def agents_in(repo: Repository, tree: str, workspace: str = "") -> Iterator[AgentId]:
    """The ids of all agents of a tree of contents, or those of one workspace."""
    for path in TreeReader(repo, tree).names("agents"):
        if path.endswith("/") and workspace in ("", path[:-1]):
            for folder in read_folders(repo, tree, f"agents/{path[:-1]}"):
                found = agent_id(f"{path}{path_text(folder.name)}")
                if found is not None and any(one.name == b"agent.yaml" for one in repo.tree(folder.oid)):
                    yield found


def ids_in(repo: Repository, tree: str, folder: str) -> dict[str, str]:
    """The object ids in a folder of a tree by name; nothing where there is no such folder."""
    entry = repo.entry(tree, folder)
    if entry is None or entry.mode != TREE:
        return {}
    return {path_text(one.name): one.oid for one in repo.tree(entry.oid)}


def read_folders(repo: Repository, tree: str, folder: str, names: Container[str] | None = None) -> list[TreeEntry]:
    """The folders in a folder of a tree, or those with some names, read in one go since they will be asked for next."""
    entry = repo.entry(tree, folder)
    items = repo.tree(entry.oid) if entry is not None and entry.mode == TREE else ()
    folders = [one for one in items if one.mode == TREE and (names is None or path_text(one.name) in names)]
    with suppress(AgentgovError):  # whoever asks for what is damaged or missing is told
        repo.read_trees([one.oid for one in folders])
    return folders


def day_of(time: int) -> date:
    """The day in UTC of a journal time."""
    return datetime.fromtimestamp(time, UTC).date()


def governance_of(repo: Repository, authorised: str) -> Governance:
    """The governance in a tree of authorised contents; IncompleteError when it cannot be read."""
    governance, findings = load_governance(governance_part(Overlay(repo), authorised, "authorised contents"))
    if governance is None:
        first = findings[0].message if findings else "a governance file is missing"
        hint = "it was readable when it was authorised: use the version of agentgov that wrote it, or a newer one"
        raise IncompleteError(f"the authorised governance cannot be read: {first}", hint)
    return governance


def view_at(repo: Repository, commit: str, before: View | None = None, tree: str = "") -> View:
    """The journal at a commit of it, as its tree says; whether that is true is `replay`'s to tell.

    `before`, a view of the same journal, saves reading again what is still the same; `tree` is that of the commit,
    where it is known.
    """
    tree = tree or repo.commit(commit).tree
    authorised = repo.entry(tree, AUTHORISED)
    if authorised is None or authorised.mode != TREE:
        raise IncompleteError(f"commit {commit[:12]} is no act of a journal: it holds no authorised contents")
    memory = before.memory if before is not None else Memory(repo)
    state = State(TreeReader(repo, tree, memory.records))
    revoked = frozenset(one.key for one in state.revoked().values())
    same = before is not None and before.state.head.governance == state.head.governance
    governance = before.governance if before is not None and same else governance_of(repo, authorised.oid)
    if before is not None and same and before.revoked == revoked:
        directory = before.directory
    else:
        directory = Directory(governance.access, revoked)
    return View(repo, commit, tree, state, authorised.oid, governance, directory, memory, revoked)


def view_after(view: View, commit: str, kind: str, tree: str = "") -> View:
    """The view after one more act of this kind. What is no act stays before it, until administrators waive it."""
    after = view_at(view.repo, commit, view, tree)
    return after if kind == "waive" or view.stretch is None else replace(after, stretch=view.stretch)


def view_past(view: View, stretch: Stretch) -> View:
    """The same view, on a branch that goes on with what is no act."""
    return replace(view, stretch=stretch, branch_tip=stretch.last)
