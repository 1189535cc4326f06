"""What differs between two trees, and what one commit changes: a diff of raw tree ids that skips what is equal.

Paths are bytes in git and text with `surrogateescape` here, never quoted, so no name escapes a rule. Modes count as
content. Nothing recurses, and the number of paths is bounded: nested copies of one tree can name more paths than there
are atoms.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Protocol

from agentgov.errors import IncompleteError
from agentgov.model.snapshot import TREE, Entry, path_bytes, path_text
from agentgov.repo.objects import Commit, ObjectError, TreeEntry
from agentgov.repo.storage import Kind
from agentgov.repo.treeedit import MAX_DEPTH, entry_of
from agentgov.repo.trees import Difference, differing

MAX_PATHS = 2_000_000
_AT_ONCE, _FEW_AT_ONCE = 256, 16  # folders whose trees are read in one go: few where very many wait already
_MANY = 4096

Changes = dict[str, tuple[Entry | None, Entry | None]]
_Step = tuple[int, bytes, str | None, str | None]  # the comparison, a folder's path, its tree before and after
_Found = tuple[int, bytes, TreeEntry | None, TreeEntry | None]


class Trees(Protocol):
    """Where trees are read from: a Repository, or one with uncommitted changes laid over it."""

    def tree(self, oid: str) -> tuple[TreeEntry, ...]: ...
    def differing(self, old: str, new: str) -> Difference: ...
    def read_trees(self, oids: Sequence[str]) -> None: ...


class Commits(Trees, Protocol):
    """Where commits are read from, too: a Repository."""

    def commit(self, oid: str) -> Commit: ...
    def read_ahead(self, kind: Kind, oids: Sequence[str]) -> None: ...


def changed_paths(trees: Trees, old_tree: str | None, new_tree: str | None, roots: Sequence[str] = ()) -> Changes:
    """Path to (old entry, new entry) for every file that differs, in the order of the paths' bytes.

    None as a tree is the empty tree; `roots` limits the comparison to these entries of the root. A file that became a
    folder is one removed path and the paths below it. ObjectError for trees too deep or too large to be honest.
    """
    return TreeDiff(trees, roots).changed(old_tree, new_tree)


def touches(repo: Commits, commit_oid: str, roots: Sequence[str] = ()) -> set[str]:
    """The paths that a commit itself changes: those that differ from every one of its parents.

    A merge touches only what none of its parents holds (the conflict it resolved, or what it slipped in); the first
    commit touches all its paths. A folder that equals any parent's is not entered.
    """
    return HistoryDiff(repo, roots).touches(commit_oid)


class TreeDiff:
    """Compares trees; whatever is equal by id is not read."""

    def __init__(self, trees: Trees, roots: Sequence[str] = ()) -> None:
        self._trees = trees
        self._wanted = frozenset(map(path_bytes, roots))

    def changed(self, old_tree: str | None, new_tree: str | None) -> Changes:
        """As `changed_paths`."""
        found: dict[bytes, tuple[Entry | None, Entry | None]] = {}
        for _, path, old, new in self.compare([(old_tree, new_tree)]):
            found[path] = _file(old), _file(new)
            if len(found) > MAX_PATHS:
                raise _too_large()
        return {path_text(path): found[path] for path in sorted(found)}

    def compare(self, pairs: Iterable[tuple[str | None, str | None]]) -> Iterator[_Found]:
        """(which pair, path, old entry, new entry) wherever a file differs, with many folders read in one go; in no
        order. Not bounded: check the count with `check_bounds`."""
        todo: list[_Step] = [(number, b"", *pair) for number, pair in enumerate(pairs)]
        while todo:
            at_once = _AT_ONCE if len(todo) < _MANY else _FEW_AT_ONCE
            now = todo[-at_once:]
            del todo[-at_once:]
            self._trees.read_trees([oid for step in now for oid in step[2:] if oid is not None])
            for which, prefix, old_oid, new_oid in now:
                check_bounds(prefix, len(todo))
                for name, old, new in self._difference(old_oid, new_oid):
                    if self._wanted and not prefix and name not in self._wanted:
                        continue
                    old_folder, new_folder = _folder(old), _folder(new)
                    if old_folder != new_folder:
                        todo.append((which, prefix + name + b"/", old_folder, new_folder))
                    if (old is not None and old_folder is None) or (new is not None and new_folder is None):
                        yield which, prefix + name, old, new

    def _difference(self, old_oid: str | None, new_oid: str | None) -> Difference:
        """(name, old entry, new entry) for every entry in which two folders differ."""
        if old_oid is not None and new_oid is not None:
            return self._trees.differing(old_oid, new_oid)
        return differing(self._entries(old_oid), self._entries(new_oid))

    def _entries(self, oid: str | None) -> tuple[TreeEntry, ...]:
        return self._trees.tree(oid) if oid is not None else ()


class HistoryDiff(TreeDiff):
    """What commits themselves change."""

    def __init__(self, repo: Commits, roots: Sequence[str] = ()) -> None:
        super().__init__(repo, roots)
        self._repo = repo
        self._ahead: dict[str, set[str]] = {}

    def read_ahead(self, commit_oids: Sequence[str]) -> None:
        """`touches` will be asked of these commits next: compare them all at once, as far as that goes well.

        Nothing is raised: what is missing or malformed is left to the question about the commit that holds it.
        """
        self._ahead = {}
        with suppress(ObjectError, IncompleteError):
            self._repo.read_ahead("commit", commit_oids)
            plain = [oid for oid in commit_oids if len(self._repo.commit(oid).parents) == 1]
            self._repo.read_ahead("commit", [self._repo.commit(oid).parents[0] for oid in plain])
            trees = [
                (self._repo.commit(self._repo.commit(oid).parents[0]).tree, self._repo.commit(oid).tree)
                for oid in plain
            ]
            found: list[set[str]] = [set() for _ in plain]
            for count, (which, path, _, _) in enumerate(self.compare(trees)):
                check_bounds(b"", count * 8)  # of what is held for later, less than of what is asked for
                found[which].add(path_text(path))
            self._ahead = dict(zip(plain, found, strict=True))

    def touches(self, commit_oid: str) -> set[str]:
        """As `touches`."""
        if commit_oid in self._ahead:
            return self._ahead.pop(commit_oid)
        commit = self._repo.commit(commit_oid)
        parents: tuple[str | None, ...] = tuple(dict.fromkeys(self._repo.commit(oid).tree for oid in commit.parents))
        if len(parents) < 2:
            return set(self.changed(parents[0] if parents else None, commit.tree))
        found: set[bytes] = set()
        todo: list[tuple[bytes, tuple[str | None, ...], str | None]] = [(b"", parents, commit.tree)]
        while todo:
            prefix, olds, new_oid = todo.pop()
            check_bounds(prefix, len(found))
            if new_oid in olds:
                continue
            self._repo.read_trees([oid for oid in (*olds, new_oid) if oid is not None])
            for name, old, new in self._differing_from_all(prefix, olds, new_oid):
                if _file(new) not in [_file(entry) for entry in old]:
                    found.add(prefix + name)
                todo.append((prefix + name + b"/", tuple(_folder(entry) for entry in old), _folder(new)))
        return {path_text(path) for path in found}

    def _differing_from_all(
        self, prefix: bytes, olds: Sequence[str | None], new_oid: str | None
    ) -> Iterator[tuple[bytes, list[TreeEntry | None], TreeEntry | None]]:
        """(name, old entries, new entry) for every entry that differs from that of each parent."""
        first, *others = (self._entries(oid) for oid in dict.fromkeys(olds))
        for name, old, new in differing(first, self._entries(new_oid)):
            all_old = [old, *(entry_of(other, name) for other in others)]
            if new not in all_old and (prefix or not self._wanted or name in self._wanted):
                yield name, all_old, new


def check_bounds(prefix: bytes, count: int) -> None:
    """Refuse to go on where folders are nested too deep or too many paths were found."""
    if prefix.count(b"/") > MAX_DEPTH or count > MAX_PATHS:
        raise _too_large()


def _too_large() -> ObjectError:
    return ObjectError("tree.too-large", "the folders are nested too deep, or hold too many files")


def _file(entry: TreeEntry | None) -> Entry | None:
    return Entry(entry.mode, entry.oid) if entry is not None and entry.mode != TREE else None


def _folder(entry: TreeEntry | None) -> str | None:
    return entry[2] if entry is not None and entry[0] == TREE else None
