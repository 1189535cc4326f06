"""How much of an effect there was: meters of whole units, added to before it happens and given back where it did not.

A window rolls. Time is cut into slices of a sixtieth of the shortest window of a meter (at least a second), and a slice
counts until all of it has left a window: so no window of that length ever sees more than its quota, and what was used
comes back up to a sixtieth later. Quotas on the same argument of a tool share a meter, and a new release goes on with
what was used under the one before; so does an agent that moved, with what was used under its earlier ids. Writers of a
store take turns until their commit, so two never take the same rest.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from agentgov.runtime.calls import Demand
from agentgov.store.port import Transaction

_SLICES = 60
_SHORTEST = 1000  # milliseconds
_SUMS = (
    "SELECT asked.column1, asked.column2, (SELECT COALESCE(SUM(used), 0) FROM meter_slices WHERE meter = asked.column1 "
    "AND ends > asked.column2), (SELECT MAX(starts) FROM meter_slices WHERE meter = asked.column1) FROM (?) AS asked"
)
_TAKE = (
    "INSERT INTO meter_slices (meter, starts, ends, used) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (meter, starts, ends) DO UPDATE SET used = meter_slices.used + excluded.used"
)
_GIVE_BACK = (
    "UPDATE meter_slices SET used = used - now.column4 FROM (VALUES (?, ?, ?, ?)) AS now "
    "WHERE meter = now.column1 AND starts = now.column2 AND ends = now.column3 AND used >= now.column4"
)


class Taken(msgspec.Struct, frozen=True):
    """An amount that stands in one slice of a meter."""

    meter: str
    amount: int
    starts: int
    ends: int


class Meters:
    """What the meters of some demands hold: read once for many calls, which take from them one after the other."""

    def __init__(self, tx: Transaction, demands: Iterable[Demand], now_ms: int) -> None:
        windows = {
            (meter, demand.window_ms): now_ms - demand.window_ms
            for demand in demands
            for meter in (demand.meter, *demand.earlier)
        }
        rows = tx.among(_SUMS, [(meter, since) for (meter, _), since in windows.items()])
        found = {(meter, since): (used, newest) for meter, since, used, newest in rows}
        self._now = now_ms
        self._used = {key: int(found[key[0], since][0]) for key, since in windows.items()}
        self._newest = {meter: found[meter, since][1] or 0 for (meter, _), since in windows.items()}
        self._taken: dict[tuple[str, int, int], int] = {}  # what was added to which slices
        self._longest: dict[str, int] = {}

    def seen(self, demands: Iterable[Demand], without: Iterable[Taken] = ()) -> Mapping[tuple[str, int], int]:
        """How much each (meter, window) has seen, `without` what somebody took for this already."""
        found = {
            (one.meter, one.window_ms): sum(self._used[meter, one.window_ms] for meter in (one.meter, *one.earlier))
            for one in demands
        }
        for own in without:
            for meter, window in found:
                if meter == own.meter and own.ends > self._now - window:
                    found[meter, window] -= own.amount
        return found

    def take(self, demands: Iterable[Demand], now_ms: int) -> tuple[Taken, ...]:
        """Add what is demanded."""
        taken = []
        for meter, (amount, shortest, longest) in sorted(_by_meter(demands).items()):
            width = max(shortest // _SLICES, _SHORTEST)
            starts = now_ms - now_ms % width
            one = Taken(meter, amount, starts, starts + width)
            key = meter, one.starts, one.ends
            self._taken[key] = self._taken.get(key, 0) + amount
            self._longest[meter] = longest
            for known in self._used:
                if known[0] == meter:
                    self._used[known] += amount
            taken.append(one)
        return tuple(taken)

    def write(self, tx: Transaction) -> None:
        """Write down what was taken. Where a slice is new, it is time to forget those that nobody counts any more."""
        tx.many(_TAKE, [(*key, amount) for key, amount in sorted(self._taken.items())])
        for meter in sorted({meter for meter, starts, _ in self._taken if starts > self._newest[meter]}):
            tx.run("DELETE FROM meter_slices WHERE meter = ? AND ends <= ?", meter, self._now - self._longest[meter])


def give_back(tx: Transaction, taken: Iterable[Taken]) -> None:
    """Take out again what was added; what has left every window is gone by itself."""
    sums: dict[tuple[str, int, int], int] = {}
    for one in taken:
        key = one.meter, one.starts, one.ends
        sums[key] = sums.get(key, 0) + one.amount
    tx.many(_GIVE_BACK, [(*key, amount) for key, amount in sorted(sums.items())])


def written(taken: Sequence[Taken]) -> str:
    """As JSON; empty for nothing."""
    return msgspec.json.encode(taken).decode() if taken else ""


def read(text: str) -> tuple[Taken, ...]:
    """What `written` wrote."""
    return msgspec.json.decode(text, type=tuple[Taken, ...]) if text else ()


def _by_meter(demands: Iterable[Demand]) -> dict[str, tuple[int, int, int]]:
    """Meter to the amount, which all of its quotas count alike, and to the shortest and the longest window."""
    found: dict[str, tuple[int, int, int]] = {}
    for one in demands:
        amount, shortest, longest = found.get(one.meter, (one.amount, one.window_ms, one.window_ms))
        found[one.meter] = amount, min(shortest, one.window_ms), max(longest, one.window_ms)
    return found
