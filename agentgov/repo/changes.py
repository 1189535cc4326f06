"""What differs between two trees, and what one commit changes: a diff of raw tree ids that skips what is equal.

Paths are bytes in git and text with `surrogateescape` here, never quoted, so no name escapes a rule. Modes count as
content. Nothing recurses, and the number of paths is bounded: nested copies of one tree can name more paths than there
are atoms.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from agentgov.model.snapshot import TREE, Entry, path_bytes, path_text
from agentgov.repo.objects import ObjectError, TreeEntry
from agentgov.repo.repository import Repository
from agentgov.repo.treeedit import MAX_DEPTH

MAX_PATHS = 2_000_000

Changes = dict[str, tuple[Entry | None, Entry | None]]


class Trees(Protocol):
    """Where trees are read from: a Repository, or one with uncommitted changes laid over it."""

    def tree(self, oid: str) -> tuple[TreeEntry, ...]: ...


def changed_paths(repo: Trees, old_tree: str | None, new_tree: str | None, roots: Sequence[str] = ()) -> Changes:
    """Path to (old entry, new entry) for every file that differs, in the order of the paths' bytes.

    None as a tree is the empty tree; `roots` limits the comparison to these entries of the root. A file that became a
    folder is one removed path and the paths below it. ObjectError for trees too deep or too large to be honest.
    """
    wanted = {path_bytes(root) for root in roots}
    found: dict[bytes, tuple[Entry | None, Entry | None]] = {}
    todo: list[tuple[bytes, str | None, str | None]] = [(b"", old_tree, new_tree)]
    while todo:
        prefix, old_oid, new_oid = todo.pop()
        check_bounds(prefix, len(found))
        old_entries, new_entries = _entries(repo, old_oid), _entries(repo, new_oid)
        before = {entry.name: entry for entry in old_entries - new_entries}
        after = {entry.name: entry for entry in new_entries - old_entries}
        for name in before.keys() | after.keys():
            if wanted and not prefix and name not in wanted:
                continue
            old, new = before.get(name), after.get(name)
            old_file, new_file = _file(old), _file(new)
            if old_file is not None or new_file is not None:
                found[prefix + name] = (old_file, new_file)
            old_folder, new_folder = _folder(old), _folder(new)
            if old_folder != new_folder:
                todo.append((prefix + name + b"/", old_folder, new_folder))
    return {path_text(path): found[path] for path in sorted(found)}


def touches(repo: Repository, commit_oid: str, roots: Sequence[str] = ()) -> set[str]:
    """The paths that a commit itself changes: those that differ from every one of its parents.

    A merge touches only what none of its parents holds (the conflict it resolved, or what it slipped in); the first
    commit touches all its paths. A folder that equals any parent's is not entered.
    """
    commit = repo.commit(commit_oid)
    parents: tuple[str | None, ...] = tuple(dict.fromkeys(repo.commit(parent).tree for parent in commit.parents))
    if len(parents) < 2:
        return set(changed_paths(repo, parents[0] if parents else None, commit.tree, roots))
    wanted = {path_bytes(root) for root in roots}
    found: set[bytes] = set()
    todo: list[tuple[bytes, tuple[str | None, ...], str | None]] = [(b"", parents, commit.tree)]
    while todo:
        prefix, olds, new_oid = todo.pop()
        check_bounds(prefix, len(found))
        if new_oid in olds:
            continue
        befores = [_by_name(_entries(repo, oid)) for oid in dict.fromkeys(olds)]
        after = _by_name(_entries(repo, new_oid))
        for name in after.keys() | befores[0].keys():  # what differs from all is in the result, or was in the first
            if wanted and not prefix and name not in wanted:
                continue
            new = after.get(name)
            old = [before.get(name) for before in befores]
            if new in old:
                continue
            if _file(new) not in [_file(entry) for entry in old]:
                found.add(prefix + name)
            todo.append((prefix + name + b"/", tuple(_folder(entry) for entry in old), _folder(new)))
    return {path_text(path) for path in found}


def check_bounds(prefix: bytes, count: int) -> None:
    """Refuse to go on where folders are nested too deep or too many paths were found."""
    if prefix.count(b"/") > MAX_DEPTH or count > MAX_PATHS:
        raise ObjectError("tree.too-large", "the folders are nested too deep, or hold too many files")


def _entries(repo: Trees, oid: str | None) -> set[TreeEntry]:
    return set(repo.tree(oid)) if oid is not None else set()


def _by_name(entries: Iterable[TreeEntry]) -> dict[bytes, TreeEntry]:
    return {entry.name: entry for entry in entries}


def _file(entry: TreeEntry | None) -> Entry | None:
    return Entry(entry.mode, entry.oid) if entry is not None and entry.mode != TREE else None


def _folder(entry: TreeEntry | None) -> str | None:
    return entry.oid if entry is not None and entry.mode == TREE else None
