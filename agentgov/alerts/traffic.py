"""Too many runs, the same call over and over, or none at all."""

from agentgov.alerts.baseline import HOUR, WEEK, Baseline, expected_busy, expected_runs
from agentgov.alerts.judged import Judged, chance_of, span
from agentgov.alerts.tails import poisson_tail

LEAST_RUNS = 20  # in an hour: fewer are no loop
LEAST_REPEATS = 20  # of one call in one run
TIMES, _FEW = 2.0, 5.0  # the busiest hour is expected so many times over, and more where few runs were seen
_MISSED, _TIMES_MISSED = 12.0, 4.0  # runs that are to be missing, and times as many as ever were in the baseline
_TIMES_GAP, _UNLIKELY = 3, 0.01  # times the longest time without a run, where that is not likely besides


def judge_runs(runs: int, baseline: Baseline | None, chance: float) -> Judged:
    """So many runs in the last hour."""
    if baseline is None:
        return Judged("unknown", f"{runs} runs in 1 h", "there is no baseline", runs, None, runs)
    times = TIMES * (1 + _FEW / max(baseline.runs, 1) ** 0.5)
    expected = times * max(baseline.most_runs, 1)
    found = poisson_tail(runs, expected)
    said = f"{runs} runs in 1 h, where the busiest hour of the baseline had {baseline.most_runs}"
    seen = Judged("firing", said, "", runs, baseline.most_runs, runs, found)
    if runs < expected:
        return seen.back("clear", f"that is less than {times:.2g} times as many")
    if runs < LEAST_RUNS:
        return seen.back("held", f"{runs} are too few: at least {LEAST_RUNS} are needed")
    if found > chance:
        return seen.back("held", f"the chance of that is {chance_of(found)}, above {chance_of(chance)}")
    return seen


def judge_repeats(tool: str, repeats: int, baseline: Baseline | None) -> Judged:
    """A run called one tool so many times with the same arguments."""
    before = baseline.repeats if baseline is not None else 0
    least = max(LEAST_REPEATS, 3 * before)
    said = f"one run called {tool} {repeats} times with the same arguments, where the most before was {before}"
    seen = Judged("firing", said, "", repeats, before, repeats, about=(("tool", tool),))
    if repeats < least:
        return seen.back("clear" if repeats < least / 2 else "held", f"at least {least} are needed")
    return seen


def judge_silence(last: int, baseline: Baseline | None, after: int, chance: float, now_ms: int) -> Judged:
    """No run was over since `last` (epoch milliseconds).

    Of two weeks that are alike, all of some number of events are in the first with a chance of one half to that power;
    events are spans of ten minutes with a run, since runs come in bursts. `chance` is how unlikely it has to be. An
    agent that runs all the time is missed sooner, by its runs.
    """
    silent = max(now_ms - last, 0)
    said = f"no run for {span(silent - silent % 60_000 or 60_000)}"
    if baseline is None:
        return Judged("unknown", said, "there is no baseline", silent / HOUR)
    if silent < after:
        return Judged("clear", said, f"that is less than {span(after)}", silent / HOUR, baseline.gap / HOUR)
    missed, found = expected_runs(baseline, last, now_ms), 0.5 ** expected_busy(baseline, last, now_ms)
    needed = max(_MISSED, _TIMES_MISSED * baseline.missed)
    told = f"{said}, where {missed:.0f} would be usual"
    seen = Judged("firing", told, "", silent / HOUR, baseline.gap / HOUR, round(missed), found)
    if missed >= needed or found <= chance:
        return seen
    span_ms = baseline.until - baseline.since
    if span_ms < WEEK or 2 * (baseline.until - last) > silent:  # these hours are not known, so that all count alike
        found = 0.5 ** (sum(baseline.busy) * silent / span_ms)
    if silent >= _TIMES_GAP * baseline.gap + after and found <= _UNLIKELY:
        return seen
    by = f"fewer than {needed:.0f} are missing, and the chance of that is {chance_of(found)}, above {chance_of(chance)}"
    return seen.back("clear", by)
