"""How often the judge fails healthy canaries, and how soon it finds worse ones, beside how others judge.

    python benchmarks/bench_judge.py [--quick]

10,000 simulated canaries of every kind (--quick: 500), each looked at after every one of 240 ticks (four hours of
minutes), the same canaries for every way to judge. The seeds are fixed, so the figures are the same on every machine.

The judge is the product's: what a window adds to the evidence is asked of `judge.update` once for each pair of counts,
added up, and wherever a threshold can be near, `update` and `judgement` decide. tests/unit/release hold both together.
"""

import math
import multiprocessing
import random
import statistics
import sys
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import repeat
from operator import add
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]

from judge_rivals import RIVALS, Line  # noqa: E402

from agentgov.model.pipeline import Judge, Metric  # noqa: E402
from agentgov.release.judge import (  # noqa: E402
    CEILING,
    HARM,
    SAFETY,
    Counts,
    JudgeState,
    MetricState,
    Outcome,
    judgement,
    update,
)

TICKS, CANARIES, QUICK, PROCESSES, CHUNK = 240, 10_000, 500, 2, 100
JUDGE = Judge(metrics={"error": Metric(ceiling=0.02)})  # alphaFail .01, alphaPass .05, thetaMax 2
SHARE = 10_000  # 50 of 500
OURS = "agentgov"
PASSES = "agentgov passes it"


@dataclass(frozen=True)
class World:
    """One kind of canary: sessions a tick on both sides, and the rates of bad ones, tick by tick."""

    name: str
    units: tuple[int, int]
    canary: tuple[float, ...]
    stable: tuple[float, ...]


def steady(name: str, units: tuple[int, int], canary: float, stable: float) -> World:
    """Rates that do not change."""
    return World(name, units, (canary,) * TICKS, (stable,) * TICKS)


SWING = tuple(round(0.05 + 0.03 * math.sin(2 * math.pi * tick / 120), 3) for tick in range(TICKS))  # 2 % to 8 %
HEALTHY = steady("healthy", (50, 450), 0.02, 0.02)
SWINGING = World("healthy, all swings", (50, 450), SWING, SWING)
DOUBLED = steady("doubled", (50, 450), 0.04, 0.02)
LITTLE = steady("doubled, 5 + 45", (5, 45), 0.04, 0.02)
WORLDS = (HEALTHY, SWINGING, DOUBLED, LITTLE)


@cache
def binomial(units: int, rate: float) -> tuple[float, ...]:
    """The distribution function of a binomial, as far as floats tell it from 1."""
    sums, total = [], 0.0
    for bad in range(units + 1):
        total += math.comb(units, bad) * rate**bad * (1 - rate) ** (units - bad)
        sums.append(total)
        if total >= 1 - 1e-15:
            break
    return tuple(sums[:-1])


counted = lru_cache(maxsize=None)(Counts)


def canary_line(world: World, number: int) -> list[Counts]:
    """The ticks of one canary, the same for the same number."""
    chance = random.Random(f"{world.name} {number}").random
    n, m = world.units
    return [
        counted(n, bisect(binomial(n, p), chance()), m, bisect(binomial(m, q), chance()))
        for p, q in zip(world.canary, world.stable, strict=True)
    ]


@cache
def added(counts: Counts) -> tuple[float, ...]:
    """What one window adds to the log evidence of every alternative: harm, safety, ceiling."""
    state = update(JudgeState(), {"error": counts}, JUDGE, SHARE).metrics["error"]
    return state.harm + state.safety + state.ceiling


BASIS = update(JudgeState(), {}, JUDGE, SHARE).basis
FAIL, PASS = math.log(1 / JUDGE.alpha_fail), math.log(1 / JUDGE.alpha_pass)


def decided(logs: Sequence[float], counts: Counts) -> Outcome:
    """The product's word on a window, after evidence in which nothing was crossed."""
    harm, safety = len(HARM), len(HARM) + len(SAFETY)
    before = MetricState(tuple(logs[:harm]), tuple(logs[harm:safety]), tuple(logs[safety : safety + len(CEILING)]))
    state = update(JudgeState(BASIS, {"error": before}), {"error": counts}, JUDGE, SHARE)
    return judgement(state, JUDGE).outcome


