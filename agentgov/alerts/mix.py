"""A shift in the tools that are used: a G-test of the calls of a window against those of the baseline.

Calls of one run go together, so the plain test would find shifts where there are none: its statistic is divided by the
dispersion that the baseline's own days have (quasi-likelihood, McCullagh and Nelder 4.5). A shift has to be large, too.
"""

from collections.abc import Mapping, Sequence
from math import log

from agentgov.alerts.judged import Judged, chance_of
from agentgov.alerts.tails import chi_square_tail

LEAST_CALLS, LEAST_DISTANCE = 60, 0.15
_RARE = 5  # tools that are expected less often are one


def g_statistic(one: Mapping[str, int], other: Mapping[str, int]) -> tuple[float, int]:
    """The G statistic of two mixes being the same, and its degrees of freedom. Rare tools are taken together."""
    cells = _cells(one, other)
    totals = sum(a for a, _ in cells), sum(b for _, b in cells)
    whole = sum(totals)
    if len(cells) < 2:
        return 0.0, 0
    found = 0.0
    for cell in cells:
        for seen, total in zip(cell, totals, strict=True):
            if seen:
                found += 2 * seen * log(seen * whole / (total * sum(cell)))
    return max(found, 0.0), len(cells) - 1


def _cells(one: Mapping[str, int], other: Mapping[str, int]) -> list[tuple[int, int]]:
    share = min(sum(one.values()), sum(other.values())) / max(sum(one.values()) + sum(other.values()), 1)
    cells, rare = [], [0, 0]
    for name in sorted({*one, *other}):
        a, b = one.get(name, 0), other.get(name, 0)
        if (a + b) * share >= _RARE:
            cells.append((a, b))
        else:
            rare = [rare[0] + a, rare[1] + b]
    return [*cells, (rare[0], rare[1])] if sum(rare) else cells


def dispersion_of(days: Sequence[Mapping[str, int]]) -> float:
    """How much more the mix of days varies than that of independent calls would; at least 1."""
    whole: dict[str, int] = {}
    for day in days:
        for name, calls in day.items():
            whole[name] = whole.get(name, 0) + calls
    found = degrees = 0.0
    for day in days:
        rest = {name: calls - day.get(name, 0) for name, calls in whole.items()}
        value, free = g_statistic(day, rest)
        found, degrees = found + value, degrees + free
    return max(1.0, found / degrees) if degrees else 2.0


def distance(one: Mapping[str, int], other: Mapping[str, int]) -> float:
    """Which share of calls would have to be of another tool for the mixes to be the same."""
    mine, theirs = max(sum(one.values()), 1), max(sum(other.values()), 1)
    return sum(abs(one.get(name, 0) / mine - other.get(name, 0) / theirs) for name in {*one, *other}) / 2


def judge_mix(now: Mapping[str, int], before: Mapping[str, int], dispersion: float, chance: float) -> Judged:
    """The tools of a window against those of the baseline; `chance` is how unlikely it has to be."""
    calls, moved = sum(now.values()), distance(now, before)
    tool = max(
        now, key=lambda name: now[name] / max(calls, 1) - before.get(name, 0) / max(sum(before.values()), 1), default=""
    )
    said = f"{moved * 100:.0f}% of {calls} calls went to other tools than before, most of them to {tool}"
    if sum(before.values()) < LEAST_CALLS:
        return Judged("unknown", said, f"the baseline has fewer than {LEAST_CALLS} calls of tools", count=calls)
    if calls < LEAST_CALLS:
        return Judged("unknown", said, f"fewer than {LEAST_CALLS} calls of tools in seven days", count=calls)
    value, degrees = g_statistic(now, before)
    found = chi_square_tail(value / dispersion, degrees)
    seen = Judged("firing", said, "", moved, 0.0, calls, found)
    if moved < LEAST_DISTANCE / 2 or found > 0.01:
        return seen.back("clear", f"the chance of that is {chance_of(found)}")
    if moved < LEAST_DISTANCE:
        return seen.back("held", f"fewer than {LEAST_DISTANCE * 100:.0f}% moved")
    if found > chance:
        return seen.back("held", f"the chance of that is {chance_of(found)}, above {chance_of(chance)}")
    return seen
