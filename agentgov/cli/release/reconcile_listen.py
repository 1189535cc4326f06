"""What a watching reconciler serves: its metrics, whether it is well, and webhooks that wake it.

A webhook carries nothing into a decision: one that is signed ends a wait, and the remote is asked what is true. What is
told here names no agent and nobody, so that it can be scraped by those who may not read the fleet.
"""

import os
import time
from collections.abc import Callable, Collection

from agentgov.cli.change.forge_door import Door
from agentgov.forge.hook_events import Errand
from agentgov.forge.hook_secrets import secrets_from
from agentgov.forge.receiver import Intake
from agentgov.forge.webhooks import PATHS
from agentgov.net.listening import Answered, Head
from agentgov.release.health import Pulse
from agentgov.repo import clock
from agentgov.report.metrics import CONTENT_TYPE, metrics_text

_TURNS = 3  # turns of the loop that may be missed before it is called stuck
_LEAST = 600.0  # seconds; a tick over a large fleet, and what it waits for, may take a while


class Served:
    """The answers of a watch that turns every so many seconds; `wake` ends its wait.

    ConfigurationError (`hook.unconfigured`) where a secret of webhooks is set and cannot be used.
    """

    def __init__(self, pulse: Pulse, every: int, wake: Callable[[], None]) -> None:
        self._pulse, self._wake = pulse, wake
        self._longest = max(_TURNS * every, _LEAST)
        self._door = Door(Intake(secrets_from(os.environ), None, self._woken, clock.now))
        self._pages = {"/metrics": self._metrics, "/healthz": self._alive, "/readyz": self._ready}

    def begin(self, head: Head) -> int | Answered:
        """The answer to whoever only reads, and how much to read of whoever wakes."""
        page = self._pages.get(head.path)
        if page is None or head.path in PATHS:
            return self._door.begin(head)
        return page() if head.method in ("GET", "HEAD") else Answered(405, "get")

    def finish(self, head: Head, size: int, body: bytes | None) -> Answered:
        """The answer to a whole body."""
        return self._door.finish(head, size, body)

    def _woken(self, errands: Collection[Errand]) -> bool:
        self._wake()
        return True

    def _metrics(self) -> Answered:
        return Answered(200, metrics_text(self._pulse.latest, clock.now()), CONTENT_TYPE)

    def _alive(self) -> Answered:
        stuck = time.monotonic() - self._pulse.turned_at > self._longest
        return Answered(503, "stuck") if stuck else Answered(200, "ok")

    def _ready(self) -> Answered:
        health = self._pulse.latest
        if not health.ticks:
            return Answered(503, "starting")
        return Answered(503, "broken") if health.stretch or not self._pulse.reached else Answered(200, "ready")
