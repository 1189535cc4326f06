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

    def cut() -> None:
        wait = seconds
        while not over.wait(wait):
            late.set()
            found, wait = connection(), _AGAIN
            if found is not None:
                with suppress(OSError):
                    socket.socket.shutdown(found, socket.SHUT_RDWR)  # of TLS as well, whose own is for who reads

    Thread(target=cut, name="agentgov-cuts", daemon=True).start()
    try:
        yield
    finally:
        over.set()
        if late.is_set():
            raise TimeoutError
