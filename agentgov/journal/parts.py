"""Parts of a tree: what a question about one agent or about governance needs to read, and nothing else; and trees that
are not written, so that a verifier compares ids on a machine where it may not write at all.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType

from agentgov.model.governed import CODEOWNERS, FLEET_FILE, is_governed
from agentgov.model.names import SHARED, AgentId
from agentgov.model.snapshot import TREE, Entry, path_bytes, path_text
from agentgov.repo.changes import MAX_PATHS
from agentgov.repo.objects import ObjectError, TreeEntry, object_id, tree_order
from agentgov.repo.repository import Repository
from agentgov.repo.treeedit import MAX_DEPTH, Change, Edits, put_files, spliced
from agentgov.repo.trees import Difference, differing

# The folders and files in which the governance set lies (`model.governed`).
GOVERNANCE_FOLDERS = ("governance", ".github/workflows")
GOVERNANCE_FILES = (FLEET_FILE, ".gitlab-ci.yml", *sorted(CODEOWNERS))


class Overlay:
    """The trees of a repository, and others beside them that are not in it."""

    __slots__ = ("_made", "repo")

    def __init__(self, repo: Repository) -> None:
        self.repo = repo
        self._made: dict[str, tuple[TreeEntry, ...]] = {}

    def tree(self, oid: str) -> tuple[TreeEntry, ...]:
        """The entries of a tree, in git's order."""
        return self._made[oid] if oid in self._made else self.repo.tree(oid)

    def differing(self, old: str, new: str) -> Difference:
        """(name, old entry, new entry) for every entry in which two trees differ."""
        if old in self._made or new in self._made:
            return differing(self.tree(old), self.tree(new))
        return self.repo.differing(old, new)

    def read_trees(self, oids: Sequence[str]) -> None:
        """Several trees will be asked for next: read those in one go that lie in the repository."""
        self.repo.read_trees([oid for oid in oids if oid not in self._made])

    def write_tree(self, entries: Iterable[TreeEntry]) -> str:
        """The id that a tree would have; it can be read here from now on."""
        ordered = tuple(sorted(entries, key=tree_order))
        # Not through `compose`: what is not written needs no second look at its grammar, and this is the inner loop.
        oid = object_id("tree", _raw(ordered))
        self._made[oid] = ordered
        return oid

    def splice_tree(self, oid: str, edits: Edits) -> str:
        """The id of a tree that differs in few entries from one that can be read here, as it can be from now on."""
        before = _raw(self._made[oid]) if oid in self._made else self.repo.read(oid, "tree")
        raw, entries = spliced(before, self.tree(oid), edits)
        made = object_id("tree", raw)
        self._made[made] = entries
        return made

    def put_files(self, tree: str | None, changes: Mapping[str, Change]) -> str:
        """The id of a tree with some paths set to (mode, object id) or deleted (None); nothing is written."""
        return put_files(self, tree, changes)


def _raw(ordered: Iterable[TreeEntry]) -> bytes:
    return b"".join(b"%o %s\0%s" % (mode, name, bytes.fromhex(oid)) for mode, name, oid in ordered)


class Part:
    """The governed files in some places of a tree: folders, or single files."""

    def __init__(self, trees: Overlay, tree: str, name: str, places: Iterable[str]) -> None:
        self.name = name
        self._trees, self._tree, self._places = trees, tree, tuple(places)

    def entries(self) -> Mapping[str, Entry]:
        """Every governed path with its entry, in the order of the paths' bytes."""
        return self._entries

    def read(self, path: str) -> bytes:
        """The bytes of the file at a path; KeyError where there is no file."""
        return self._trees.repo.blob(self._file(path))

    def digest(self, path: str) -> str:
        """SHA-256 of the file at a path, in hex; KeyError where there is no file."""
        return self._trees.repo.blob_digest(self._file(path))

    def _file(self, path: str) -> str:
        entry = self._entries[path]
        if not entry.is_file:
            raise KeyError(path)
        return entry.oid

    @cached_property
    def _entries(self) -> Mapping[str, Entry]:
        found: dict[bytes, Entry] = {}
        todo = [(path_bytes(place), entry) for place in self._places if (entry := self._at(place)) is not None]
        while todo:
            path, entry = todo.pop()
            if path.count(b"/") > MAX_DEPTH or len(found) > MAX_PATHS:
                raise ObjectError("tree.too-large", "the folders are nested too deep, or hold too many files")
            if entry.mode == TREE:
                todo += [(path + b"/" + item.name, Entry(item.mode, item.oid)) for item in self._trees.tree(entry.oid)]
            elif is_governed(path_text(path)):
                found[path] = entry
        return MappingProxyType({path_text(path): found[path] for path in sorted(found)})

    def _at(self, place: str) -> Entry | None:
        entry = Entry(TREE, self._tree)
        for part in path_bytes(place).split(b"/"):
            items = self._trees.tree(entry.oid) if entry.mode == TREE else ()
            there = next((item for item in items if item.name == part), None)
            if there is None:
                return None
            entry = Entry(there.mode, there.oid)
        return entry


def agent_part(trees: Overlay, tree: str, agent: AgentId, name: str) -> Part:
    """Everything that can belong to an agent: its folder, and the shared texts of its workspace."""
    return Part(trees, tree, name, (agent.folder, shared_folder(agent)))


def governance_part(trees: Overlay, tree: str, name: str) -> Part:
    """The governance set."""
    return Part(trees, tree, name, (*GOVERNANCE_FOLDERS, *GOVERNANCE_FILES))


def shared_folder(agent: AgentId) -> str:
    """Where the texts lie that several agents of a workspace name."""
    return f"agents/{agent.workspace}/{SHARED}"