def judged(line: Line) -> tuple[int, int]:
    """The ticks (from 1) at which the judge fails a canary and passes it; 0 for never. What passed can still fail."""
    logs, passed, harm = [0.0] * len(added(line[0])), 0, len(HARM)
    for tick, counts in enumerate(line, 1):
        before, logs = logs, list(map(add, logs, added(counts)))
        # the mean of the alternatives is never above the largest
        if max(logs[:harm]) >= FAIL or (not passed and max(logs[harm:]) >= PASS):
            outcome = decided(before, counts)
            if outcome is Outcome.FAIL:
                return tick, passed
            if outcome is Outcome.PASS:
                passed = passed or tick
    return 0, passed


def chunk(world: World, start: int, stop: int) -> dict[str, list[int]]:
    """By way to judge: the tick at which each canary was failed, 0 for never; and at which the judge passed it."""
    found: dict[str, list[int]] = {name: [] for name in (OURS, *RIVALS, PASSES)}
    for number in range(start, stop):
        line = canary_line(world, number)
        failed, passed = judged(line)
        found[OURS].append(failed)
        found[PASSES].append(passed)
        for name, rival in RIVALS.items():
            found[name].append(rival(line))
    return found


def simulated(world: World, count: int) -> dict[str, list[int]]:
    """`chunk` for `count` canaries, over two processes."""
    starts = range(0, count, CHUNK)
    with multiprocessing.Pool(PROCESSES) as pool:
        parts = pool.starmap(
            chunk, zip(repeat(world), starts, (min(start + CHUNK, count) for start in starts), strict=False)
        )
    return {name: [tick for part in parts for tick in part[name]] for name in parts[0]}


def chance_of_at_most(hits: int, trials: int, rate: float) -> float:
    """The exact binomial chance of so few hits, or fewer."""
    logs = (
        math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1)
        + k * math.log(rate) + (trials - k) * math.log1p(-rate)
        for k in range(hits + 1)
    )  # fmt: skip
    return math.fsum(map(math.exp, logs))


def at_most(hits: int, trials: int, doubt: float = 0.01) -> float:
    """The upper end of Clopper and Pearson's one-sided interval (99 %) of the true rate."""
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if chance_of_at_most(hits, trials, middle) > doubt else (low, middle)
    return high


def cell(ticks: list[int]) -> str:
    """How many, and the median tick of all canaries ("-" where fewer than half were ever failed)."""
    median = statistics.median(tick or math.inf for tick in ticks)
    share = 100 * sum(map(bool, ticks)) / len(ticks)
    return f"{share:.1f} %, {median:.0f}" if median < math.inf else f"{share:.2g} %, -"


def without_errors(ceiling: float | None) -> int:
    """Ticks until a canary of 50 sessions a tick without a bad one passes; 0 for not within the 240."""
    judge, state = Judge(metrics={"error": Metric(ceiling=ceiling)}), JudgeState()
    for tick in range(1, TICKS + 1):
        state = update(state, {"error": Counts(50, 0, 450, 0)}, judge, SHARE)
        if judgement(state, judge).outcome is Outcome.PASS:
            return tick
    return 0


def main() -> None:
    """Print a Markdown table, one row for each way to judge."""
    count = QUICK if "--quick" in sys.argv[1:] else CANARIES
    found = {world.name: simulated(world, count) for world in WORLDS}
    print(f"share of {count:,} canaries that were failed within {TICKS} ticks, and the median tick:\n")
    print(f"| | {' | '.join(found)} |\n|---|{'---|' * len(found)}")
    for name in (OURS, *RIVALS, PASSES):
        print(f"| {name} | {' | '.join(cell(world[name]) for world in found.values())} |")
    alarms = sum(map(bool, found[HEALTHY.name][OURS]))
    print(f"\nfalse alarms of the judge: {alarms} of {count:,}; at most {100 * at_most(alarms, count):.2f} % (99 %)")
    print(f"no errors: passes after {without_errors(0.02)} ticks with a ceiling of 2 %", end="")
    print(f", {without_errors(0.01)} with 1 %, {without_errors(None) or 'never'} without")


if __name__ == "__main__":
    main()
