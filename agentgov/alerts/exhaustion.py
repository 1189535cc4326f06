"""A budget that will be spent before its day or month is over, at the rate at which it goes. Pure.

The rate is the mean since the window began, by the usual course of the agent's week where a baseline knows it: what is
spent by noon says little of an agent that works in the morning. A burst in the first minutes says nothing: a tenth of
the window has to be over, and a quarter of the money spent. The earlier it is, the further beyond the limit the
projection has to lie. A rolling window is projected as `agentgov budget show` does (`runtime.burn`).
"""

from typing import NamedTuple

from agentgov.alerts.baseline import DAY, WEEK, Baseline, expected_runs
from agentgov.alerts.judged import Judged, share
from agentgov.alerts.message import second
from agentgov.model.units import format_money
from agentgov.runtime.burn import Burn, burn

LEAST_OVER, LEAST_SPENT = 0.1, 0.25  # of the window, and of the limit
_MARGIN = 0.5  # how far beyond the limit at the window's beginning; nothing at its end
_LEAST_RUNS = 5.0  # that the baseline expects in the whole window, so that its course says anything
_NEVER = 0.01  # a share of the usual use that is taken for nothing


class Spending(NamedTuple):
    """How full one window of a budget is (nano-units), and when it begins and ends (epoch milliseconds)."""

    said: str  # "the day of support/refunds in production"
    currency: str
    used: int
    most: int
    begins: int
    ends: int


def judge_rolling(said: str, currency: str, used: int, most: int, length: int, rate: Burn, now_ms: int) -> Judged:
    """Whether it is gone before a rolling window has lost enough of what is in it."""
    part, comes_to = (used / most, rate.comes_to / most) if most else (1.0, 1.0)
    spent = f"{share(part)} of {said}, {format_money(most, currency)}, is spent"
    if used >= most:
        return Judged("firing", spent, "", part, 1.0)
    told = f"{spent}; at the rate at which it went lately it comes to {share(comes_to)}"
    if rate.runs_out is None:
        return Judged("clear", told, "as much leaves the window before", comes_to, 1.0)
    seen = Judged("firing", f"{told}, and ends at {second(rate.runs_out)}", "", comes_to, 1.0)
    needed = 1 + _MARGIN * (rate.runs_out - now_ms) / length
    if part < LEAST_SPENT:
        return seen.back("held", f"less than {share(LEAST_SPENT)} is spent")
    return seen if comes_to >= needed else seen.back("held", f"so early that has to be {share(needed)}")


def judge_exhaustion(one: Spending, baseline: Baseline | None, now_ms: int) -> Judged:
    """Whether it is gone before its window ends."""
    over = (now_ms - one.begins) / (one.ends - one.begins)
    usual = _usual(one, baseline, now_ms, over)
    spent = one.used / one.most if one.most else 1.0
    projected = spent / max(usual, _NEVER)
    said = f"{share(spent)} of {one.said}, {format_money(one.most, one.currency)}, is spent after {share(over)} of it"

    if one.used >= one.most:
        return Judged("firing", f"{one.said} is spent after {share(over)} of it", "", spent, 1.0)
    seen = Judged("firing", f"{said}; at this rate it comes to {share(projected)}", "", projected, 1.0)
    if burn(one.used, one.most, one.begins, one.ends, now_ms).runs_out is None or projected <= 1:
        return seen.back("clear", "the window ends first")
    if over < LEAST_OVER:
        return seen.back("held", f"less than {share(LEAST_OVER)} of the window is over")
    if spent < LEAST_SPENT:
        return seen.back("held", f"less than {share(LEAST_SPENT)} is spent")
    needed = 1 + _MARGIN * (1 - over)
    return seen if projected >= needed else seen.back("held", f"so early that has to be {share(needed)}")


def _usual(one: Spending, baseline: Baseline | None, now_ms: int, over: float) -> float:
    """Which share of what the window usually sees is behind it; the share of its time where nobody knows."""
    if baseline is None or baseline.until - baseline.since < WEEK or one.ends - one.begins > 2 * DAY:
        return over
    before, after = expected_runs(baseline, one.begins, now_ms), expected_runs(baseline, now_ms, one.ends)
    return max(before / (before + after), over) if before + after >= _LEAST_RUNS else over
