"""The program at a terminal of its own, and somebody who types.

    code, said = at_terminal(["rollback", AGENT, "--reason", "x"], cwd=clone, env=environment, types="y\\n")

Only the terminal is made for the test; the program is the real one.
"""

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from patience import PATIENCE

_ROOT = Path(__file__).resolve().parents[1]


def at_terminal(args: Sequence[str], *, cwd: Path, env: Mapping[str, str], types: str = "") -> tuple[int, str]:
    """The exit code, and everything that the terminal showed. What is typed waits until the program reads it."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "agentgov", *args]
    everything = {"TERM": "dumb", **env, "PYTHONPATH": str(_ROOT)}
    with subprocess.Popen(
        command, cwd=cwd, env=everything, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        try:
            os.write(ours, types.encode())
            said = _whole(ours)
            return process.wait(PATIENCE), said
        finally:
            process.kill()
            os.close(ours)


def _whole(terminal: int) -> str:
    """Everything up to the end of the program; it has to end."""
    out, end = b"", time.monotonic() + PATIENCE
    while select.select([terminal], [], [], max(end - time.monotonic(), 0))[0]:
        try:
            part = os.read(terminal, 65_536)
        except OSError:  # the other end is closed
            part = b""
        if not part:
            return out.decode().replace("\r\n", "\n")
        out += part
    raise AssertionError(f"it does not end; it said: {out.decode(errors='replace')}")
