"""The reconciler in the process of the gate: the same ticks as `agentgov reconcile --watch`, in a thread of its own."""

import logging
import threading
from collections.abc import Callable

from agentgov.cli.release.reconcile_loop import Setup
from agentgov.cli.watch import pause_after
from agentgov.errors import AgentgovError
from agentgov.release.reconcile import Reconciler

_log = logging.getLogger("agentgov.reconciler")


class Reconciling:
    """A thread that looks every so many seconds, and tells `moved` when it wrote something."""

    def __init__(self, setup: Setup, every: int, moved: Callable[[], None] = lambda: None) -> None:
        self._setup, self._every, self.moved = setup, every, moved
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="agentgov-reconciler", daemon=True)
        self._reconciler: Reconciler | None = None
        self._told: frozenset[str] = frozenset()  # what was noted at the last tick

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End between two acts."""
        self._stop.set()

    def join(self, seconds: float) -> bool:
        """Wait for the end, no longer than so; whether it came."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def look(self) -> None:
        """One look, and what is due."""
        if self._reconciler is None:
            self._reconciler = self._setup.reconciler(self._stop.is_set)
        report = self._reconciler.look()
        if report is None:
            return
        notes = frozenset(f"{one.message} ({one.rule})" for one in report.notes)
        for note in sorted(notes - self._told):
            _log.warning("note: %s", note)
        self._told = notes
        for act in report.acts:
            _log.warning("done: %s", act)
        if report.acts:
            self.moved()

    def _run(self) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                self.look()
                failures = 0
            except AgentgovError as error:
                failures += 1
                _log.warning("waiting: %s", error.in_one_line)
            except Exception:
                failures += 1
                _log.exception("a look of the reconciler failed in a way that nobody foresaw")
            self._stop.wait(pause_after(self._every, failures) if failures else self._every)
