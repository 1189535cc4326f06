"""Beside the requests: what agents set aside and never told of is booked, what budgets have reached is told, and what
ended long ago is forgotten."""

import asyncio
import logging
from time import monotonic
from typing import TYPE_CHECKING

from agentgov.gate.budget_hook import BudgetTelling
from agentgov.runtime import budget_marks
from agentgov.runtime.budgets import BATCH, expire, forget

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate

_EVERY = 1.0  # seconds between two looks
_QUIET = 60.0  # seconds between two complaints
_RARELY, _ROUNDS = 300.0, 200  # seconds between two times that what is old is forgotten; transactions of one time
_log = logging.getLogger("agentgov.gate")


class BudgetWatch:
    """Looks after the reservations of one gate, on its event loop."""

    def __init__(self, gate: "Gate") -> None:
        self._gate = gate
        self._telling = BudgetTelling(gate)
        self._complained = self._forgot = float("-inf")

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            try:
                await self.look()
            except Exception as error:
                if monotonic() - self._complained > _QUIET:
                    self._complained = monotonic()
                    _log.warning("reservations cannot be looked after: %s", error)
            await asyncio.sleep(_EVERY)

    async def look(self) -> None:
        """Book what is over, and tell what was reached."""
        gate = self._gate
        while await gate.write(lambda tx: expire(tx, gate.clock())) == BATCH:
            pass
        await gate.budget_alerts.look()
        await self._telling.look()
        if monotonic() - self._forgot < _RARELY:
            return
        self._forgot = monotonic()
        await gate.write(lambda tx: budget_marks.forget(tx, gate.clock()))
        for _ in range(_ROUNDS):
            if await gate.write(lambda tx: forget(tx, gate.clock())) < BATCH:
                break
