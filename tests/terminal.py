"""The program at a terminal of its own, and somebody who types.

    code, said = at_terminal(["rollback", AGENT, "--reason", "x"], cwd=clone, env=environment, types="y\\n")

Only the terminal is made for the test; the program is the real one.
"""

import os
import pty
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from patience import PATIENCE

_ROOT = Path(__file__).resolve().parents[1]


def at_terminal(args: Sequence[str], *, cwd: Path, env: Mapping[str, str], types: str = "") -> tuple[int, str]:
    """The exit code, and everything that the terminal showed. What is typed waits until the program reads it."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "agentgov", *args]
    everything = {**env, "PYTHONPATH": str(_ROOT), "TERM": "dumb"}
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
    out = b""
    while True:
        try:
            part = os.read(terminal, 65_536)
        except OSError:  # the other end is closed
            part = b""
        if not part:
            return out.decode().replace("\r\n", "\n")
        out += part
