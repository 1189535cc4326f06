"""Beside the requests: what agents set aside and never told of is booked, what budgets have reached is written down,
what ended long ago is forgotten, and now and then it is checked that all of it adds up."""

import logging
from time import monotonic
from typing import TYPE_CHECKING

from agentgov.gate.complaint import keep_looking
from agentgov.runtime import budget_marks, spent_about
from agentgov.runtime.budget_check import check_page
from agentgov.runtime.budgets import BATCH, expire, forget, forget_buckets
from agentgov.runtime.spent_about import KEPT
from agentgov.runtime.windows import day_of

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate

_EVERY = 1.0  # seconds between two looks
_RARELY, _ROUNDS = 300.0, 200  # seconds between two times that what is old is forgotten; transactions of one time
_CHECKS = 60.0  # seconds between two pages of buckets that are checked
_PAGES = 20  # of buckets that are looked through in that time
_log = logging.getLogger("agentgov.gate")


class BudgetWatch:
    """Looks after the reservations of one gate, on its event loop."""

    def __init__(self, gate: "Gate") -> None:
        self._gate = gate
        self._kept = ""
        self._forgot = float("-inf")
        self._checked, self._after = monotonic(), ""
        self._found: list[str] = []  # what does not add up, of the pages that this round has seen

    async def run(self) -> None:
        """Go on until cancelled."""
        await keep_looking(self.look, _EVERY, "reservations cannot be looked after: %s")

    async def look(self) -> None:
        """Book what is over, and write down what was reached."""
        gate = self._gate
        while await gate.write(lambda tx: expire(tx, gate.clock())) == BATCH:
            pass
        await gate.budget_alerts.look()
        if monotonic() - self._checked > _CHECKS:
            self._checked = monotonic()
            await self.check()
        if monotonic() - self._forgot < _RARELY:
            return
        self._forgot = monotonic()
        await gate.write(lambda tx: budget_marks.forget(tx, gate.clock()))
        oldest = day_of(gate.clock() - KEPT * 86_400_000)
        while await gate.write(lambda tx: spent_about.forget(tx, oldest)):
            pass
        for _ in range(_PAGES):
            self._kept = await gate.write(lambda tx: forget_buckets(tx, self._kept, gate.clock()))
            if not self._kept:
                break
        for _ in range(_ROUNDS):
            if await gate.write(lambda tx: forget(tx, gate.clock())) < BATCH:
                break

    async def check(self) -> None:
        """Check the next page of buckets; what does not add up is told until a whole round finds it mended."""
        gate = self._gate
        page = await gate.read(lambda tx: check_page(tx, self._after))
        self._after = page.last
        self._found += page.faults
        for fault in page.faults:
            if fault not in gate.unsound:
                _log.error("budgets do not add up: %s", fault)
        if page.last:
            gate.unsound = tuple(dict.fromkeys((*gate.unsound, *page.faults)))
        else:
            gate.unsound, self._found = tuple(dict.fromkeys(self._found)), []
