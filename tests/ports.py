"""Ports on loopback for servers that cannot choose one themselves, or come back at the one that they had."""

import os
import secrets
import socket
from contextlib import suppress
from itertools import count

# Below those that systems hand out by themselves, so that nobody gets one by chance while its server is away.
_FIRST, _EACH, _PROCESSES = 10_000, 1000, 22
_OURS = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _PROCESSES
_numbers = count(secrets.randbelow(_EACH))  # other runs beside this one begin elsewhere


def free_port() -> int:
    """A port that was free a moment ago, and that no other process of this run takes."""
    for _ in range(_EACH):
        port = _FIRST + _OURS * _EACH + next(_numbers) % _EACH
        with socket.socket() as one, suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")
