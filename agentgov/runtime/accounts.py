"""The rules of money, on values in memory: requests are decided one after the other on rows that were read before.

An estimate is set aside in every bucket of its chain, or in none: the refusal names the first one, from the leaf to the
root, in which `spent + reserved + amount` would be more than its limit. A reservation ends in one of three ways:
settled at what was really spent, at the prices that were pinned when it was made, also where that is more than was set
aside, which is flagged as an overrun; released, where nothing was ever sent to the model; or unconfirmed, where nobody
said anything in time: then all of it counts as spent, and only a late settlement corrects that.

What each request changes, the next one sees. One that is refused changes nothing but that its refusal is recorded.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, assert_never

import msgspec

from agentgov.model.units import format_money
from agentgov.model.verdict import Reason, Verdict, allow, deny
from agentgov.runtime.buckets import ENDLESS, NO_LIMITS, Bucket, Level, Limits, beyond, exceeded, used
from agentgov.runtime.ledger import Entry
from agentgov.runtime.pause import Order
from agentgov.runtime.reservations import (
    Expire,
    Found,
    Refuse,
    Release,
    Request,
    Reservation,
    Reserve,
    Settle,
    State,
    Wanted,
)
from agentgov.runtime.spent_about import About, Kind
from agentgov.runtime.windows import day_of

LASTS = 900_000  # milliseconds until a reservation is over
UNRECORDED = -1  # the place of a record that is not written yet
_VERBS = {"settled": "settle", "released": "release", "unconfirmed": "expire"}
_EMPTY = Level()


class Noted(NamedTuple):
    """What is to be recorded, and the new reservation that it is the record of, "" for none."""

    entry: Entry
    made: str = ""


class Accounts:
    """Rows as they were read: the orders that pause agents, the reservations that requests are about, and the buckets
    in which any request needs room: of others only what is added is known. `made`, `ended`, `moved`, `about` (amounts,
    and how many ended) and `noted` are what deciding has made of them."""

    def __init__(
        self, orders: tuple[Order, ...], reservations: Iterable[Reservation], levels: Mapping[str, Level]
    ) -> None:
        self._orders, self._read, self._levels = orders, levels, dict(levels)
        self._by_id = {one.id: one for one in reservations}
        self._by_key = {(one.agent, one.environment, one.key): one.id for one in self._by_id.values()}
        self._changed: dict[str, None] = {}
        self._touched = set[str]()
        self.about: dict[About, tuple[int, int]] = {}
        self.noted: list[Noted] = []

    @property
    def made(self) -> tuple[Reservation, ...]:
        """The reservations that are new, as they are at the end."""
        return tuple(one for id_ in self._changed if (one := self._by_id[id_]).record == UNRECORDED)

    @property
    def ended(self) -> tuple[Reservation, ...]:
        """The reservations that were there before and have ended."""
        return tuple(one for id_ in self._changed if (one := self._by_id[id_]).record != UNRECORDED)

    @property
    def moved(self) -> Mapping[str, Level]:
        """By how much each bucket changed that money was moved in, in the order of their names; by nothing where it
        was moved back."""
        found = {}
        for name in sorted(self._touched):
            now, was = self._levels[name], self._read.get(name, _EMPTY)
            found[name] = Level(now.spent - was.spent, now.reserved - was.reserved, now.overrun - was.overrun)
        return found

    def decide(self, request: Request) -> Found:
        """Do what is asked, or say why not."""
        match request:
            case Reserve():
                return self._reserve(request)
            case Refuse(wanted, reason):
                return self._refuse(wanted, reason)
            case Settle():
                return self._settle(request)
            case Release():
                return self._release(request)
            case Expire():
                return self._expire(request)
        assert_never(request)

    def _reserve(self, asked: Reserve) -> Found:
        wanted = asked.wanted
        known = self._by_key.get((str(wanted.agent), wanted.environment, wanted.key))
        if known is not None:
            return _again(self._by_id[known], wanted)
        stopped = asked.standing(self._orders)
        if stopped is not None and stopped.mode == "stop":
            why = f"paused by {stopped.by}: {stopped.reason or 'no reason given'}"
            return self._refuse(wanted, deny("budget.paused", why))
        full = self._full(wanted.chain, wanted.amount, wanted.limits)
        if full is not None:
            reason = exceeded(full, format_money(wanted.amount, wanted.currency))
            return self._refuse(wanted, reason)
        over = self._full(wanted.chain, wanted.amount, wanted.soft) if wanted.soft else None
        made = _made(wanted, asked.now_ms)
        self._move(wanted.chain, reserved=wanted.amount)
        self._keep(made)
        self._by_key[made.agent, made.environment, made.key] = made.id
        said = _said(wanted) | ({"over": f"{over.scope} {over.window}"} if over is not None else {})
        entry = _entry(made, "reserve", said)
        self.noted.append(Noted(entry, made.id))
        done = allow("budget.reserved", "it is set aside", made.id)
        return made, Verdict((done, beyond(over)) if over is not None else (done,))

    def _refuse(self, wanted: Wanted, reason: Reason) -> Found:
        refs = {**wanted.details, "amount": str(wanted.amount), "rule": reason.rule}
        agent, environment = str(wanted.agent), wanted.environment
        said = agent, f"agent:{agent}@{environment}", environment, wanted.closure, refs
        entry = Entry("budget.deny", *said, subject=wanted.subject, purpose=wanted.purpose)
        self.noted.append(Noted(entry))
        return None, Verdict((reason,))

    def _settle(self, asked: Settle) -> Found:
        found = self._of(asked)
        if found is None:
            return _unknown(asked.id)
        actual = asked.spending.of(found)
        if isinstance(actual, Reason):
            return found, Verdict((actual,))
        if found.state not in ("open", "unconfirmed"):
            return _over(found, "settled", actual)
        more = actual - found.held
        if self._full(found.chain, more, NO_LIMITS) is not None:
            return found, Verdict((deny("budget.amount", "nobody can count so much", asked.id),))
        ended = self._end(found, "settled", actual, asked.now_ms)
        return ended, Verdict((allow("budget.settled", "it is booked", asked.id),))

    def _release(self, asked: Release) -> Found:
        found = self._of(asked)
        if found is None:
            return _unknown(asked.id)
        if found.state != "open":
            return _over(found, "released", 0)
        ended = self._end(found, "released", 0, asked.now_ms)
        return ended, Verdict((allow("budget.released", "it is given back", asked.id),))

    def _expire(self, asked: Expire) -> Found:
        found = self._by_id.get(asked.id)
        if found is None or found.state != "open" or found.expires > asked.now_ms:
            return found, Verdict((deny("budget.ended", "there is nothing to end", asked.id),))
        ended = self._end(found, "unconfirmed", found.amount, asked.now_ms)
        return ended, Verdict((allow("budget.ended", "all of it counts as spent", asked.id),))

    def _end(self, found: Reservation, state: State, actual: int, now_ms: int) -> Reservation:
        """End an open reservation, or correct one that was booked unconfirmed."""
        was_open = found.state == "open"
        overrun = max(actual - found.amount, 0)
        taken = found.amount if was_open else 0
        self._move(found.chain, spent=actual - found.actual, reserved=-taken, overrun=overrun)
        subject = found.subject if state == "unconfirmed" else ""  # which may be corrected still
        ended = msgspec.structs.replace(found, state=state, actual=actual, ended=now_ms, subject=subject)
        self._keep(ended)
        self._count(found, actual - found.actual, int(was_open))
        refs = {"reservation": found.id, "actual": str(actual), "currency": found.currency}
        refs |= {"overrun": str(overrun)} if overrun else {}
        self.noted.append(Noted(_entry(found, _VERBS[state], refs, "gate" if state == "unconfirmed" else "")))
        return ended

    def _count(self, of: Reservation, spent: int, ended: int) -> None:
        """Count what was booked for whom it is about, and for what it is."""
        kinds: tuple[tuple[Kind, str], ...] = (("purpose", of.purpose), ("subject", of.subject))
        for kind, value in kinds:
            if value:
                key = About(kind, of.agent, of.environment, day_of(of.asked), value, of.currency)
                before = self.about.get(key, (0, 0))
                self.about[key] = before[0] + spent, before[1] + ended

    def _full(self, chain: Iterable[Bucket], amount: int, limits: Limits) -> Bucket | None:
        """The first bucket, from the leaf to the root, that has not so much room."""
        for one in chain:
            most = limits.get((one.scope, one.window))
            level = self._levels.get(one.name, _EMPTY) if most is None else used(one, self._levels)
            if level.spent + level.reserved + amount > (ENDLESS if most is None else most):
                return one
        return None

    def _move(self, chain: Iterable[Bucket], *, spent: int = 0, reserved: int = 0, overrun: int = 0) -> None:
        if not (spent or reserved):  # what costs nothing makes no bucket
            return
        for one in chain:
            was = self._levels.get(one.name, _EMPTY)
            self._touched.add(one.name)
            self._levels[one.name] = Level(was.spent + spent, was.reserved + reserved, was.overrun + overrun)

    def _of(self, asked: Settle | Release) -> Reservation | None:
        """A reservation of the caller, also of one that was made under an id that the agent had before. The money of a
        permit is ended by what becomes of the permit, and not by what an agent says of the money."""
        found, (agent, environment) = self._by_id.get(asked.id), asked.caller
        if found is None or found.environment != environment or found.agent not in (agent, *asked.former):
            return None
        return found if found.is_of_permit == asked.permit else None

    def _keep(self, one: Reservation) -> None:
        self._by_id[one.id] = one
        self._changed[one.id] = None


def _entry(of: Reservation, verb: str, refs: Mapping[str, str], actor: str = "") -> Entry:
    who = actor or f"agent:{of.agent}@{of.environment}"
    said = of.agent, who, of.environment, of.closure, refs
    return Entry(f"budget.{verb}", *said, subject=of.subject, purpose=of.purpose)


def _made(wanted: Wanted, now_ms: int) -> Reservation:
    return Reservation(
        id=wanted.id,
        agent=str(wanted.agent),
        environment=wanted.environment,
        key=wanted.key,
        state="open",
        request=wanted.request,
        run=wanted.run,
        day=wanted.day,
        currency=wanted.currency,
        price=msgspec.json.encode(wanted.price).decode() if wanted.price is not None else "",
        amount=wanted.amount,
        actual=0,
        closure=wanted.closure,
        asked=now_ms,
        expires=now_ms + LASTS + wanted.lasts,
        ended=0,
        record=UNRECORDED,
        subject=wanted.subject,
        purpose=wanted.purpose,
    )


def _said(wanted: Wanted) -> dict[str, str]:
    """What the record of a reservation says: all that its buckets follow from."""
    refs = {**wanted.details, "reservation": wanted.id, "amount": str(wanted.amount), "currency": wanted.currency}
    return refs | {"day": wanted.day} | ({"run": wanted.run} if wanted.run else {})


def _again(found: Reservation, wanted: Wanted) -> Found:
    if found.request != wanted.request:
        return None, Verdict((deny("budget.key", "something else was set aside under this key", found.id),))
    if found.state != "open":
        return None, Verdict((deny("budget.ended", f"what was set aside under this key is {found.state}", found.id),))
    return found, Verdict((allow("budget.reserved", "it is set aside", found.id),))


def _over(found: Reservation, state: State, actual: int) -> Found:
    """The answer to who ends what is over: yes where it ended just so, and the same thing is said twice."""
    if (found.state, found.actual) == (state, actual):
        return found, Verdict((allow(f"budget.{state}", "it was told before", found.id),))
    booked = format_money(found.actual, found.currency)
    return found, Verdict((deny("budget.ended", f"it is {found.state}: {booked} are booked", found.id),))


def _unknown(id_: str) -> Found:
    return None, Verdict((deny("budget.unknown", "this agent has no such reservation here", id_),))
