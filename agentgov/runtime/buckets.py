"""Buckets: what a scope has spent and set aside in one window, and the chain of them that money comes out of.

The chain of a reservation goes from the leaf to the root: its run, the agent in its environment, the workspace, the
fleet. A run is one window; all others have a day and a month of a calendar, whether a limit stands on them or not, so
that a limit which is new today counts what was spent before, and a slot of each rolling window (`windows`). What stands
`beside` a bucket counts together with it: the other slots of a rolling window, and what an agent spent under the ids
that it had before. Sums are of one currency.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import msgspec

from agentgov.model.document import Environment
from agentgov.model.names import AgentId
from agentgov.model.verdict import Reason, deny, note
from agentgov.runtime.windows import SCOPES, SLOTS, Scope, Slot, day_begins, parsed, slot_ends, slots_beside
from agentgov.store.port import Transaction

ENDLESS = 2**62  # nano-units: no limit; also the most that a database can compare
Limits = Mapping[tuple[Scope, str], int]  # by scope and window: run, day, month, or the length of a rolling one
NO_LIMITS: Limits = MappingProxyType({})
SLOT_KEPT = 430 * 86_400_000  # milliseconds: longer than people may take to decide, and a late settlement after that
RUN_KEPT = 60 * 86_400_000  # milliseconds since a run last moved money: longer than anybody may settle what ended
_CALENDAR = ("day", "month")
_EAST = 14 * 3_600_000  # milliseconds that a day begins before that of UTC, where it does so first
_PHRASES = {"day": "the day of", "month": "the month of"}


@dataclass(frozen=True, slots=True)
class Bucket:
    """One window of one scope. `name` is what the store and the ledger know it by, `beside` the names of what counts
    together with it; `period` names the window as a whole, for what happens once in it."""

    scope: Scope
    window: str
    name: str
    said: str  # for people
    beside: tuple[str, ...] = ()
    period: str = ""


class Level(msgspec.Struct, frozen=True):
    """How full a bucket is; nano-units."""

    spent: int = 0
    reserved: int = 0
    overrun: int = 0


_EMPTY = Level()


@lru_cache(maxsize=4096)
def chain(
    agent: str, environment: Environment, run: str, windows: str, currency: str, former: tuple[str, ...] = ()
) -> tuple[Bucket, ...]:
    """Every bucket that money of an agent comes out of, from the leaf to the root; `former` are its ids of before."""
    here, past = f"{agent}@{environment}", [f"{one}@{environment}" for one in former]
    found = [_bucket("run", "run", here, run, currency, f"the run {run} of {agent}", past)] if run else []
    workspace = agent.partition("/")[0]
    names = {"agent": here, "workspace": workspace, "fleet": "all"}
    said = {"agent": f"{agent} in {environment}", "workspace": f"workspace {workspace}", "fleet": "the fleet"}
    at = parsed(windows)
    for scope, day in zip(SCOPES, at.days, strict=True):
        before = past if scope == "agent" else []
        for window, turn in (("day", day), ("month", day[:7])):
            words = f"{_PHRASES[window]} {said[scope]}"
            found.append(_bucket(scope, window, names[scope], turn, currency, words, before))
        mine = (slot for slot in at.slots if slot.scope == scope)
        found += [_rolling(slot, names[scope], currency, said[scope], before) for slot in mine]
    return tuple(found)


def _bucket(scope: Scope, window: str, name: str, turn: str, currency: str, said: str, past: Iterable[str]) -> Bucket:
    known = _name(scope, window, name, turn, currency)
    beside = tuple(_name(scope, window, one, turn, currency) for one in past)
    return Bucket(scope, window, known, said, beside, known)


def _rolling(slot: Slot, name: str, currency: str, said: str, past: Iterable[str]) -> Bucket:
    def names(whose: str, numbers: Iterable[int]) -> Iterator[str]:
        return (_name(slot.scope, slot.window, whose, str(number), currency) for number in numbers)

    others = tuple(slots_beside(slot.number))
    beside = [*names(name, others), *(one for old in past for one in names(old, (slot.number, *others)))]
    known = _name(slot.scope, slot.window, name, str(slot.number), currency)
    period = _name(slot.scope, slot.window, name, f"/{slot.number // SLOTS}", currency)
    return Bucket(slot.scope, slot.window, known, f"any {slot.window} of {said}", tuple(beside), period)


def _name(scope: Scope, window: str, name: str, turn: str, currency: str) -> str:
    return f"{scope} {window} {name} {turn} {currency}"


def is_run(name: str) -> bool:
    """Whether a bucket is a run's."""
    return name.startswith("run ")


