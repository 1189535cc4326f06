"""The reconciler in the process of the gate: the same ticks as `agentgov reconcile --watch`, in a thread of its own."""

import logging
import threading
from collections.abc import Callable

from agentgov.cli.reconcile_loop import Setup
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

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End between two acts."""
        self._stop.set()

    def join(self, seconds: float) -> None:
        """Wait for the end, no longer than so."""
        self._thread.join(seconds)

    def look(self) -> None:
        """One look, and what is due."""
        if self._reconciler is None:
            self._reconciler = self._setup.reconciler(self._stop.is_set)
        report = self._reconciler.look()
        if report is not None and report.acts:
            for act in report.acts:
                _log.warning("done: %s", act)
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
