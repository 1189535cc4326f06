"""Connections within limits: whoever sends too long a head or too slowly is hung up on, who says or reads nothing, and
who comes when there are too many.

The HTTP of uvicorn (httptools) bounds none of them; everything else about it is as it is, but for trailers: what comes
after a body is no header of the request, and is passed over.
"""

import asyncio
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from agentgov.gate.open_files import told_beside

LONGEST_HEAD = 32 * 1024  # bytes of a head, or of what follows a body that nobody asked for
MOST_HEADERS = 64
_MOST_UNFINISHED = LONGEST_HEAD + 4096  # with what stands between headers
SLOWEST_HEAD = 10.0  # seconds from the first byte, or from the connection, to the end of a head
SLOWEST_READER = 30.0  # seconds that what was written may wait for who reads to take some of it


class _Together:
    """A transport that writes what is written in one turn of the loop at once: an answer is one packet, not two."""

    __slots__ = ("_held", "_inner", "_loop", "_wait")

    def __init__(
        self, inner: asyncio.Transport, loop: asyncio.AbstractEventLoop, wait: Callable[[], None] = lambda: None
    ) -> None:
        self._inner, self._loop, self._wait = inner, loop, wait
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
        if self._inner.get_write_buffer_size():
            self._wait()

    def _flush(self) -> None:
        if self._held:
            held, self._held = self._held, []
            self._inner.write(b"".join(held))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class Protocol(HttpToolsProtocol):
    """One connection."""

    _head = 0
    _unfinished = 0  # bytes since anything was whole: a line that never ends is told to nobody, and kept
    _is_body = False
    _late: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody is there, and has so long to say something."""
        super().connection_made(cast(asyncio.Transport, _Together(transport, self.loop, self.pause_writing)))
        most = self.limit_concurrency
        if most is not None and len(self.connections) > most + told_beside(most):
            transport.abort()  # each is a file, and the gate needs some for itself
            return
        self._late = self.loop.call_later(SLOWEST_HEAD, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there."""
        self._hurry_no_more()
        super().connection_lost(exc)  # resumes writing, too

    def data_received(self, data: bytes) -> None:
        """Bytes. Those that come while nothing is answered are the beginning of a head, whatever they are: an empty
        line, or what is left of a body that nobody wanted."""
        if self._late is None and self.cycle.response_complete:  # before the first request it is late already
            self._late = self.loop.call_later(SLOWEST_HEAD, self._give_up)
        self._unfinished += len(data)
        super().data_received(data)
        if self._unfinished > _MOST_UNFINISHED:
            self._give_up()

    def pause_writing(self) -> None:
        """Who reads is slow."""
        if self._stuck is None:
            self._stuck = self.loop.call_later(SLOWEST_READER, self.transport.abort)
        super().pause_writing()

    def resume_writing(self) -> None:
        """Who reads goes on."""
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None
        super().resume_writing()

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._head, self._is_body = 0, False
        if self._late is None:
            self._late = self.loop.call_later(SLOWEST_HEAD, self._give_up)

    def on_url(self, url: bytes) -> None:
        """A part of the path."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header, or trailer."""
        self._count(len(name) + len(value))
        if self._is_body:
            return
        if len(self.headers) >= MOST_HEADERS:
            raise ValueError("too many headers")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._is_body, self._unfinished = True, 0
        self._hurry_no_more()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._unfinished = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._unfinished = 0
        super().on_message_complete()

    def _count(self, size: int) -> None:
        self._head += size
        if self._head > LONGEST_HEAD:
            raise ValueError("the head is too long")  # the parser turns it into a bad request

    def _hurry_no_more(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        self._hurry_no_more()
        if not self.transport.is_closing():
            self.transport.close()
