"""Beside the requests: permits end when their time is over, people are told of those that wait, old ones are forgotten.

At least once, and later again where the receiver is away; no decision waits for it. Of several gates over one store
each notice is one's.
"""

import asyncio
import contextlib
import secrets
from time import monotonic
from typing import TYPE_CHECKING

from agentgov.gate.complaint import Complaint
from agentgov.gate.permit_hook import Hook
from agentgov.runtime import permit_notices
from agentgov.runtime.permit_ends import MOST, expire, forget
from agentgov.runtime.permit_rows import find

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate

_EVERY = 1.0  # seconds between two looks
_BATCH = 20  # notices of one look
_RARELY, _ROUNDS = 300.0, 200  # seconds between two times that what is old is forgotten; transactions of one time


class PermitWatch:
    """Looks after the permits of one gate, on its event loop."""

    def __init__(self, gate: "Gate") -> None:
        self._gate = gate
        self._wake = asyncio.Event()
        self._complain, self._forgot = Complaint(), float("-inf")

    async def run(self) -> None:
        """Go on until cancelled."""
        loop = asyncio.get_running_loop()

        def told(topic: str) -> None:
            if topic == permit_notices.TOPIC:
                with contextlib.suppress(RuntimeError):  # the loop is closed
                    loop.call_soon_threadsafe(self._wake.set)

        self._gate.store.listen(told)
        while True:
            try:
                await self.look()
            except Exception as error:
                self._complain("permits cannot be looked after: %s", error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_EVERY):
                    await self._wake.wait()
            self._wake.clear()

    async def look(self) -> None:
        """End what is over, and tell people of what is new."""
        gate = self._gate
        while await gate.write(lambda tx: expire(tx, gate.clock(), secrets.token_bytes(16))) == MOST:
            pass
        await self._forget()
        hook = gate.settings.permit_hook
        if hook is not None:
            due = await gate.write(lambda tx: permit_notices.take_due(tx, gate.clock(), _BATCH))
            await asyncio.gather(*(self._tell(hook, id_, tries) for id_, tries in due))

    async def _forget(self) -> None:
        """Now and then, and never for long: what is old."""
        if monotonic() - self._forgot < _RARELY:
            return
        self._forgot = monotonic()
        for _ in range(_ROUNDS):
            if await self._gate.write(lambda tx: forget(tx, self._gate.clock())) < MOST:
                break

    async def _tell(self, hook: Hook, id_: str, tries: int) -> None:
        gate = self._gate
        permit = await gate.read(lambda tx: find(tx, id_))
        why = ""
        if permit is not None and permit.at(gate.clock()) == "pending":
            why = await asyncio.to_thread(hook.tell, gate.fleet.id, permit, gate.clock())
        if not why:
            await gate.write(lambda tx: permit_notices.told(tx, id_))
            return
        self._complain("nobody is told of permit %s: %s", id_, why)
        await gate.write(lambda tx: permit_notices.failed(tx, id_, tries, gate.clock()))
