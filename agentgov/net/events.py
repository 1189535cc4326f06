"""Reads server-sent events from one address, as long as they come (WHATWG HTML, section 9.2), and can be cut off.

Only what is needed of them: `data` and `id`. A line and an event are bounded; a stream that is silent for longer than
its heartbeats are apart is over. Coming back is the caller's.
"""

import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agentgov.net.cutting import cut
from agentgov.net.exchange import BrokenError, client_for

if TYPE_CHECKING:
    import httpx2

SILENCE = 45.0  # seconds; gates send a comment every 15
_CONNECT = 10.0
_MOST = 65_536  # bytes of one event


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `id` is the last one that was told."""

    data: str
    id: str


class Events:
    """One stream of events. `close` may be called from another thread, and ends it at once."""

    def __init__(self, url: str, headers: Mapping[str, str], *, plain: bool) -> None:
        self._url, self._headers, self._plain = url, {**headers, "accept": "text/event-stream"}, plain
        self._socket: socket.socket | None = None
        self._closed = False

    def __iter__(self) -> Iterator[Event]:
        """Every event until the stream ends. BrokenError where it never begins."""
        import httpx2

        timeout = httpx2.Timeout(SILENCE, connect=_CONNECT)
        with client_for(self._headers, plain=self._plain) as client:
            try:
                with client.stream("GET", self._url, timeout=timeout) as response:
                    if response.status_code != 200:
                        raise BrokenError(f"events are refused ({response.status_code})", sent=True)
                    self._socket = _socket_of(response)
                    if not self._closed:
                        yield from _events(response.iter_raw())
            except httpx2.HTTPError:
                return  # how it ended tells nothing: whoever listens comes back

    def close(self) -> None:
        """End it."""
        self._closed = True
        found = self._socket
        if found is not None:
            cut(found)


def _socket_of(response: "httpx2.Response") -> socket.socket | None:
    stream: Any = response.extensions.get("network_stream")
    found = stream.get_extra_info("socket") if stream is not None else None
    return found if isinstance(found, socket.socket) else None


def _events(raw: Iterator[bytes]) -> Iterator[Event]:
    rest, data, last, size = b"", list[str](), "", 0
    for piece in raw:
        *lines, rest = (rest + piece).split(b"\n")
        if len(rest) > _MOST:
            return
        for line in lines:
            name, _, value = line.rstrip(b"\r").decode("utf-8", "replace").partition(":")
            value = value.removeprefix(" ")
            size += len(line)
            if not name and not value:
                if data:
                    yield Event("\n".join(data), last)
                data, size = [], 0
            elif name == "data" and size <= _MOST:
                data.append(value)
            elif name == "id":
                last = value[:256]
