"""A new tree from an old one and a few changed paths, touching only the folders on the way to them.

Folders that become empty vanish, as in git. Paths are refused, never repaired. Nothing here recurses.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

from agentgov.model.snapshot import TREE, path_bytes
from agentgov.repo.objects import ObjectError, TreeEntry

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
MAX_DEPTH = 128

Change = tuple[int, str] | None  # (mode, object id), None to delete


class Trees(Protocol):
    """What is asked of the repository."""

    def tree(self, oid: str) -> tuple[TreeEntry, ...]: ...
    def write_tree(self, entries: Iterable[TreeEntry]) -> str: ...


class _Folder:
    """A folder on the way to a change: what is there, what is set in it, and the folders below."""

    __slots__ = ("changes", "entries", "folders", "name", "parent")

    def __init__(self, name: bytes, parent: "_Folder | None", entries: tuple[TreeEntry, ...]) -> None:
        self.name = name
        self.parent = parent
        self.entries = {entry.name: entry for entry in entries}
        self.folders: dict[bytes, _Folder] = {}
        self.changes: dict[bytes, Change] = {}


def put_files(trees: Trees, base: str | None, changes: Mapping[str, Change]) -> str:
    """The id of the tree that is `base` (None: the empty tree) with each path set to (mode, object id) or deleted.

    Mode TREE sets a whole folder at once. Setting a path below what was a file replaces the file. ObjectError for a
    path that no tree can hold, and for two changes of which one lies inside the other's file.
    """
    root = _Folder(b"", None, _entries(trees, base))
    folders = [root]
    for path in sorted(changes, key=path_bytes):
        parts = _parts(path)
        folder = root
        for part in parts[:-1]:
            below = folder.folders.get(part)
            if below is None:
                below = _below(trees, folder, part, path)
                folders.append(below)
            folder = below
        folder.changes[parts[-1]] = changes[path]
    for folder in reversed(folders):  # a folder always stands behind the one that holds it
        if folder.parent is not None:
            _settle(folder.parent, folder.name, _write(trees, folder))
    return _write(trees, root) or trees.write_tree(())


def _entries(trees: Trees, oid: str | None) -> tuple[TreeEntry, ...]:
    return () if oid is None or oid == EMPTY_TREE else trees.tree(oid)


def _below(trees: Trees, folder: _Folder, name: bytes, path: str) -> _Folder:
    change = folder.changes.get(name)
    if change is not None:
        raise ObjectError("tree.conflict", f"{path} lies inside something that is set at the same time")
    there = folder.entries.get(name)
    keeps = there is not None and there.mode == TREE and name not in folder.changes
    below = _Folder(name, folder, _entries(trees, there.oid if keeps and there is not None else None))
    folder.folders[name] = below
    return below


def _settle(parent: _Folder, name: bytes, written: str | None) -> None:
    """Hand the outcome of a folder to the one that holds it: nothing left deletes a folder, but never a file."""
    there = parent.entries.get(name)
    if written is not None:
        parent.changes[name] = (TREE, written)
    elif there is not None and there.mode == TREE:
        parent.changes[name] = None


def _write(trees: Trees, folder: _Folder) -> str | None:
    """The id of a folder after its changes, None when nothing is left in it."""
    entries = dict(folder.entries)
    for name, change in folder.changes.items():
        if change is None or change == (TREE, EMPTY_TREE):
            entries.pop(name, None)
        else:
            entries[name] = TreeEntry(change[0], name, change[1])
    return trees.write_tree(entries.values()) if entries else None


def _parts(path: str) -> list[bytes]:
    parts = path_bytes(path).split(b"/")
    if len(parts) > MAX_DEPTH:
        raise ObjectError("tree.too-deep", "a path has more than 128 parts")
    if any(part in (b"", b".", b"..") or part.lower() == b".git" or b"\0" in part for part in parts):
        raise ObjectError("tree.bad-name", f"{path!r} is no path that a tree can hold")
    return parts
