"""What alerts count and compare by: sums of windows with what comes late, mixes of tools, and how numbers are told."""

import pytest

from agentgov.alerts.baseline import DAY, HOUR, WEEK
from agentgov.alerts.judged import span
from agentgov.alerts.mix import LEAST_CALLS, LEAST_DISTANCE, dispersion_of, distance, g_statistic, judge_mix
from agentgov.alerts.slots import MINUTE, Slots

NOW = 2_900 * WEEK
FIVE = 5 * MINUTE


def added(*minutes: int) -> Slots:
    found = Slots((FIVE, HOUR))
    for minute in minutes:
        found.add(NOW + minute * MINUTE)
    return found


def test_what_comes_late_counts_in_the_windows_that_it_is_in() -> None:
    slots = added(0, 10)
    assert slots.within(FIVE, NOW + 10 * MINUTE) == (1, 0)
    slots.add(NOW + 8 * MINUTE, bad=1)
    assert slots.within(FIVE, NOW + 10 * MINUTE) == (2, 1)
    slots.add(NOW + 3 * MINUTE, bad=1)
    assert (slots.within(FIVE, NOW + 10 * MINUTE), slots.within(HOUR, NOW + 10 * MINUTE)) == ((2, 1), (4, 2))


def test_what_comes_after_its_window_is_over_changes_nothing_of_it() -> None:
    slots = added(0, 10)
    assert slots.within(FIVE, NOW + 20 * MINUTE) == (0, 0)
    slots.add(NOW + MINUTE)
    slots.add(NOW + 20 * MINUTE)
    assert (slots.within(FIVE, NOW + 20 * MINUTE), slots.within(HOUR, NOW + 20 * MINUTE)) == ((1, 0), (4, 0))


def test_a_short_window_is_asked_about_while_a_long_one_keeps_much() -> None:
    slots = added(*range(600))
    assert slots.within(FIVE, NOW + 599 * MINUTE) == (5, 0)


def test_without_calls_mixes_are_not_compared() -> None:
    assert g_statistic({}, {}) == g_statistic({}, {"a": 100}) == g_statistic({"a": 100}, {}) == (0.0, 0)
    assert distance({}, {"a": 1}) == distance({"a": 1}, {}) == 0.5
    assert judge_mix({"a": 0}, {"a": 100}, 1.0, 1.0).state == "unknown"
    assert judge_mix({"a": 100}, {}, 1.0, 1.0).state == "unknown"


def test_tools_that_are_expected_less_than_five_times_are_one() -> None:
    rare = {"a": 81, "b": 10, "c": 9}  # against as many calls five of b are expected, and less of c
    assert g_statistic(rare, {"a": 100})[1] == 2
    many = {"a": 280, "b": 10, "c": 10}  # against a third as many calls less than five of both are
    assert g_statistic(many, {"a": 100})[1] == g_statistic({"a": 100}, many)[1] == 1


def test_days_that_vary_let_more_vary_and_equal_ones_do_not_let_less() -> None:
    wild = [{"search": 50 + 30 * (day % 2), "write": 50 - 30 * (day % 2)} for day in range(6)]
    assert dispersion_of(wild) > 5
    assert dispersion_of([{"search": 50, "write": 50}] * 6) == 1.0


@pytest.mark.parametrize("short", ["now", "before"])
def test_sixty_calls_are_compared_and_fewer_are_not(short: str) -> None:
    for calls, known in ((LEAST_CALLS - 1, False), (LEAST_CALLS, True)):
        mixes = {"now": {"a": 200}, "before": {"a": 200}} | {short: {"a": calls}}
        assert (judge_mix(mixes["now"], mixes["before"], 1.0, 1.0).state != "unknown") is known


def moved(calls: int, chance: float = 1.0, dispersion: float = 1.0) -> str:
    """What is said where so many of 10,000 calls went to another tool."""
    return judge_mix({"a": 10_000 - calls, "b": calls}, {"a": 10_000}, dispersion, chance).state


def test_a_shift_is_large_and_one_that_is_over_is_less_than_half_of_that() -> None:
    assert [moved(calls) for calls in (749, 751, 1_499, 1_501)] == ["clear", "held", "held", "firing"]
    half, whole = (
        ({"a": 8_900, "b": 3_100}, {"a": 4_900, "b": 1_100}),
        ({"a": 6_500, "b": 3_500}, {"a": 8_000, "b": 2_000}),
    )
    assert [distance(*mixes) for mixes in (half, whole)] == [LEAST_DISTANCE / 2, LEAST_DISTANCE]
    assert [judge_mix(*mixes, 1.0, 1.0).state for mixes in (half, whole)] == ["held", "firing"]
    assert moved(5_000, dispersion=1e6) == "clear", "that happens by chance"


def test_a_shift_is_as_unlikely_as_the_rule_wants() -> None:
    mixes = {"a": 65, "b": 35}, {"a": 90, "b": 10}
    found = judge_mix(*mixes, 1.0, 1.0).chance
    assert found is not None
    assert [judge_mix(*mixes, 1.0, one).state for one in (found, found * 0.999)] == ["firing", "held"]


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [(0, "0 s"), (59_000, "59 s"), (MINUTE, "1 min"), (90 * MINUTE, "90 min"), (HOUR, "1 h"), (DAY, "1 d")],
)
def test_a_length_of_time_is_told_in_the_largest_whole_unit(milliseconds: int, said: str) -> None:
    assert span(milliseconds) == said
