"""The program at a terminal of its own, and somebody who types.

    code, said = at_terminal(["rollback", AGENT, "--reason", "x"], cwd=clone, env=environment, types="y\\n")

    with terminal(["status", "--watch"], cwd=clone, env=environment) as screen:
        screen.until("2 agents")
        screen.types("q")
        assert screen.end() == 0

Only the terminal is made for the test; the program is the real one.
"""

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from patience import PATIENCE

_ROOT = Path(__file__).resolve().parents[1]


class Terminal:
    """A program that runs at a terminal of its own, and what the terminal showed so far."""

    def __init__(self, process: "subprocess.Popen[bytes]", ours: int) -> None:
        self._process, self._ours, self._out = process, ours, b""

    @property
    def said(self) -> str:
        return self._out.decode(errors="replace").replace("\r\n", "\n")

    def types(self, keys: str) -> None:
        """Type; it waits until the program reads it."""
        os.write(self._ours, keys.encode())

    def until(self, text: str) -> None:
        """Wait until the terminal shows a text that it did not show before; it has to."""
        before, end = self.said.count(text), time.monotonic() + PATIENCE
        while self.said.count(text) == before:
            assert self._more(), f"it ended and never said {text!r}: {self.said}"
            assert time.monotonic() < end, f"it does not say {text!r}: {self.said}"

    def end(self) -> int:
        """The exit code; it has to end."""
        while self._more():
            pass
        return self._process.wait(PATIENCE)

    def _more(self) -> bool:
        """Take what is shown next; whether anything was."""
        if not select.select([self._ours], [], [], PATIENCE)[0]:
            raise AssertionError(f"it does not end; it said: {self.said}")
        try:
            part = os.read(self._ours, 65_536)
        except OSError:  # the other end is closed
            part = b""
        self._out += part
        return bool(part)


@contextmanager
def terminal(args: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> Iterator[Terminal]:
    """The program at a terminal, killed at the end where it still runs."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "agentgov", *args]
    everything = {"TERM": "dumb", **env, "PYTHONPATH": str(_ROOT)}
    with subprocess.Popen(
        command, cwd=cwd, env=everything, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        try:
            yield Terminal(process, ours)
        finally:
            process.kill()
            os.close(ours)


def at_terminal(args: Sequence[str], *, cwd: Path, env: Mapping[str, str], types: str = "") -> tuple[int, str]:
    """The exit code, and everything that the terminal showed. What is typed waits until the program reads it."""
    with terminal(args, cwd=cwd, env=env) as screen:
        screen.types(types)
        return screen.end(), screen.said
