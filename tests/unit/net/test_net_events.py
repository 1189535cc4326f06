"""Events are read as the standard says, bounded, and a stream can be cut off from another thread."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from patience import PATIENCE
from serving import Threads, serving

from agentgov.net.address import parse_base
from agentgov.net.asking import Asking
from agentgov.net.events import Event, Events
from agentgov.net.exchange import BrokenError

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"


@contextmanager
def served(answer: bytes, *, stays: bool = False, keeps: bool = False) -> Iterator[str]:
    """A server that answers everybody with these bytes, and hangs up unless it stays, or keeps each connection for the
    requests that follow."""
    over = threading.Event()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline():
                while self.rfile.readline().strip():
                    pass
                self.wfile.write(answer)
                self.wfile.flush()
                if not keeps:
                    break
            if stays:
                over.wait(PATIENCE)

    class Server(Threads, socketserver.TCPServer):
        pass

    with serving(Server(("127.0.0.1", 0), Handler)) as server:
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            over.set()


def test_events_are_read_as_the_standard_says() -> None:
    body = b": hello\nretry: 5\n\nid: 1\ndata: a\ndata: b\r\n\r\nevent: message\ndata:c\n\nid: 2\n\ndata: never ended"
    with served(HEAD + body) as url:
        assert list(Events(url, {}, plain=True)) == [Event("a\nb", "1"), Event("c", "1")]


def test_a_line_without_an_end_is_not_kept() -> None:
    with served(HEAD + b"data: " + b"x" * 1_000_000) as url:
        assert list(Events(url, {}, plain=True)) == []


def test_what_is_refused_is_told() -> None:
    refusal = b"HTTP/1.1 429 Too Many\r\ncontent-length: 0\r\n\r\n"
    with served(refusal) as url, pytest.raises(BrokenError, match="429"):
        list(Events(url, {}, plain=True))


def test_a_stream_is_cut_off_from_another_thread() -> None:
    with served(HEAD + b"data: first\n\n", stays=True) as url:
        events = Events(url, {}, plain=True)
        found = []
        cutting = threading.Thread(target=events.close)
        for event in events:
            found.append(event.data)
            cutting.start()
        cutting.join(PATIENCE)
        assert found == ["first"]


def test_many_threads_ask_at_once_and_connections_are_kept() -> None:
    with served(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", keeps=True) as url:
        asking = Asking(parse_base(url), {}, clock=lambda: 0.0, other="the gate")
        answers: list[bytes] = []
        threads = [
            threading.Thread(target=lambda: answers.append(asking.ask("GET", "/", seconds=PATIENCE).body))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert answers == [b"ok"] * 8
