"""Beside the requests: the partitions of the store are made ahead of need, by whichever gate comes first.

At the start and every few minutes, so that none is missing when a month begins, however long a gate was away or
wherever its clock jumped to. Where one is missing all the same, what belongs there lies in the partition for the rest,
which is told in the log: nothing is refused, and nothing is lost.
"""

import logging
from typing import TYPE_CHECKING

from agentgov.gate.complaint import Complaint, keep_looking
from agentgov.store.partitions import TABLES, make_ahead, strays

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate

_EVERY, _HOUR = 300.0, 3600.0
_log = logging.getLogger("agentgov.gate")


class PartitionWatch:
    """Looks after the partitions of one gate's store, on its event loop."""

    def __init__(self, gate: "Gate") -> None:
        self._gate, self._complain = gate, Complaint(_HOUR)

    async def run(self) -> None:
        """Go on until cancelled."""
        await keep_looking(self.look, _EVERY, "partitions of the store cannot be made ahead: %s", _HOUR)

    async def look(self) -> None:
        """Make what is missing, and tell of what lies in no partition of its own."""
        gate = self._gate
        now_ms = gate.clock()
        for name in await gate.write(lambda tx: make_ahead(tx, now_ms)):
            _log.info("the store has the partition %s", name)
        for table in TABLES:
            count = await gate.read(lambda tx, of=table.name: strays(tx, of))  # type: ignore[misc]
            if count:
                self._complain(
                    "%s rows of %s lie in no partition of their period: agentgov store check", count, table.name
                )
