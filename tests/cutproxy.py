"""A proxy on loopback that passes HTTP requests on to a gate, and cuts the connections of those that it is told to cut.

    with CutProxy(gate.port) as proxy:
        proxy.cut("/actions", "unanswered")
        ...  # the next request to a path with that in it is done by the gate, and who asked at proxy.url hears nothing

Ways to cut, all of which look alike from where the request was sent: `before` the gate hears of it, after `half` of it,
when it is `sent` and the answer is not there yet, `unanswered` when it is, and `torn` in the middle of the answer.
"""

import socket
import socketserver
import threading
from contextlib import ExitStack, suppress
from typing import Literal, Self, cast

from serving import Threads, serving

How = Literal["before", "half", "sent", "unanswered", "torn"]


class CutProxy:
    """The proxy, from `with` to its end."""

    def __init__(self, port: int) -> None:
        self._port, self._lock = port, threading.Lock()
        self._cuts: list[tuple[str, How]] = []
        self._served, self.url = ExitStack(), ""

    def __enter__(self) -> Self:
        server = self._served.enter_context(serving(_Listener(self)))
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        self._served.close()

    def cut(self, path: str, how: How, times: int = 1) -> None:
        """Cut the next requests to paths with this in them."""
        with self._lock:
            self._cuts += [(path, how)] * times

    @property
    def left(self) -> int:
        """How many are still to be cut."""
        return len(self._cuts)

    def serve(self, client: socket.socket, server: Threads) -> None:
        """One connection, to its end."""
        with suppress(OSError), server.connected(self._port) as gate:
            while (request := _message(client)) and self._passed(request, client, gate):
                pass

    def _passed(self, request: bytes, client: socket.socket, gate: socket.socket) -> bool:
        """Whether a request was passed on and its answer passed back, and the connection goes on."""
        how = self._way(request.split(b" ", 2)[1].decode())
        if how == "before":
            return False
        gate.sendall(request if how != "half" else request[: len(request) // 2])
        if how == "half":
            return False
        if how == "sent":
            client.shutdown(socket.SHUT_RDWR)
        answer = _message(gate)
        if how == "unanswered":
            return False
        client.sendall(answer if how != "torn" else answer[: len(answer) // 2])
        return how is None

    def _way(self, path: str) -> How | None:
        with self._lock:
            found = next((one for one in self._cuts if one[0] in path), None)
            if found is not None:
                self._cuts.remove(found)
        return found[1] if found is not None else None


class _Listener(Threads, socketserver.TCPServer):
    """A server that knows for whom it listens."""

    def __init__(self, proxy: CutProxy) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy = proxy


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        server = cast(_Listener, self.server)
        server.proxy.serve(self.request, server)


def _message(of: socket.socket) -> bytes:
    """One request or answer, whole; b"" where the connection is over."""
    found = b""
    while b"\r\n\r\n" not in found:
        piece = of.recv(65_536)
        if not piece:
            return b""
        found += piece
    head, _, body = found.partition(b"\r\n\r\n")
    sizes = [line.partition(b":")[2] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    left = (int(sizes[0]) if sizes else 0) - len(body)
    while left > 0:
        piece = of.recv(65_536)
        found, left = found + piece, left - len(piece) if piece else 0
    return found
