"""How fast a budget goes, and when it is gone at that rate: whole nano-units and milliseconds. Pure."""

from typing import NamedTuple

_HOUR = 3_600_000
_LEAST = 60_000  # a window that has just begun says nothing of its rate


class Burn(NamedTuple):
    """`per_hour` is the mean since the window began; `runs_out` the moment at which nothing is left at that rate
    (epoch milliseconds), None where the window ends first, or there is no limit."""

    per_hour: int
    runs_out: int | None


def burn(used: int, most: int | None, begins: int, ends: int | None, now_ms: int) -> Burn:
    """Of a window that began, and ends, at these moments; one without an end (a rolling one) forgets as it goes on, so
    it runs out only where nothing is left already."""
    elapsed = max(now_ms - begins, _LEAST)
    per_hour = used * _HOUR // elapsed
    if most is None:
        return Burn(per_hour, None)
    if used >= most:
        return Burn(per_hour, now_ms)
    if ends is None or used <= 0:
        return Burn(per_hour, None)
    gone = now_ms + -(-(most - used) * elapsed // used)  # rounded up: never too early
    return Burn(per_hour, gone if gone < ends else None)
