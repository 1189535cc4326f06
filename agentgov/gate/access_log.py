"""One line of JSON for each request: what, who, how it ended, how long it took. Never a token, a query or a body."""

import asyncio
import sys
from typing import TextIO

import msgspec

_EVERY = 0.2  # seconds that lines may wait for others
_MOST = 512  # lines that wait


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request that was answered; `time` in epoch milliseconds."""

    time: int
    id: str
    method: str
    path: str
    status: int
    ms: float
    client: str = ""
    caller: str = ""
    rule: str = ""


class AccessLog:
    """Writes lines a few at a time, so that a request does not wait for a pipe."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._lines: list[bytes] = []
        self._encode = msgspec.json.Encoder().encode
        self._due: asyncio.TimerHandle | None = None

    def add(self, line: Line) -> None:
        """Tell of one request."""
        self._lines.append(self._encode(line))
        if len(self._lines) >= _MOST:
            self.flush()
        elif self._due is None:
            self._due = asyncio.get_running_loop().call_later(_EVERY, self.flush)

    def flush(self) -> None:
        """Write what waits."""
        if self._due is not None:
            self._due.cancel()
            self._due = None
        if self._lines:
            self._stream.write(b"\n".join(self._lines).decode() + "\n")
            self._stream.flush()
            self._lines.clear()
