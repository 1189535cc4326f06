"""Money, before it is spent: an estimate is set aside, and what it really was is booked afterwards, once.

Each function is the work of one transaction, with its record in the ledger, so that replaying the records gives the
buckets (`budget_replay`). A reservation ends in one of three ways: settled at what was really spent, at the prices
that were pinned when it was made, also where that is more than was set aside, which is flagged as an overrun; released,
where nothing was ever sent to the model; or unconfirmed, where nobody said anything in time: then all of it counts as
spent, and only a late settlement corrects that.
"""

from collections.abc import Callable
from typing import Literal

import msgspec

from agentgov.model.document import Environment
from agentgov.model.names import AgentId
from agentgov.model.units import format_money
from agentgov.model.verdict import Reason, Verdict, allow, deny
from agentgov.runtime.buckets import Bucket, Limits, chain, exceeded, hold, move
from agentgov.runtime.calls import Stopped
from agentgov.runtime.ledger import Entry, append
from agentgov.runtime.prices import Price
from agentgov.store.port import Row, Transaction

State = Literal["open", "settled", "released", "unconfirmed"]
LASTS = 900_000  # milliseconds until a reservation is over
MOST = 10**15  # nano-units of one reservation, or one settlement: a million
BATCH = 100  # reservations in one transaction
KEPT = 30 * 86_400_000  # milliseconds that an ended reservation is known
_COLUMNS = "id, agent, environment, state, request, run, day, currency, price, amount, actual, closure, expires, record"
_INSERT = (
    "INSERT INTO reservations (id, agent, environment, state, request, run, day, currency, price, amount, actual, "
    "closure, expires, record, reservation_key, asked, ended) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0) "
    "ON CONFLICT (agent, environment, reservation_key) DO NOTHING"
)
_BY_KEY = f"SELECT {_COLUMNS} FROM reservations WHERE agent = ? AND environment = ? AND reservation_key = ?"  # noqa: S608
_BY_ID = f"SELECT {_COLUMNS} FROM reservations WHERE id = ?"  # noqa: S608 - our own words
_OVER = f"SELECT {_COLUMNS} FROM reservations WHERE state = 'open' AND expires <= ? ORDER BY expires LIMIT ?"  # noqa: S608
_price = msgspec.json.Decoder(Price)


class Wanted(msgspec.Struct, frozen=True):
    """What an agent wants to set aside. `key` is its own, `id` is fresh; `request` is what exactly was asked for, so
    that a key is not used for two things; without a `price`, an amount was named. `day` is of the fleet's calendar."""

    id: str
    key: str
    agent: AgentId
    environment: Environment
    closure: str
    request: str
    run: str
    day: str
    currency: str
    amount: int
    price: Price | None
    limits: Limits
    details: dict[str, str]  # for the ledger


class Reservation(msgspec.Struct, frozen=True):
    """Money that is set aside, or was; `actual` is what is booked, 0 while it is open."""

    id: str
    agent: str
    environment: Environment
    state: State
    request: str
    run: str
    day: str
    currency: str
    price: str
    amount: int
    actual: int
    closure: str
    expires: int
    record: int

    @property
    def priced(self) -> Price | None:
        """The price that was pinned, None where an amount was named."""
        return _price.decode(self.price) if self.price else None


class Spending(msgspec.Struct, frozen=True):
    """What was really used: tokens, or an amount in nano-units of a currency."""

    input_tokens: int = 0
    cached: int = 0
    output_tokens: int = 0
    amount: int | None = None
    currency: str = ""

    def of(self, reservation: Reservation) -> int | Reason:
        """What it costs at the price of a reservation."""
        price = reservation.priced
        if self.amount is not None:
            if self.currency != reservation.currency:
                return deny("budget.currency", f"it was set aside in {reservation.currency}")
            cost = self.amount
        elif price is None:
            return deny("budget.unpriced", "an amount was set aside, so tell the amount")
        else:
            cost = price.cost(self.input_tokens, self.cached, self.output_tokens)
        return cost if cost <= MOST else deny("budget.amount", "nothing costs that much")


