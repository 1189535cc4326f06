"""The wall clock of one process, which a test moves while that process runs: it jumps ahead and back, for all that the
process reads. Steady clocks go on as they are, as they do where somebody sets the time of a machine.

    clock = MovedClock(folder / "clock")
    gate = GateWorld(world, folder, env=clock.env)
    clock.move(hours=3)
"""

import importlib
import time
from collections.abc import Mapping
from pathlib import Path

_FILE = "TEST_CLOCK_FILE"  # of the tests alone: the program does not know it
_READERS = ("agentgov.gate.gate", "agentgov.sdk.embedded")  # those that hold `time_ns` by its name


class MovedClock:
    """A clock in a file: how many seconds it is ahead of that of the machine."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.move()

    @property
    def env(self) -> Mapping[str, str]:
        """What a process is started with that goes by it."""
        return {_FILE: str(self._file)}

    def move(self, *, hours: float = 0, minutes: float = 0) -> None:
        """So far ahead of the machine's from now on, or behind it."""
        new = self._file.with_suffix(".new")
        new.write_text(str(int(hours * 3600 + minutes * 60)))
        new.rename(self._file)


def obey(env: Mapping[str, str]) -> None:
    """In a process that begins: go by the clock that it was started with, if any."""
    if not (name := env.get(_FILE)):
        return
    file, true = Path(name), time.time_ns

    def time_ns() -> int:
        return true() + int(file.read_text()) * 1_000_000_000

    time.time_ns, time.time = time_ns, lambda: time_ns() / 1e9
    for reader in _READERS:
        vars(importlib.import_module(reader))["time_ns"] = time_ns
