"""What was reached in a window of a budget: a share of its limit, the limit itself, a pause on account of it.

Each happens once in a window. Whoever sees it first writes it down, with its record in the ledger and what is to be
told of it.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from hashlib import sha256

import msgspec

from agentgov.model.document import Environment
from agentgov.model.units import format_money
from agentgov.runtime import deliveries
from agentgov.runtime.buckets import Bucket, Level
from agentgov.runtime.budget_terms import Terms, Watched
from agentgov.runtime.ledger import Entry, append
from agentgov.runtime.reservations import Wanted
from agentgov.store.port import Transaction

LIMIT, PAUSE = "limit", "pause"
NEAR = 95  # percent of a limit
KEPT = 62 * 86_400_000  # milliseconds that a mark is known: twice the longest window
_COLUMNS = "bucket, mark, agent, environment, said, used, most, currency, at"
_INSERT = (
    f"INSERT INTO budget_marks ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "  # noqa: S608 - ours
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


def marks_of(
    bucket: Bucket, spent: int, terms: Terms, who: tuple[str, Environment], currency: str, now_ms: int
) -> Iterator[Mark]:
    """What is reached in a bucket that a limit stands on: the shares that people want to know of, and the limit."""
    most = terms.all[bucket.scope, bucket.window]
    shares = shares_reached(terms.watched.get(bucket.scope, Watched()).alert_at, spent, most)
    for one in (*shares, *((LIMIT,) if 0 < most <= spent else ())):
        yield Mark(bucket.period, one, *who, bucket.said, spent, most, currency, now_ms)


def is_reached(used: int, most: int, usual: int) -> bool:
    """Whether a limit is as good as reached once somebody was refused: NEAR of it is used, or so much that what is left
    is less than that agent's usual reservation. How much was refused says nothing: that is up to whoever asks."""
    return used * 100 >= most * NEAR or (used * 2 >= most and most - used < usual)


def limit_asked(terms: Terms, bucket: Bucket, amount: int) -> int | None:
    """The limit of a bucket in which less is left than was asked for. None where there is none, or for what could never
    be had: that says nothing of how much is left."""
    most = terms.all.get((bucket.scope, bucket.window))
    return most if most is not None and amount <= most else None


def limit_mark(bucket: Bucket, level: Level, most: int, want: Wanted, usual: int, now_ms: int) -> Mark | None:
    """The mark that a limit is as good as reached, once more was asked for than is left; None where it is not."""
    spoken_for = level.spent + level.reserved
    if not is_reached(spoken_for, most, max(usual, want.fixed)):
        return None
    return Mark(
        bucket.period, LIMIT, str(want.agent), want.environment, bucket.said, spoken_for, most, want.currency, now_ms
    )


def pauses(terms: Terms, bucket: Bucket, environment: Environment) -> bool:
    """Whether an agent is to be paused that asks for more than is left: not for a run, whose end ends nothing else, and
    not in staging, since a pause stops an agent everywhere."""
    asked = terms.watched.get(bucket.scope, Watched()).on_limit == "pause"
    return asked and bucket.scope != "run" and environment == "production"


def usual_after(usual: int, amount: int) -> int:
    """What an agent usually sets aside, once another reservation of it was settled; 0 for what nobody knows yet."""
    return usual + (amount - usual) // 8 if usual else amount


def said_of(mark: Mark) -> str:
    """A mark as people read it."""
    amounts = f"{format_money(mark.used, mark.currency)} of {format_money(mark.most, mark.currency)}"
    said = {LIMIT: "has reached its limit", PAUSE: "paused its agent"}.get(mark.mark, f"is past {mark.mark}")
    return f"{mark.said} {said}: {amounts}, by {mark.agent}"


def take(tx: Transaction, mark: Mark, salt: bytes) -> bool:
    """Write it down, and have people told; False where somebody has seen it before."""
    if tx.run(_INSERT, *msgspec.structs.astuple(mark)) != 1:
        return False
    refs = {"bucket": mark.bucket, "mark": mark.mark, "used": str(mark.used), "limit": str(mark.most)}
    entry = Entry("budget.mark", mark.agent, "gate", mark.environment, refs=refs | {"currency": mark.currency})
    append(tx, entry, mark.at, salt)
    id_ = sha256(f"{mark.bucket}\0{mark.mark}".encode()).hexdigest()[:32]
    deliveries.put(tx, id_, deliveries.BUDGETS, mark.bucket, "mark", mark.mark, mark.at, held=True)
    return True


def find(tx: Transaction, bucket: str, mark: str) -> Mark | None:
    """One of them."""
    row = tx.one(f"SELECT {_COLUMNS} FROM budget_marks WHERE bucket = ? AND mark = ?", bucket, mark)  # noqa: S608
    return Mark(*row) if row is not None else None


def marks_since(tx: Transaction, since: int, most: int) -> tuple[Mark, ...]:
    """The last marks from a moment on, newest first."""
    sql = f"SELECT {_COLUMNS} FROM budget_marks WHERE at >= ? ORDER BY at DESC LIMIT ?"  # noqa: S608 - ours
    return tuple(Mark(*row) for row in tx.all(sql, since, most))


def forget(tx: Transaction, now_ms: int) -> int:
    """Forget marks of windows that are long over; how many."""
    return tx.run("DELETE FROM budget_marks WHERE at < ?", now_ms - KEPT)
