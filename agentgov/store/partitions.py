"""Partitions of the tables that grow and go by time, in PostgreSQL: made ahead of need, and dropped as a whole.

Dropping one takes a moment and leaves nothing to vacuum, where deleting its rows would write each of them once more.
Each covers a month or a day, in UTC. `<table>_before` is what was there before there were partitions; `<table>_other`
takes what no partition was made for, as where a clock jumps: nothing is refused for want of a partition, and what lies
there is moved when its own is made. A file of SQLite has no partitions: every question about them finds none.

Making and dropping need a lock that everybody else of the table waits behind, so neither waits long for it: where a
dump keeps the table, it is tried again another time. Reads no clock.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

import msgspec

from agentgov.store.port import Transaction

MOVED = 50_000  # rows of one period that are moved out of `_other`; more would keep every writer waiting
_NEVER = 2**63 - 1
_QUICK, _USUAL = "SET LOCAL lock_timeout = '300ms'", "SET LOCAL lock_timeout = '5s'"
_PARTS = (
    "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid), c.reltuples, pg_total_relation_size(c.oid) "
    "FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = to_regclass(?) ORDER BY c.relname"
)
_BOUNDS = re.compile(r"FROM \((?:'(-?\d+)'|MINVALUE)\) TO \((?:'(-?\d+)'|MAXVALUE)\)")


class Parted(NamedTuple):
    """A table in partitions: by which column, how long each is, how many there are beyond the one of now."""

    name: str
    column: str
    period: Literal["month", "day"]
    ahead: int


TABLES = (
    Parted("payloads", "time", "month", 3),
    Parted("usage_minutes", "minute", "month", 3),
    Parted("span_contents", "seen", "day", 7),
)


class Partition(msgspec.Struct, frozen=True):
    """One partition, from `since` to before `until` in epoch milliseconds; `rows` by the last count of the server's,
    -1 where it made none."""

    table: str
    name: str
    since: int
    until: int
    rows: int
    size: int  # bytes, with indexes

    @property
    def is_other(self) -> bool:
        """Whether it takes what no other one does."""
        return self.since == self.until

    @property
    def is_before(self) -> bool:
        """Whether it holds what was there before there were partitions."""
        return self.name == f"{self.table}_before"


def partitions(tx: Transaction, table: str) -> tuple[Partition, ...]:
    """The partitions of a table, in the order of time; the one for the rest comes first."""
    if tx.dialect == "sqlite":
        return ()
    found = [
        Partition(table, name, *_bounds(said), int(rows), size or 0) for name, said, rows, size in tx.all(_PARTS, table)
    ]
    return tuple(sorted(found, key=lambda one: (not one.is_other, one.since)))


def make_ahead(tx: Transaction, now_ms: int) -> tuple[str, ...]:
    """Make the partitions of now and of the periods to come that are not there; their names."""
    if tx.dialect == "sqlite":
        return ()
    wanted = [
        (table, since, until)
        for table in TABLES
        for since, until in _missing(table, partitions(tx, table.name), now_ms)
        if _strays(tx, table, since, until) <= MOVED
    ]
    if wanted:
        tx.run(_QUICK)
        names = tuple(_make(tx, *one) for one in wanted)
        tx.run(_USUAL)
        return names
    return ()


def drop(tx: Transaction, *gone: Partition) -> None:
    """Drop partitions with all that is in them."""
    if gone:
        tx.run(_QUICK)
        for one in gone:
            assert not one.is_other, "it has to be there"
            tx.run(f"DROP TABLE {one.name}")
        tx.run(_USUAL)


def drop_before(tx: Transaction, table: str, moment: int) -> int:
    """Drop every partition that is wholly before a moment; when the oldest begins that is not, or the moment itself
    where there is none. What is kept of its period goes with it."""
    parts = [one for one in partitions(tx, table) if not one.is_other]
    drop(tx, *(one for one in parts if one.until <= moment))
    return next((one.since for one in parts if one.since <= moment < one.until and not one.is_before), moment)


def strays(tx: Transaction, table: str) -> int:
    """How many rows lie in no partition of a period of theirs, counted up to one more than would be moved."""
    if tx.dialect == "sqlite":
        return 0
    (count,) = tx.one(f"SELECT count(*) FROM (SELECT 1 FROM {table}_other LIMIT {MOVED + 1}) AS few") or (0,)  # noqa: S608
    return int(count)


def period_of(period: Literal["month", "day"], moment: int) -> tuple[int, int]:
    """The month or day that a moment is in, from its beginning to before its end."""
    at = datetime.fromtimestamp(moment / 1000, UTC)
    begin = at.replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "day":
        return _ms(begin), _ms(begin + timedelta(days=1))
    begin = begin.replace(day=1)
    return _ms(begin), _ms((begin + timedelta(days=32)).replace(day=1))


def _missing(table: Parted, parts: Sequence[Partition], now_ms: int) -> Iterator[tuple[int, int]]:
    moment = now_ms
    for _ in range(table.ahead + 1):
        since, until = period_of(table.period, moment)
        if not any(one.since < until and since < one.until for one in parts):
            yield since, until
        moment = until


def _make(tx: Transaction, table: Parted, since: int, until: int) -> str:
    """Make one beside the table, take in what is its own, and attach it, which only `_other` is locked for."""
    at = datetime.fromtimestamp(since / 1000, UTC)
    name = f"{table.name}_{at:%Y_%m}" if table.period == "month" else f"{table.name}_{at:%Y_%m_%d}"
    tx.run(f"CREATE TABLE {name} (LIKE {table.name} INCLUDING DEFAULTS)")
    if _strays(tx, table, since, until):
        own = f"DELETE FROM {table.name}_other WHERE {table.column} >= ? AND {table.column} < ? RETURNING *"  # noqa: S608
        tx.run(f"WITH moved AS ({own}) INSERT INTO {name} SELECT * FROM moved", since, until)  # noqa: S608
    tx.run(f"ALTER TABLE {table.name} ATTACH PARTITION {name} FOR VALUES FROM ({since}) TO ({until})")
    return name


def _strays(tx: Transaction, table: Parted, since: int, until: int) -> int:
    some = f"SELECT 1 FROM {table.name}_other WHERE {table.column} >= ? AND {table.column} < ? LIMIT {MOVED + 1}"  # noqa: S608
    (count,) = tx.one(f"SELECT count(*) FROM ({some}) AS few", since, until) or (0,)  # noqa: S608
    return int(count)


def _bounds(said: str) -> tuple[int, int]:
    """What the catalogue says of a partition; the same number twice for the one that takes the rest."""
    found = _BOUNDS.search(said)
    if found is None:
        return 0, 0
    return int(found[1] or -_NEVER), int(found[2] or _NEVER)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp()) * 1000
