"""Many clients of gates at work, each a process of its own, some of which are killed; and what they were told."""

import random
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import Self

from forks import forks
from gateworld import GateWorld
from patience import PATIENCE
from payingclients import spend

FURTHER = {  # what may have become of a reservation since it was told of
    "open": {"open", "released", "settled", "unconfirmed"},
    "released": {"released"},
    "settled": {"settled"},
}


class Crowd:
    """Clients at work, and what those told that have ended. They spend at `place` until nothing is left, or for so many
    seconds; `slow` is how long their model takes at most, in seconds."""

    def __init__(
        self,
        gates: Sequence[GateWorld],
        place: str,
        token: str,
        dice: random.Random,
        seconds: float = 0,
        slow: float = 0.05,
    ) -> None:
        self._ports, self._place, self._token, self._dice = [gate.port for gate in gates], place, token, dice
        self._pace = seconds, slow
        self._started = 0
        self._running: list[tuple[ForkServerProcess, Connection]] = []
        self.told: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process, _reader in self._running:
            process.kill()

    def add(self) -> None:
        """One more."""
        processes = forks("payingclients")
        reader, writer = processes.Pipe(duplex=False)
        self._started += 1
        work = self._ports, self._place, self._token, f"c{self._started}", writer, *self._pace
        process = processes.Process(target=spend, args=work)
        process.start()
        writer.close()
        self._running.append((process, reader))

    def kill_one(self) -> None:
        """One less, in the middle of whatever it does."""
        process, reader = self._running.pop(self._dice.randrange(len(self._running)))
        process.kill()
        self._ended(process, reader)

    def finish(self) -> None:
        """Wait until nobody gets anything any more, or all are at the end of their time."""
        while self._running:
            process, reader = self._running.pop()
            self.told.update(_rest(reader))
            self._ended(process, reader)
            assert process.exitcode == 0

    def _ended(self, process: ForkServerProcess, reader: Connection) -> None:
        process.join(PATIENCE)
        self.told.update(_rest(reader))


def _rest(reader: Connection) -> Iterator[tuple[str, str]]:
    while True:
        try:
            yield reader.recv()
        except (EOFError, OSError):
            return
