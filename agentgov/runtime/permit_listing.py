"""Permits that people were asked for, newest first; who said what about them; and how people decide, in numbers.

Who says yes to everything within seconds does not look: `statistics` shows it, and judges nobody.
"""

from collections.abc import Iterable, Sequence
from statistics import median_low

import msgspec

from agentgov.runtime.permit_rows import COLUMNS, Permit, State, permit_of
from agentgov.store.port import Transaction, Value

PAGE = 100
Place = tuple[int, str]  # of a permit in the list: when it was asked for, and its id
NEWEST: Place = (2**53, "")
QUICK = 5  # seconds from seen to decided


class Voice(msgspec.Struct, frozen=True):
    """What somebody said about a permit; times are epoch milliseconds, `seen` is 0 for who had not looked."""

    person: str
    decision: str
    reason: str
    seen: int
    at: int


class Habit(msgspec.Struct, frozen=True, rename="camel"):
    """How one person decides: how often, after how many seconds, with how many yes, how many within QUICK seconds, and
    how many without having looked."""

    person: str
    decisions: int
    approved: int
    share_approved: float
    median_seconds: float | None  # None where they never looked
    quick: int
    share_quick: float
    unseen: int


def listed(tx: Transaction, state: State | None, now_ms: int, before: Place, most: int = PAGE) -> Sequence[Permit]:
    """Permits in a state at a moment (None: in any), behind a place of the list, newest first."""
    wanted: dict[str, tuple[Value, ...]] = {"needs <> ''": (), "(asked, id) < (?, ?)": before}
    if state == "expired":
        wanted["(state = 'expired' OR (state IN ('pending', 'approved') AND expires <= ?))"] = (now_ms,)
    elif state in ("pending", "approved"):
        wanted["state = ? AND expires > ?"] = (state, now_ms)
    elif state is not None:
        wanted["state = ?"] = (state,)
    values = [value for part in wanted.values() for value in part]
    sql = f"SELECT {COLUMNS} FROM permits WHERE {' AND '.join(wanted)} ORDER BY asked DESC, id DESC LIMIT ?"  # noqa: S608
    return [permit_of(row) for row in tx.all(sql, *values, most)]


def voices(tx: Transaction, id_: str) -> tuple[Voice, ...]:
    """What people said about a permit, in the order in which they did."""
    sql = "SELECT person, decision, reason, seen, at FROM permit_votes WHERE permit = ? AND at > 0 ORDER BY at, person"
    return tuple(Voice(*row) for row in tx.all(sql, id_))


def decided(tx: Transaction, since_ms: int) -> Sequence[tuple[str, str, str, int, int]]:
    """Every decision since a moment: the agent, who, what, when seen, when decided."""
    sql = (
        "SELECT p.agent, v.person, v.decision, v.seen, v.at FROM permit_votes v JOIN permits p ON p.id = v.permit "
        "WHERE v.at > 0 AND v.at >= ?"
    )
    rows = tx.all(sql, since_ms)
    return [(str(agent), str(who), str(what), int(seen), int(at)) for agent, who, what, seen, at in rows]


def habits(decisions: Iterable[tuple[str, str, str, int, int]]) -> tuple[Habit, ...]:
    """How each person decides, by id."""
    by_person: dict[str, list[tuple[str, int, int]]] = {}
    for _, person, decision, seen, at in decisions:
        by_person.setdefault(person, []).append((decision, seen, at))
    return tuple(_habit(person, found) for person, found in sorted(by_person.items()))


def _habit(person: str, found: Sequence[tuple[str, int, int]]) -> Habit:
    waits = [at - seen for _, seen, at in found if seen]
    approved = sum(decision == "approve" for decision, _, _ in found)
    unseen = len(found) - len(waits)
    quick = unseen + sum(wait < QUICK * 1000 for wait in waits)
    count = len(found)
    middle = median_low(waits) / 1000 if waits else None
    return Habit(person, count, approved, round(approved / count, 4), middle, quick, round(quick / count, 4), unseen)
