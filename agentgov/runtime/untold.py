"""Calls that were allowed, and of which nobody told what came of them in time: intent without outcome.

Each is recorded once (`outcome.missing`), whichever process over a store looks first: how far was looked is kept in the
store, and moved in the transaction that records what was found. An outcome that is told later is recorded all the same.
"""

from collections.abc import Sequence

import msgspec

from agentgov.runtime.ledger import SALT, Entry, append_all
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
    "AND consumed >= ? AND consumed < ? ORDER BY consumed LIMIT ?"
)
MOST = 1000  # calls in one transaction
_LOOKED = "outcomes"  # the topic of the control state whose version is the moment up to which was looked
_LONGEST = 8 * 86_400_000  # milliseconds that people may take to decide, and a day more


class Untold(msgspec.Struct, frozen=True):
    """One call. `consumed` in epoch milliseconds; `record` is its place in the tree of its workspace."""

    id: str
    agent: str
    environment: str
    tool: str
    consumed: int
    record: int


def untold(tx: Transaction, since: int, until: int, most: int = MOST) -> Sequence[Untold]:
    """The calls that began between two moments (epoch milliseconds), and have no outcome."""
    rows = [*tx.all(_UNASKED, since, until, most), *tx.all(_ASKED, since - _LONGEST, since, until, most)]
    return sorted((Untold(*row) for row in rows), key=lambda one: one.consumed)[:most]


def record_untold(tx: Transaction, now_ms: int, most: int = MOST) -> Sequence[Untold]:
    """Record the calls that came of age without an outcome since anybody looked; `most`: there may be more. The first
    look of a store finds none: what was before it, nobody waited for."""
    until = now_ms - WITHIN
    row = tx.one("SELECT version FROM control WHERE topic = ?", _LOOKED)
    if row is None:
        tx.run("INSERT INTO control (topic, version) VALUES (?, ?) ON CONFLICT (topic) DO NOTHING", _LOOKED, until)
        return ()
    since = int(row[0])
    if until <= since:
        return ()
    found = untold(tx, since, until, most)
    if len(found) >= most:  # on from the last moment that was read whole
        until = max(found[-1].consumed, since + 1)
        found = [one for one in found if one.consumed < until]
    moved = tx.run("UPDATE control SET version = ? WHERE topic = ? AND version = ?", until, _LOOKED, since)
    if not moved:
        return ()
    append_all(tx, [_entry(one) for one in found], now_ms, bytes(SALT * len(found)))  # nothing is beside these leaves
    return found


def _entry(one: Untold) -> Entry:
    refs = {"permit": one.id, "tool": one.tool, "record": str(one.record)}
    return Entry("outcome.missing", one.agent, "gate", one.environment, refs=refs)
