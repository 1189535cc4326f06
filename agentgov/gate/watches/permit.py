"""Beside the requests: permits end when their time is over, and old ones are forgotten."""

import secrets
from time import monotonic
from typing import TYPE_CHECKING

from agentgov.gate.complaint import keep_looking
from agentgov.runtime.permit_ends import MOST, expire, forget

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate

_EVERY = 1.0  # seconds between two looks
_RARELY, _ROUNDS = 300.0, 200  # seconds between two times that what is old is forgotten; transactions of one time


class PermitWatch:
    """Looks after the permits of one gate, on its event loop."""

    def __init__(self, gate: "Gate") -> None:
        self._gate, self._forgot = gate, float("-inf")

    async def run(self) -> None:
        """Go on until cancelled."""
        await keep_looking(self.look, _EVERY, "permits cannot be looked after: %s")

    async def look(self) -> None:
        """End what is over, and now and then forget what is old."""
        gate = self._gate
        while await gate.write(lambda tx: expire(tx, gate.clock(), secrets.token_bytes(16))) == MOST:
            pass
        if monotonic() - self._forgot < _RARELY:
            return
        self._forgot = monotonic()
        for _ in range(_ROUNDS):
            if await gate.write(lambda tx: forget(tx, gate.clock())) < MOST:
                break
