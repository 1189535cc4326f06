"""A server on loopback that answers as told and fails as told: real sockets, real HTTP/1.1, no product code.

    server = FakeServer(lambda request: Reply(200, {"id": 1}))
    with server.serve():
        server.faults.add("503", match="GET /repos/*", times=2)
        ...  # talk to server.url
    server.requests  # everything that was asked, in order

What the answering function raises, and every offence that it notes, fails the test when the server is closed.
"""

import gzip
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from serving import ThreadedHTTPServer, serving

_STEP = 0.05  # seconds between two bytes of a slow answer
_BOMB = 64 * 1024 * 1024  # bytes that a bomb unpacks to


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked. Header names are in lower case, `path` is decoded, `query` holds the last value of each name."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    raw_path: str = ""

    @property
    def line(self) -> str:
        """Method and path, for matching and for people."""
        return f"{self.method} {self.path}"

    def json(self) -> Any:
        """The body as JSON; None where there is none."""
        return json.loads(self.body) if self.body else None


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered: a value is sent as JSON, bytes as they are, None as an empty body."""

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """The body's bytes."""
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(slots=True)
class Fault:
    """One way to fail. `match` is a pattern over method and path, `page` and `number` narrow it further.

    `number` counts requests from one on since the faults were last cleared.
    """

    kind: str
    match: str = "*"
    page: int | None = None
    number: int | None = None
    times: int = 1
    retry_after: int | None = None
    reply: Reply | None = None

    def meets(self, request: Request, number: int) -> bool:
        """Whether it befalls this request."""
        asked = int(request.query.get("page", "1")) if request.query.get("page", "1").isdigit() else 1
        here = fnmatchcase(request.line, self.match) and self.page in (None, asked)
        return self.times > 0 and here and self.number in (None, number)


class Faults:
    """What is to go wrong, each as often as it says; the first that fits is taken.

    Kinds: a status ("500", "429"); "secondary" and "limited" (403, as GitHub limits); before anything is done: "reset",
    "hang" (no answer at all); after it was done: "lost" (no answer comes back), "unsized" (it ends with the
    connection), "cut-half", "slow", "html", "not-json", "empty", "huge" (21 MiB), "bomb" (gzip); "reply" answers with
    what is given.
    """

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()
        self.seen = 0

    def add(self, kind: str, match: str = "*", **words: Any) -> Self:
        """One more fault; see `Fault` for the words."""
        with self._lock:
            self._waiting.append(Fault(kind, match, **words))
        return self

    def clear(self) -> None:
        """Nothing goes wrong any more, and requests are counted from one again."""
        with self._lock:
            self._waiting.clear()
            self.seen = 0

    @property
    def left(self) -> tuple[Fault, ...]:
        """The faults that did not happen yet."""
        return tuple(fault for fault in self._waiting if fault.times > 0)

    def take(self, request: Request) -> Fault | None:
        """The fault that befalls a request, which is used up by it."""
        with self._lock:
            self.seen += 1
            for fault in self._waiting:
                if fault.meets(request, self.seen):
                    fault.times -= 1
                    return fault
        return None


_AFTER = {"lost", "unsized", "cut-half", "slow", "html", "not-json", "empty", "huge", "bomb"}


def _instead(fault: Fault, now: float) -> Reply:
    """The answer of a fault that keeps the request from being done."""
    waits = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
    if fault.kind == "reply":
        assert fault.reply is not None
        return fault.reply
    if fault.kind == "secondary":
        message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
        return Reply(403, {"message": message, "documentation_url": "https://docs.github.com/rest"}, waits)
    if fault.kind == "limited":
        reset = str(int(now) + (60 if fault.retry_after is None else fault.retry_after))
        headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
        return Reply(403, {"message": "API rate limit exceeded for user ID 1."}, headers)
    return Reply(int(fault.kind), {"message": HTTPStatus(int(fault.kind)).phrase}, waits)


def _spoilt(fault: Fault, reply: Reply) -> Reply:
    """An answer after the request was done, with something in it that was not meant."""
    headers = dict(reply.headers)
    match fault.kind:
        case "html":
            return Reply(200, b"<!doctype html><title>Sign in</title>", {**headers, "content-type": "text/html"})
        case "not-json":
            return Reply(reply.status, reply.encoded()[:-1] or b"{", headers)
        case "empty":
            return Reply(reply.status, b"", headers)
        case "huge":
            return Reply(reply.status, b'["' + b"a" * (21 * 1024 * 1024) + b'"]', headers)
        case "bomb":
            return Reply(reply.status, gzip.compress(b" " * _BOMB, 1), {**headers, "content-encoding": "gzip"})
    return reply


