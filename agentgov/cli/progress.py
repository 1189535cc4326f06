"""One line on a terminal about work that takes longer than a second; nothing anywhere else."""

import os
import sys
import time

_PATIENCE = 1.0  # seconds before the first word
_PAUSE = 0.1  # seconds between two words


class Progress:
    """Says on stderr how far something is: `checking: 3,200 of 10,000 agents`; gone when it is done."""

    def __init__(self, doing: str, what: str) -> None:
        self._doing = doing
        self._what = what
        self._next = time.monotonic() + _PATIENCE
        self._shown = False
        self._terminal = sys.stderr.isatty() and os.environ.get("TERM", "") != "dumb"

    def tell(self, done: int, total: int) -> None:
        """Maybe say it: where a person is looking, and has waited for some time."""
        now = time.monotonic()
        if self._terminal and now >= self._next:
            self._next, self._shown = now + _PAUSE, True
            sys.stderr.write(f"\r\x1b[K{self._doing}: {done:,} of {total:,} {self._what}")
            sys.stderr.flush()

    def done(self) -> None:
        """Take the line away."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
