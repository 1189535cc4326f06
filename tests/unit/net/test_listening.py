"""A small server on loopback, asked over real sockets by whoever means well, and by whoever does not."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from patience import PATIENCE, until

from agentgov.errors import ConfigurationError
from agentgov.net.listening import MOST, Answered, Head, Listening, parse_address


@dataclass
class Echo:
    """Takes bodies of at most a hundred bytes, and says how long they were."""

    heads: list[Head] = field(default_factory=list)
    bodies: list[bytes | None] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)

    def begin(self, head: Head) -> int | Answered:
        self.heads.append(head)
        if head.path == "/hold":
            self.hold.wait(PATIENCE)
        length = dict(head.headers).get("Content-Length", "")
        return int(length) if length.isdigit() and int(length) <= 100 else Answered(413, "large")

    def finish(self, head: Head, size: int, body: bytes | None) -> Answered:
        self.bodies.append(body)
        return Answered(400, "cut") if body is None else Answered(202, str(size)) if body else Answered(204)


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def port(echo: Echo) -> Iterator[int]:
    listening = Listening("127.0.0.1", 0, echo, longest=PATIENCE)
    with listening.serving():
        yield listening.port


def said(port: int, request: bytes, *, close: bool = False) -> bytes:
    """Everything that is answered to these bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(request)
        if close:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while part := connection.recv(65_536):
                answer += part
        except ConnectionResetError:
            pass
        return answer


def test_a_request_is_answered_and_the_connection_closed(echo: Echo, port: int) -> None:
    answer = said(port, b"POST /x?y=1 HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 5\r\n\r\nhello")
    assert answer.startswith(b"HTTP/1.0 202 ")
    assert answer.endswith(b"\r\n\r\n5")
    assert b"Python" not in answer
    assert (echo.heads[0].method, echo.heads[0].path, echo.bodies) == ("POST", "/x", [b"hello"])
    assert [value for name, value in echo.heads[0].headers if name == "X-A"] == ["1", "2"]


def test_an_empty_answer_has_no_body(port: int) -> None:
    answer = said(port, b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.0 204 ")
    assert answer.endswith(b"\r\n\r\n")


def test_what_follows_the_first_request_is_not_read(echo: Echo, port: int) -> None:
    said(port, b"POST / HTTP/1.1\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\naPOST / HTTP/1.1\r\n\r\n")
    assert len(echo.heads) == 1


def test_a_refused_head_costs_no_body(echo: Echo, port: int) -> None:
    assert said(port, b"POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n").startswith(b"HTTP/1.0 413 ")
    assert said(port, b"POST / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.0 413 ")
    assert echo.bodies == []


def test_a_body_in_chunks_is_refused_whatever_length_it_says(echo: Echo, port: int) -> None:
    request = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    assert said(port, request).startswith(b"HTTP/1.0 411 ")
    assert echo.heads == []


def test_a_body_that_is_cut_is_told_so(echo: Echo, port: int) -> None:
    said(port, b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhel", close=True)
    assert echo.bodies == [None]


@pytest.mark.parametrize(
    "request_",
    [
        b"",
        b"\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"POST / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1 \x00\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # somebody speaks TLS
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n",
        b"POST / HTTP/1.1\r\nA: " + b"a" * 70_000 + b"\r\n\r\n",
    ],
)
def test_what_is_no_request_reaches_nobody(echo: Echo, port: int, request_: bytes) -> None:
    answer = said(port, request_, close=True)
    assert answer == b"" or answer.split(b" ", 2)[1] in (b"400", b"414", b"431", b"505"), answer[:60]
    assert echo.heads == []


@pytest.mark.attack("W3")
def test_a_slow_request_is_cut_off(echo: Echo) -> None:
    listening = Listening("127.0.0.1", 0, echo, longest=0.3)
    with listening.serving(), socket.create_connection(("127.0.0.1", listening.port), timeout=PATIENCE) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhel")
        with suppress(ConnectionResetError):  # of what it had not read by then
            assert connection.recv(100) == b""
    assert echo.bodies in ([None], [])  # the latter where the machine was slower than all of it


@pytest.mark.attack("W3")
def test_more_connections_than_there_may_be_are_hung_up_on(echo: Echo, port: int) -> None:
    held = [socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) for _ in range(MOST)]
    for connection in held:
        connection.sendall(b"POST /hold HTTP/1.1\r\nContent-Length: 1\r\n\r\n")
    until(lambda: len(echo.heads) == MOST, "the last of them")
    assert said(port, b"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\na") == b""
    echo.hold.set()
    for connection in held:
        connection.close()
    until(
        lambda: said(port, b"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\na").startswith(b"HTTP/1.0 202 "), "an answer"
    )


def test_at_its_end_what_is_open_is_answered(echo: Echo) -> None:
    listening = Listening("127.0.0.1", 0, echo)
    answers: list[bytes] = []
    with listening.serving():
        request = b"POST /hold HTTP/1.1\r\nContent-Length: 1\r\n\r\na"
        asking = threading.Thread(target=lambda: answers.append(said(listening.port, request)))
        asking.start()
        until(lambda: echo.heads, "the request")
        threading.Timer(0.1, echo.hold.set).start()
    asking.join(PATIENCE)
    assert answers[0].startswith(b"HTTP/1.0 202 ")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", listening.port), timeout=PATIENCE)


def test_an_address_that_is_taken_or_elsewhere_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ConfigurationError, match="cannot listen"):
        Listening("127.0.0.1", taken.getsockname()[1], Echo())
    with pytest.raises(ConfigurationError, match="cannot listen"):
        Listening("192.0.2.1", 0, Echo())


def test_addresses() -> None:
    assert parse_address("127.0.0.1:8787") == ("127.0.0.1", 8787)
    assert parse_address("[::1]:0") == ("::1", 0)
    for text in ("", "8787", ":8787", "a:", "a:b", "a:65536", "a:-1", "a:٣"):
        with pytest.raises(ValueError, match="is no address"):
            parse_address(text)
