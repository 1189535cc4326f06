"""Calls that were allowed, and of which nobody told what came of them in time: intent without outcome."""

from collections.abc import Sequence

import msgspec

from agentgov.store.port import Transaction

WITHIN = 900_000  # milliseconds in which an agent tells what came of a call that it was allowed
_COLUMNS = "id, agent, environment, tool, consumed, record"
# By the time that was asked: a call that a rule allowed was used at that moment, one that people allowed a while later.
_UNASKED = (
    f"SELECT {_COLUMNS} FROM permits WHERE needs = '' AND asked >= ? AND asked < ? AND state = 'consumed' "  # noqa: S608
    "AND outcome = '' ORDER BY asked LIMIT ?"
)
_ASKED = (
    f"SELECT {_COLUMNS} FROM permits WHERE needs <> '' AND asked >= ? AND state = 'consumed' AND outcome = '' "  # noqa: S608
    "AND consumed >= ? AND consumed < ? ORDER BY asked LIMIT ?"
)
_LONGEST = 8 * 86_400_000  # milliseconds that people may take to decide, and a day more


class Untold(msgspec.Struct, frozen=True):
    """One call. `consumed` in epoch milliseconds; `record` is its place in the tree of its workspace."""

    id: str
    agent: str
    environment: str
    tool: str
    consumed: int
    record: int


def untold(tx: Transaction, since: int, until: int, most: int = 1000) -> Sequence[Untold]:
    """The calls that began between two moments (epoch milliseconds), and have no outcome."""
    rows = [*tx.all(_UNASKED, since, until, most), *tx.all(_ASKED, since - _LONGEST, since, until, most)]
    return sorted((Untold(*row) for row in rows), key=lambda one: one.consumed)[:most]
