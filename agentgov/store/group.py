"""Group commit: one thread does what many ask for, and makes it durable together.

A group is closed when nobody is waiting any more, so that a single caller never waits for a second one; after 5 ms, or
what the last commit took where that is more; or with 500 works. While one group goes to the disk the next one gathers.

Every work stands alone: one that fails is undone without the others. A group whose transaction is lost (a deadlock, a
connection that broke before the commit) is done again, each work by itself. Nobody is answered before the commit.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from agentgov.errors import IncompleteError
from agentgov.store.port import T, Transaction
from agentgov.store.readers import WAITING, refused

GROUP = 500  # works
PERIOD = 0.005  # seconds
_LONGEST = 0.05  # seconds, where a commit takes that long
_TRIES = 4  # of one work by itself, while others take its rows away
_IDLE = 1.0  # seconds between two looks at what other processes did


class LostError(Exception):
    """A transaction is gone, and nothing of it was committed: it may be tried again."""


@dataclass(slots=True, eq=False)
class Asked:
    """One work, who waits for it, and what came of it."""

    work: Callable[[Transaction], Any]
    future: "Future[Any]"
    answer: Any = None
    error: BaseException | None = None

    def resolve(self) -> None:
        """Tell who waits."""
        if self.error is None:
            self.future.set_result(self.answer)
        else:
            self.future.set_exception(self.error)


class Engine(Protocol):
    """One connection that writes; used by one thread at a time."""

    def begin(self) -> None:
        """Open a transaction. Raises IncompleteError where that cannot be done now."""

    def attempt(self, asked: Asked) -> None:
        """Do a work; what it answers or raises is kept in it, and what failed is undone. Raises LostError."""

    def commit(self) -> None:
        """Make it durable. Raises LostError where nothing was committed, IncompleteError where that cannot be told."""

    def rollback(self) -> None:
        """Undo the transaction, where there is one still. Raises nothing."""

    def idle(self) -> None:
        """Called about once a second between two transactions."""


class GroupWriter:
    """The thread that writes, and the queue before it."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._queue: SimpleQueue[Asked | None] = SimpleQueue()  # None: look at what is urgent, and whether to end
        self._urgent: deque[Asked] = deque()
        self._open, self._closing = True, threading.Lock()
        self._looked, self._period = time.monotonic(), PERIOD
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    def ask(self, work: Callable[[Transaction], T], urgent: bool = False) -> "Future[T]":
        """Have some work done and committed; what is urgent goes before all that waits."""
        if not urgent and self._queue.qsize() >= WAITING:
            return refused("the store has too much to do", "try again in a moment")
        future: Future[T] = Future()
        with self._closing:
            if self._open:
                if urgent:
                    self._urgent.append(Asked(work, future))
                self._queue.put(None if urgent else Asked(work, future))
                return future
        return refused("the store is closed")

    def close(self) -> None:
        """Commit what was asked for, and end."""
        with self._closing:
            if self._open:
                self._open = False
                self._queue.put(None)
        self._thread.join()

    def _serve(self) -> None:
        first = None
        while self._open or self._urgent or not self._queue.empty():
            if not self._urgent:
                with suppress(Empty):
                    first = self._queue.get(timeout=_IDLE)
            if time.monotonic() - self._looked > _IDLE:
                self._look()
            self._group(first)
            first = None

    def _look(self) -> None:
        self._looked = time.monotonic()
        try:
            self._engine.idle()
        except Exception:
            logging.getLogger(__name__).exception("the store could not look after itself")

    def _group(self, first: Asked | None) -> None:
        group: list[Asked] = []
        try:
            self._together(first, group)
        except LostError:
            self._engine.rollback()
            for asked in group:
                self._alone(asked)
        except BaseException as error:  # of the engine's: whoever waits must hear of it
            self._engine.rollback()
            for asked in group:
                asked.error = asked.error or error
        for asked in group:
            asked.resolve()

    def _together(self, first: Asked | None, group: list[Asked]) -> None:
        for asked in self._coming(first):
            if not asked.future.set_running_or_notify_cancel():
                continue
            group.append(asked)
            if len(group) == 1:
                self._engine.begin()
            self._engine.attempt(asked)
        if group:
            started = time.monotonic()
            self._engine.commit()
            self._period = min(max(PERIOD, time.monotonic() - started), _LONGEST)

    def _coming(self, first: Asked | None) -> Iterator[Asked]:
        """What is asked for until the group is closed: what is urgent, what came first, what comes meanwhile."""
        end = time.monotonic() + self._period
        for number in range(GROUP):
            if number and time.monotonic() > end:
                break
            if self._urgent:
                yield self._urgent.popleft()
                continue
            if first is None:
                try:
                    first = self._queue.get_nowait()
                except Empty:
                    return
            if first is not None:
                asked, first = first, None
                yield asked
        if first is not None:
            yield first

    def _alone(self, asked: Asked) -> None:
        """Do one work by itself, again where others got in its way, and give up after a while."""
        for _ in range(_TRIES):
            asked.answer = asked.error = None
            try:
                self._engine.begin()
                self._engine.attempt(asked)
                self._engine.commit()
                return
            except LostError as error:
                self._engine.rollback()
                asked.error = IncompleteError(f"the store did not take it ({error})", "try again")
            except BaseException as error:
                self._engine.rollback()
                asked.error = error
                return
