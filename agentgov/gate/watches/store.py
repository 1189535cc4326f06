"""Beside the requests: is the store still that of this version, or did another one bring it up to date meanwhile?

The store itself refuses whatever this version would write from then on (`store.migrate`). The gate says so and ends,
with an exit code that has it started again: it cannot know what the new tables mean.
"""

import logging
from typing import TYPE_CHECKING

from agentgov.gate.complaint import keep_looking
from agentgov.store.migrate import OutgrownError

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate

_EVERY = 1.0  # seconds between two looks
_log = logging.getLogger("agentgov.gate")


class StoreWatch:
    """Looks after the store of one gate, on its event loop."""

    def __init__(self, gate: "Gate") -> None:
        self._gate = gate

    async def run(self) -> None:
        """Go on until cancelled."""
        await keep_looking(self.look, _EVERY, "the store cannot be looked after: %s")

    async def look(self) -> None:
        """Write nothing, to see whether that is still allowed."""
        try:
            await self._gate.write(lambda _: None)
        except OutgrownError as error:
            if not self._gate.outgrown:
                self._gate.outgrown = error.message
                _log.error("%s", error.in_one_line)
                self._gate.end(error.exit_code)
