"""One state of the governed files, wherever it comes from: a commit, the journal, the working tree, a test.

Paths are text decoded from bytes with `surrogateescape`; contents are bytes, never filtered or converted here.
What git calls the mode is kept, so that a symlink in place of a prompt is seen.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

FILE = 0o100644
EXECUTABLE = 0o100755
SYMLINK = 0o120000
SUBMODULE = 0o160000
TREE = 0o040000


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands at a path: its git mode and the blob's object id ("" where it is not in a repository)."""

    mode: int
    oid: str = ""

    @property
    def is_file(self) -> bool:
        """Whether it is an ordinary file, the only thing that may stand at a governed path."""
        return self.mode in (FILE, EXECUTABLE)


class Snapshot(Protocol):
    """The governed files at one moment."""

    @property
    def name(self) -> str:
        """What to call it in messages: "working tree", "commit 1a2b3c4", "authorised contents"."""

    def entries(self) -> Mapping[str, Entry]:
        """Every governed path with its entry, in the order of the paths' bytes."""

    def read(self, path: str) -> bytes:
        """The bytes at a path; KeyError where there is no file."""

    def digest(self, path: str) -> str:
        """SHA-256 of the bytes at a path, in hex; KeyError where there is no file."""


@dataclass(frozen=True, slots=True)
class MemorySnapshot:
    """A snapshot of values in memory; `files` maps path to bytes, every entry is an ordinary file."""

    files: Mapping[str, bytes]
    name: str = "memory"

    def entries(self) -> Mapping[str, Entry]:
        return {path: Entry(FILE) for path in sorted(self.files, key=path_bytes)}

    def read(self, path: str) -> bytes:
        return self.files[path]

    def digest(self, path: str) -> str:
        return hashlib.sha256(self.files[path]).hexdigest()


def path_bytes(path: str) -> bytes:
    """The bytes of a path, the only order and identity that count."""
    return path.encode("utf-8", "surrogateescape")


def path_text(raw: bytes) -> str:
    """A path as text that can be turned back into the same bytes."""
    return raw.decode("utf-8", "surrogateescape")
