"""Pauses an agent that does not exist, every so often, to know that the way from an order to its effect is whole.

The order is an ordinary one: written to the store, heard of by this process like by every other, obeyed. It is never
brought to the journal. Where it is not obeyed in time, that is told as an error, at /readyz and by a metric.
"""

import asyncio
import contextlib
import logging
from time import monotonic

from agentgov.gate.gate import Gate
from agentgov.model.names import AgentId
from agentgov.runtime import pause_orders
from agentgov.runtime.pause import Order

WORKSPACE = "gate-probe"
_LONGEST = 5.0  # seconds until an order has to be obeyed
_LOOK = 0.002
_log = logging.getLogger("agentgov.gate")


class SelfTest:
    """One process tests itself; what it found is told in `Gate.probed`."""

    def __init__(self, gate: Gate, every: float) -> None:
        self._gate, self._every = gate, every

    async def run(self) -> None:
        """One after the other, until cancelled."""
        while True:
            await self.once()
            await asyncio.sleep(self._every)

    async def once(self) -> bool:
        """Pause the probe, see that it is paused, and let it go; whether that worked."""
        probed = self._gate.probed
        before = probed.trouble
        try:
            probed.seconds, probed.trouble = await self._once(), ""
        except Exception as error:
            probed.trouble = str(error) or "no order was obeyed in time"
            _log.error("pausing does not work: %s", probed.trouble)
        if before and not probed.trouble:
            _log.warning("pausing works again")
        return not probed.trouble

    async def _once(self) -> float:
        gate = self._gate
        probe = AgentId(WORKSPACE, f"p{gate.new_id()[:16]}")
        now_ms = gate.clock()
        order = Order(gate.new_id(), str(probe), "gate", reason="a test", until=now_ms // 1000 + 60, since=now_ms)
        started = monotonic()
        try:
            async with asyncio.timeout(_LONGEST):
                await gate.write(lambda tx: pause_orders.keep_order(tx, order), urgent=True)
                while gate.pauses.of(probe, now_ms // 1000) is None:
                    await asyncio.sleep(_LOOK)
            return monotonic() - started
        finally:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(_LONGEST):
                    await gate.write(lambda tx: pause_orders.forget(tx, [order.id]))
