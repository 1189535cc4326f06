"""What waits to be done because a delivery woke somebody: each errand once, oldest first, later again after a failure.

Thread-safe, because deliveries come in beside the work. Keeps no clock: moments come in as seconds of any steady clock.
"""

import threading
from collections.abc import Collection
from dataclasses import dataclass

from agentgov.forge.hook_events import Errand

MOST = 1_000  # errands that may wait
TRIES = 8  # of one errand; then it is left to the next delivery, or to the schedule


@dataclass(slots=True)
class _Waiting:
    due: float
    failures: int = 0


class Waking:
    """The errands that wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._new = threading.Event()
        self._waiting: dict[Errand, _Waiting] = {}

    def put(self, errands: Collection[Errand], now: float) -> bool:
        """Let errands wait, unless they do; all of them or, where there is no room, none."""
        with self._lock:
            new = [one for one in sorted(errands) if one not in self._waiting]
            if len(self._waiting) + len(new) > MOST:
                return False
            for one in errands:
                self._waiting[one] = _Waiting(now)  # something happened since it failed: no reason to wait on
        self._new.set()
        return True

    def take(self, now: float) -> tuple[Errand, int] | None:
        """The errand that has been due longest, with how often it failed; None where none is due."""
        with self._lock:
            self._new.clear()
            due = [(waiting.due, one) for one, waiting in self._waiting.items() if waiting.due <= now]
            if not due:
                return None
            errand = min(due)[1]
            return errand, self._waiting.pop(errand).failures

    def again(self, errand: Errand, failures: int, due: float) -> bool:
        """Let an errand that failed so often wait until then; False where it is given up. One that was woken anew in
        the meantime waits already."""
        if failures >= TRIES:
            return False
        with self._lock:
            self._waiting.setdefault(errand, _Waiting(due, failures))
        return True

    def next_due(self) -> float | None:
        """When the next errand is due, None where none waits."""
        with self._lock:
            return min((waiting.due for waiting in self._waiting.values()), default=None)

    def wait(self, seconds: float) -> None:
        """Sleep, or less when something new comes in or `nudge` is called."""
        self._new.wait(seconds)

    def nudge(self) -> None:
        """Wake whoever waits."""
        self._new.set()
