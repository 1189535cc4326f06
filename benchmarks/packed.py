"""Writes many git objects as one pack, the way a clone arrives: what a benchmark reads should not lie loose.

Objects are made in memory; git indexes the pack, and packs it again with deltas where that is asked for.
"""

import hashlib
import subprocess
import zlib
from collections.abc import Iterable
from pathlib import Path

from agentgov.repo.batch import TYPES, entry_head
from agentgov.repo.compose import tree_bytes
from agentgov.repo.objects import TreeEntry, object_id


class Pack:
    """Objects on their way into a repository, each once."""

    def __init__(self) -> None:
        self._parts: dict[str, bytes] = {}

    def add(self, kind: str, raw: bytes) -> str:
        """Add an object and return its id."""
        oid = object_id(kind, raw)
        if oid not in self._parts:
            self._parts[oid] = entry_head(TYPES[kind], len(raw)) + zlib.compress(raw, 1)
        return oid

    def tree(self, entries: Iterable[TreeEntry]) -> str:
        """Add a tree and return its id."""
        return self.add("tree", tree_bytes(entries))

    def write(self, repository: Path) -> None:
        """Put everything into a repository, as one pack."""
        body = b"PACK" + (2).to_bytes(4, "big") + len(self._parts).to_bytes(4, "big") + b"".join(self._parts.values())
        body += hashlib.sha1(body, usedforsecurity=False).digest()
        _git(repository, "index-pack", "--stdin", given=body)


def repack(repository: Path) -> None:
    """Pack what refs reach once more, with deltas, and drop the rest."""
    _git(repository, "repack", "-adfq", "--window=5")


def _git(repository: Path, *args: str, given: bytes = b"") -> None:
    command = ["git", "-c", "pack.threads=1", *args]
    subprocess.run(command, cwd=repository, input=given, check=True, capture_output=True)