class KeyTakenError(Exception):
    """Another process took the key meanwhile. The transaction is undone; to ask again answers as the other did."""


Found = tuple[Reservation | None, Verdict]
Standing = Callable[[Transaction], Stopped | None]


def reserve(tx: Transaction, wanted: Wanted, standing: Standing, now_ms: int, salt: bytes) -> Found:
    """Set money aside in every bucket of the chain, or in none; `standing` reads what pauses the agent. The same key
    again is the same reservation. Raises KeyTakenError."""
    row = tx.one(_BY_KEY, str(wanted.agent), wanted.environment, wanted.key)
    if row is not None:
        return _again(_reservation(row), wanted)
    stopped = standing(tx)
    if stopped is not None and stopped.mode == "stop":
        reason = deny("budget.paused", f"paused by {stopped.by}: {stopped.reason or 'no reason given'}")
        return None, refuse(tx, wanted, reason, now_ms, salt)
    full = hold(tx, _chain(wanted), wanted.amount, wanted.limits)
    if full is not None:
        asked = format_money(wanted.amount, wanted.currency)
        return None, refuse(tx, wanted, exceeded(full, asked), now_ms, salt)
    reservation = _kept(tx, wanted, now_ms, salt)
    return reservation, Verdict((allow("budget.reserved", "it is set aside", wanted.id),))


def refuse(tx: Transaction, wanted: Wanted, reason: Reason, now_ms: int, salt: bytes) -> Verdict:
    """Record that nothing was set aside, and why."""
    refs = {**wanted.details, "amount": str(wanted.amount), "rule": reason.rule}
    agent, environment = str(wanted.agent), wanted.environment
    entry = Entry("budget.deny", agent, f"agent:{agent}@{environment}", environment, wanted.closure, refs)
    append(tx, entry, now_ms, salt)
    return Verdict((reason,))


def settle(tx: Transaction, id_: str, caller: tuple[str, str], spending: Spending, now_ms: int, salt: bytes) -> Found:
    """Book what was really spent; late, it corrects what was booked unconfirmed. `caller` is agent and environment."""
    found = _of(tx, id_, caller)
    if found is None:
        return None, Verdict((deny("budget.unknown", "this agent has no such reservation here", id_),))
    actual = spending.of(found)
    if isinstance(actual, Reason):
        return found, Verdict((actual,))
    if found.state not in ("open", "unconfirmed"):
        return _ended(found, "settled", actual)
    return _end(tx, found, "settled", actual, now_ms, salt), Verdict((allow("budget.settled", "it is booked", id_),))


def release(tx: Transaction, id_: str, caller: tuple[str, str], now_ms: int, salt: bytes) -> Found:
    """Give back what nothing was spent of: the model was never asked."""
    found = _of(tx, id_, caller)
    if found is None:
        return None, Verdict((deny("budget.unknown", "this agent has no such reservation here", id_),))
    if found.state != "open":
        return _ended(found, "released", 0)
    return _end(tx, found, "released", 0, now_ms, salt), Verdict((allow("budget.released", "it is given back", id_),))


def expire(tx: Transaction, now_ms: int, salt: bytes) -> int:
    """Book as spent what nobody said anything about in time; how many those were. BATCH: there may be more."""
    rows = tx.all(_OVER, now_ms, BATCH)
    for number, row in enumerate(rows):
        found = _reservation(row)
        _end(tx, found, "unconfirmed", found.amount, now_ms, salt + bytes([number]))
    return len(rows)


