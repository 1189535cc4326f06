"""A new tree from an old one and a few changed paths, touching only the folders on the way to them.

Folders that become empty vanish, as in git. Paths are refused, never repaired. Nothing here recurses. A few changes of
a wide folder are set into its bytes, which is a hundred times quicker than writing all of them again.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Protocol

from agentgov.model.snapshot import TREE, path_bytes
from agentgov.repo.objects import ObjectError, TreeEntry, parse_tree, tree_order

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
MAX_DEPTH = 128
_WIDE = 128  # entries from which on few changes are set into a folder's bytes
_FEW = 16  # so many entries to each change at least

Change = tuple[int, str] | None  # (mode, object id), None to delete


class Trees(Protocol):
    """What is asked of the repository."""

    def tree(self, oid: str) -> tuple[TreeEntry, ...]: ...
    def write_tree(self, entries: Iterable[TreeEntry]) -> str: ...
    def splice_tree(self, oid: str, changes: "Edits") -> str: ...


Edits = Mapping[bytes, TreeEntry | None]  # by name; None takes the entry away


class _Folder:
    """A folder on the way to a change: what is there, what is set in it, and the folders below."""

    __slots__ = ("changes", "entries", "folders", "name", "oid", "parent")

    def __init__(self, trees: Trees, name: bytes, parent: "_Folder | None", oid: str | None) -> None:
        self.name = name
        self.parent = parent
        self.oid = oid
        self.entries = () if oid is None or oid == EMPTY_TREE else trees.tree(oid)
        self.folders: dict[bytes, _Folder] = {}
        self.changes: dict[bytes, Change] = {}

    def entry(self, name: bytes) -> TreeEntry | None:
        """What stood at a name before."""
        return entry_of(self.entries, name)


def put_files(trees: Trees, base: str | None, changes: Mapping[str, Change]) -> str:
    """The id of the tree that is `base` (None: the empty tree) with each path set to (mode, object id) or deleted.

    Mode TREE sets a whole folder at once. Setting a path below what was a file replaces the file. ObjectError for a
    path that no tree can hold, and where something is set inside of what is set at the same time.
    """
    root = _Folder(trees, b"", None, base)
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


def _below(trees: Trees, folder: _Folder, name: bytes) -> _Folder:
    """The folder of that name as it is, empty where there is none or where it is being replaced."""
    there = folder.entry(name)
    keeps = there is not None and there.mode == TREE and name not in folder.changes
    return _Folder(trees, name, folder, there.oid if keeps and there is not None else None)


def _settle(parent: _Folder, name: bytes, written: str | None) -> None:
    """Hand the outcome of a folder to the one that holds it: nothing left deletes a folder, but never a file."""
    there = parent.entry(name)
    if written is not None:
        parent.changes[name] = (TREE, written)
    elif there is not None and there.mode == TREE:
        parent.changes.setdefault(name, None)


def _write(trees: Trees, folder: _Folder) -> str | None:
    """The id of a folder after its changes, None when nothing is left in it."""
    edits = {name: _entry(name, change) for name, change in folder.changes.items()}
    if folder.oid is not None and len(folder.entries) >= max(_WIDE, _FEW * len(edits)):
        return trees.splice_tree(folder.oid, edits)
    entries = {entry.name: entry for entry in folder.entries}
    for name, edit in edits.items():
        if edit is None:
            entries.pop(name, None)
        else:
            entries[name] = edit
    return trees.write_tree(entries.values()) if entries else None


def _entry(name: bytes, change: Change) -> TreeEntry | None:
    return None if change is None or change == (TREE, EMPTY_TREE) else TreeEntry(change[0], name, change[1])


def spliced(raw: bytes, entries: Sequence[TreeEntry], edits: Edits) -> tuple[bytes, tuple[TreeEntry, ...]]:
    """A tree's bytes and entries with some of them set or taken away; only these are looked at.

    ObjectError for an entry that no tree can hold.
    """
    starts = list(accumulate((len(name) + (27 if mode == TREE else 28) for mode, name, _ in entries), initial=0))
    gone = {place for name in edits if (place := _place(entries, name)) is not None}
    added: dict[int, list[TreeEntry]] = {}
    for entry in sorted((entry for entry in edits.values() if entry is not None), key=tree_order):
        added.setdefault(bisect_left(entries, tree_order(entry), key=tree_order), []).append(entry)
    parts, found, at = [], list[TreeEntry](), 0
    for place in sorted(gone | added.keys()):
        parts.append(raw[starts[at] : starts[place]])
        found += entries[at:place]
        for entry in added.get(place, ()):
            parts.append(_entry_bytes(entry))
            found.append(entry)
        at = place + (place in gone)
    return b"".join((*parts, raw[starts[at] :])), (*found, *entries[at:])


def _entry_bytes(entry: TreeEntry) -> bytes:
    raw = b"%o %s\0%s" % (entry.mode, entry.name, bytes.fromhex(entry.oid))
    parse_tree(raw, lenient=True)
    return raw


def entry_of(entries: Sequence[TreeEntry], name: bytes) -> TreeEntry | None:
    """The entry of a name in a tree, which is in git's order."""
    place = _place(entries, name)
    return entries[place] if place is not None else None


def _place(entries: Sequence[TreeEntry], name: bytes) -> int | None:
    """Where the entry of a name stands, as a file or as a folder."""
    for key in (name, name + b"/"):
        place = bisect_left(entries, key, key=tree_order)
        if place < len(entries) and entries[place].name == name:
            return place
    return None


@lru_cache(maxsize=4096)
def _parts(path: str) -> tuple[bytes, ...]:
    parts = (*path_bytes(path).split(b"/"),)
    if len(parts) > MAX_DEPTH:
        raise ObjectError("tree.too-deep", "a path has more than 128 parts")
    if any(part in (b"", b".", b"..") or part.lower() == b".git" or b"\0" in part for part in parts):
        raise ObjectError("tree.bad-name", f"{path!r} is no path that a tree can hold")
    return parts
