"""How fast a budget goes, and when it is gone at that rate: whole nano-units and milliseconds. Pure.

A window of a calendar goes at its mean since it began. A rolling one loses at its beginning what it gains at its end,
so what leaves it counts: slot by slot, what is in it is known. It goes at the median of its last quarter, so that
neither a burst nor a single payment is taken for a rate; one of a day or more at its mean at most, since its last
quarter may be the busy hours of a day.
"""

from collections.abc import Sequence
from statistics import median_low
from typing import NamedTuple

from agentgov.runtime.windows import SLOTS

_HOUR, _DAY = 3_600_000, 86_400_000
_LEAST = 60_000  # a window that has just begun says nothing of its rate
_LATELY = SLOTS // 4  # slots that are over


class Burn(NamedTuple):
    """At a rate of `per_hour`, `runs_out` is the moment at which nothing is left (epoch milliseconds), None where the
    window ends first, or loses enough of what is in it, or there is no limit; and it `comes_to` so much at most."""

    per_hour: int
    runs_out: int | None
    comes_to: int


def burn(used: int, most: int | None, begins: int, ends: int, now_ms: int) -> Burn:
    """Of a window that began, and ends, at these moments."""
    elapsed = max(now_ms - begins, _LEAST)
    per_hour, comes_to = used * _HOUR // elapsed, used + used * max(ends - now_ms, 0) // elapsed
    if most is None:
        return Burn(per_hour, None, comes_to)
    if used >= most:
        return Burn(per_hour, now_ms, comes_to)
    if used <= 0:
        return Burn(per_hour, None, comes_to)
    gone = now_ms + -(-(most - used) * elapsed // used)  # rounded up: never too early
    return Burn(per_hour, gone if gone < ends else None, comes_to)


def rolling_burn(slots: Sequence[int], most: int | None, length: int, now_ms: int) -> Burn:
    """Of a rolling window of so many milliseconds by what is in each of its slots: the oldest first, that of now last.
    All of them count until the slot of now is over; then the oldest leaves."""
    used, number = sum(slots), now_ms * SLOTS // length
    into = now_ms - number * length // SLOTS
    mean = used * _HOUR // (length + into)
    per_hour = median_low(slots[-1 - _LATELY : -1]) * _HOUR * SLOTS // length
    if length >= _DAY:
        per_hour = min(per_hour, mean)
    comes_to, runs_out, left = used, None, 0
    for step, leaving in enumerate(slots[:-1], 1):
        ends = (number + step) * length // SLOTS
        level = used - left + per_hour * (ends - now_ms) // _HOUR
        if most is not None and level >= most and runs_out is None:
            runs_out = now_ms + (-(-(most - used + left) * _HOUR // per_hour) if per_hour else 0)
        comes_to, left = max(comes_to, level), left + leaving
    if most is not None and used >= most:
        runs_out = now_ms
    return Burn(per_hour, runs_out, comes_to)
