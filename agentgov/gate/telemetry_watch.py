"""Beside the requests: sessions that are over are counted, and what is too old is forgotten."""

import asyncio
import logging
from time import monotonic
from typing import TYPE_CHECKING

from agentgov.runtime.telemetry import keeping, sessions

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate

_QUIET = 60.0  # seconds between two complaints
_RARELY, _ROUNDS = 300.0, 200  # seconds between two times that what is old is forgotten; transactions of one time
_log = logging.getLogger("agentgov.gate")


class TelemetryWatch:
    """Looks after what agents told, on the event loop of one gate."""

    def __init__(self, gate: "Gate") -> None:
        self._gate = gate
        self._over_ms = int(gate.settings.session_end * 1000)
        self._every = min(max(gate.settings.session_end / 10, 0.1), 5.0)
        self._complained = self._forgot = float("-inf")

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            try:
                await self.look()
            except Exception as error:
                if monotonic() - self._complained > _QUIET:
                    self._complained = monotonic()
                    _log.warning("what agents told cannot be looked after: %s", error)
            await asyncio.sleep(self._every)

    async def look(self) -> None:
        """Count what is over, and forget what is old."""
        gate = self._gate
        before = gate.clock() - self._over_ms
        while await gate.read(lambda tx: sessions.any_before(tx, before)):
            await gate.write(lambda tx: sessions.end(tx, before))
        if monotonic() - self._forgot < _RARELY:
            return
        self._forgot = monotonic()
        for _ in range(_ROUNDS):
            if await gate.write(lambda tx: keeping.forget(tx, gate.clock())) < keeping.BATCH:
                break
