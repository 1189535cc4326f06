"""Use that becomes known after its minute was looked at, for those who look at each minute once.

Whoever looks reads a minute two minutes after it ends. What is added to it from one minute after its end on is written
down beside, too, under the minute in which it came, and that one has not been looked at yet. So nothing is read again,
and whoever reads the sums of a minute knows what of them it will be told of later, or was.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from agentgov.runtime.telemetry.rollups import MINUTE, Key, Sums, added, bounded
from agentgov.store.port import Transaction

SETTLED = 2 * MINUTE  # milliseconds after which a minute is looked at: what belongs to it comes until then
_SURE = MINUTE  # milliseconds after which what comes is late: clocks differ, and transactions wait
_KIND = "late "
_READ = "SELECT agent, environment, minute, kind, name, calls, bad FROM sensed_minutes WHERE minute >= ? "
_LATE = "AND kind IN ('late model', 'late tool')"
_ADD = (
    "INSERT INTO sensed_minutes (agent, environment, minute, kind, name, calls, bad) VALUES (?, ?, ?, ?, ?, ?, ?) "  # noqa: S608
    "ON CONFLICT (agent, environment, minute, kind, name) DO UPDATE SET "
    f"calls = sensed_minutes.calls + excluded.calls, {added('sensed_minutes', 'bad')}"
)


class Late(NamedTuple):
    """What was added to a minute in the one in which it was `heard`; below 0 what does not count after all."""

    agent: str
    environment: str
    heard: int
    minute: int
    kind: str
    name: str
    closure: str
    calls: int
    cost: int


def add_late(tx: Transaction, sums: Mapping[Key, Sums], now_ms: int) -> None:
    """Write down what of some differences is late."""
    settled, heard = now_ms - MINUTE - _SURE, now_ms - now_ms % MINUTE
    rows = [
        (agent, environment, heard, _KIND + kind, f"{minute} {closure} {name}", one.calls, bounded(one.cost))
        for (agent, environment, minute, kind, name, closure, _, _), one in sorted(sums.items(), key=lambda at: at[0])
        if minute <= settled and kind in ("model", "tool") and (one.calls or one.cost)
    ]
    tx.many(_ADD, rows)


def read_late(tx: Transaction, since: int, where: tuple[str, str] | None = None) -> Iterable[Late]:
    """What came late from a minute on, of one agent or of all."""
    of, named = ("AND agent = ? AND environment = ? ", where) if where is not None else ("", ())
    for agent, environment, heard, kind, name, calls, cost in tx.all(f"{_READ}{of}{_LATE}", since, *named):
        minute, closure, rest = str(name).split(" ", 2)
        told = (str(kind).removeprefix(_KIND), rest, closure, int(calls), int(cost))
        yield Late(agent, environment, int(heard), int(minute), *told)
