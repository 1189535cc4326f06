"""Records of one tree in the order of their places, page by page: for whoever reads everything, as an export does.

Places are given in the order of commits, without gaps, so who remembers the next place of each tree misses nothing and
reads nothing twice. By time that could not be said: a record may carry an earlier time than one that was read before.
"""

from collections.abc import Sequence

import msgspec

from agentgov.runtime.ledger import BESIDE, PAGE, Record
from agentgov.store.port import Transaction, Value

_COLUMNS = "r.tree, r.seq, r.time, r.type, r.agent, r.actor, r.leaf"


class Wanted(msgspec.Struct, frozen=True):
    """Which records; "" and 0 ask for all. Times are epoch milliseconds, `since` inclusive, `until` exclusive."""

    agent: str = ""
    types: tuple[str, ...] = ()
    since: int = 0
    until: int = 0


def page_of(
    tx: Transaction, tree: str, first: int, end: int, wanted: Wanted, *, payloads: bool = False
) -> tuple[Record, ...]:
    """The next records of a tree in these places that are wanted, at most PAGE of them; fewer are the last ones."""
    where, values = _where(tree, first, end, wanted)
    columns, join = (f"{_COLUMNS}, p.payload", f" {BESIDE}") if payloads else (_COLUMNS, "")
    sql = f"SELECT {columns} FROM records r{join} WHERE {where} ORDER BY r.seq LIMIT ?"  # noqa: S608 - our own words
    return tuple(Record(*row) for row in tx.all(sql, *values, PAGE))


def _where(tree: str, first: int, end: int, wanted: Wanted) -> tuple[str, Sequence[Value]]:
    asked: dict[str, Value] = {
        "r.tree = ?": tree,
        "r.seq >= ?": first,
        "r.seq < ?": end,
        "r.time >= ?": wanted.since,
    }
    asked |= {"r.time < ?": wanted.until} if wanted.until else {}
    asked |= {"r.agent = ?": wanted.agent} if wanted.agent else {}
    values = [*asked.values(), *wanted.types]
    kinds = [f"r.type IN ({', '.join('?' * len(wanted.types))})"] if wanted.types else []
    return " AND ".join([*asked, *kinds]), values
