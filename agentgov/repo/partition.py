"""The governed files of a tree as `model.partition.Partition`: only the folders that are asked for are listed.

The tree may be a commit's, or one that only `overlay` knows: what would be committed of a working tree or an index.
With the folder of a working tree at hand a file is read from there when it holds exactly the blob, which is faster.
"""

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from agentgov.model.governed import ROOTS, is_governed, may_hold_governed
from agentgov.model.snapshot import TREE, Entry, path_bytes, path_text
from agentgov.repo.changes import check_bounds
from agentgov.repo.disk import read_file
from agentgov.repo.objects import TreeEntry, object_id

_AGENTS = b"agents/"
_MOST_LISTED = 256  # folders; a folder is asked for again while it is judged, and rarely later


class Objects(Protocol):
    """Where trees and files are read from: a Repository, or an Overlay."""

    def tree(self, oid: str) -> tuple[TreeEntry, ...]: ...
    def blob(self, oid: str) -> bytes: ...


class TreePartition:
    """The governed files of a tree, by part."""

    def __init__(
        self, objects: Objects, tree_oid: str, name: str, roots: Collection[str] = ROOTS, disk: Path | None = None
    ) -> None:
        self.tree_oid = tree_oid
        self.name = name
        self._objects = objects
        self._roots = frozenset(map(path_bytes, roots))
        self._disk = os.fsencode(disk) if disk is not None else None
        self._folders: dict[str, str] | None = None
        self._rest: dict[str, Entry] | None = None
        self._listed: dict[str, Mapping[str, Entry]] = {}

    @property
    def objects(self) -> Objects:
        """Where its trees and files are read from."""
        return self._objects

    def root_ids(self) -> tuple[tuple[str, str], ...]:
        """(name, `<mode> <object id>`) of every governed entry of the root: two fleets that agree in it are one."""
        entries = self._objects.tree(self.tree_oid)
        return tuple((path_text(name), f"{mode:o} {oid}") for mode, name, oid in entries if name in self._roots)

    def folders(self) -> Mapping[str, str]:
        """Every folder below a workspace with the id of its tree, in the order of the paths' bytes."""
        if self._folders is None:
            found = {}
            for _, workspace, oid in self._trees_in(self._subtree(b"agents")):
                for _, name, inner in self._trees_in(oid):
                    found[path_text(b"%s%s/%s" % (_AGENTS, workspace, name))] = inner
            self._folders = found
        return self._folders

    def inside(self, folder: str) -> Mapping[str, Entry]:
        """Every file in one of the folders, in the order of the paths' bytes."""
        if folder not in self._listed:
            if len(self._listed) >= _MOST_LISTED:
                self._listed.clear()
            self._listed[folder] = self._list_folder(folder)
        return self._listed[folder]

    def rest(self) -> Mapping[str, Entry]:
        """Every governed path outside of these folders, in the order of the paths' bytes."""
        if self._rest is None:
            found = dict(self._walk(b"", self.tree_oid, self._is_rest))
            self._rest = {path_text(path): found[path] for path in sorted(found)}
        return self._rest

    def read(self, path: str) -> bytes:
        """The bytes of the file at a path; KeyError where there is no file."""
        parts = path.split("/", 3)
        inside = len(parts) == 4 and parts[0] == "agents"
        entry = (self.inside("/".join(parts[:3])) if inside else self.rest())[path]
        if not entry.is_file:
            raise KeyError(path)
        content = self._from_disk(path, entry.oid) if self._disk is not None else None
        return self._objects.blob(entry.oid) if content is None else content

    def _list_folder(self, folder: str) -> Mapping[str, Entry]:
        oid = self.folders().get(folder)
        if oid is None:
            return {}
        found = dict(self._walk(path_bytes(folder) + b"/", oid, lambda _: True))
        return {path_text(path): found[path] for path in sorted(found)}

    def _walk(self, start: bytes, oid: str, enter: Callable[[bytes], bool]) -> Iterator[tuple[bytes, Entry]]:
        todo, count = [(start, oid)], 0
        while todo:
            prefix, tree = todo.pop()
            for mode, name, entry_oid in self._objects.tree(tree):
                path = prefix + name
                if mode == TREE:
                    if enter(path):
                        todo.append((path + b"/", entry_oid))
                elif (prefix or name in self._roots) and (start or is_governed(path_text(path))):
                    count += 1
                    check_bounds(prefix, count)
                    yield path, Entry(mode, entry_oid)

    def _is_rest(self, folder: bytes) -> bool:
        """Whether to enter a folder: governed, and none below a workspace."""
        root, *below = folder.split(b"/", 3)
        if root not in self._roots or (root == b"agents" and len(below) >= 2):
            return False
        return may_hold_governed(path_text(folder))

    def _subtree(self, name: bytes) -> str | None:
        if name not in self._roots:
            return None
        entries = self._objects.tree(self.tree_oid)
        return next((oid for mode, found, oid in entries if (mode, found) == (TREE, name)), None)

    def _trees_in(self, oid: str | None) -> list[TreeEntry]:
        return [entry for entry in self._objects.tree(oid) if entry.mode == TREE] if oid is not None else []

    def _from_disk(self, path: str, oid: str) -> bytes | None:
        """The file as it lies on disk, None unless it is this blob byte for byte."""
        assert self._disk is not None
        try:
            content = read_file(self._disk + b"/" + path_bytes(path))
        except OSError:
            return None
        return content if object_id("blob", content) == oid else None