def is_old(name: str, moved: int, now_ms: int) -> bool:
    """Whether nothing counts a bucket any more in which money was last moved then: a slot of a rolling window that is
    over, or a run that is."""
    if is_run(name):
        return moved < now_ms - RUN_KEPT
    _, window, *_, number, _ = name.split(" ")
    return window not in _CALENDAR and slot_ends(window, int(number)) < now_ms - SLOT_KEPT


def begins(name: str) -> int:
    """When the window of a bucket that is no run's begins at the earliest, wherever its calendar is (epoch
    milliseconds)."""
    _, window, *_, turn, _ = name.split(" ")
    if window in _CALENDAR:
        return day_begins(f"{turn}-01"[:10]) - _EAST
    return slot_ends(window, int(turn) - 1)


def levels(tx: Transaction, names: Iterable[str]) -> Mapping[str, Level]:
    """How full buckets are, by their names; those that nothing was ever taken from are not among them."""
    rows = tx.among("SELECT bucket, spent, reserved, overrun FROM budgets WHERE bucket IN (?)", tuple(names))
    return {str(row[0]): Level(*row[1:]) for row in rows}


def exceeded(bucket: Bucket, amount: str) -> Reason:
    """Why an amount is not set aside."""
    return deny("budget.exceeded", f"{amount} is more than is left of the budget: {bucket.said}", bucket.name)


def beyond(bucket: Bucket) -> Reason:
    """That an amount is set aside although nothing is left."""
    return note("budget.over", f"more than is left of the budget, which only tells of it: {bucket.said}", bucket.name)


def used(bucket: Bucket, found: Mapping[str, Level]) -> Level:
    """How full a bucket is together with what stands beside it."""
    if not bucket.beside:
        return found.get(bucket.name, _EMPTY)
    parts = [level for name in (bucket.name, *bucket.beside) if (level := found.get(name)) is not None]
    spent, reserved = sum(one.spent for one in parts), sum(one.reserved for one in parts)
    return Level(spent, reserved, sum(one.overrun for one in parts))


def used_by_slot(bucket: Bucket, found: Mapping[str, Level]) -> tuple[int, ...]:
    """What is spent and set aside in each slot that counts in a rolling window now, the oldest first."""
    parts, now = [0] * (SLOTS + 1), _slot(bucket.name)
    for name in (bucket.name, *bucket.beside):
        if (level := found.get(name)) is not None:
            parts[min(_slot(name) - now, 0) - 1] += level.spent + level.reserved
    return tuple(parts)


def lasting(name: str) -> str:
    """The name of a rolling window, whichever of its slots is meant."""
    scope, window, whose, _, currency = name.split(" ")
    return f"{scope} {window} {whose} {currency}"


def _slot(name: str) -> int:
    return int(name.split(" ")[3])


def names_of(buckets: Iterable[Bucket]) -> Iterator[str]:
    """The names of some buckets and of all that stands beside them."""
    for one in buckets:
        yield one.name
        yield from one.beside


def agent_buckets(
    agent: AgentId, environment: Environment, windows: str, currency: str, former: tuple[str, ...] = ()
) -> tuple[Bucket, ...]:
    """The buckets of an agent and of what it belongs to, without any run."""
    return chain(str(agent), environment, "", windows, currency, former)
