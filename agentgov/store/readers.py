"""The threads that look at what is committed, and how many may wait for them."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from agentgov.errors import IncompleteError
from agentgov.store.port import T, Transaction

WAITING = 10_000  # who comes after them is told to come back, so that a flood does not eat the memory


class Readers:
    """Does works that only look, a few at a time."""

    def __init__(self, look: Callable[[Callable[[Transaction], Any]], Any], number: int) -> None:
        self._look = look
        self._room = threading.Semaphore(WAITING)
        self._pool = ThreadPoolExecutor(number, "agentgov-store-reads")

    def ask(self, work: Callable[[Transaction], T]) -> "Future[T]":
        """Have some work done."""
        if not self._room.acquire(blocking=False):
            return refused("the store has too much to do", "try again in a moment")
        try:
            future: Future[T] = self._pool.submit(self._look, work)
        except RuntimeError:  # after `close`
            self._room.release()
            return refused("the store is closed")
        future.add_done_callback(lambda _: self._room.release())
        return future

    def close(self) -> None:
        """Do what was asked for, and end."""
        self._pool.shutdown()


def refused(message: str, hint: str = "") -> "Future[Any]":
    """A future that is answered already, with IncompleteError."""
    future: Future[Any] = Future()
    future.set_exception(IncompleteError(message, hint))
    return future
