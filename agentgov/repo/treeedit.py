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
    path that no tree can hold, and where something is set inside of what is set at the same time.
    """
    root = _Folder(b"", None, _entries(trees, base))
    folders = [root]
    for path in sorted(changes, key=path_bytes):
        *parents, name = _parts(path)
        folder = root
        for part in parents:
            above = folder.changes.get(part)
            if above is not None and not (changes[path] is None and above[0] != TREE):
                raise ObjectError("tree.conflict", f"{path} lies inside something that is set at the same time")
            if part not in folder.folders:
                folder.folders[part] = _below(trees, folder, part)
                folders.append(folder.folders[part])
            folder = folder.folders[part]
        folder.changes[name] = changes[path]
    for folder in reversed(folders):  # a folder always stands behind the one that holds it
        if folder.parent is not None:
            _settle(folder.parent, folder.name, _write(trees, folder))
    return _write(trees, root) or trees.write_tree(())


def _entries(trees: Trees, oid: str | None) -> tuple[TreeEntry, ...]:
    return () if oid is None or oid == EMPTY_TREE else trees.tree(oid)


def _below(trees: Trees, folder: _Folder, name: bytes) -> _Folder:
    """The folder of that name as it is, empty where there is none or where it is being replaced."""
    there = folder.entries.get(name)
    keeps = there is not None and there.mode == TREE and name not in folder.changes
    return _Folder(name, folder, _entries(trees, there.oid if keeps and there is not None else None))


def _settle(parent: _Folder, name: bytes, written: str | None) -> None:
    """Hand the outcome of a folder to the one that holds it: nothing left deletes a folder, but never a file."""
    there = parent.entries.get(name)
    if written is not None:
        parent.changes[name] = (TREE, written)
    elif there is not None and there.mode == TREE:
        parent.changes.setdefault(name, None)


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
