"""What was booked for a purpose or about a subject: sums by the day (UTC) on which it was set aside.

Only what is booked counts: settled, unconfirmed, corrected. A subject stands there by what its records are found by,
and its rows go when it is erased. People ask for these sums; no limit is held by them (that is what buckets are for).
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from agentgov.model.document import Environment
from agentgov.runtime.subjects import known_index, subject_index, subject_key
from agentgov.store.port import Row, Transaction

KEPT = 430  # days
Kind = Literal["purpose", "subject"]
_ADD = (
    "INSERT INTO spent_about (kind, agent, environment, day, about, currency, spent, ended) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (kind, agent, environment, day, about, currency) DO UPDATE SET "
    "spent = spent_about.spent + excluded.spent, ended = spent_about.ended + excluded.ended"
)
_SUMS = (
    "sum(CASE WHEN day = ? THEN spent ELSE 0 END), sum(CASE WHEN day >= ? THEN spent ELSE 0 END), sum(spent), "
    "sum(ended) FROM spent_about"
)


class About(NamedTuple):
    """What something was spent for: one row of sums."""

    kind: Kind
    agent: str
    environment: Environment
    day: str  # of UTC, on which it was set aside
    about: str  # a purpose, or the name of a subject; of a subject only its index is kept
    currency: str


class Spent(NamedTuple):
    """Nano-units of one currency: today, this month, in all that is known; and how many reservations that were."""

    about: str  # the purpose; "" of a subject
    currency: str
    today: int
    month: int
    total: int
    ended: int


def add(tx: Transaction, sums: Mapping[About, tuple[int, int]]) -> None:
    """Add amounts, and numbers of reservations that ended; subjects are named."""
    secret = subject_key(tx) if any(one.kind == "subject" for one in sums) else b""
    found = {_indexed(one, secret): both for one, both in sums.items()}
    tx.many(_ADD, [(*one, *found[one]) for one in sorted(found)])


def by_purpose(tx: Transaction, agent: str, environment: Environment, today: str) -> tuple[Spent, ...]:
    """What an agent spent for each purpose; `today` is a day of UTC."""
    sql = f"SELECT about, currency, {_SUMS} WHERE kind = 'purpose' AND agent = ? AND environment = ? "
    rows = tx.all(f"{sql}GROUP BY about, currency ORDER BY about, currency", *_days(today), agent, environment)
    return tuple(_spent(row) for row in rows)


def of_subject(tx: Transaction, subject: str, today: str) -> tuple[tuple[str, Environment, Spent], ...]:
    """What each agent spent about a subject; `today` is a day of UTC."""
    sql = f"SELECT agent, environment, '', currency, {_SUMS} WHERE kind = 'subject' AND about = ? "
    grouped = "GROUP BY agent, environment, currency ORDER BY agent, environment, currency"
    rows = tx.all(sql + grouped, *_days(today), known_index(tx, subject))
    return tuple((row[0], row[1], _spent(row[2:])) for row in rows)


def forget_subject(tx: Transaction, subject: str) -> None:
    """Forget a subject: its sums, and that reservations were about it."""
    tx.run("DELETE FROM spent_about WHERE kind = 'subject' AND about = ?", known_index(tx, subject))
    tx.run("UPDATE reservations SET subject = '' WHERE subject = ? AND subject <> ''", subject)


def forget(tx: Transaction, before: str) -> int:
    """Forget some sums of days before one; how many."""
    rows = tx.all("SELECT DISTINCT day FROM spent_about WHERE day < ? ORDER BY day LIMIT 1", before)
    return sum(tx.run("DELETE FROM spent_about WHERE day = ?", day) for (day,) in rows)


def _indexed(one: About, secret: bytes) -> About:
    return one._replace(about=subject_index(secret, one.about)) if one.kind == "subject" else one


def _days(today: str) -> tuple[str, str]:
    return today, f"{today[:7]}-01"


def _spent(row: Row) -> Spent:
    return Spent(str(row[0]), str(row[1]), *(int(one) for one in row[2:]))
