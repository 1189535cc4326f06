"""The judge against a second, direct reading of its formulas, and against simulated canaries."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from agentgov.model.pipeline import Judge, Metric
from agentgov.release.judge import (
    CEILING,
    HARM,
    SAFETY,
    Counts,
    Judgement,
    JudgeState,
    Outcome,
    eta_seconds,
    is_valid,
    judgement,
    update,
    update_alone,
)

ERROR = Judge(metrics={"error": Metric()})
SHARE = 25_000
Window = tuple[int, int, int, int]


def run(windows: list[Window], judge: Judge = ERROR, share: int = SHARE) -> JudgeState:
    """The state after windows of one metric, as (canary units, bad, stable units, bad)."""
    state = JudgeState()
    for window in windows:
        state = update(state, {"error": Counts(*window)}, judge, share)
    return state


def direct(windows: list[Window], null: float, ratios: tuple[float, ...]) -> float:
    """E by plain products of likelihood ratios, as the design writes them."""
    values = []
    for ratio in ratios:
        value = 1.0
        for canary, canary_bad, stable, stable_bad in windows:
            p_null = null * canary / (null * canary + stable)
            p_other = null * ratio * canary / (null * ratio * canary + stable)
            value *= (p_other / p_null) ** canary_bad * ((1 - p_other) / (1 - p_null)) ** stable_bad
        values.append(value)
    return sum(values) / len(values)


def direct_ceiling(windows: list[Window], ceiling: float) -> float:
    """The one-sample E for a rate of `ceiling` or more."""
    values = []
    for factor in CEILING:
        value, q = 1.0, ceiling * factor
        for canary, bad, _, _ in windows:
            value *= (q / ceiling) ** bad * ((1 - q) / (1 - ceiling)) ** (canary - bad)
        values.append(value)
    return sum(values) / len(values)


WINDOWS = st.lists(
    st.tuples(st.integers(1, 60), st.integers(0, 60), st.integers(1, 300), st.integers(0, 300)).map(
        lambda w: (w[0], min(w[0], w[1]), w[2], min(w[2], w[3]))
    ),
    max_size=8,
)


@given(WINDOWS)
@settings(max_examples=150)
def test_e_values_are_those_of_the_formulas(windows: list[Window]) -> None:
    judge = Judge(metrics={"error": Metric(ceiling=0.02)}, theta_max=1.7)
    found = judgement(run(windows, judge), judge).evidence[0]
    assert found.harm == pytest.approx(direct(windows, 1.0, HARM), rel=1e-9)
    assert found.safety == pytest.approx(direct(windows, 1.7, SAFETY), rel=1e-9)
    assert found.ceiling == pytest.approx(direct_ceiling(windows, 0.02), rel=1e-9)


def test_a_vector_worked_out_by_hand() -> None:
    # g = 2, n_c = n_b: p0 = 1/2, p = 2/3; two bad in canary, one in stable: (4/3)^2 * (2/3) = 32/27
    state = run([(10, 2, 10, 1)])
    assert math.exp(state.metrics["error"].harm[HARM.index(2.0)]) == pytest.approx(32 / 27)


@given(WINDOWS)
@settings(max_examples=60)
def test_under_no_harm_the_expected_e_value_is_one(windows: list[Window]) -> None:
    """Given the bad units of a window, theirs being on the canary side is binomial; summing over it gives exactly 1."""
    for canary, _, stable, bad in windows[:2]:
        total = min(bad, canary, stable, 12)
        p = canary / (canary + stable)
        expected = 0.0
        for on_canary in range(total + 1):
            weight = math.comb(total, on_canary) * p**on_canary * (1 - p) ** (total - on_canary)
            state = run([(canary, on_canary, stable, total - on_canary)])
            expected += weight * judgement(state, ERROR).evidence[0].harm
        assert expected == pytest.approx(1.0, rel=1e-9)


def simulate(seed: int, canary_rate: float, stable_rate: float, ticks: int = 240) -> Outcome:
    """A canary of about 20 units a minute at 25 %, looked at after every minute."""
    rng, state = random.Random(seed), JudgeState()
    for _ in range(ticks):
        canary, stable = rng.randint(15, 25), rng.randint(45, 75)
        canary_bad = sum(rng.random() < canary_rate for _ in range(canary))
        stable_bad = sum(rng.random() < stable_rate for _ in range(stable))
        state = update(state, {"error": Counts(canary, canary_bad, stable, stable_bad)}, ERROR, SHARE)
        found = judgement(state, ERROR).outcome
        if found is not Outcome.UNDECIDED:
            return found
    return Outcome.UNDECIDED


def test_false_alarms_on_healthy_canaries_are_rare_at_every_look() -> None:
    outcomes = [simulate(seed, 0.02, 0.02, ticks=120) for seed in range(120)]
    assert outcomes.count(Outcome.FAIL) <= 3  # alphaFail is .01
    assert outcomes.count(Outcome.PASS) >= 90
    assert outcomes.count(Outcome.INCONCLUSIVE) == 0


def test_a_doubling_is_found_and_seldom_passes() -> None:
    outcomes = [simulate(1000 + seed, 0.04, 0.02) for seed in range(80)]
    assert outcomes.count(Outcome.FAIL) >= 60
    assert outcomes.count(Outcome.PASS) <= 6  # alphaPass is .05


def test_a_disaster_is_found_within_a_few_units() -> None:
    state = run([(20, 10, 60, 1)])
    assert judgement(state, ERROR).outcome is Outcome.FAIL
    assert judgement(state, ERROR).metric == "error"


def test_no_bad_unit_in_390_shows_less_than_one_percent() -> None:
    judge = Judge(metrics={"error": Metric(ceiling=0.01)})
    windows = [(1, 0, 3, 0)] * 400
    passed_at = next(
        count for count in range(1, 401) if judgement(run([(count, 0, 3 * count, 0)], judge), judge).outcome == "pass"
    )
    assert 380 <= passed_at <= 390
    assert judgement(run(windows, judge), judge).outcome is Outcome.PASS
    assert judgement(run(windows, ERROR), ERROR).outcome is Outcome.UNDECIDED  # without a ceiling never


def test_a_crossing_is_kept_but_what_passed_can_still_fail() -> None:
    healthy, broken = [(2000, 20, 6000, 120)], [(200, 100, 600, 6)]
    assert judgement(run(healthy), ERROR).outcome is Outcome.PASS
    assert judgement(run(healthy + [(20, 1, 60, 1)] * 3), ERROR).outcome is Outcome.PASS
    assert judgement(run(broken), ERROR).outcome is Outcome.FAIL
    assert judgement(run(broken + healthy * 20), ERROR).outcome is Outcome.FAIL
    assert judgement(run(healthy + broken * 5), ERROR).outcome is Outcome.FAIL


def test_every_gating_metric_must_pass_and_any_metric_can_fail() -> None:
    judge = Judge(metrics={"error": Metric(), "cost": Metric(), "escalation": Metric(gate=False)})
    good, bad = Counts(2000, 20, 6000, 120), Counts(2000, 300, 6000, 120)
    state = update(JudgeState(), {"error": good}, judge, SHARE)
    assert judgement(state, judge).outcome is Outcome.UNDECIDED
    assert judgement(update(state, {"cost": good}, judge, SHARE), judge).outcome is Outcome.PASS
    found = judgement(update(state, {"escalation": bad}, judge, SHARE), judge)
    assert (found.outcome, found.metric) == (Outcome.FAIL, "escalation")


def test_more_metrics_ask_for_more_evidence_of_harm() -> None:
    window = {"error": Counts(100, 8, 300, 2)}
    evidence = judgement(update(JudgeState(), window, ERROR, SHARE), ERROR).evidence[0].harm
    assert 100 < evidence < 300
    three = Judge(metrics={name: Metric() for name in ("error", "cost", "latency")})
    assert judgement(update(JudgeState(), window, ERROR, SHARE), ERROR).outcome is Outcome.FAIL
    assert judgement(update(JudgeState(), window, three, SHARE), three).outcome is Outcome.UNDECIDED


def test_no_gating_metric_never_passes() -> None:
    judge = Judge(metrics={"error": Metric(gate=False, ceiling=0.5)})
    assert judgement(run([(5000, 0, 5000, 0)], judge), judge).outcome is Outcome.UNDECIDED


@pytest.mark.parametrize(
    "counts",
    [
        Counts(-1, 0, 5, 0),
        Counts(5, -1, 5, 0),
        Counts(5, 6, 5, 0),
        Counts(5, 0, 5, 6),
        Counts(5, 0, -5, 0),
        Counts(10**13, 0, 5, 0),
        Counts(math.nan, 0, 5, 0),  # type: ignore[arg-type]
        Counts(5, 0, math.inf, 0),  # type: ignore[arg-type]
        Counts(True, 0, 5, 0),
        Counts("5", 0, 5, 0),  # type: ignore[arg-type]
    ],
)
def test_windows_that_cannot_be_are_no_data(counts: Counts) -> None:
    assert not is_valid(counts)
    before = run([(10, 1, 30, 1)])
    after = update(before, {"error": counts}, ERROR, SHARE)
    assert after.metrics == before.metrics
    assert after.ratio == before.ratio


def test_metrics_that_nobody_asked_for_are_ignored() -> None:
    assert update(JudgeState(), {"other": Counts(5, 5, 5, 0)}, ERROR, SHARE).metrics == {}


def test_nothing_to_compare_with_is_no_evidence() -> None:
    state = run([(50, 20, 0, 0), (0, 0, 50, 20), (0, 0, 0, 0)])
    assert judgement(state, ERROR).evidence[0].harm == 1.0
    assert judgement(state, ERROR).evidence[0].safety == 1.0


@pytest.mark.parametrize("ceiling", [0.0, 1.0, 7.0])
def test_a_ceiling_that_is_no_rate_says_nothing(ceiling: float) -> None:
    judge = Judge(metrics={"error": Metric(ceiling=ceiling)})
    assert judgement(run([(50, 0, 0, 0)], judge), judge).evidence[0].ceiling == 1.0


def test_huge_and_one_sided_counts_stay_finite() -> None:
    state = run([(10**12, 10**12, 10**12, 0), (1, 0, 10**12, 10**12)])
    assert all(math.isfinite(log) for log in state.metrics["error"].harm)
    assert math.isfinite(judgement(state, ERROR).evidence[0].harm)


def test_another_judge_starts_the_evidence_anew() -> None:
    state = run([(200, 100, 600, 6)])
    lenient = replace(ERROR, theta_max=3.0)
    assert judgement(state, lenient).outcome is Outcome.UNDECIDED
    assert update(state, {}, lenient, SHARE).metrics == {}
    timed = replace(ERROR, metrics={"error": replace(ERROR.metrics["error"], slower_than="30s")})
    assert update(state, {}, timed, SHARE).metrics == {}


@pytest.mark.parametrize("split", [(0, 400), (400, 0), (180, 220)])
def test_broken_routing_is_inconclusive(split: tuple[int, int]) -> None:
    window = (split[0], 0, split[1], 0)
    assert judgement(run([window]), ERROR).outcome is Outcome.UNDECIDED  # the first window at a share is left out
    assert judgement(run([window] * 2), ERROR).outcome is Outcome.INCONCLUSIVE
    assert judgement(run([window] * 2 + [(100, 0, 300, 0)] * 500), ERROR).outcome is Outcome.INCONCLUSIVE


def test_a_harm_that_is_proven_outranks_broken_routing() -> None:
    assert judgement(run([(400, 200, 10, 0)] * 3), ERROR).outcome is Outcome.FAIL


def test_healthy_routing_is_left_alone_over_many_looks_and_shares() -> None:
    flagged = 0
    for seed in range(60):
        rng, state = random.Random(seed), JudgeState()
        for share in (5_000, 25_000, 50_000):
            for _ in range(100):
                canary = sum(rng.random() < share / 100_000 for _ in range(40))
                state = update(state, {"error": Counts(canary, 0, 40 - canary, 0)}, ERROR, share)
        flagged += state.ratio.broken
    assert flagged == 0


def test_a_share_of_all_or_nothing_has_no_ratio_to_check() -> None:
    assert not run([(100, 0, 0, 0)] * 3, share=100_000).ratio.broken
    assert not run([(0, 0, 100, 0)] * 3, share=0).ratio.broken


def test_a_healthy_canary_passes_after_about_eleven_expected_bad_units() -> None:
    rate, windows, state = 0.02, 0, JudgeState()
    while judgement(state, ERROR).outcome is Outcome.UNDECIDED:
        state = update(state, {"error": Counts(50, 1, 950, 19)}, ERROR, 5_000)
        windows += 1
    assert 8 <= windows * 50 * rate <= 14


def test_the_eta_is_about_right_and_shrinks() -> None:
    state = run([(50, 1, 950, 19)], share=5_000)
    first = judgement(state, ERROR).eta_units
    assert first is not None
    windows = 0
    while judgement(state, ERROR).outcome is Outcome.UNDECIDED:
        state = update(state, {"error": Counts(50, 1, 950, 19)}, ERROR, 5_000)
        windows += 1
    assert windows * 50 * 0.7 <= first <= windows * 50 * 1.3
    assert judgement(state, ERROR).eta_units == 0


def test_nothing_is_said_about_when_before_the_first_unit() -> None:
    assert judgement(JudgeState(), ERROR).eta_units is None


def test_the_time_that_is_left_goes_by_how_fast_units_come() -> None:
    undecided = Judgement(Outcome.UNDECIDED, eta_units=300)
    assert eta_seconds(undecided, 0.4) == 750
    assert eta_seconds(undecided, 0.0) is None
    assert eta_seconds(Judgement(Outcome.UNDECIDED), 0.4) is None
    assert eta_seconds(judgement(JudgeState(), ERROR), 1.0) is None


def test_a_release_alone_is_held_to_its_ceiling() -> None:
    judge = Judge(metrics={"error": Metric(ceiling=0.02), "cost": Metric()})
    state = JudgeState()
    for _ in range(60):
        state = update_alone(state, {"error": Counts(50, 1), "cost": Counts(50, 50)}, judge)
    assert judgement(state, judge).outcome is Outcome.UNDECIDED
    for _ in range(6):
        state = update_alone(state, {"error": Counts(50, 10)}, judge)
    assert (judgement(state, judge).outcome, judgement(state, judge).metric) == (Outcome.FAIL, "error")
    for _ in range(60):
        state = update_alone(state, {"error": Counts(50, 0)}, judge)
    assert judgement(state, judge).outcome is Outcome.FAIL


def test_a_high_ceiling_leaves_out_the_alternatives_that_are_no_rates() -> None:
    judge = Judge(metrics={"error": Metric(ceiling=0.6)})
    state = update_alone(JudgeState(), {"error": Counts(100, 100)}, judge)
    assert judgement(state, judge).outcome is Outcome.FAIL
    assert state.metrics["error"].harm[HARM.index(2.0)] == 0.0
