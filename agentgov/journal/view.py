"""Where the journal stands: one commit of it, read lazily, with the governance that was authorised then.

A view decides nothing and never changes; the next act makes the next view.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from agentgov.errors import IncompleteError
from agentgov.journal.records import from_bytes
from agentgov.model.fleet import Governance
from agentgov.model.names import AgentId, agent_id
from agentgov.model.snapshot import TREE
from agentgov.model.state import AUTHORISED, Record, State
from agentgov.repo.repository import Repository
from agentgov.repo.snapshot import TreeSnapshot
from agentgov.trust.identity import Directory
from agentgov.validate.load import load_governance


class TreeReader:
    """Finds records in the tree of one journal commit, each read once."""

    def __init__(self, repo: Repository, tree: str) -> None:
        self._repo, self._tree = repo, tree
        self._records: dict[str, Record | None] = {}

    def record(self, path: str) -> Record | None:
        """The record at a path; IncompleteError when what stands there is none."""
        if path not in self._records:
            entry = self._repo.entry(self._tree, path)
            readable = entry is not None and entry.is_file
            self._records[path] = from_bytes(path, self._repo.blob(entry.oid)) if entry and readable else None
        return self._records[path]

    def names(self, folder: str) -> Sequence[str]:
        """The names in a folder, sorted by their bytes, folders with a trailing slash."""
        entry = self._repo.entry(self._tree, folder)
        if entry is None or entry.mode != TREE:
            return ()
        found = self._repo.tree(entry.oid)
        return [item.name.decode() + ("/" if item.mode == TREE else "") for item in found]


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

    @property
    def contents(self) -> TreeSnapshot:
        """The authorised contents as a snapshot."""
        return TreeSnapshot(self.repo, self.authorised, "authorised contents")

    @property
    def today(self) -> date:
        """The date that every rule with a date compares with: journal time, in UTC."""
        return datetime.fromtimestamp(self.state.head.time, UTC).date()

    def agents(self, workspace: str = "") -> Iterator[AgentId]:
        """The ids of all authorised agents, or those of one workspace."""
        for path in TreeReader(self.repo, self.authorised).names("agents"):
            if path.endswith("/") and workspace in ("", path[:-1]):
                for name in TreeReader(self.repo, self.authorised).names(f"agents/{path[:-1]}"):
                    found = agent_id(f"{path}{name.rstrip('/')}")
                    if found is not None and self.repo.entry(self.authorised, found.file) is not None:
                        yield found


def governance_of(repo: Repository, authorised: str) -> Governance:
    """The governance in a tree of authorised contents; IncompleteError when it cannot be read."""
    governance, findings = load_governance(TreeSnapshot(repo, authorised, "authorised contents"))
    if governance is None:
        first = findings[0].message if findings else "a governance file is missing"
        raise IncompleteError(f"the authorised governance cannot be read: {first}")
    return governance


def view_at(repo: Repository, commit: str, before: View | None = None) -> View:
    """The journal at a commit of it, as its tree says; whether that is true is `replay`'s to tell.

    `before`, a view of an earlier act, saves reading governance again where it is still the same.
    """
    tree = repo.commit(commit).tree
    authorised = repo.entry(tree, AUTHORISED)
    if authorised is None or authorised.mode != TREE:
        raise IncompleteError(f"commit {commit[:12]} is no act of a journal: it holds no authorised contents")
    state = State(TreeReader(repo, tree))
    if before is not None and before.state.head.governance == state.head.governance:
        return View(repo, commit, tree, state, authorised.oid, before.governance, before.directory)
    governance = governance_of(repo, authorised.oid)
    return View(repo, commit, tree, state, authorised.oid, governance, Directory(governance.access))
