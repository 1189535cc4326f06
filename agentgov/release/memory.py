"""Keeps the reconciler's memory (`observations`) in one JSON file of its own, readable by its user only.

A file that is missing or cannot be read starts everything afresh and says so: soak and counts begin again, and nothing
else is lost, because where agents stand is in the journal.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from agentgov.release.observations import Memory

_MODE = 0o600


class _File(msgspec.Struct, frozen=True):
    version: int
    agents: dict[str, Memory]


class MemoryStore:
    """The memories of all agents of one fleet, in the file at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> tuple[dict[str, Memory], str]:
        """The memories by agent id, and one sentence where they had to start afresh ("" otherwise)."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return {}, ""
        except OSError as error:
            return {}, f"{self.path} cannot be read ({error.strerror}): soak and counts start afresh"
        try:
            found = msgspec.json.decode(data, type=_File)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return {}, f"{self.path} is damaged: soak and counts start afresh"
        if found.version != 1:
            return {}, f"{self.path} was written by another version: soak and counts start afresh"
        return found.agents, ""

    def save(self, memories: Mapping[str, Memory]) -> None:
        """Replaces the file in one step, so that a crash leaves the old one or the new one. Raises OSError."""
        data = msgspec.json.encode(_File(1, dict(memories)))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                os.fchmod(file.fileno(), _MODE)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
