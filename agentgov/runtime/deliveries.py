"""What is to be delivered to somebody outside: rows that are written with the decision to tell, and tried until taken.

Each function is work of one transaction. A delivery keeps its id over every attempt, restart and crash, so a receiver
can tell a second copy. Those of one line arrive in their order: an end never passes its beginning. Whoever takes one
has a minute to say how it went; after that somebody else tries, so it arrives at least once. Every attempt is written
down when it begins: one whose sender went away is seen as well. What did not arrive within a day is told nobody any
more, and that is said.

What is for a hook is held until a gate that was started with that hook releases it, and only such a gate takes it;
where there is none, it is forgotten after a day.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from agentgov.store.port import Transaction, Value

State = Literal["queued", "delivered", "refused", "dead", "expired", "dropped"]
TOPIC = "deliveries"
PERMITS, BUDGETS = "hook:permits", "hook:budgets"  # routes of a gate's command line; no name in a file has a colon
HOOKS = (PERMITS, BUDGETS)
LEASE = 60_000  # milliseconds that whoever took one has to say how it went
FRESH = 86_400_000  # what is older is told nobody any more
_RESENT = 3_600_000
KEPT = 30 * 86_400_000  # how long it is known what became of one
_FIRST, _LONGEST = 5_000, 600_000  # until the next attempt after one failure, and after many
_MOST_ASKED = 3_600_000  # a receiver may ask for no more patience than that
_COLUMNS = "number, id, route, line, kind, body, created, due, tries, state, said, ended"
_AT_ONCE = 4  # deliveries of one route that are under way
_NOBODY: Mapping[str, int] = MappingProxyType({})
_HELD = "due = 0 AND ended = 0"
_BEGUN = "whoever sent it did not say how it went"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One of them; moments are epoch milliseconds, `due` is 0 once it is over."""

    number: int
    id: str
    route: str
    line: str
    kind: str
    body: str
    created: int
    due: int
    tries: int
    state: State
    said: str = ""
    ended: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: how long it took, the status of the answer (0 where none came), why it did not arrive."""

    delivery: str
    attempt: int
    at: int
    took: int
    status: int
    said: str


def put(
    tx: Transaction, id_: str, route: str, line: str, kind: str, body: str, now_ms: int, *, held: bool = False
) -> bool:
    """Have something delivered; False where it is on its way under this id already. `held`: once it is released."""
    sql = (
        "INSERT INTO deliveries (id, route, line, kind, body, created, due, tries, state, said, ended) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, 0, 'queued', '', 0) ON CONFLICT (id) DO NOTHING"
    )
    if tx.run(sql, id_, route, line, kind, body, now_ms, 0 if held else now_ms) != 1:
        return False
    tx.tell(TOPIC)
    return True


def has_held(tx: Transaction, routes: Collection[str], now_ms: int) -> bool:
    """Whether something waits to be released on one of these routes."""
    sql = f"SELECT 1 FROM deliveries WHERE {_HELD} AND route {_among(routes)} AND created >= ? LIMIT 1"  # noqa: S608
    return bool(routes) and tx.one(sql, *routes, now_ms - FRESH) is not None


def release(tx: Transaction, routes: Collection[str], now_ms: int) -> None:
    """Let what was held for these routes go."""
    sql = f"UPDATE deliveries SET due = ? WHERE {_HELD} AND route {_among(routes)} AND created >= ?"  # noqa: S608 - ours
    tx.run(sql, now_ms, *routes, now_ms - FRESH)


def take_due(
    tx: Transaction, now_ms: int, most: int, busy: Mapping[str, int] = _NOBODY, absent: Collection[str] = ()
) -> tuple[Delivery, ...]:
    """Some that are to be tried now, the first of each line, with the attempt counted; nobody else takes them for a
    while. No route has more than a few under way, with those that are `busy` already: one that is slow keeps no other
    waiting. Those on routes that are `absent` here are left to others."""
    first = (
        f"SELECT {_COLUMNS}, row_number() OVER (PARTITION BY route ORDER BY due, number) AS place FROM deliveries d "  # noqa: S608 - ours
        f"WHERE due > 0 AND due <= ? {_but(absent)} AND NOT EXISTS (SELECT 1 FROM deliveries e "
        "WHERE e.route = d.route AND e.line = d.line AND e.due > 0 AND e.number < d.number)"
    )
    sql = f"SELECT {_COLUMNS} FROM ({first}) AS firsts WHERE place <= ? ORDER BY due, number"  # noqa: S608 - ours
    room, taken = Counter(busy), list[Delivery]()
    lease = "UPDATE deliveries SET due = ?, tries = tries + 1 WHERE number = ? AND due > 0 AND due <= ?"
    begun = "INSERT INTO delivery_attempts (delivery, attempt, at, took, status, said) VALUES (?, ?, ?, 0, 0, ?)"
    for one in _read(tx.all(sql, now_ms, *absent, _AT_ONCE)):
        fits = len(taken) < most and room[one.route] < _AT_ONCE
        if fits and tx.run(lease, now_ms + LEASE, one.number, now_ms) == 1:
            tx.run(begun, one.id, one.tries + 1, now_ms, _BEGUN)
            room[one.route] += 1
            taken.append(one)
    return tuple(taken)


def attempted(tx: Transaction, one: Delivery, took: int, status: int, said: str) -> None:
    """How the attempt went that began when this was taken."""
    sql = "UPDATE delivery_attempts SET took = ?, status = ?, said = ? WHERE delivery = ? AND attempt = ?"
    tx.run(sql, took, status, said, one.id, one.tries + 1)


def end(tx: Transaction, one: Delivery, state: State, said: str, now_ms: int) -> bool:
    """It is over: it arrived, or never will. False where that was said before."""
    sql = "UPDATE deliveries SET state = ?, said = ?, ended = ?, due = 0 WHERE number = ? AND due > 0"
    if tx.run(sql, state, said, now_ms, one.number) != 1:
        return False
    tx.tell(TOPIC)  # the next one of its line may go
    return True


def put_off(tx: Transaction, one: Delivery, said: str, due: int) -> None:
    """It did not arrive: again at that moment. Where somebody else tries meanwhile, that one says when."""
    sql = "UPDATE deliveries SET said = ?, due = ? WHERE number = ? AND due > 0 AND tries = ?"
    tx.run(sql, said, due, one.number, one.tries + 1)


def wait_after(tries: int, asked: float, dice: float) -> int:
    """Milliseconds until the next attempt, after so many before this one failed: twice as long each time, a random part
    of it (`dice` from 0 to 1) so that many do not come back at once; no less than the receiver asked for (seconds)."""
    most = min(_FIRST << min(tries, 10), _LONGEST)
    return max(most // 2 + int(dice * (most // 2)), min(int(asked * 1000), _MOST_ASKED))


def waiting(tx: Transaction) -> frozenset[tuple[str, str]]:
    """The lines in which something has not arrived: (route, line)."""
    return frozenset(
        (str(route), str(line)) for route, line in tx.all("SELECT route, line FROM deliveries WHERE due > 0")
    )


def next_due(tx: Transaction, absent: Collection[str] = ()) -> int | None:
    """When something is to be tried next."""
    row = tx.one(f"SELECT min(due) FROM deliveries WHERE due > 0 {_but(absent)}", *absent)  # noqa: S608 - ours
    return int(row[0]) if row is not None and row[0] is not None else None


def find(tx: Transaction, id_: str) -> Delivery | None:
    """What became of one."""
    return next(iter(_read(tx.all(f"SELECT {_COLUMNS} FROM deliveries WHERE id = ?", id_))), None)  # noqa: S608 - ours


def of_lines(tx: Transaction, lines: Iterable[str], most: int = 100) -> tuple[Delivery, ...]:
    """The last ones of some lines, newest first."""
    sql = f"SELECT {_COLUMNS} FROM deliveries WHERE line IN (?)"  # noqa: S608 - ours
    wanted: list[Value] = [*sorted(set(lines))]
    found = _read(tx.among(sql, wanted)) if wanted else ()
    return tuple(sorted(found, key=lambda one: -one.number)[:most])


def attempts(tx: Transaction, id_: str) -> tuple[Attempt, ...]:
    """Every attempt of one, in order."""
    sql = "SELECT delivery, attempt, at, took, status, said FROM delivery_attempts WHERE delivery = ? ORDER BY attempt"
    return tuple(Attempt(*row) for row in tx.all(sql, id_))


def give_up(tx: Transaction, now_ms: int) -> tuple[Delivery, ...]:
    """End those that are too old to be told; which ones."""
    old = _read(tx.all(f"SELECT {_COLUMNS} FROM deliveries WHERE due > 0 AND created < ?", now_ms - FRESH))  # noqa: S608
    return tuple(one for one in old if end(tx, one, "expired", one.said or "nobody took it within a day", now_ms))


def forget(tx: Transaction, now_ms: int) -> int:
    """Forget what ended long ago; repeats, and what nobody released, after a day; what is sent every minute so that
    it is not taken for over, after an hour. How many."""
    forget_held(tx, now_ms)
    where = "ended > 0 AND (ended < ? OR (kind = 'repeat' AND ended < ?) OR (kind = 'resent' AND ended < ?))"
    before = (now_ms - KEPT, now_ms - FRESH, now_ms - _RESENT)
    tx.run(f"DELETE FROM delivery_attempts WHERE delivery IN (SELECT id FROM deliveries WHERE {where})", *before)  # noqa: S608
    return tx.run(f"DELETE FROM deliveries WHERE {where}", *before)  # noqa: S608 - ours


def forget_held(tx: Transaction, now_ms: int) -> None:
    """Forget what nobody released within a day."""
    tx.run(f"DELETE FROM deliveries WHERE {_HELD} AND created < ?", now_ms - FRESH)  # noqa: S608 - ours


def _among(routes: Collection[str]) -> str:
    return f"IN ({', '.join('?' * len(routes))})"


def _but(absent: Collection[str]) -> str:
    return f"AND route NOT {_among(absent)}" if absent else ""


def _read(rows: Iterable[Sequence[object]]) -> tuple[Delivery, ...]:
    return tuple(Delivery(*row) for row in rows)  # type: ignore[arg-type]
