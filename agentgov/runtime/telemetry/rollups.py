"""Sums by the minute: calls, errors, tokens, cost and durations of one model or tool of one release of an agent.

A call that turns out not to count is taken away from the minute where it was added. Durations fall into fixed classes
(1, 2, 5 and so on), so that sums of minutes are exact and a quantile is right to within its class.

What an agent tells may be absurd, and must break nobody's sums: one of a minute stops at MOST, and those of longer
times are added up in halves that no database can overflow.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from agentgov.runtime.telemetry.counting import NOTHING, USAGE, WHOLE, Span
from agentgov.store.port import Row, Transaction

MINUTE = 60_000
MOST = 2**53  # of a minute, up or down: two of them fit in 64 bits, a thousand too, and JSON tells each exactly
BOUNDS = (10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000)  # milliseconds
_KEY = ("agent", "environment", "minute", "kind", "name", "closure", "variant", "currency")
_SUMS = (
    "calls", "errors", "unmeasured", "unpriced", "sampled", "input", "cached", "output", "reasoning", "cost",
    "duration",
)  # fmt: skip
_CLASSES = (*(f"ms_{bound}" for bound in BOUNDS), "ms_longer")
_COLUMNS = (*_KEY, *_SUMS, *_CLASSES)
_LARGE = ("input", "cached", "output", "reasoning", "cost", "duration")  # whatever agents tell
_HALF = 1_000_000_000  # what a large sum is split at


def bounded(number: int) -> int:
    """A number that can be added in a database."""
    return max(-MOST, min(number, MOST))


def added(table: str, name: str) -> str:
    """SQL that adds a bounded number to one, and stops at MOST."""
    whole = f"{table}.{name} + excluded.{name}"
    return f"{name} = CASE WHEN {whole} > {MOST} THEN {MOST} WHEN {whole} < -{MOST} THEN -{MOST} ELSE {whole} END"


_ADDED = ", ".join(
    added("usage_minutes", name) if name in _LARGE else f"{name} = usage_minutes.{name} + excluded.{name}"
    for name in (*_SUMS, *_CLASSES)
)
_ADD = (
    f"INSERT INTO usage_minutes ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))}) "  # noqa: S608 - ours
    f"ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET {_ADDED}"
)

Key = tuple[str, str, int, str, str, str, str, str]
Where = tuple[str, str]  # agent and environment


@dataclass(slots=True)
class Sums:
    """What is added up; `classes` are calls by duration, one more than BOUNDS."""

    calls: int = 0
    errors: int = 0
    unmeasured: int = 0
    unpriced: int = 0
    sampled: int = 0
    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0
    cost: int = 0
    duration: int = 0
    classes: list[int] = field(default_factory=lambda: [0] * len(_CLASSES))

    @property
    def values(self) -> tuple[int, ...]:
        """In the order of the columns."""
        return (*(getattr(self, name) for name in _SUMS), *self.classes)

    def quantile(self, share: float) -> int | None:
        """Milliseconds that this share of the calls took at most, by the end of a class; None without calls."""
        wanted, seen = share * sum(self.classes), 0
        for bound, number in zip((*BOUNDS, BOUNDS[-1]), self.classes, strict=True):
            seen += number
            if number and seen >= wanted:
                return bound
        return None


def differences(where: Where, spans: Iterable[Span]) -> dict[Key, Sums]:
    """What spans add to the sums beyond what they had added before."""
    found: dict[Key, Sums] = {}
    for one in spans:
        if one.counted != one.before:
            minute = one.end - one.end % MINUTE
            key = (*where, minute, one.kind, one.name, one.closure, one.variant, one.currency)
            sums = found.get(key)
            if sums is None:
                sums = found[key] = Sums()
            _add(sums, one)
    return found


def _add(sums: Sums, one: Span) -> None:
    calls = (one.counted == WHOLE) - (one.before == WHOLE)
    usage = (one.counted >= USAGE) - (one.before >= USAGE)
    if calls:
        is_model = one.kind == "model"
        sums.calls += calls
        sums.errors += calls * one.failed
        sums.unmeasured += calls * (is_model and not one.measured)
        sums.unpriced += calls * (is_model and not one.currency)
        sums.sampled += calls * one.sampled
        sums.duration += calls * (one.end - one.start)
        sums.classes[bisect_left(BOUNDS, one.end - one.start)] += calls
    if usage:
        sums.input += usage * one.input
        sums.cached += usage * one.cached
        sums.output += usage * one.output
        sums.reasoning += usage * one.reasoning
        sums.cost += usage * one.cost


def add(tx: Transaction, sums: Mapping[Key, Sums]) -> None:
    """Add to the minutes."""
    tx.many(_ADD, [(*key, *map(bounded, sums[key].values)) for key in sorted(sums)])


@dataclass(frozen=True, slots=True)
class Line:
    """Sums of one model or tool of one release."""

    kind: str
    name: str
    closure: str
    variant: str
    currency: str
    sums: Sums


def read(tx: Transaction, agent: str, environment: str, since: int, until: int) -> Sequence[Line]:
    """The sums of the minutes from `since` to before `until` (epoch milliseconds), by kind, name and release."""
    own = "kind, name, closure, variant, currency"
    high = ", ".join(f"sum({name} / {_HALF})" for name in _LARGE)
    low = ", ".join(f"sum({name} % {_HALF})" if name in _LARGE else f"sum({name})" for name in (*_SUMS, *_CLASSES))
    rows = tx.all(
        f"SELECT {own}, {high}, {low} FROM usage_minutes WHERE agent = ? AND environment = ? "  # noqa: S608 - ours
        f"AND minute >= ? AND minute < ? GROUP BY {own} ORDER BY {own}",
        *(agent, environment, since, until),
    )
    return [_line(row) for row in rows if any(row[5:])]


def _line(row: Row) -> Line:
    kind, name, closure, variant, currency, *rest = row
    high, low = rest[: len(_LARGE)], rest[len(_LARGE) :]
    sums = sums_of(low)
    for large, more in zip(_LARGE, high, strict=True):
        setattr(sums, large, getattr(sums, large) + int(more) * _HALF)
    return Line(kind, name, closure, variant, currency, sums)


def sums_of(values: Sequence[int]) -> Sums:
    """Sums from the columns of a row."""
    split = len(_SUMS)
    whole = [int(one) for one in values]
    named = dict(zip(_SUMS, whole[:split], strict=True))
    return Sums(**named, classes=whole[split:])


def total(lines: Iterable[Line]) -> Sums:
    """All of them together."""
    values = [line.sums.values for line in lines]
    return sums_of([sum(column) for column in zip(*values, strict=True)]) if values else Sums()


assert NOTHING < USAGE < WHOLE, "what counts more is more"
