"""Beside the requests: calls that were allowed, and of which nobody told in time what came of them, are
recorded and counted, each once by one of the gates over a store.

A call that was allowed and has no outcome may have happened or not: somebody has to look.
"""

import asyncio
import logging
from typing import TYPE_CHECKING

from agentgov.gate.complaint import Complaint
from agentgov.runtime.untold import record_untold

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate

_EVERY = 60.0  # seconds between two looks
_NAMED = 20  # calls of one look that are named in the log
_log = logging.getLogger("agentgov.gate")


class OutcomeWatch:
    """Looks after the outcomes of one gate, on its event loop."""

    def __init__(self, gate: "Gate") -> None:
        self._gate = gate
        self._complain = Complaint()

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            await asyncio.sleep(_EVERY)
            try:
                await self.look()
            except Exception as error:
                self._complain("outcomes cannot be looked after: %s", error)

    async def look(self) -> int:
        """How many calls came of age without an outcome since a gate last looked."""
        now_ms = self._gate.clock()
        found = await self._gate.write(lambda tx: record_untold(tx, now_ms))
        for one in found[:_NAMED]:
            place = f"{one.agent.partition('/')[0]}/{one.record}"
            _log.warning("nobody told what came of %s by %s (permit %s, record %s)", one.tool, one.agent, one.id, place)
        self._gate.metrics.untold.inc(len(found))
        return len(found)
