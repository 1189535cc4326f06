"""What was normal, at its edges: how many runs were to be expected, and in which times nobody can tell."""

from collections.abc import Iterable

import pytest
from msgspec.structs import replace

from agentgov.alerts.baseline import (
    DAY,
    HOUR,
    WEEK,
    Baseline,
    History,
    Run,
    expected_busy,
    expected_runs,
    make_baseline,
)
from agentgov.alerts.slots import MINUTE

NOW = 2_900 * WEEK


def made(moments: Iterable[int], since: int = NOW - WEEK, calls: Iterable[tuple[int, int, int]] = ()) -> Baseline:
    """The baseline of runs at some moments."""
    found = make_baseline(History("r", since, NOW, [Run(at, 1000, 1000) for at in moments], list(calls)))
    assert found is not None
    return found


STEADY = made(range(NOW - WEEK, NOW, HOUR))
DAYS = made(range(NOW - 2 * DAY, NOW, HOUR), NOW - 2 * DAY)


def test_a_day_is_enough_for_a_baseline_and_less_is_none() -> None:
    assert made([NOW - 1], NOW - DAY).runs == 1
    assert make_baseline(History("r", NOW - DAY + 1, NOW, [Run(NOW - 1)])) is None
    assert make_baseline(History("r", NOW - WEEK, NOW)) is None


def test_the_busiest_hour_is_an_hour_and_no_longer() -> None:
    assert STEADY.most_runs == 1
    assert made([*range(NOW - WEEK, NOW, HOUR), NOW - 30 * MINUTE, NOW - 29 * MINUTE]).most_runs == 3


def test_what_is_to_be_expected_is_that_of_a_week_at_most() -> None:
    assert expected_runs(STEADY, NOW, NOW + 90 * MINUTE) == pytest.approx(1.5)
    assert [expected_runs(STEADY, NOW, NOW + weeks * WEEK) for weeks in (1, 3)] == [168, 168]
    assert expected_busy(STEADY, NOW, NOW + 5 * HOUR) == 5


def test_where_hours_of_the_week_were_never_seen_nothing_is_to_be_expected() -> None:
    seen = NOW + 5 * DAY, NOW + 6 * DAY
    assert (expected_runs(STEADY, *seen), expected_busy(STEADY, *seen)) == (24, 24)
    assert (expected_runs(DAYS, *seen), expected_busy(DAYS, *seen)) == (0.0, 0.0)
    assert expected_busy(replace(STEADY, busy=()), *seen) == 0.0  # as baselines of before have it


def test_ten_minutes_between_two_runs_are_no_time_without_any() -> None:
    often = made(range(NOW - WEEK, NOW, 10 * MINUTE))
    assert (often.gap, often.missed) == (10 * MINUTE, 0.0)
    assert STEADY.missed == pytest.approx(1.0)


def test_refusals_come_together_as_they_did() -> None:
    alone = made([NOW - 1], calls=[(NOW - 2 * MINUTE, 9, 0), (NOW - MINUTE, 9, 1)])
    together = made([NOW - 1], calls=[(NOW - MINUTE, 30, 27)])
    assert (alone.denied, alone.calls, alone.clump) == (1, 18, 2.5)
    assert together.clump == pytest.approx(24.6)
