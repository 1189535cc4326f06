"""Money, before it is spent: many requests are decided in one transaction, by a few statements for all of them.

What they are about is read, `accounts` decides them in their order, and what has changed is written, with a record in
the ledger for each, so that replaying the records gives the buckets (`budget_replay`). One request is a batch of one;
there is no other way to money. Writers of a store take turns until their commit, so nobody comes in between.
"""

from collections.abc import Iterable, Mapping, Sequence
from secrets import token_bytes

import msgspec

from agentgov.runtime import spent_about
from agentgov.runtime.accounts import UNRECORDED, Accounts
from agentgov.runtime.buckets import is_old, is_run, levels
from agentgov.runtime.ledger import SALT, append_all
from agentgov.runtime.pause_orders import read_orders
from agentgov.runtime.reservations import (
    COLUMNS,
    Expire,
    Found,
    Refuse,
    Request,
    Reservation,
    Reserve,
    Settle,
)
from agentgov.store.port import Transaction

_LOOKED_AT = 1000  # buckets that are looked at in one transaction
BATCH = 100  # reservations that the sweeper ends in one transaction
KEPT = 30 * 86_400_000  # milliseconds that an ended reservation is known
_BY_ID = f"SELECT {COLUMNS} FROM reservations WHERE id IN (?)"  # noqa: S608 - our own words
_BY_KEY = (
    f"SELECT {COLUMNS} FROM (?) AS asked_for CROSS JOIN reservations "  # noqa: S608 - our own words
    "WHERE agent = asked_for.column1 AND environment = asked_for.column2 AND reservation_key = asked_for.column3"
)
_MAKE = f"INSERT INTO reservations ({COLUMNS}) VALUES ({', '.join('?' * 19)})"  # noqa: S608 - our own words
_END = (
    "UPDATE reservations SET state = now.column2, actual = now.column3, ended = now.column4, "
    "subject = now.column5 FROM (VALUES (?, ?, ?, ?, ?)) AS now WHERE id = now.column1"
)
_MOVE = (
    "INSERT INTO budgets (bucket, spent, reserved, overrun, moved) VALUES (?, ?, ?, ?, ?) ON CONFLICT (bucket) "
    "DO UPDATE SET spent = budgets.spent + excluded.spent, reserved = budgets.reserved + excluded.reserved, "
    "overrun = budgets.overrun + excluded.overrun, moved = excluded.moved"
)


def decide(tx: Transaction, requests: Sequence[Request]) -> Sequence[Found]:
    """The answer to each request, in their order; what they change is written."""
    accounts = opened(tx, requests)
    found = [accounts.decide(request) for request in requests]
    places = write(tx, accounts, max(one.now_ms for one in requests))
    return [(_placed(one, places) if one is not None else None, verdict) for one, verdict in found]


def opened(tx: Transaction, requests: Sequence[Request]) -> Accounts:
    """All that is to be known for deciding these requests, also where some of them are not decided in the end. How full
    a bucket is matters to who needs more room in it; whatever else moves money adds to it."""
    reservations = _read(tx, requests)
    names = {name for one in requests if isinstance(one, Reserve) for name in one.wanted.counted}
    for one in requests:
        if isinstance(one, Settle) and (found := reservations.get(one.id)) is not None and one.exceeds(found):
            names.update(bucket.name for bucket in found.chain)
    orders = read_orders(tx) if any(isinstance(one, Reserve) for one in requests) else ()
    return Accounts(orders, reservations.values(), levels(tx, sorted(names)))


def write(tx: Transaction, accounts: Accounts, now_ms: int) -> Mapping[str, int]:
    """Write what deciding has made of accounts; the places of the records of new reservations, by their ids."""
    places = _record(tx, accounts, now_ms)
    tx.many(_MOVE, [(name, by.spent, by.reserved, by.overrun, now_ms) for name, by in accounts.moved.items()])
    tx.many(_MAKE, [msgspec.structs.astuple(_placed(one, places)) for one in accounts.made])
    spent_about.add(tx, accounts.about)
    tx.many(_END, [(one.id, one.state, one.actual, one.ended, one.subject) for one in accounts.ended])
    return places


def expire(tx: Transaction, now_ms: int) -> int:
    """Book as spent what nobody said anything about in time; how many those were. BATCH: there may be more."""
    sql = "SELECT id FROM reservations WHERE state = 'open' AND expires <= ? ORDER BY expires LIMIT ?"
    ids = [str(id_) for (id_,) in tx.all(sql, now_ms, BATCH)]
    if ids:
        decide(tx, [Expire(id_, now_ms) for id_ in ids])
    return len(ids)


def forget(tx: Transaction, now_ms: int) -> int:
    """Forget reservations that ended long ago; how many. What was spent stays in the buckets, and in the ledger."""
    sql = "SELECT id FROM reservations WHERE state <> 'open' AND ended < ? ORDER BY ended LIMIT ?"
    ids = [str(row[0]) for row in tx.all(sql, now_ms - KEPT, BATCH)]
    for id_ in ids:
        tx.run("DELETE FROM reservations WHERE id = ?", id_)
    return len(ids)


def forget_buckets(tx: Transaction, after: str, now_ms: int) -> str:
    """Forget what nothing counts any more (`is_old`), of some buckets after one in the order of their names; where to
    go on, "" at the end. A run of which nobody wrote down when it last moved money is taken to have done so now."""
    sql = "SELECT bucket, moved FROM budgets WHERE bucket > ? AND reserved = 0 ORDER BY bucket LIMIT ?"
    found = [(str(name), int(moved)) for name, moved in tx.all(sql, after, _LOOKED_AT)]
    old = [(name,) for name, moved in found if is_old(name, moved or now_ms, now_ms)]
    tx.many("DELETE FROM budgets WHERE bucket = ?", old)
    unknown = [(now_ms, name) for name, moved in found if not moved and is_run(name)]
    tx.many("UPDATE budgets SET moved = ? WHERE bucket = ?", unknown)
    return found[-1][0] if len(found) == _LOOKED_AT else ""


def _read(tx: Transaction, requests: Iterable[Request]) -> dict[str, Reservation]:
    """Every reservation that a request is about, by its id."""
    ids, keys = set[str](), set[tuple[str, str, str]]()
    for one in requests:
        if isinstance(one, Reserve):
            keys.add((str(one.wanted.agent), one.wanted.environment, one.wanted.key))
        elif not isinstance(one, Refuse):
            ids.add(one.id)
    rows = [*tx.among(_BY_ID, tuple(ids)), *tx.among(_BY_KEY, tuple(keys))]
    return {row[0]: Reservation(*row) for row in rows}


def _record(tx: Transaction, accounts: Accounts, now_ms: int) -> Mapping[str, int]:
    """Write the records; the places of those that made a reservation, by its id. Only where somebody's subject is in
    one of them is there anything to salt."""
    noted = accounts.noted
    length = SALT * len(noted)
    salts = token_bytes(length) if any(one.entry.subject for one in noted) else bytes(length)
    receipts = append_all(tx, [one.entry for one in noted], now_ms, salts)
    return {one.made: receipt.seq for one, receipt in zip(noted, receipts, strict=True) if one.made}


def _placed(one: Reservation, places: Mapping[str, int]) -> Reservation:
    return msgspec.structs.replace(one, record=places[one.id]) if one.record == UNRECORDED else one
