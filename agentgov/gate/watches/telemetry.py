"""Beside the requests: sessions that are over are counted, and what is too old is forgotten."""

from time import monotonic
from typing import TYPE_CHECKING

from agentgov.gate.complaint import keep_looking
from agentgov.runtime.telemetry import keeping, sessions

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate

_RARELY, _ROUNDS = 300.0, 200  # seconds between two times that what is old is forgotten; transactions of one time


class TelemetryWatch:
    """Looks after what agents told, on the event loop of one gate."""

    def __init__(self, gate: "Gate") -> None:
        self._gate = gate
        self._over_ms = int(gate.settings.session_end * 1000)
        self._every = min(max(gate.settings.session_end / 10, 0.1), 5.0)
        self._forgot = float("-inf")

    async def run(self) -> None:
        """Go on until cancelled."""
        await keep_looking(self.look, self._every, "what agents told cannot be looked after: %s")

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
