"""What was normal: seven days of the last good release, as the few numbers that detectors ask for. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import msgspec

from agentgov.alerts.drift import Normal, normal_of
from agentgov.alerts.mix import dispersion_of
from agentgov.alerts.slots import MINUTE

HOUR, DAY = 3_600_000, 86_400_000
WEEK = 7 * DAY
_CLUMP = 3.0  # refusals that are assumed to come together, where hardly any were seen
_GAP = 600_000  # milliseconds: shorter times without a run are none
LEAST_SPAN = DAY  # a baseline of less says nothing
BUSY = 600_000  # milliseconds in which runs count as one, where they come in bursts
WINDOWS = (300_000, 1_800_000, HOUR, 6 * HOUR, DAY, 3 * DAY)  # of which the busiest one is kept


class Run(msgspec.Struct, frozen=True):
    """A run that is over. `cost` in nano-units, `duration` in milliseconds; `repeats`: how often it called one tool
    with the same arguments at most; `closure`: the release that ran, "" where nobody says."""

    ended: int
    duration: int = 0
    cost: int = 0
    failed: bool = False
    repeats: int = 0
    closure: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """What an agent did from one moment to another, of the release that is the measure."""

    closure: str
    since: int
    until: int
    runs: Sequence[Run] = ()
    calls: Sequence[tuple[int, int, int]] = ()  # minute, calls that were asked for, and how many of them were refused
    money: Sequence[tuple[int, int]] = ()  # minute, nano-units
    names: Mapping[str, Sequence[tuple[int, str, int]]] = field(default_factory=dict)  # kind -> moment, name, calls


class Baseline(msgspec.Struct, frozen=True):
    """What is normal of one agent in one environment; `per_week` counts runs."""

    closure: str
    since: int
    until: int
    runs: int
    failed: int
    per_week: float
    cost: Normal | None
    latency: Normal | None
    calls: int
    denied: int
    clump: float  # how many refusals come together, by the refusals
    spent: int
    busiest: dict[int, int]  # money by the length of the window
    most_runs: int  # of an hour
    repeats: int  # the most of any run
    gap: int  # the longest time without a run
    missed: float  # the most runs that were to be expected in a time without one
    hours: tuple[int, ...]  # runs by the hour of the week, UTC, from the epoch's Thursday
    names: dict[str, dict[str, int]]  # kind -> name -> calls
    dispersion: float  # of the tools' mix from day to day
    busy: tuple[int, ...] = ()  # spans of ten minutes with a run, by the hour of the week


def make_baseline(history: History) -> Baseline | None:
    """The baseline of what an agent did; None where that is less than a day, or nothing at all."""
    span = history.until - history.since
    if span < LEAST_SPAN or not history.runs:
        return None
    runs = sorted(history.runs, key=lambda run: run.ended)
    ended = [run.ended for run in runs]
    denied = [bad for _, _, bad in history.calls if bad]
    counted = Counter(moment // HOUR % 168 for moment in ended)
    hours = tuple(counted[hour] for hour in range(168))
    gaps = list(pairwise(ended))
    names = {kind: _counts(told) for kind, told in history.names.items()}
    return Baseline(
        closure=history.closure,
        since=history.since,
        until=history.until,
        runs=len(runs),
        failed=sum(run.failed for run in runs),
        per_week=len(runs) * WEEK / span,
        cost=normal_of([(run.ended, run.cost) for run in runs]),
        latency=normal_of([(run.ended, run.duration) for run in runs]),
        calls=sum(total for _, total, _ in history.calls),
        denied=sum(denied),
        clump=(sum(one * one for one in denied) + _CLUMP**2) / (sum(denied) + _CLUMP),
        spent=sum(spent for _, spent in history.money),
        busiest={window: _busiest(sorted(history.money), window) for window in WINDOWS},
        most_runs=_busiest([(moment, 1) for moment in ended], HOUR),
        repeats=max(run.repeats for run in runs),
        gap=max((after - before for before, after in gaps), default=span),
        missed=max((_expected(hours, span, *gap) for gap in gaps if gap[1] - gap[0] > _GAP), default=0.0),
        hours=hours,
        names=names,
        dispersion=dispersion_of(_by_day(history.names.get("tool", ()))),
        busy=_busy(ended),
    )


def _busy(ended: Iterable[int]) -> tuple[int, ...]:
    counted = Counter(at * BUSY // HOUR % 168 for at in {moment // BUSY for moment in ended})
    return tuple(counted[hour] for hour in range(168))


def _counts(told: Iterable[tuple[int, str, int]]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for _, name, calls in told:
        found[name] += calls
    return dict(found)


def _by_day(told: Iterable[tuple[int, str, int]]) -> list[Counter[str]]:
    days: dict[int, Counter[str]] = {}
    for moment, name, calls in told:
        days.setdefault(moment // DAY, Counter())[name] += calls
    return list(days.values())


def _busiest(amounts: Sequence[tuple[int, int]], window: int) -> int:
    """The most that any window of a length held, of moments and amounts in their order."""
    most = held = first = 0
    for moment, amount in amounts:
        held += amount
        while amounts[first][0] <= moment - window:
            held -= amounts[first][1]
            first += 1
        most = max(most, held)
    return most


def expected_runs(baseline: Baseline, since: int, until: int) -> float:
    """How many runs are to be expected between two moments: by the hour of the week, each hour by the quietest of
    itself and its neighbours, since people and clocks are an hour early or late."""
    return _expected(baseline.hours, baseline.until - baseline.since, since, until)


def expected_busy(baseline: Baseline, since: int, until: int) -> float:
    """How many spans of ten minutes with a run the same time of the week had: that time, or an hour earlier or later,
    whichever was the quietest."""
    if baseline.until - baseline.since < WEEK or not baseline.busy:
        return 0.0
    parts = list(_parts(since, until))
    return min(sum(part * baseline.busy[(at + shift) % 168] for at, part in parts) for shift in (-1, 0, 1))


def _expected(hours: Sequence[int], span: int, since: int, until: int) -> float:
    if span < WEEK:  # some hours were never seen
        return 0.0
    found = sum(part * min(hours[at - 1], hours[at], hours[(at + 1) % 168]) for at, part in _parts(since, until))
    return found * WEEK / span


def _parts(since: int, until: int) -> Iterator[tuple[int, float]]:
    """The hours of the week between two moments, a week at most, and how much of each lies there."""
    for hour in range(since - since % HOUR, min(until, since + WEEK), HOUR):
        yield hour // HOUR % 168, (min(until, hour + HOUR) - max(since, hour)) / HOUR


assert WINDOWS[0] % MINUTE == 0, "windows are whole minutes"
