"""Group commit: one thread does what many ask for, and makes it durable together.

A group is closed when nobody is waiting any more, so that a single caller never waits for a second one; after 5 ms; or
with 500 works. While one group goes to the disk the next one gathers by itself.

Every work stands alone: one that fails is undone without the others. A group whose transaction is lost (a deadlock, a
connection that broke before the commit) is done again, each work by itself. Nobody is answered before the commit.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from agentgov.errors import IncompleteError
from agentgov.store.port import T, Transaction
from agentgov.store.readers import WAITING, refused

GROUP = 500  # works
PERIOD = 0.005  # seconds
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
        self._queue: SimpleQueue[Asked | None] = SimpleQueue()
        self._open, self._closing = True, threading.Lock()
        self._looked = time.monotonic()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    def ask(self, work: Callable[[Transaction], T]) -> "Future[T]":
        """Have some work done and committed."""
        if self._queue.qsize() >= WAITING:
            return refused("the store has too much to do", "try again in a moment")
        future: Future[T] = Future()
        with self._closing:
            if self._open:
                self._queue.put(Asked(work, future))
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
        while True:
            try:
                first = self._queue.get(timeout=_IDLE)
            except Empty:
                self._look()
                continue
            if first is None:
                return
            if time.monotonic() - self._looked > _IDLE:
                self._look()
            self._group(first)

    def _look(self) -> None:
        self._looked = time.monotonic()
        try:
            self._engine.idle()
        except Exception:
            logging.getLogger(__name__).exception("the store could not look after itself")

    def _group(self, first: Asked) -> None:
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

    def _together(self, first: Asked, group: list[Asked]) -> None:
        if not first.future.set_running_or_notify_cancel():
            return
        group.append(first)
        self._engine.begin()
        self._engine.attempt(first)
        for asked in self._coming():
            group.append(asked)
            self._engine.attempt(asked)
        self._engine.commit()

    def _coming(self) -> Iterator[Asked]:
        """What else is asked for while this transaction is open."""
        end = time.monotonic() + PERIOD
        for _ in range(GROUP - 1):
            try:
                asked = self._queue.get_nowait()
            except Empty:
                return
            if asked is None:
                self._queue.put(None)  # for who serves
                return
            if asked.future.set_running_or_notify_cancel():
                yield asked
            if time.monotonic() > end:
                return

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
