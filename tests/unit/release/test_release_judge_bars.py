"""What docs/judge.md promises of the judge, on simulated canaries with fixed seeds, by exact binomial bounds.

A bar is held where canaries so good would be rarer than one in a hundred if the true rate were at the bar.
"""

import math
import random
import statistics
import sys
from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks"))
from bench_judge import (
    DOUBLED,
    HEALTHY,
    JUDGE,
    LITTLE,
    SHARE,
    SWINGING,
    World,
    at_most,
    canary_line,
    chance_of_at_most,
    judged,
    without_errors,
)
from judge_rivals import RankSum

from agentgov.release.judge import Counts, JudgeState, Outcome, judgement, update

WORLDS = (HEALTHY, SWINGING, DOUBLED, LITTLE)
RARE = 0.01


def asked(line: list[Counts]) -> tuple[int, int]:
    """`judged`, by nothing but the product's own two functions at every look."""
    state, passed = JudgeState(), 0
    for tick, counts in enumerate(line, 1):
        state = update(state, {"error": counts}, JUDGE, SHARE)
        outcome = judgement(state, JUDGE).outcome
        if outcome is Outcome.FAIL:
            return tick, passed
        if outcome is Outcome.PASS:
            passed = passed or tick
    return 0, passed


def verdicts(world: World, count: int) -> list[tuple[int, int]]:
    """The ticks at which each canary was failed and passed, 0 for never."""
    return [judged(canary_line(world, number)) for number in range(count)]


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_the_simulation_says_what_the_judge_says_at_every_look(world: World) -> None:
    for number in range(3):
        line = canary_line(world, number)
        assert judged(line) == asked(line)


@pytest.mark.slow
@pytest.mark.parametrize(("world", "count"), [(HEALTHY, 4000), (SWINGING, 2000)], ids=["steady", "swinging"])
def test_false_alarms_over_240_looks_stay_below_alpha(world: World, count: int) -> None:
    found = verdicts(world, count)
    alarms = sum(failed > 0 for failed, _ in found)
    assert chance_of_at_most(alarms, len(found), JUDGE.alpha_fail) < RARE
    assert statistics.median(passed or math.inf for _, passed in found) <= 20


@pytest.mark.slow
def test_a_doubling_is_found_within_twenty_ticks_and_seldom_passes() -> None:
    found = verdicts(DOUBLED, 2000)
    assert statistics.median(failed or math.inf for failed, _ in found) <= 20
    missed = sum(failed == 0 for failed, _ in found)
    assert chance_of_at_most(missed, len(found), 0.01) < RARE
    passed = sum(passed > 0 for _, passed in found)
    assert chance_of_at_most(passed, len(found), JUDGE.alpha_pass) < RARE


def test_without_errors_a_canary_passes_by_its_ceiling_and_by_nothing_else() -> None:
    assert 0 < without_errors(0.02) <= without_errors(0.01) <= 10
    assert without_errors(None) == 0


@pytest.mark.parametrize(("trials", "rate"), [(7, Fraction(1, 3)), (40, Fraction(1, 100)), (30, Fraction(1, 2))])
def test_binomial_bounds_are_exact(trials: int, rate: Fraction) -> None:
    total = Fraction(0)
    for hits in range(trials):
        total += math.comb(trials, hits) * rate**hits * (1 - rate) ** (trials - hits)
        assert chance_of_at_most(hits, trials, float(rate)) == pytest.approx(float(total), rel=1e-9)
        assert chance_of_at_most(hits, trials, at_most(hits, trials)) == pytest.approx(0.01, rel=1e-6)


def test_the_rank_sum_beside_the_judge_is_mann_and_whitneys() -> None:
    rng, seen = random.Random(7), RankSum(90)
    pairs: list[tuple[Fraction, Fraction]] = []
    for looks in range(1, 60):
        counts = Counts(5, rng.randint(0, 2), 18, rng.randint(0, 6))
        seen.add(counts)
        pairs.append((Fraction(counts.canary_bad, 5), Fraction(counts.stable_bad, 18)))
        canary, stable = zip(*pairs, strict=True)
        u = sum(1.0 if one > other else 0.5 if one == other else 0.0 for one, other in product(canary, stable))
        pooled = [*canary, *stable]
        ties = sum(pooled.count(value) ** 3 - pooled.count(value) for value in set(pooled))
        variance = looks**2 / 12 * (2 * looks + 1 - ties / (2 * looks * (2 * looks - 1)))
        expected = (u - looks**2 / 2 - 0.5) / math.sqrt(variance) if variance > 0 else 0.0
        assert seen.z() == pytest.approx(expected)
