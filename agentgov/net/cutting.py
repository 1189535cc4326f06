"""Breaks a connection off that takes too long: an answer may come byte by byte for ever, each of them in time."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

_AGAIN = 1.0  # seconds: who is late may be connected only now


@contextmanager
def at_most(seconds: float, connection: Callable[[], socket.socket | None]) -> Iterator[None]:
    """TimeoutError where this is not over in time, whatever the protocol made of half an answer. `connection` is what
    it talks through now, None before there is one."""
    over, late = Event(), Event()

    def watch() -> None:
        wait = seconds
        while not over.wait(wait):
            late.set()
            found, wait = connection(), _AGAIN
            if found is not None:
                cut(found)

    watching = Thread(target=watch, name="agentgov-cuts", daemon=True)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()  # or it would cut the connection while that serves the next request
        if late.is_set():
            raise TimeoutError


def cut(connection: socket.socket) -> None:
    """End a connection that another thread may read from, which closes it."""
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)  # that of TLS would have the other read what is encrypted
