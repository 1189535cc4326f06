"""The governed files of a tree as `model.partition.Partition`: only the folders that are asked for are listed.

The tree may be a commit's, or one that only `overlay` knows: what would be committed of a working tree or an index.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from agentgov.model.governed import FLEET_FILE, ROOTS, is_governed, may_hold_governed
from agentgov.model.partition import is_common
from agentgov.model.snapshot import TREE, Entry, path_bytes, path_text
from agentgov.repo.changes import check_bounds
from agentgov.repo.objects import TreeEntry
from agentgov.repo.trees import Difference

_AGENTS = b"agents/"
_ROOTS = frozenset(map(path_bytes, ROOTS))
_MOST_LISTED = 256  # folders; a folder is asked for again while it is judged, and rarely later


class Objects(Protocol):
    """Where trees and files are read from: a Repository, or an Overlay."""

    def tree(self, oid: str) -> tuple[TreeEntry, ...]: ...
    def differing(self, old: str, new: str) -> Difference: ...
    def read_trees(self, oids: Sequence[str]) -> None: ...
    def blob(self, oid: str) -> bytes: ...
    def blobs(self, oids: Sequence[str]) -> dict[str, bytes]: ...
    def is_here(self, oid: str) -> bool: ...
    def files_below(self, tree_oid: str) -> Iterator[tuple[bytes, int, str]]: ...


class TreePartition:
    """The governed files of a tree, by part."""

    def __init__(self, objects: Objects, tree_oid: str, name: str, *, base: str | None = None) -> None:
        """`base` is a tree of the repository that most of this one equals, None where it is one itself."""
        self.tree_oid = tree_oid
        self.name = name
        self._objects = objects
        self._base = base or tree_oid
        self._folders: dict[str, str] | None = None
        self._rest: dict[str, Entry] | None = None
        self._common: dict[str, Entry] | None = None
        self._listed: dict[str, Mapping[str, Entry]] = {}
        self._all: dict[str, Mapping[str, Entry]] = {}
        self._ahead: dict[str, bytes] = {}

    @property
    def objects(self) -> Objects:
        """Where its trees and files are read from."""
        return self._objects

    def root_ids(self) -> tuple[tuple[str, str], ...]:
        """(name, `<mode> <object id>`) of every governed entry of the root: two fleets that agree in it are one."""
        entries = self._objects.tree(self.tree_oid)
        return tuple((path_text(name), f"{mode:o} {oid}") for mode, name, oid in entries if name in _ROOTS)

    def folders(self) -> Mapping[str, str]:
        """Every folder below a workspace with the id of its tree, in the order of the paths' bytes."""
        if self._folders is None:
            self._folders = dict(self._folder_ids(self.tree_oid))
        return self._folders

    def some_folder(self) -> str | None:
        """One of the folders, None where there is none; to find it lists no more than its workspace."""
        return next((folder for folder, _ in self._folder_ids(self.tree_oid)), None)

    def inside(self, folder: str) -> Mapping[str, Entry]:
        """Every file in one of the folders, in the order of the paths' bytes."""
        if folder in self._all:
            return self._all[folder]
        if folder not in self._listed:
            if len(self._listed) >= _MOST_LISTED:
                self._listed.clear()
            self._listed[folder] = self._list_folder(folder)
        return self._listed[folder]

    def rest(self) -> Mapping[str, Entry]:
        """Every governed path outside of these folders, in the order of the paths' bytes."""
        if self._rest is None:
            self._rest = self._listed_in_order(_is_rest)
        return self._rest

    def common(self) -> Mapping[str, Entry]:
        """Of the rest what is common to all folders, in the order of the paths' bytes."""
        if self._common is None:
            found = self._rest or self._listed_in_order(_is_outside_of_agents)
            self._common = {path: entry for path, entry in found.items() if is_common(path)}
        return self._common

    def list_all(self) -> None:
        """List every folder that equals one of the base in one go."""
        agents = self._subtree(self._base, b"agents")
        if self._all or agents is None:
            return
        known = dict(self._folder_ids(self._base))
        same = {folder for folder, oid in self.folders().items() if known.get(folder) == oid}
        found: dict[str, dict[str, Entry]] = {folder: {} for folder in same}
        for raw, mode, oid in self._objects.files_below(agents):
            path = path_text(_AGENTS + raw)
            parts = path.split("/", 3)
            folder = "/".join(parts[:3]) if len(parts) == 4 else ""
            if folder in same:
                found[folder][path] = Entry(mode, oid)
        self._all = {**found}  # in git's order, which is that of the bytes of whole paths

    def read_ahead(self, folders: Sequence[str]) -> None:
        """Read the files of these folders in one go; those read ahead before are let go."""
        parts = (self.inside(folder) if folder else self._governance() for folder in folders)
        entries = (entry for part in parts for entry in part.values() if entry.is_file)
        wanted = list(dict.fromkeys(entry.oid for entry in entries if not self._objects.is_here(entry.oid)))
        self._ahead = self._objects.blobs(wanted)

    def read(self, path: str) -> bytes:
        """The bytes of the file at a path; KeyError where there is no file."""
        parts = path.split("/", 3)
        inside = len(parts) == 4 and parts[0] == "agents"
        entry = self.inside("/".join(parts[:3]))[path] if inside else self._outside(path)
        if not entry.is_file:
            raise KeyError(path)
        if entry.oid in self._ahead:
            return self._ahead[entry.oid]
        return self._objects.blob(entry.oid)

    def _governance(self) -> Mapping[str, Entry]:
        kept = (FLEET_FILE, "governance/")
        return {path: entry for path, entry in self.common().items() if path.startswith(kept)}

    def _outside(self, path: str) -> Entry:
        """The entry at a path outside of agents' folders; KeyError where there is none."""
        found = self.common().get(path)
        return self.rest()[path] if found is None else found

    def _listed_in_order(self, enter: Callable[[bytes], bool]) -> dict[str, Entry]:
        found = dict(self._walk(b"", self.tree_oid, enter))
        return {path_text(path): found[path] for path in sorted(found)}

    def _folder_ids(self, root: str) -> Iterator[tuple[str, str]]:
        for _, workspace, oid in self._trees_in(self._subtree(root, b"agents")):
            for _, name, inner in self._trees_in(oid):
                yield path_text(b"%s%s/%s" % (_AGENTS, workspace, name)), inner

    def _folder_id(self, folder: str) -> str | None:
        """The tree of one folder below a workspace; to find it lists no other workspace."""
        if self._folders is not None:
            return self._folders.get(folder)
        oid: str | None = self.tree_oid
        for name in path_bytes(folder).split(b"/"):
            oid = self._subtree(oid, name) if oid is not None else None
        return oid

    def _list_folder(self, folder: str) -> Mapping[str, Entry]:
        oid = self._folder_id(folder)
        if oid is None:
            return {}
        found = dict(self._walk(path_bytes(folder) + b"/", oid, lambda _: True))
        return {path_text(path): found[path] for path in sorted(found)}

    def _walk(self, start: bytes, oid: str, enter: Callable[[bytes], bool]) -> Iterator[tuple[bytes, Entry]]:
        todo, count = [(start, oid)], 0
        while todo:
            prefix, tree = todo.pop()
            inner = len(todo)
            closed = not start and _is_workspace(prefix)
            for mode, name, entry_oid in self._objects.tree(tree):
                if closed and mode == TREE:
                    continue
                path = prefix + name
                if mode == TREE:
                    if enter(path):
                        todo.append((path + b"/", entry_oid))
                elif (prefix or name in _ROOTS) and (start or is_governed(path_text(path))):
                    count += 1
                    check_bounds(prefix, count)
                    yield path, Entry(mode, entry_oid)
            self._objects.read_trees([found for _, found in todo[inner:]])

    def _subtree(self, root: str, name: bytes) -> str | None:
        return next((oid for mode, found, oid in self._objects.tree(root) if (mode, found) == (TREE, name)), None)

    def _trees_in(self, oid: str | None) -> list[TreeEntry]:
        return [entry for entry in self._objects.tree(oid) if entry.mode == TREE] if oid is not None else []


def _is_rest(folder: bytes) -> bool:
    """Whether to enter a folder: governed, and none below a workspace."""
    root, *below = folder.split(b"/", 3)
    if root not in _ROOTS or (root == b"agents" and len(below) >= 2):
        return False
    return may_hold_governed(path_text(folder))


def _is_outside_of_agents(folder: bytes) -> bool:
    return folder != b"agents" and _is_rest(folder)


def _is_workspace(prefix: bytes) -> bool:
    """Whether what lies here are folders of agents, which are not the rest: no need to look at each of many."""
    return prefix.startswith(_AGENTS) and prefix.count(b"/") == 2
