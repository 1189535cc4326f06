"""Listens for small requests on one address, each answered by a function: one request a connection, all of it bounded.

Meant for loopback, behind a proxy that speaks TLS. What a request means is for the function to tell; a head that it
refuses costs no body. Slow, long and many connections are cut off; nothing of a request is logged here.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer
from typing import Any, Protocol

from agentgov.errors import ConfigurationError

MOST = 32  # connections at a time
_SILENCE = 10.0  # seconds without a byte
_LONGEST = 30.0  # seconds of a connection, whatever it does
_CHUNK = _LINE = 65_536
_TICK = 0.5  # seconds between two looks at what lasts too long


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a request: the path has no query; headers are as they came, in order."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """A status, and a text."""

    status: int
    text: str = ""
    content_type: str = "text/plain; charset=utf-8"


class Answering(Protocol):
    """Who answers."""

    def begin(self, head: Head) -> int | Answered:
        """How many bytes of a body to read, or the answer without reading it."""

    def finish(self, head: Head, size: int, body: bytes | None) -> Answered:
        """The answer; None as body where it did not come whole. Called once for each size that `begin` gave."""


class Listening:
    """A server on one address."""

    def __init__(self, host: str, port: int, answering: Answering, *, longest: float = _LONGEST) -> None:
        self._server = _server(host, port, answering, longest)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """Serve beside whatever is done meanwhile; at the end no connection is taken, and those that are open are
        answered."""
        thread = threading.Thread(target=self._server.serve_forever, args=(_TICK / 5,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()
            self._server.drain()


def parse_address(text: str) -> tuple[str, int]:
    """Host and port of `127.0.0.1:8787` or `[::1]:8787`; ValueError where it is none."""
    host, colon, port = text.rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise ValueError(f"{text!r} is no address: write HOST:PORT, such as 127.0.0.1:8787")
    return host, int(port)


def _server(host: str, port: int, answering: Answering, longest: float) -> "_Server":
    try:
        (family, _, _, _, address), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return _Server(family, address[:2], answering, longest)
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "it is no address of this machine"
        raise ConfigurationError(
            f"cannot listen on {host}:{port}: {why}", "choose another: --listen HOST:PORT"
        ) from None


class _Server(TCPServer):
    """One thread for each connection, no more than there may be."""

    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, family: int, address: Any, answering: Answering, longest: float) -> None:
        self.address_family = family
        self.answering, self._longest = answering, longest
        self._open: dict[socket.socket, tuple[float, threading.Thread]] = {}
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, or hang up where there are too many."""
        thread = threading.Thread(target=self._answer, args=(request, client_address), daemon=True)
        with self._lock:
            full = len(self._open) >= MOST
            if not full:
                self._open[request] = (time.monotonic(), thread)
                thread.start()
        if full:
            self.shutdown_request(request)

    def service_actions(self) -> None:
        """Cut off what lasts too long."""
        now = time.monotonic()
        with self._lock:
            late = [request for request, (since, _) in self._open.items() if now - since > self._longest]
        for request in late:
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke off is nobody's error."""

    def drain(self) -> None:
        """Wait for the connections that are open, as long as one may last."""
        until = time.monotonic() + self._longest
        with self._lock:
            threads = [thread for _, thread in self._open.values()]
        for thread in threads:
            thread.join(max(until - time.monotonic(), 0))

    def _answer(self, request: Any, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except Exception:
            self.handle_error(request, client_address)
        finally:
            self.shutdown_request(request)
            with self._lock:
                self._open.pop(request, None)


class _Handler(BaseHTTPRequestHandler):
    """Reads one request and writes one answer."""

    server: _Server
    timeout = _SILENCE
    server_version, sys_version = "agentgov", ""

    def handle(self) -> None:
        """Answer one request; what it is, the function judges."""
        self.raw_requestline = self.rfile.readline(_LINE + 1)
        if len(self.raw_requestline) > _LINE:
            self.requestline, self.command = "", ""
            self.send_error(414)
        elif self.raw_requestline and self.parse_request():
            self._write(self._answered())

    def _answered(self) -> Answered:
        head = Head(self.command, self.path.partition("?")[0], tuple(self.headers.items()))
        if "transfer-encoding" in self.headers:
            return Answered(411, "length")
        size = self.server.answering.begin(head)
        if isinstance(size, Answered):
            return size
        body: bytes | None = None
        try:
            body = self._body(size)
        finally:
            answered = self.server.answering.finish(head, size, body)
        return answered

    def _body(self, size: int) -> bytes | None:
        body = bytearray()
        while len(body) < size:
            part = self.rfile.read1(min(_CHUNK, size - len(body)))
            if not part:
                return None
            body += part
        return bytes(body)

    def _write(self, answered: Answered) -> None:
        text = answered.text.encode()
        self.send_response(answered.status)
        self.send_header("Content-Type", answered.content_type)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        if answered.status != 204:
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if answered.status != 204:
            self.wfile.write(text)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the base class refuses, in the same few words."""
        self.request_version = "HTTP/1.0"  # also to whoever speaks none
        self._write(Answered(int(code), "bad"))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        """Nothing: what comes from strangers is told by who judges it."""
