"""Servers of tests, in threads that end with them: what one test leaves running does harm to the next.

class Server(Threads, HTTPServer): ...

with serving(Server(("127.0.0.1", 0), Handler)) as server:
    ...  # talk to server.server_address
"""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import HTTPServer
from typing import Any, TypeVar

from patience import PATIENCE

_S = TypeVar("_S", bound=socketserver.BaseServer)


@contextmanager
def serving(server: _S) -> Iterator[_S]:
    """Serve in a thread until the block ends, and close the server."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join(PATIENCE)
        server.server_close()
        assert not thread.is_alive(), "the server serves on"


class Threads(socketserver.ThreadingMixIn):
    """A thread for each connection. Whoever closes the server cuts all that is open, and waits for every thread.

    A socket is closed by nobody while another thread may wait at it: the kernel goes on at the number, which may belong
    to another socket by then. It is shut down, and its own thread closes it.
    """

    daemon_threads = True  # one that hangs fails the test, and keeps no process from ending

    def __init__(self, *args: Any, **words: Any) -> None:
        self._lock, self._over = threading.Lock(), False
        self._open: set[socket.socket] = set()
        self._working: list[threading.Thread] = []
        super().__init__(*args, **words)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin a thread."""
        words: dict[str, Any] = {"name": f"connection of {threading.current_thread().name}", "daemon": True}
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address), **words)
        self.opened(request)
        thread.start()
        self._working = [one for one in self._working if one.is_alive()] + [thread]

    def opened(self, connection: socket.socket) -> None:
        """A socket that is to be cut when the server is closed."""
        with self._lock:
            self._open.add(connection)
            if self._over:
                _cut(connection)

    def closed(self, connection: socket.socket) -> None:
        """A socket that is about to be closed by its own thread."""
        with self._lock:
            self._open.discard(connection)

    def shutdown_request(self, request: Any) -> None:
        """At the end of a thread."""
        self.closed(request)
        super().shutdown_request(request)  # type: ignore[misc]

    @contextmanager
    def connected(self, port: int) -> Iterator[socket.socket]:
        """A connection of a thread to somebody else on loopback."""
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as found:
            self.opened(found)
            try:
                yield found
            finally:
                self.closed(found)

    def server_close(self) -> None:
        """After `shutdown`: nobody is heard any more, and no thread is left."""
        super().server_close()
        with self._lock:
            self._over = True
            for connection in self._open:
                _cut(connection)
        for thread in self._working:
            thread.join(PATIENCE)
        assert not any(thread.is_alive() for thread in self._working), "a connection is served on"


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):  # the other side hung up
        connection.shutdown(socket.SHUT_RDWR)


class ThreadedHTTPServer(Threads, HTTPServer):
    """What `http.server` has, with threads that end."""
