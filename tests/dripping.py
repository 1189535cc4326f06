"""Somebody who answers byte by byte, each of them in time, and is never done."""

import socketserver
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import cast

from serving import Threads, serving


class _Drips(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        with suppress(OSError):  # who has enough hangs up
            self.wfile.write(cast("_Listener", self.server).begin)
            for _ in range(100):
                self.wfile.write(b"2")
                time.sleep(0.1)


class _Listener(Threads, socketserver.TCPServer):
    begin = b""


@contextmanager
def dripping(begin: bytes) -> Iterator[int]:
    """The port at which it is."""
    with serving(_Listener(("127.0.0.1", 0), _Drips)) as server:
        server.begin = begin
        yield int(server.server_address[1])
