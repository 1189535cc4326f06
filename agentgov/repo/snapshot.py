"""The governed files of a tree in git, or of the working tree, as `model.snapshot.Snapshot`.

Only governed paths are looked at, and folders that cannot hold one are never entered. Contents are blob bytes, or file
bytes as they lie on disk: no filter, no line ending is converted. In the working tree no symlink is ever followed, and
nothing is ignored: what lies in a governed folder counts. With `roots` (some of `model.governed.ROOTS`) a snapshot
holds only what lies in or is one of those entries of the root.
"""

import os
import stat
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

from agentgov.errors import ConfigurationError
from agentgov.model.governed import ROOTS, is_governed, may_hold_governed
from agentgov.model.snapshot import EXECUTABLE, FILE, SUBMODULE, SYMLINK, TREE, Entry, path_bytes, path_text
from agentgov.repo.changes import check_bounds
from agentgov.repo.disk import read_file
from agentgov.repo.repository import Repository

UNREADABLE = 0  # the mode of what is neither file, symlink nor folder: a socket, a device


class TreeSnapshot:
    """The governed files of a tree in git."""

    def __init__(self, repo: Repository, tree_oid: str, name: str, roots: Collection[str] = ROOTS) -> None:
        self.tree_oid = tree_oid
        self.name = name
        self._repo = repo
        self._roots = frozenset(map(path_bytes, roots))

    def entries(self) -> Mapping[str, Entry]:
        """Every governed path with its entry, in the order of the paths' bytes."""
        return self._entries

    def read(self, path: str) -> bytes:
        """The bytes of the file at a path; KeyError where there is no file."""
        return self._repo.blob(self._file(path))

    def digest(self, path: str) -> str:
        """SHA-256 of the file at a path, in hex; KeyError where there is no file."""
        return self._repo.blob_digest(self._file(path))

    def _file(self, path: str) -> str:
        entry = self._entries[path]
        if not entry.is_file:
            raise KeyError(path)
        return entry.oid

    @cached_property
    def _entries(self) -> Mapping[str, Entry]:
        found: dict[bytes, Entry] = {}
        todo = [(b"", self.tree_oid)]
        while todo:
            prefix, oid = todo.pop()
            check_bounds(prefix, len(found))
            for mode, name, entry_oid in self._repo.tree(oid):
                path = prefix + name
                if not prefix and name not in self._roots:
                    continue
                if mode == TREE:
                    if may_hold_governed(path_text(path)):
                        todo.append((path + b"/", entry_oid))
                elif is_governed(path_text(path)):
                    found[path] = Entry(mode, entry_oid)
        return MappingProxyType({path_text(path): found[path] for path in sorted(found)})


def commit_snapshot(repo: Repository, commit_oid: str, roots: Collection[str] = ROOTS) -> TreeSnapshot:
    """The governed files of a commit, named after it."""
    return TreeSnapshot(repo, repo.commit(commit_oid).tree, f"commit {commit_oid[:7]}", roots)


class WorkTreeSnapshot:
    """The governed files of a working tree, as they lie on disk when first asked for."""

    def __init__(self, root: Path, roots: Collection[str] = ROOTS) -> None:
        self.root = root
        self.name = "working tree"
        self._roots = frozenset(map(path_bytes, roots))
        self._digests: dict[str, str] = {}

    def entries(self) -> Mapping[str, Entry]:
        """Every governed path with its entry, in the order of the paths' bytes; entries carry no object id."""
        return self._entries

    def read(self, path: str) -> bytes:
        """The bytes of the file at a path; KeyError where there is no file, ConfigurationError where unreadable."""
        if not self._entries[path].is_file:
            raise KeyError(path)
        try:
            return read_file(self._on_disk(path_bytes(path)))
        except FileNotFoundError:
            raise KeyError(path) from None
        except OSError as error:
            raise _unreadable(path, error) from error

    def digest(self, path: str) -> str:
        """SHA-256 of the file at a path, in hex; KeyError where there is no file."""
        found = self._digests.get(path)
        if found is None:
            found = self._digests[path] = sha256(self.read(path)).hexdigest()
        return found

    @cached_property
    def _entries(self) -> Mapping[str, Entry]:
        found: dict[bytes, Entry] = {}
        todo = [b""]
        while todo:
            for path, mode in self._list(todo.pop()):
                if mode == TREE:
                    if may_hold_governed(path_text(path)):
                        todo.append(path + b"/")
                elif is_governed(path_text(path)):
                    found[path] = Entry(mode)
        return MappingProxyType({path_text(path): found[path] for path in sorted(found)})

    def _list(self, prefix: bytes) -> Iterator[tuple[bytes, int]]:
        """Path and mode of everything directly in a folder; of the root only what can be governed."""
        try:
            with os.scandir(self._on_disk(prefix)) as listing:
                for item in listing:
                    if prefix or item.name in self._roots:
                        yield prefix + item.name, _mode(item)
        except OSError as error:
            raise _unreadable(path_text(prefix) or ".", error) from error

    def _on_disk(self, path: bytes) -> bytes:
        return os.path.join(os.fsencode(self.root), path)  # noqa: PTH118 - pathlib has no paths of bytes


def _mode(item: os.DirEntry[bytes]) -> int:
    """The mode that git would give to what lies on disk."""
    if item.is_symlink():
        return SYMLINK
    if item.is_dir(follow_symlinks=False):
        return SUBMODULE if os.path.lexists(item.path + b"/.git") else TREE
    bits = item.stat(follow_symlinks=False).st_mode
    if not stat.S_ISREG(bits):
        return UNREADABLE
    return EXECUTABLE if bits & stat.S_IXUSR else FILE


def _unreadable(path: str, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"{path} cannot be read: {error.strerror}", "check the file and its permissions")
