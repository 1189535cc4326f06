"""A server of a test ends with it: whoever comes later is refused, whoever is connected is cut, and no thread stays."""

import socket
import socketserver
import threading

import pytest
from patience import PATIENCE
from serving import Threads, serving


class Server(Threads, socketserver.TCPServer):
    """Tells somebody else what a connection says."""

    other = 0


class Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        server = self.server
        assert isinstance(server, Server)
        if said := self.request.recv(10):
            with server.connected(server.other) as other:
                other.sendall(said)
                other.recv(10)


def test_nothing_of_a_server_stays() -> None:
    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with serving(Server(("127.0.0.1", 0), Handler)) as server:
            server.other, address = silent.getsockname()[1], ("127.0.0.1", int(server.server_address[1]))
            idle, waits = (socket.create_connection(address, PATIENCE) for _ in range(2))
            waits.sendall(b"hello")
            silent.settimeout(PATIENCE)
            heard, _ = silent.accept()
            heard.settimeout(PATIENCE)
            assert heard.recv(10) == b"hello"
        with heard, idle, waits:
            assert [one.recv(10) for one in (heard, idle, waits)] == [b""] * 3
    assert set(threading.enumerate()) == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, PATIENCE)
