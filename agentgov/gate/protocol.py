"""Connections within limits: a head that is too long or takes too long ends them, and so does saying nothing.

The HTTP of uvicorn (httptools) bounds neither; everything else about it is as it is.
"""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LONGEST_HEAD = 32 * 1024  # bytes of a head, or of what follows a body that nobody asked for
MOST_HEADERS = 64
SLOWEST_HEAD = 10.0  # seconds from the first byte, or from the connection, to the end of a head


class _Together:
    """A transport that writes what is written in one turn of the loop at once: an answer is one packet, not two."""

    __slots__ = ("_held", "_inner", "_loop")

    def __init__(self, inner: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._inner, self._loop = inner, loop
        self._held: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Write soon."""
        if not self._held:
            self._loop.call_soon(self._flush)
        self._held.append(data)

    def close(self) -> None:
        """Close, once all is written."""
        self._flush()
        self._inner.close()

    def _flush(self) -> None:
        if self._held:
            held, self._held = self._held, []
            self._inner.write(b"".join(held))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class Protocol(HttpToolsProtocol):
    """One connection."""

    _head = 0
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody is there, and has so long to say something."""
        super().connection_made(cast(asyncio.Transport, _Together(transport, self.loop)))
        self._late = self.loop.call_later(SLOWEST_HEAD, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there."""
        self._hurry_no_more()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._head = 0
        if self._late is None:
            self._late = self.loop.call_later(SLOWEST_HEAD, self._give_up)

    def on_url(self, url: bytes) -> None:
        """A part of the path."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._count(len(name) + len(value))
        if len(self.headers) >= MOST_HEADERS:
            raise ValueError("too many headers")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._hurry_no_more()
        super().on_headers_complete()

    def _count(self, size: int) -> None:
        self._head += size
        if self._head > LONGEST_HEAD:
            raise ValueError("the head is too long")  # the parser turns it into a bad request

    def _hurry_no_more(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        self._late = None
        if not self.transport.is_closing():
            self.transport.close()
