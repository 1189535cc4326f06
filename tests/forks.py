"""Processes of their own by the dozen: all at work at once, or killed at random moments, over and over.

They come from a fork server that has loaded what they do, so that many of them cost little.
"""

import multiprocessing
import random
import time
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from typing import Any

from patience import PATIENCE

Told = tuple[str, str]


def forks(module: str) -> ForkServerContext:
    """Where those come from that do what is in a module."""
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload([module])
    return found


def at_once(processes: ForkServerContext, work: Callable[..., None], each: Iterable[tuple[Any, ...]]) -> list[Any]:
    """Start a process for each of these arguments, and what each tells; `work` takes two more: the barrier at which
    they wait for the others, and the connection."""
    asked = list(each)
    barrier = processes.Barrier(len(asked))
    pipes = [processes.Pipe(duplex=False) for _ in asked]
    started = [
        processes.Process(target=work, args=(*args, barrier, writer))
        for args, (_, writer) in zip(asked, pipes, strict=True)
    ]
    for process in started:
        process.start()
    found = [reader.recv() for reader, _ in pipes if reader.poll(PATIENCE)]
    for process in started:
        process.join(PATIENCE)
    return found


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