def forget(tx: Transaction, now_ms: int) -> int:
    """Forget reservations that ended long ago; how many. What was spent stays in the buckets, and in the ledger."""
    sql = "SELECT id FROM reservations WHERE state <> 'open' AND ended < ? ORDER BY ended LIMIT ?"
    ids = [str(row[0]) for row in tx.all(sql, now_ms - KEPT, BATCH)]
    for id_ in ids:
        tx.run("DELETE FROM reservations WHERE id = ?", id_)
    return len(ids)


def _kept(tx: Transaction, wanted: Wanted, now_ms: int, salt: bytes) -> Reservation:
    agent, environment, expires = str(wanted.agent), wanted.environment, now_ms + LASTS
    refs = {**wanted.details, "reservation": wanted.id, "amount": str(wanted.amount), "currency": wanted.currency}
    refs |= {"day": wanted.day} | ({"run": wanted.run} if wanted.run else {})
    entry = Entry("budget.reserve", agent, f"agent:{agent}@{environment}", environment, wanted.closure, refs)
    place = append(tx, entry, now_ms, salt).seq
    price = msgspec.json.encode(wanted.price).decode() if wanted.price is not None else ""
    values = (wanted.id, agent, environment, "open", wanted.request, wanted.run, wanted.day, wanted.currency, price)
    more = (wanted.amount, 0, wanted.closure, expires, place)
    if tx.run(_INSERT, *values, *more, wanted.key, now_ms) != 1:
        raise KeyTakenError
    return _reservation((*values, *more))


def _again(found: Reservation, wanted: Wanted) -> Found:
    if found.request != wanted.request:
        return None, Verdict((deny("budget.key", "something else was set aside under this key", found.id),))
    if found.state != "open":
        return None, Verdict((deny("budget.ended", f"what was set aside under this key is {found.state}", found.id),))
    return found, Verdict((allow("budget.reserved", "it is set aside", found.id),))


def _ended(found: Reservation, state: State, actual: int) -> Found:
    """The answer to who ends what is over: yes where it ended just so, and the same thing is said twice."""
    if (found.state, found.actual) == (state, actual):
        return found, Verdict((allow(f"budget.{state}", "it was told before", found.id),))
    booked = format_money(found.actual, found.currency)
    return found, Verdict((deny("budget.ended", f"it is {found.state}: {booked} are booked", found.id),))


def _end(tx: Transaction, found: Reservation, state: State, actual: int, now_ms: int, salt: bytes) -> Reservation:
    """End an open reservation, or correct one that was booked unconfirmed."""
    was_open = found.state == "open"
    overrun = max(actual - found.amount, 0)
    move(
        tx,
        _chain(found),
        reserved=-found.amount if was_open else 0,
        spent=actual if was_open else actual - found.actual,
        overrun=overrun,
    )
    changed = tx.run(
        "UPDATE reservations SET state = ?, actual = ?, ended = ? WHERE id = ? AND state = ?",
        *(state, actual, now_ms, found.id, found.state),
    )
    assert changed == 1, "it was read in this transaction, and writers take turns"
    refs = {"reservation": found.id, "actual": str(actual), "currency": found.currency}
    refs |= {"overrun": str(overrun)} if overrun else {}
    actor = "gate" if state == "unconfirmed" else f"agent:{found.agent}@{found.environment}"
    append(
        tx, Entry(f"budget.{_VERBS[state]}", found.agent, actor, found.environment, found.closure, refs), now_ms, salt
    )
    return msgspec.structs.replace(found, state=state, actual=actual)


_VERBS = {"settled": "settle", "released": "release", "unconfirmed": "expire"}


def _of(tx: Transaction, id_: str, caller: tuple[str, str]) -> Reservation | None:
    row = tx.one(_BY_ID, id_)
    found = _reservation(row) if row is not None else None
    return found if found is not None and (found.agent, found.environment) == caller else None


def _reservation(row: Row) -> Reservation:
    return Reservation(*row)


def _chain(of: Wanted | Reservation) -> tuple[Bucket, ...]:
    return chain(str(of.agent), of.environment, of.run, of.day, of.currency)
