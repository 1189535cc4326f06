"""Do something every so many seconds until somebody stops it, and wait longer while the world is away.

A signal never interrupts what runs: the work asks `Stop` between two steps. A second signal does what it always does.
"""

import secrets
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from agentgov.cli.options import show
from agentgov.errors import AgentgovError
from agentgov.report.page import Page, Span

LONGEST = 300  # seconds between two tries while the world is away
INTERRUPTED = 130
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Whether somebody asked this process to end, and how: SIGTERM ends it well, SIGINT with 130."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self.code = 0

    def __call__(self) -> bool:
        """Whether to end at the next opportunity."""
        return self._asked.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep, or less when somebody asks to end; whether somebody did."""
        return self._asked.wait(seconds)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen to signals, one of each kind."""
        before = {int(number): signal.getsignal(number) for number in _SIGNALS}

        def heard(number: int, frame: FrameType | None) -> None:
            self.code = INTERRUPTED if number == signal.SIGINT else 0
            self._asked.set()
            signal.signal(number, before[number] or signal.SIG_DFL)

        for number in _SIGNALS:
            signal.signal(number, heard)
        try:
            yield
        finally:
            for kind, handler in before.items():
                signal.signal(kind, handler or signal.SIG_DFL)


def watch(work: Callable[[], object], seconds: int, stop: Stop) -> int:
    """Work every so many seconds until stopped; the exit code.

    What cannot be decided now, or is refused, is told and tried again later and later, up to every five minutes, with
    jitter. A wrong set-up ends the watch.
    """
    failures = 0
    while not stop():
        started = time.monotonic()
        try:
            work()
            failures = 0
        except AgentgovError as error:
            if error.exit_code == 2:
                raise
            failures += 1
            if not stop():
                hint = f" ({error.hint})" if error.hint else ""
                show(Page().line(Span("waiting ", "warn"), error.message, hint), err=True)
        spent = time.monotonic() - started
        stop.wait(pause_after(seconds, failures) if failures else max(seconds - spent, 0))
    return stop.code


def pause_after(seconds: int, failures: int) -> float:
    """Seconds until the next try after so many failures in a row: doubled each time, between half and all of it."""
    longest = min(seconds << min(failures, 20), max(seconds, LONGEST))
    return longest * (0.5 + secrets.randbelow(501) / 1000)
