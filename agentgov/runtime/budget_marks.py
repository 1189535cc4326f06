"""What was reached in a window of a budget: a share of its limit, the limit itself, a pause on account of it.

Each happens once in a window. Whoever sees it first writes it down, with its record in the ledger; the row is also what
people are still to be told of. Nothing here sends: whoever does takes what is due, and says how it went.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal

import msgspec

from agentgov.model.document import Environment
from agentgov.runtime.ledger import Entry, append
from agentgov.store.port import Transaction

LIMIT, PAUSE = "limit", "pause"
KEPT = 62 * 86_400_000  # milliseconds that a mark is known: twice the longest window
_FRESH = 86_400_000  # what is older is told nobody any more
_FIRST, _LONGEST = 5_000, 600_000  # until the next attempt after one failure, and after many
_LEASE = 60_000  # how long whoever took a mark has to say how it went
_COLUMNS = "bucket, mark, agent, environment, said, used, most, currency, at"
_INSERT = (
    f"INSERT INTO budget_marks ({_COLUMNS}, tries, due) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?) "  # noqa: S608 - ours
    "ON CONFLICT (bucket, mark) DO NOTHING"
)


class Mark(msgspec.Struct, frozen=True):
    """One of them: `used` and `most` are nano-units, `at` epoch milliseconds."""

    bucket: str
    mark: str
    agent: str
    environment: Environment
    said: str
    used: int
    most: int
    currency: str
    at: int


def shares_reached(shares: Iterable[float], spent: int, most: int) -> tuple[str, ...]:
    """Which shares of a limit are spent, exactly, as people wrote them; ascending."""
    if spent <= 0:
        return ()
    return tuple(str(one) for one in sorted(shares) if spent >= Decimal(str(one)) * most)


def take(tx: Transaction, mark: Mark, salt: bytes) -> bool:
    """Write it down, and have people told; False where somebody has seen it before."""
    if tx.run(_INSERT, *msgspec.structs.astuple(mark), mark.at) != 1:
        return False
    refs = {"bucket": mark.bucket, "mark": mark.mark, "used": str(mark.used), "limit": str(mark.most)}
    entry = Entry("budget.mark", mark.agent, "gate", mark.environment, refs=refs | {"currency": mark.currency})
    append(tx, entry, mark.at, salt)
    return True


def known(tx: Transaction, buckets: Sequence[str]) -> frozenset[tuple[str, str]]:
    """The marks of some buckets: (bucket, mark)."""
    found = set[tuple[str, str]]()
    for start in range(0, len(buckets), 500):
        page = buckets[start : start + 500]
        sql = f"SELECT bucket, mark FROM budget_marks WHERE bucket IN ({', '.join('?' * len(page))})"  # noqa: S608
        found |= {(str(bucket), str(mark)) for bucket, mark in tx.all(sql, *page)}
    return frozenset(found)


def take_due(tx: Transaction, now_ms: int, most: int) -> Sequence[tuple[Mark, int]]:
    """Some marks of which people are to be told now, with the attempts before; nobody else takes them for a while."""
    sql = f"SELECT {_COLUMNS}, tries FROM budget_marks WHERE due > 0 AND due <= ? AND at > ? ORDER BY due LIMIT ?"  # noqa: S608
    found = [(Mark(*row[:-1]), int(row[-1])) for row in tx.all(sql, now_ms, now_ms - _FRESH, most)]
    taken = "UPDATE budget_marks SET due = ? WHERE bucket = ? AND mark = ? AND due > 0 AND due <= ?"
    return [one for one in found if tx.run(taken, now_ms + _LEASE, one[0].bucket, one[0].mark, now_ms) == 1]


def told(tx: Transaction, mark: Mark) -> None:
    """People were told."""
    tx.run("UPDATE budget_marks SET due = 0 WHERE bucket = ? AND mark = ?", mark.bucket, mark.mark)


def failed(tx: Transaction, mark: Mark, tries: int, now_ms: int) -> None:
    """They were not: again later, ever less often."""
    wait = min(_FIRST * 2 ** min(tries, 10), _LONGEST)
    sql = "UPDATE budget_marks SET tries = ?, due = ? WHERE bucket = ? AND mark = ?"
    tx.run(sql, tries + 1, now_ms + wait, mark.bucket, mark.mark)


def forget(tx: Transaction, now_ms: int) -> int:
    """Forget marks of windows that are long over; how many."""
    return tx.run("DELETE FROM budget_marks WHERE at < ?", now_ms - KEPT)
