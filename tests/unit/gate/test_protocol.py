"""Connections to a real server that are slow in every way there is: each is over after a while, whoever waits."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import uvicorn
from patience import PATIENCE, until

from agentgov.gate import protocol
from agentgov.gate.asgi import read_body, send_body
from agentgov.gate.errors import RefusalError
from agentgov.gate.protocol import Protocol
from agentgov.net import asgi
from agentgov.net.asgi import Receive, Scope, Send

HEAD = b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /%s HTTP/1.1\r\nHost: x\r\n"
LARGE = 16 * 2**20  # bytes; more than any socket keeps


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the names of the headers, after the body where it is asked to read one."""
    if scope["path"] == "/large":
        await send_body(send, 200, b"x" * LARGE)
        return
    if scope["path"] == "/read":
        try:
            await read_body(scope, receive)
        except RefusalError as refusal:
            await send_body(send, refusal.status, b"", ((b"connection", b"close"),))
            return
    await send_body(send, 200, b" ".join(name for name, _ in scope["headers"]))


@contextmanager
def serving() -> Iterator[uvicorn.Server]:
    """A server in a thread. Who is idle is left alone for longer than any test waits."""
    config: dict[str, Any] = {"lifespan": "off", "log_config": None, "ws": "none"}
    server = uvicorn.Server(uvicorn.Config(app, port=0, http=Protocol, timeout_keep_alive=10 * PATIENCE, **config))
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
    thread.start()
    try:
        server.bound = listening.getsockname()  # type: ignore[attr-defined]
        yield server
    finally:
        server.should_exit = server.force_exit = True
        thread.join(PATIENCE)
        listening.close()


@pytest.fixture
def server() -> Iterator[uvicorn.Server]:
    """One that serves."""
    with serving() as found:
        yield found


def begun(server: uvicorn.Server, *parts: bytes) -> socket.socket:
    """A connection on which each of these parts was sent after an answer to the one before."""
    connection = socket.create_connection(server.bound, timeout=PATIENCE)  # type: ignore[attr-defined]
    for part in parts[:-1]:
        connection.sendall(part)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
    connection.sendall(parts[-1])
    return connection


def rest(connection: socket.socket) -> bytes:
    """All that comes until the server hangs up."""
    found = b""
    with connection:
        while piece := connection.recv(65_536):
            found += piece
    return found


NO_HEADS = [
    (b"",),
    (b"\r\n",),
    (b"GET / HTTP/1.1\r\nHost:",),
    (HEAD % b"", b"\r\n"),
    (HEAD % b"", b"GET / HTTP/1.1\r\nHost:"),
    (POST % b"" + b"Content-Length: 1000\r\n\r\n", b"what nobody asked for"),
]


@pytest.mark.attack("S1")
def test_who_sends_no_whole_head_is_hung_up_on(server: uvicorn.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "SLOWEST_HEAD", 1.0)
    assert [rest(one) for one in [begun(server, *parts) for parts in NO_HEADS]] == [b""] * len(NO_HEADS)


@pytest.mark.attack("S1")
def test_who_sends_no_whole_body_is_told_so(server: uvicorn.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi, "SLOWEST", 0.05)
    for body in (b"", b"x"):
        answer = rest(begun(server, POST % b"read" + b"Content-Length: 2\r\n\r\n" + body))
        assert answer.startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize("more", [b"", b"Connection: close\r\n"], ids=["kept", "closed"])
@pytest.mark.parametrize("asked", [1, 3])
@pytest.mark.attack("S1")
def test_who_reads_nothing_is_hung_up_on(
    server: uvicorn.Server, asked: int, more: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No matter whether the server still wanted the connection: what it wrote is not kept for ever."""
    monkeypatch.setattr(protocol, "SLOWEST_READER", 0.05)
    ending = b"\r\n" + more + b"\r\n"
    connection = begun(server, (HEAD % b"large").replace(b"\r\n\r\n", ending) * asked)
    until(lambda: server.server_state.total_requests, "that it is answered")
    until(lambda: not server.server_state.connections, "that it is hung up on")
    assert len(rest(connection)) < LARGE


def test_who_reads_slowly_gets_all_of_it(server: uvicorn.Server) -> None:
    with begun(server, HEAD % b"large") as connection:
        until(lambda: server.server_state.connections, "that it is connected")
        (one,) = server.server_state.connections
        assert isinstance(one, Protocol)
        until(lambda: one._stuck is not None, "that it waits for who reads")
        size = 0
        while size < LARGE:
            size += len(connection.recv(2**20))
        until(lambda: one._stuck is None, "that it waits no more")


def test_what_comes_after_a_body_is_no_header(server: uvicorn.Server) -> None:
    chunked = b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\nAuthorization: Bearer x\r\n\r\n"
    assert rest(begun(server, POST % b"read" + chunked)).endswith(b"host transfer-encoding connection")


CHUNKED = POST % b"read" + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"


@pytest.mark.parametrize(
    "begin",
    [
        b"",
        b"GET /",
        b"GET / HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\nHost: ",
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        HEAD % b"" + b"GET /",
        POST % b"read" + b"Transfer-Encoding: chunked\r\n\r\n2;",
        CHUNKED + b"0\r\n",
        CHUNKED + b"0\r\nHost: ",
    ],
)
@pytest.mark.parametrize("more", [b"x", b"\r\n", b"a: b\r\n"])
@pytest.mark.attack("S1")
def test_what_never_ends_is_not_kept(
    server: uvicorn.Server, begin: bytes, more: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However quickly it comes."""
    for module, name in ((protocol, "SLOWEST_HEAD"), (asgi, "SLOWEST")):
        monkeypatch.setattr(module, name, 10 * PATIENCE)
    with begun(server, begin) as connection, suppress(ConnectionError):
        for _ in range(20_000):
            connection.sendall(more * 1000)
        pytest.fail("all of it was taken")
