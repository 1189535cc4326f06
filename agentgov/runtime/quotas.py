"""How much of an effect there was: meters of whole units, added to before it happens and given back where it did not.

A window rolls. Time is cut into slices of a sixtieth of the shortest window of a meter (at least a second), and a slice
counts until all of it has left a window: so no window of that length ever sees more than its quota, and what was used
comes back up to a sixtieth later. Quotas on the same argument of a tool share a meter, and a new release goes on with
what was used under the one before; so does an agent that moved, with what was used under its earlier ids. Who adds to a
meter holds its row, so two never take the same rest.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from agentgov.runtime.calls import Demand
from agentgov.store.port import Transaction

_SLICES = 60
_SHORTEST = 1000  # milliseconds


class Taken(msgspec.Struct, frozen=True):
    """An amount that stands in one slice of a meter."""

    meter: str
    amount: int
    starts: int
    ends: int


def seen(
    tx: Transaction, demands: Iterable[Demand], now_ms: int, without: Sequence[Taken] = ()
) -> Mapping[tuple[str, int], int]:
    """How much each (meter, window) has seen, `without` what somebody took for this already. Holds the meters until the
    transaction ends, in one order for all."""
    wanted = {(demand.meter, demand.window_ms): (demand.meter, *demand.earlier) for demand in demands}
    for meter in sorted({meter for meters in wanted.values() for meter in meters}):
        tx.run(
            "INSERT INTO meters (meter, changed) VALUES (?, ?) ON CONFLICT (meter) DO UPDATE SET changed = ?",
            *(meter, now_ms, now_ms),
        )
    found = {key: sum(_sum(tx, meter, now_ms - key[1]) for meter in meters) for key, meters in wanted.items()}
    for own in without:
        for meter, window in wanted:
            if meter == own.meter and own.ends > now_ms - window:
                found[meter, window] -= own.amount
    return found


def take(tx: Transaction, demands: Iterable[Demand], now_ms: int) -> tuple[Taken, ...]:
    """Add what is demanded. The meters have been looked at by `seen` in the same transaction."""
    taken = []
    for meter, (amount, shortest, longest) in sorted(_by_meter(demands).items()):
        width = max(shortest // _SLICES, _SHORTEST)
        starts = now_ms - now_ms % width
        row = tx.one(
            "INSERT INTO meter_slices (meter, starts, ends, used) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (meter, starts, ends) DO UPDATE SET used = meter_slices.used + ? RETURNING used",
            *(meter, starts, starts + width, amount, amount),
        )
        taken.append(Taken(meter, amount, starts, starts + width))
        if row is not None and row[0] == amount:  # a new slice: time to forget those that nobody counts any more
            tx.run("DELETE FROM meter_slices WHERE meter = ? AND ends <= ?", meter, now_ms - longest)
    return tuple(taken)


def give_back(tx: Transaction, taken: Iterable[Taken]) -> None:
    """Take out again what was added; what has left every window is gone by itself."""
    for one in taken:
        tx.run(
            "UPDATE meter_slices SET used = used - ? WHERE meter = ? AND starts = ? AND ends = ? AND used >= ?",
            *(one.amount, one.meter, one.starts, one.ends, one.amount),
        )


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


def _sum(tx: Transaction, meter: str, since_ms: int) -> int:
    row = tx.one("SELECT COALESCE(SUM(used), 0) FROM meter_slices WHERE meter = ? AND ends > ?", meter, since_ms)
    return int(row[0]) if row is not None else 0
