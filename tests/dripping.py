"""Somebody who answers byte by byte, each of them in time, and is never done."""

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import cast

from patience import PATIENCE


class _Drips(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        with suppress(OSError):  # who has enough hangs up
            self.wfile.write(cast("_Listener", self.server).begin)
            for _ in range(100):
                self.wfile.write(b"2")
                time.sleep(0.1)


class _Listener(socketserver.ThreadingTCPServer):
    daemon_threads, block_on_close = True, False
    begin = b""


@contextmanager
def dripping(begin: bytes) -> Iterator[int]:
    """The port at which it is."""
    with _Listener(("127.0.0.1", 0), _Drips) as server:
        server.begin = begin
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join(PATIENCE)
