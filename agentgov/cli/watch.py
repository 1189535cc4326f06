"""Do something every so many seconds until somebody stops it, and wait longer while the world is away.

A signal never interrupts what runs: the work asks `Stop` between two steps. A second signal does what it always does.
"""

import os
import secrets
import select
import signal
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from agentgov.cli.options import show
from agentgov.errors import AgentgovError
from agentgov.report.page import Page, Span

LONGEST = 300  # seconds between two tries while the world is away
INTERRUPTED = 130
_SHORTEST = 1.0  # seconds between two looks, whoever wakes it
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Whether somebody asked this process to end, and how: SIGTERM ends it well, SIGINT with 130. Others may wake it.

    Both write into a pipe that a wait reads, so that neither is missed when it comes just before the wait.
    """

    def __init__(self) -> None:
        self._asked = False
        self.code = 0
        self._ear, self._bell = os.pipe()
        for end in (self._ear, self._bell):
            os.set_blocking(end, False)
            weakref.finalize(self, os.close, end)

    def __call__(self) -> bool:
        """Whether to end at the next opportunity."""
        return self._asked

    def wait(self, seconds: float, *also: int) -> bool:
        """Sleep, or less when somebody asks to end, wakes it, or writes to one of these files; whether somebody asked
        to end."""
        ready, _, _ = select.select([self._ear, *also], [], [], seconds)
        if self._ear in ready:
            os.read(self._ear, 65_536)
        return self._asked

    def wake(self) -> None:
        """End the wait that is going on, or the next one. From any thread."""
        with suppress(BlockingIOError):  # a full pipe is as loud
            os.write(self._bell, b"!")

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen to signals, one of each kind."""
        before = {int(number): signal.getsignal(number) for number in _SIGNALS}

        def heard(number: int, frame: FrameType | None) -> None:
            self.code = INTERRUPTED if number == signal.SIGINT else 0
            self._asked = True
            signal.signal(number, before[number] or signal.SIG_DFL)

        rung = signal.set_wakeup_fd(self._bell, warn_on_full_buffer=False)
        for number in _SIGNALS:
            signal.signal(number, heard)
        try:
            yield
        finally:
            signal.set_wakeup_fd(rung)
            for kind, handler in before.items():
                signal.signal(kind, handler or signal.SIG_DFL)


def watch(
    work: Callable[[], object], seconds: int, stop: Stop, failed: Callable[[AgentgovError], object] = repr
) -> int:
    """Work every so many seconds until stopped; the exit code.

    What cannot be decided now, or is refused, is told and tried again later and later, up to every five minutes, with
    jitter; `failed` hears of it. Whoever wakes it is heard once a second at most. A wrong set-up ends the watch.
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
            failed(error)
            if not stop():
                hint = f" ({error.hint})" if error.hint else ""
                show(Page().line(Span("waiting ", "warn"), error.message, hint), err=True)
        spent = time.monotonic() - started
        stop.wait(pause_after(seconds, failures) if failures else max(seconds - spent, 0))
        hurry = _SHORTEST - (time.monotonic() - started)
        if hurry > 0 and seconds:
            _rest(stop, hurry)
    return stop.code


def _rest(stop: Stop, seconds: float) -> None:
    """Sleep, whoever wakes it, unless to end."""
    until = time.monotonic() + seconds
    while not stop() and (left := until - time.monotonic()) > 0:
        stop.wait(left)


def pause_after(seconds: int, failures: int, longest: int = LONGEST) -> float:
    """Seconds until the next try after so many failures in a row: doubled each time up to the longest, and between half
    and all of that."""
    most = min(seconds << min(failures, 20), max(seconds, longest))
    return most * (0.5 + secrets.randbelow(501) / 1000)