class FakeServer:
    """Answers on 127.0.0.1 with a function of the request. `url` is where; `now` is the clock of its limits."""

    def __init__(self, answer: Callable[[Request], Reply], *, now: Callable[[], float] = time.time) -> None:
        self._answer, self._now = answer, now
        self.faults = Faults()
        self.requests: list[Request] = []
        self.offences: list[str] = []
        self.url = ""
        self.closing = threading.Event()
        self._meanwhile: list[tuple[str, Callable[[], object]]] = []
        self._one = threading.Lock()

    @contextmanager
    def serve(self) -> Iterator[Self]:
        """Listen until the block ends; then every offence is an error."""
        with serving(_Listener(self)) as server:
            self.url = f"http://127.0.0.1:{server.server_port}"
            try:
                yield self
            finally:
                self.closing.set()
        assert not self.offences, "\n".join(self.offences)

    def meanwhile(self, match: str, happens: Callable[[], object]) -> None:
        """Let something happen once, right after the next request that matches was answered."""
        self._meanwhile.append((match, happens))

    def known_as(self, request: Request) -> Request:
        """The request under the name by which faults know it."""
        return request

    def answer(self, request: Request) -> tuple[Reply, Fault | None]:
        """What to send, and the fault to send it with. One request is answered at a time."""
        with self._one:
            self.requests.append(request)
            fault = self.faults.take(self.known_as(request))
            if fault is not None and fault.kind not in _AFTER:
                return (Reply() if fault.kind in ("reset", "hang") else _instead(fault, self._now())), fault
            try:
                reply = self._answer(request)
            except Exception as error:
                self.offences.append(f"{request.line}: {type(error).__name__}: {error}")
                reply = Reply(500, {"message": "the fake does not know how to answer this"})
            line = self.known_as(request).line
            waiting = next((one for one in self._meanwhile if fnmatchcase(line, one[0])), None)
            if waiting is not None:
                self._meanwhile.remove(waiting)
                waiting[1]()
            return (_spoilt(fault, reply) if fault is not None else reply), fault


class _Listener(ThreadedHTTPServer):
    """A server that knows for whom it listens."""

    def __init__(self, fake: FakeServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.fake = fake


class _Handler(BaseHTTPRequestHandler):
    """Bytes of one connection: reads requests, sends replies, and breaks off where a fault says so."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 600

    @property
    def fake(self) -> FakeServer:
        """For whom this answers."""
        assert isinstance(self.server, _Listener)
        return self.server.fake

    def finish(self) -> None:
        for file in (self.wfile, self.rfile):  # what is left to write may find nobody, and then both are closed still
            with suppress(OSError):
                file.close()

    def handle(self) -> None:
        with suppress(OSError):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the standard library
        pass

    def serve_request(self) -> None:
        """One request and what comes back."""
        reply, fault = self.fake.answer(self._request())
        kind = fault.kind if fault is not None else ""
        if kind == "hang":
            self.fake.closing.wait(self.timeout)
        if kind in ("reset", "lost", "hang"):
            self._reset()
        else:
            self._send(reply, kind)

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        return Request(self.command, unquote(parts.path), query, headers, body, parts.path)

    def _send(self, reply: Reply, kind: str) -> None:
        body = reply.encoded()
        self.send_response(reply.status)
        for name, value in ({"content-type": "application/json; charset=utf-8"} | dict(reply.headers)).items():
            self.send_header(name, value)
        if kind == "unsized":
            self.send_header("connection", "close")
        elif reply.status not in (204, 304):
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        if kind == "cut-half":
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        elif kind == "slow":
            self._dribble(body)
        elif self.command != "HEAD" and reply.status not in (204, 304):
            self.wfile.write(body)

    def _dribble(self, body: bytes) -> None:
        for place in range(len(body)):
            self.wfile.write(body[place : place + 1])
            self.wfile.flush()
            if self.fake.closing.wait(_STEP):
                break

    def _reset(self) -> None:
        linger = struct.pack("ii", 1, 0)  # close at once: the other side sees a reset
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True


for _method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"):
    setattr(_Handler, f"do_{_method}", _Handler.serve_request)
