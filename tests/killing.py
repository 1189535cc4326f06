"""Processes of their own that work on a store and are killed at random moments, over and over."""

import random
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext

from patience import PATIENCE

Told = tuple[str, str]


def killed(
    processes: ForkServerContext, go_on: Callable[[str, str, Connection], None], url: str, times: int, seconds: float
) -> Iterator[list[Told]]:
    """Start a process that goes on until it is killed, within so many seconds; what each told before its end."""
    dice = random.Random(7)
    for number in range(times):
        reader, writer = processes.Pipe(duplex=False)
        process = processes.Process(target=go_on, args=(url, f"r{number}", writer))
        process.start()
        writer.close()
        assert reader.poll(PATIENCE)
        time.sleep(dice.uniform(0, seconds))
        process.kill()
        process.join(PATIENCE)
        yield list(_told(reader))


def _told(reader: Connection) -> Iterator[Told]:
    while True:
        try:
            yield reader.recv()
        except (EOFError, OSError):
            return
