"""A budget that will be spent before its window ends: told of soon enough, and never by a burst alone."""

import pytest

from agentgov.alerts.baseline import DAY, HOUR, WEEK, Baseline, History, Run, make_baseline
from agentgov.alerts.exhaustion import Spending, judge_exhaustion, judge_rolling
from agentgov.runtime.burn import Burn

BEGINS = 2_900 * WEEK
MOST = 10_000_000_000


def judged(share: float, hours: float, baseline: bool = False) -> str:
    one = Spending("the day of a/b", "USD", int(share * MOST), MOST, BEGINS, BEGINS + DAY)
    return judge_exhaustion(one, _mornings() if baseline else None, BEGINS + int(hours * HOUR)).state


def _mornings() -> Baseline | None:
    """A week in which all runs are over by noon."""
    runs = [
        Run(BEGINS - WEEK + day * DAY + hour * HOUR + step * 60_000, 1000, 1000, False)
        for day in range(7)
        for hour in range(12)
        for step in range(0, 60, 5)
    ]
    return make_baseline(History("c", BEGINS - WEEK, BEGINS, runs))


@pytest.mark.parametrize(
    ("share", "hours", "state"),
    [
        (0.0, 12, "clear"),
        (0.9, 0.1, "held"),  # a burst in the first minutes
        (0.2, 3, "held"),
        (0.45, 6, "firing"),
        (0.3, 6, "held"),
        (0.24, 6, "clear"),
        (0.6, 12, "held"),
        (0.7, 12, "firing"),
        (0.99, 23, "firing"),
        (0.9, 23, "clear"),
        (1.0, 0.1, "firing"),
        (1.2, 23, "firing"),
        (0.5, 0, "held"),
        (0.5, 2.4, "firing"),  # from a tenth of the window on
        (0.25, 3, "firing"),  # from a quarter of the money on
        (0.625, 12, "firing"),  # exactly as far beyond as is needed
    ],
)
def test_the_earlier_the_further_beyond_the_limit(share: float, hours: float, state: str) -> None:
    assert judged(share, hours) == state


def test_who_works_in_the_morning_is_not_told_of_at_noon() -> None:
    assert judged(0.8, 12) == "firing"
    assert judged(0.8, 12, baseline=True) == "clear"
    assert judged(0.8, 6, baseline=True) == "firing"


def test_the_numbers_are_said() -> None:
    one = Spending("the budget of the agent for the day", "USD", MOST * 7 // 10, MOST, BEGINS, BEGINS + DAY)
    found = judge_exhaustion(one, None, BEGINS + 12 * HOUR)
    assert found.said == (
        "70% of the budget of the agent for the day, 10.00 USD, is spent after 50% of it; at this rate it comes to 140%"
    )
    assert found.observed == pytest.approx(1.4)
    assert found.baseline == 1.0


@pytest.mark.parametrize(
    ("share", "comes_to", "hours", "state"),
    [
        (0.9, 1.0, None, "clear"),  # as much leaves as comes
        (0.2, 2.0, 9, "held"),
        (0.7, 1.2, 12, "held"),
        (0.7, 1.3, 12, "firing"),
        (0.95, 1.04, 1, "firing"),
        (0.25, 2.0, 9, "firing"),
        (0.7, 1.25, 12, "firing"),  # exactly as far beyond as is needed
        (1.0, 1.0, 0, "firing"),
    ],
)
def test_a_rolling_window_is_projected_as_people_are_shown(
    share: float, comes_to: float, hours: int | None, state: str
) -> None:
    rate = Burn(1, None if hours is None else BEGINS + hours * HOUR, int(comes_to * MOST))
    found = judge_rolling("the budget of the agent for any 24h", "USD", int(share * MOST), MOST, DAY, rate, BEGINS)
    assert found.state == state
    if hours:
        assert f"it comes to {comes_to:.0%}, and ends at 20" in found.said or state == "held"
        assert found.observed == pytest.approx(comes_to)


def test_what_is_gone_is_told_without_a_projection() -> None:
    rate = Burn(1, BEGINS, MOST * 2)
    found = judge_rolling("the budget of the agent for any 24h", "USD", MOST, MOST, DAY, rate, BEGINS)
    assert (found.said, found.observed) == ("100% of the budget of the agent for any 24h, 10.00 USD, is spent", 1.0)


def course(hours: range, share: float, now: float, days: int = 1) -> tuple[str, float]:
    """What is said of a window of an agent whose runs are over at the first minute of some hours of each day."""
    runs = [Run(BEGINS - WEEK + day * DAY + hour * HOUR, 1000, 1000) for day in range(7) for hour in hours]
    baseline = make_baseline(History("c", BEGINS - WEEK, BEGINS, runs))
    one = Spending("the day of a/b", "USD", int(share * MOST), MOST, BEGINS, BEGINS + days * DAY)
    found = judge_exhaustion(one, baseline, BEGINS + int(now * HOUR))
    assert found.observed is not None
    return found.state, round(found.observed, 6)


def test_the_course_of_the_week_counts_where_it_knows_of_runs_and_the_window_is_short() -> None:
    assert course(range(7), 0.9, 6) == ("clear", 0.9)  # all five that are to be expected are over
    assert course(range(6), 0.9, 6) == ("firing", 3.6)  # of four it says nothing
    assert course(range(12), 0.4, 12, days=2) == ("clear", 0.8)
    assert course(range(12), 0.3, 12, days=3) == ("firing", 1.8)
    assert course(range(12), 0.5, 6) == ("clear", 1.0)  # it comes to the limit, and not beyond
    assert course(range(12, 24), 0.7, 12) == ("firing", 1.4)  # never less than the time that is over
