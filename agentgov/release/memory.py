"""Keeps the reconciler's memory (`observations`) in one JSON file of its own, readable by its user only.

A file that is missing or cannot be read starts everything afresh and says so: soak and counts begin again, and nothing
else is lost, because where agents stand is in the journal.

Processes of one machine share the file: each holds a lock beside it from reading to replacing it, so that none counts
again what another one counted, and none takes away what another one saw.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from agentgov.release.observations import Memory
from agentgov.trust.file_lock import held

_MODE = 0o600
_PATIENCE = 60.0  # seconds that another process may hold the file; asking for counts takes a part of it


class _File(msgspec.Struct, frozen=True):
    version: int
    agents: dict[str, Memory]


class MemoryStore:
    """The memories of all agents of one fleet, in the file at `path`."""

    def __init__(self, path: Path, patience: float = _PATIENCE) -> None:
        self.path, self._patience = path, patience
        self._stamp: tuple[int, ...] = ()
        self._last: Mapping[str, Memory] = {}

    @contextmanager
    def held(self, stopped: Callable[[], bool] = bool) -> Iterator[str]:
        """Hold the memories against other processes, from `load` to `save`; waits until `stopped` says so at most. One
        sentence where that cannot be done, "" otherwise; what is not held must not be saved."""
        with held(self.path, self._patience, stopped) as why:
            yield f"{why}: this tick's soak and counts are not kept" if why else ""

    def load(self) -> tuple[Mapping[str, Memory], str]:
        """The memories by agent id, and one sentence where they had to start afresh ("" otherwise). A file that is the
        one of the last time is not read again."""
        try:
            stamp = _stamp(self.path.stat())
            if stamp == self._stamp:
                return self._last, ""
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
        self._last, self._stamp = found.agents, stamp
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
                stamp = _stamp(os.fstat(file.fileno()))
            Path(name).replace(self.path)
            self._last, self._stamp = dict(memories), stamp
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def _stamp(found: os.stat_result) -> tuple[int, ...]:
    """What tells this file from every other one that stood in its place."""
    return found.st_ino, found.st_size, found.st_mtime_ns
