"""Beside the requests: the retention class of every agent is noted when it changes, and, where the gate's keeper asked
for it, what need not be kept any longer is pruned every hour, by the governance that is authorised at that moment.

Git is read in a thread of its own. Several gates over one store may try at once: each page is a transaction, and what
one has pruned the next one does not find. What does not work is told once in a while, and tried again.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from agentgov.errors import IncompleteError
from agentgov.gate.complaint import keep_looking
from agentgov.runtime.erasure_orders import forget_late
from agentgov.runtime.kept_as import note_classes, noted_upto, rules_of, unnoted
from agentgov.runtime.pruning import Found, prune_leaves, prune_payloads, trees_of
from agentgov.runtime.pruning_months import drop_month, looked_on, old_months
from agentgov.runtime.retention import Rules
from agentgov.store.port import Transaction

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate

WHO = "gate"
_EVERY, _HOUR = 5.0, 3600.0  # seconds between two looks, and between two times that it is pruned

_log = logging.getLogger("agentgov.gate")


class RetentionWatch:
    """Looks after how long the records of one gate are kept, on its event loop."""

    def __init__(self, gate: "Gate") -> None:
        self._gate = gate
        self._noted = ""  # the act of the journal whose classes were noted
        self._pruned = float("-inf")

    async def run(self) -> None:
        """Go on until cancelled."""
        await keep_looking(self.look, _EVERY, "what the ledger need not keep is not looked after: %s", _HOUR)

    async def look(self) -> None:
        """Note the classes where the journal has moved, and prune where it is time."""
        gate, fleet = self._gate, self._gate.fleet
        if self._noted != fleet.tip:
            found, now_ms = await asyncio.to_thread(unnoted, fleet.view, await gate.read(noted_upto)), gate.clock()
            await gate.write(lambda tx: note_classes(tx, found, now_ms))
            self._noted = fleet.tip
        if monotonic() - self._pruned > _HOUR:
            now_ms = gate.clock()
            await gate.write(lambda tx: forget_late(tx, now_ms))
            if gate.settings.prune:
                await self.prune()
            self._pruned = monotonic()

    async def prune(self) -> None:
        """Prune everything that is old enough, page by page."""
        gate, fleet = self._gate, self._gate.fleet
        rules, now_ms, random = await gate.read(lambda tx: rules_of(tx, fleet)), gate.clock(), secrets.token_bytes
        await self._months(rules, now_ms)
        for tree in await gate.read(trees_of):
            await self._pages(
                lambda tx, at, tree=tree: prune_payloads(tx, tree, at, rules, WHO, now_ms, random)  # type: ignore[misc]
            )
            await self._pages(
                lambda tx, _, tree=tree: prune_leaves(tx, tree, rules, WHO, now_ms, random)  # type: ignore[misc]
            )

    async def _months(self, rules: Rules, now_ms: int) -> None:
        """Whole months of payloads, where the database keeps them so; what cannot be dropped now goes page by page."""
        gate = self._gate
        for month in await gate.read(lambda tx: old_months(tx, rules, now_ms)):
            while month.goes_on:
                month = await gate.read(lambda tx, of=month: looked_on(tx, of, rules, now_ms))  # type: ignore[misc] # noqa: PLW2901
            if month.goes:
                try:
                    await gate.write(lambda tx, of=month: drop_month(tx, of, WHO, now_ms, secrets.token_bytes))  # type: ignore[misc]
                except IncompleteError as error:
                    _log.warning("%s cannot be dropped as a whole now: %s", month.part.name, error.message)

    async def _pages(self, step: Callable[[Transaction, int], Found]) -> None:
        at = 0
        while at >= 0:
            found = await self._gate.write(lambda tx, at=at: step(tx, at))  # type: ignore[misc]
            at = found.after
