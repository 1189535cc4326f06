"""Who is late is cut off while nobody talks through that connection for something else, and not while it reads TLS."""

import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from patience import PATIENCE
from tlsworld import certificate

from agentgov.net.cutting import at_most, cut


def test_nothing_is_cut_once_it_is_over() -> None:
    ours, theirs = socket.socketpair()
    asked, answers = threading.Event(), threading.Event()

    def connection() -> socket.socket:
        asked.set()
        answers.wait(PATIENCE)
        return ours

    answering = threading.Timer(0.1, answers.set)

    def wait() -> None:
        with at_most(0.01, connection):
            assert asked.wait(PATIENCE)
            answering.start()

    with ours, theirs:
        theirs.settimeout(0)
        with pytest.raises(TimeoutError):
            wait()
        assert theirs.recv(1) == b"", "it is cut before whoever was late goes on"
        answering.join()


def test_who_reads_from_a_connection_that_is_cut_reads_nothing_encrypted(tmp_path: Path) -> None:
    here = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    here.load_cert_chain(certificate(tmp_path, "127.0.0.1"))
    there = ssl.create_default_context(cafile=tmp_path / "server.pem")
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as beside:
        plain = socket.create_connection(listening.getsockname(), PATIENCE)
        heard, _ = listening.accept()
        serving = beside.submit(here.wrap_socket, heard, server_side=True)
        with there.wrap_socket(plain, server_hostname="127.0.0.1") as reading, serving.result(PATIENCE) as said:
            said.sendall(b"one")
            assert reading.recv(100) == b"one"
            said.sendall(b"two")
            cut(reading)
            assert reading.recv(100) == b"two"
