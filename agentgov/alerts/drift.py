"""A shift of what a run costs or takes: a one-sided CUSUM of its logarithm against the baseline (Page, 1954).

Each run adds how many robust standard deviations it lies above the baseline's median, less `slack`, clipped so that one
monster run starts nothing; the sum never falls below zero, and fires at `limit`. A doubling that no single run shows
adds up within some fifteen runs.
"""

from collections.abc import Sequence
from math import exp, log
from statistics import median

import msgspec

from agentgov.alerts.judged import Judged, State

SLACK, LIMIT, CLIP = 0.5, 12.0, 4.0
LEAST = 20  # runs of a baseline
_PER_WEEK = 250  # runs a week at which LIMIT holds; more runs are more chances of a false alarm
_SPREAD = 0.1  # the least robust standard deviation: something that never varies may by a tenth
_DAY, _PART = 86_400_000, 14_400_000  # nights differ from days: six parts, each with its own median where it has runs
_LOWEST = 9.0  # the least limit, however few the runs
_OVER = 4.0  # beyond the limit the sum does not grow, so that the alert ends soon after its cause


class Normal(msgspec.Struct, frozen=True):
    """What is normal: the median of the logarithm by the part of the day (UTC), and its robust standard deviation."""

    middles: tuple[float, ...]
    spread: float
    runs: int

    def deviation(self, at: int, value: float) -> float:
        """How many standard deviations a value above 0 lies above what is normal at its time of the day."""
        return (log(value) - self.middles[at % _DAY // _PART]) / self.spread


class Drift(msgspec.Struct, frozen=True):
    """The sum so far, over how many runs it has grown from nothing, and their deviations together."""

    sum: float = 0.0
    runs: int = 0
    deviations: float = 0.0


def normal_of(values: Sequence[tuple[int, float]]) -> Normal | None:
    """What is normal by the runs of a baseline, each with its moment; None where these are too few. The spread is that
    of the middle (1.4826 times the median deviation) or that of the upper tenth, whichever is wider: costs of two kinds
    of runs have a narrow middle and a long tail."""
    logs = [(at % _DAY // _PART, log(value)) for at, value in values if value > 0]
    if len(logs) < LEAST:
        return None
    whole = median(value for _, value in logs)
    middles = []
    for part in range(_DAY // _PART):
        own = [value for of, value in logs if of == part]
        middles.append(median(own) if len(own) >= LEAST else whole)
    rest = sorted(value - middles[part] for part, value in logs)
    inner, upper = 1.4826 * median(abs(one) for one in rest), rest[int(len(rest) * 0.9)] / 1.2816
    return Normal(tuple(middles), max(inner, upper, _SPREAD), len(logs))


def step(drift: Drift, at: int, value: float, normal: Normal, slack: float, most: float) -> Drift:
    """One more run; `most` is what the sum may grow to."""
    if value <= 0:
        return drift
    deviation = max(-CLIP, min(CLIP, normal.deviation(at, value)))
    found = min(drift.sum + deviation - slack, most)
    return Drift(found, drift.runs + 1, drift.deviations + deviation) if found > 0 else _NOTHING


_NOTHING = Drift()


def limit_of(limit: float, slack: float, per_week: float) -> float:
    """The limit for so many runs a week: the time to a false alarm grows as exp(2 slack limit), the number of runs in
    which one may come grows with them."""
    return max(limit + log(max(per_week, 1) / _PER_WEEK) / (2 * slack), min(_LOWEST, limit))


def most_of(limit: float) -> float:
    """What the sum may grow to, where this is the limit."""
    return limit + _OVER


def judge_drift(drift: Drift, normal: Normal | None, limit: float, slack: float, what: str) -> Judged:
    """`what` names it: "cost of a run"."""
    if normal is None:
        return Judged("unknown", f"no baseline of the {what}", f"fewer than {LEAST} runs of the last good release")
    times = exp(drift.deviations / drift.runs * normal.spread) if drift.runs else 1.0
    said = f"the {what} is {times:.2g} times the baseline's, over {drift.runs} runs"
    state: State = "firing" if drift.sum >= limit else "clear" if drift.sum < limit / 2 else "held"
    by = "" if state == "firing" else f"the sum of deviations is {drift.sum:.3g}, and fires at {limit:.3g}"
    return Judged(state, said, by, times, 1.0, drift.runs)
