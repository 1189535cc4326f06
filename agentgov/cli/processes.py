"""One function over many items in all processors: by forks that take pieces of the work until none is left.

A fork shares what was loaded before it, so nothing is loaded twice. Where a fork is not safe or not worth it, and
whatever happens to one, the work is done here. Nothing of a fork outlives the call: at an interrupt they are ended.
"""

import gc
import os
import pickle
import signal
import struct
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic, NoReturn, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_LEAST = 200  # small files; for fewer a fork costs more than it saves
_TOGETHER = 32  # small files that are taken at a time, at least
_MOST = 8  # processes
_PIECES = 2000  # at most: their numbers have to fit into a pipe
_NUMBER = struct.Struct("=I")


def processors() -> int:
    """How many processors this process may use; AGENTGOV_JOBS says otherwise."""
    asked = os.environ.get("AGENTGOV_JOBS", "")
    if asked.isdecimal() and int(asked):
        return min(int(asked), 64)
    try:
        return min(len(os.sched_getaffinity(0)), _MOST)
    except AttributeError:
        return min(os.cpu_count() or 1, _MOST)


def spread(
    work: Callable[[Sequence[Item]], list[Result]],
    items: Sequence[Item],
    progress: Callable[[int], None],
    *,
    weight: int = 1,
) -> list[Result]:
    """The results of a pure function for all items, in their order; it is asked for some items at a time.

    `progress` hears how many are done or under way. `weight` is how many small files one item is as much work as.
    """
    count = min(processors(), len(items) * weight // _LEAST + 1)
    team = _Team(work, items, progress, max(_TOGETHER // weight, 1))
    with _WithoutCollector():
        # A fork of a process that uses Apple's frameworks can crash or hang.
        return team.results(count - 1 if hasattr(os, "fork") and sys.platform != "darwin" else 0)


class _WithoutCollector:
    """No search for cycles among what a batch makes: there are none, and it costs a third of the time."""

    def __enter__(self) -> None:
        self._enabled = gc.isenabled()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        if self._enabled:
            gc.enable()


class _Team(Generic[Item, Result]):
    """This process and its forks at one piece of work. The queue is a pipe with the numbers of the pieces."""

    def __init__(
        self,
        work: Callable[[Sequence[Item]], list[Result]],
        items: Sequence[Item],
        progress: Callable[[int], None],
        least: int,
    ) -> None:
        self._work = work
        self._items = items
        self._progress = progress
        self._size = max(least, -(-len(items) // _PIECES))
        self._done: dict[int, list[Result]] = {}

    def results(self, forks: int) -> list[Result]:
        queue, filling = os.pipe()
        pieces = range(-(-len(self._items) // self._size))
        os.write(filling, b"".join(map(_NUMBER.pack, pieces)))
        os.close(filling)
        children: list[tuple[int, int]] = []
        gc.freeze()
        try:
            for _ in range(forks):
                children.append(self._fork(queue, [pipe for _, pipe in children]))
            self._take(queue, self._progress)
            for _, pipe in children:
                self._collect(pipe)
        finally:
            os.close(queue)
            _end(children)
            gc.unfreeze()
        for number in pieces:
            if number not in self._done:  # a fork came to harm: what it says no more, this process says
                self._done[number] = self._piece(number)
        return [result for number in pieces for result in self._done[number]]

    def _take(self, queue: int, progress: Callable[[int], None]) -> None:
        """Work at pieces until none is left."""
        while number := os.read(queue, _NUMBER.size):
            (piece,) = _NUMBER.unpack(number)
            progress(piece * self._size)
            self._done[piece] = self._piece(piece)

    def _piece(self, number: int) -> list[Result]:
        return self._work(self._items[number * self._size : (number + 1) * self._size])

    def _fork(self, queue: int, others: list[int]) -> tuple[int, int]:
        """(process, pipe with its results) of a new fork."""
        reading, writing = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        child = os.fork()
        if child == 0:
            self._as_fork(queue, writing, [reading, *others])
        os.close(writing)
        return child, reading

    def _as_fork(self, queue: int, writing: int, others: list[int]) -> NoReturn:
        """What a fork does: its part, one answer, and nothing at its end that is the parent's to do."""
        parent = os.getppid()
        try:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            for pipe in others:
                os.close(pipe)

            def alive(_: int) -> None:
                if os.getppid() != parent:
                    os._exit(1)

            self._take(queue, alive)
            with os.fdopen(writing, "wb") as answer:
                pickle.dump(self._done, answer, pickle.HIGHEST_PROTOCOL)
        except BaseException:  # the parent does this part again, and meets the error itself
            os._exit(1)
        os._exit(0)

    def _collect(self, pipe: int) -> None:
        with os.fdopen(os.dup(pipe), "rb") as answer, suppress(EOFError, pickle.UnpicklingError):
            self._done.update(pickle.load(answer))  # noqa: S301 - a pipe that only our own fork holds


def _end(children: list[tuple[int, int]]) -> None:
    """End and reap every fork; one that has answered has ended already."""
    for child, pipe in children:
        os.close(pipe)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(child, 0)
