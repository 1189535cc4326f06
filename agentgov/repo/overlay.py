"""A tree with changes that are in no repository yet: the trees and files of a working tree or an index, by object id.

What would be committed gets the ids that git would give it, so that equal content is known as equal wherever it comes
from. Nothing is written anywhere; files are held in memory up to a bound, and read and checked again beyond it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from agentgov.repo.compose import tree_bytes
from agentgov.repo.objects import TreeEntry, object_id, parse_tree
from agentgov.repo.repository import Repository
from agentgov.repo.treeedit import EMPTY_TREE, Change, Edits, put_files, spliced
from agentgov.repo.trees import Difference, differing

MOST_HELD = 64 * 2**20  # bytes of files


class Overlay:
    """Reads trees and files of a repository, and those that were laid over it."""

    def __init__(self, repo: Repository) -> None:
        self._repo = repo
        self._trees: dict[str, tuple[TreeEntry, ...]] = {}
        self._files: dict[str, bytes] = {}
        self._again: dict[str, Callable[[], bytes]] = {}
        self._held = 0

    def changed(self, base: str | None, changes: Mapping[str, Change]) -> str:
        """The id of the tree that is `base` with each path set to (mode, object id) or deleted (None)."""
        return put_files(self, base, changes) if changes else base or EMPTY_TREE

    def tree(self, oid: str) -> tuple[TreeEntry, ...]:
        """The entries of a tree."""
        found = self._trees.get(oid)
        return self._repo.tree(oid) if found is None else found

    def differing(self, old: str, new: str) -> Difference:
        """(name, old entry, new entry) for every entry in which two trees differ."""
        if old in self._trees or new in self._trees:
            return differing(self.tree(old), self.tree(new))
        return self._repo.differing(old, new)

    def read_trees(self, oids: Sequence[str]) -> None:
        """As `Repository.read_trees`."""
        self._repo.read_trees([oid for oid in oids if oid not in self._trees])

    def files_below(self, oid: str) -> Iterator[tuple[bytes, int, str]]:
        """(path, mode, object id) of every file of a tree of the repository; nothing of one that is only here."""
        return self._repo.files_below(oid) if oid not in self._trees else iter(())

    def write_tree(self, entries: Iterable[TreeEntry]) -> str:
        """Keep a tree and return its id."""
        raw = tree_bytes(entries)
        oid = object_id("tree", raw)
        self._trees[oid] = parse_tree(raw, lenient=True)
        return oid

    def splice_tree(self, oid: str, edits: Edits) -> str:
        """Keep a tree that differs in few entries from one that is known, and return its id."""
        there = self._trees.get(oid)
        before = tree_bytes(there) if there is not None else self._repo.read(oid, "tree")
        raw, entries = spliced(before, self.tree(oid), edits)
        made = object_id("tree", raw)
        self._trees[made] = entries
        return made

    def add(self, read: Callable[[], bytes]) -> str:
        """Keep a file and return its id; `read` is called now, and again where too much is held already."""
        content = read()
        oid = object_id("blob", content)
        if self._held + len(content) <= MOST_HELD:
            self._files[oid] = content
            self._held += len(content)
        else:
            self._again[oid] = read
        return oid

    def blobs(self, oids: Sequence[str]) -> dict[str, bytes]:
        """As `Repository.blobs`; files that are only here are left to `blob`."""
        return self._repo.blobs(oids)

    def is_here(self, oid: str) -> bool:
        """Whether a file is held here."""
        return oid in self._files or oid in self._again

    def blob(self, oid: str) -> bytes:
        """The content of a file; KeyError where it changed since it was added."""
        if oid in self._files:
            return self._files[oid]
        if oid not in self._again:
            return self._repo.blob(oid)
        content = self._again[oid]()
        if object_id("blob", content) != oid:
            raise KeyError(oid)
        return content
