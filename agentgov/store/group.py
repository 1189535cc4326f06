"""Group commit: one thread does what many ask for, and makes it durable together.

A group is closed when nobody is waiting any more, so that a single caller never waits for a second one; after 5 ms, or
what the last commit took where that is more; or with 500 works. While one group goes to the disk the next one gathers.

Items of one work that waits for many (`Store.together`) are done at once, when the group is closed: a decision then
costs a share of a few statements, not statements of its own.

Every work stands alone: one that fails is undone without the others, and so is each item. A group whose transaction is
lost (a deadlock, a connection that broke before the commit) is done again, each work by itself. Nobody is answered
before the commit.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from agentgov.errors import IncompleteError
from agentgov.store.port import Answer, Item, T, Transaction
from agentgov.store.readers import WAITING, refused

GROUP = 500  # works
PERIOD = 0.005  # seconds
_LONGEST = 0.05  # seconds, where a commit takes that long
_TRIES = 4  # of one work by itself, while others take its rows away
_IDLE = 1.0  # seconds between two looks at what other processes did


class LostError(Exception):
    """A transaction is gone, and nothing of it was committed: it may be tried again."""


Together = Callable[[Transaction, Sequence[Any]], Sequence[Any]]


@dataclass(slots=True, eq=False)
class Asked:
    """One work, who waits for it, and what came of it; where it is an item of a work for many, that and the item."""

    work: Callable[[Transaction], Any]
    future: "Future[Any]"
    together: Together | None = None
    item: Any = None
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
        self._first: Asked | None = None  # from the queue, and in no group yet
        self._open, self._closing = True, threading.Lock()
        self._looked, self._period = time.monotonic(), PERIOD
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    def ask(self, work: Callable[[Transaction], T], urgent: bool = False) -> "Future[T]":
        """Have some work done and committed; what is urgent goes before all that waits."""
        return self._put(Asked(work, Future()), urgent)

    def ask_together(
        self, work: Callable[[Transaction, Sequence[Item]], Sequence[Answer]], item: Item
    ) -> "Future[Answer]":
        """Have an item of a work for many done and committed."""
        return self._put(Asked(lambda tx: work(tx, (item,))[0], Future(), work, item))

    def _put(self, asked: Asked, urgent: bool = False) -> "Future[Any]":
        if not urgent and self._queue.qsize() >= WAITING:
            return refused("the store has too much to do", "try again in a moment")
        with self._closing:
            if self._open:
                if urgent:
                    self._urgent.append(asked)
                self._queue.put(None if urgent else asked)
                return asked.future
        return refused("the store is closed")

    def close(self) -> None:
        """Commit what was asked for, and end."""
        with self._closing:
            if self._open:
                self._open = False
                self._queue.put(None)
        self._thread.join()

    def _serve(self) -> None:
        while self._open or self._urgent or self._first is not None or not self._queue.empty():
            if not self._urgent and self._first is None:
                with suppress(Empty):
                    self._first = self._queue.get(timeout=_IDLE)
            if time.monotonic() - self._looked > _IDLE:
                self._look()
            self._group()

    def _look(self) -> None:
        self._looked = time.monotonic()
        try:
            self._engine.idle()
        except Exception:
            logging.getLogger(__name__).exception("the store could not look after itself")

    def _group(self) -> None:
        group: list[Asked] = []
        try:
            self._together(group)
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

    def _together(self, group: list[Asked]) -> None:
        gathered: dict[Together, list[Asked]] = {}
        for asked in self._coming():
            if self._take(asked, group) and asked.together is not None:
                gathered.setdefault(asked.together, []).append(asked)
        for work, several in gathered.items():
            self._at_once(work, several)
        while self._urgent:  # it came meanwhile, and need not wait for the next group
            self._take(self._urgent.popleft(), group)
        if group:
            started = time.monotonic()
            self._engine.commit()
            self._period = min(max(PERIOD, time.monotonic() - started), _LONGEST)

    def _take(self, asked: Asked, group: list[Asked]) -> bool:
        """Take a work into the group, and do it, unless it waits for others of its kind; False where nobody wants it
        any more."""
        if not asked.future.set_running_or_notify_cancel():
            return False
        group.append(asked)
        if len(group) == 1:
            self._engine.begin()
        if asked.together is None:
            self._engine.attempt(asked)
        return True

    def _at_once(self, work: Together, several: Sequence[Asked]) -> None:
        """Do a work for several items; where it fails, for each by itself."""
        items = [asked.item for asked in several]
        whole = Asked(lambda tx: work(tx, items), Future())
        self._engine.attempt(whole)
        if whole.error is None:
            for asked, answer in zip(several, whole.answer, strict=True):
                asked.answer = answer
            return
        for asked in several:
            self._engine.attempt(asked)

    def _coming(self) -> Iterator[Asked]:
        """What is asked for until the group is closed: what is urgent, what came first, what comes meanwhile. The time
        begins with the second, since the first one waits for the turn of this process. What came first stays where it
        is until it is its turn: a group that cannot begin leaves it to the next one."""
        end = 0.0
        for number in range(GROUP):
            if number == 1:
                end = time.monotonic() + self._period
            if number and time.monotonic() > end:
                break
            if self._urgent:
                yield self._urgent.popleft()
                continue
            if self._first is None:
                try:
                    self._first = self._queue.get_nowait()
                except Empty:
                    return
            yield from self._turn()
        yield from self._turn()

    def _turn(self) -> Iterator[Asked]:
        if self._first is not None:
            asked, self._first = self._first, None
            yield asked

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
