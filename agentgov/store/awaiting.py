"""Waits for a store from an event loop. What is answered together wakes a loop once, not once for each who waits."""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")


class _Outbox:
    """What one event loop is to hear of."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._answered: deque[tuple[asyncio.Future[Any], Future[Any]]] = deque()
        self._woken = False

    def put(self, waiting: "asyncio.Future[Any]", future: "Future[Any]") -> None:
        """Called in a thread of the store's. What is put while the loop still has to wake up, it finds then."""
        self._answered.append((waiting, future))
        if self._woken:
            return
        self._woken = True
        try:
            self._loop.call_soon_threadsafe(self._hear)
        except RuntimeError:  # the loop is closed: nobody waits any more
            self._answered.clear()

    def _hear(self) -> None:
        self._woken = False  # before it is emptied, so that nothing put meanwhile is forgotten
        answered = self._answered
        while answered:
            waiting, future = answered.popleft()
            if waiting.done():  # who waited was cancelled; what was asked for is done all the same
                continue
            error = future.exception()
            if error is None:
                waiting.set_result(future.result())
            else:
                waiting.set_exception(error)


_outboxes: WeakKeyDictionary[asyncio.AbstractEventLoop, _Outbox] = WeakKeyDictionary()


async def answered(ask: Callable[[Any], "Future[T]"], work: object) -> T:
    """What a work answers: `await answered(store.write, work)`. Who is cancelled meanwhile does not stop the work."""
    loop = asyncio.get_running_loop()
    outbox = _outboxes.get(loop)
    if outbox is None:
        outbox = _outboxes[loop] = _Outbox(loop)
    waiting: asyncio.Future[T] = loop.create_future()
    box = outbox
    ask(work).add_done_callback(lambda future: box.put(waiting, future))
    return await waiting
