"""Waits for a store from an event loop, without a change of threads for each who waits.

What is asked for in one turn of a loop goes to the store at the end of that turn: the thread that writes wakes up once,
and finds all of it, which is then decided together. What is answered together wakes a loop once.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")


class _Desk:
    """What one event loop asks for, and what it is to hear of."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._asked: list[tuple[Callable[[Any], Future[Any]], object, asyncio.Future[Any]]] = []
        self._answered: deque[tuple[asyncio.Future[Any], Future[Any]]] = deque()
        self._woken = False

    def ask(self, ask: Callable[[Any], "Future[Any]"], work: object) -> "asyncio.Future[Any]":
        """Ask at the end of this turn of the loop."""
        if not self._asked:
            self._loop.call_soon(self._send)
        waiting: asyncio.Future[Any] = self._loop.create_future()
        self._asked.append((ask, work, waiting))
        return waiting

    def _send(self) -> None:
        asked, self._asked = self._asked, []
        for ask, work, waiting in asked:
            try:
                ask(work).add_done_callback(partial(self._put, waiting))
            except Exception as error:  # whoever waits must hear of it, and the others be sent
                if not waiting.done():
                    waiting.set_exception(error)

    def _put(self, waiting: "asyncio.Future[Any]", future: "Future[Any]") -> None:
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


_desks: WeakKeyDictionary[asyncio.AbstractEventLoop, _Desk] = WeakKeyDictionary()


async def answered(ask: Callable[[Any], "Future[T]"], work: object) -> T:
    """What a work answers: `await answered(store.write, work)`. Who is cancelled meanwhile does not stop the work."""
    loop = asyncio.get_running_loop()
    desk = _desks.get(loop)
    if desk is None:
        desk = _desks[loop] = _Desk(loop)
    waiting: asyncio.Future[T] = desk.ask(ask, work)
    return await waiting
