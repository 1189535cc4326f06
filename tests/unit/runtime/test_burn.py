"""When a budget is gone at the rate of its window so far."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgov.runtime.burn import burn, rolling_burn

HOUR = 3_600_000
DAY = 24 * HOUR


def test_half_of_it_in_a_third_of_the_day_is_gone_after_two() -> None:
    found = burn(20, 40, 0, DAY, 8 * HOUR)
    assert (found.per_hour, found.runs_out) == (2, 16 * HOUR)


def test_what_lasts_until_the_end_has_no_moment() -> None:
    assert burn(10, 40, 0, DAY, 8 * HOUR).runs_out is None
    assert burn(0, 40, 0, DAY, 8 * HOUR).runs_out is None
    assert burn(20, None, 0, DAY, 8 * HOUR).runs_out is None


def test_what_is_gone_is_gone_now() -> None:
    assert burn(40, 40, 0, DAY, 5).runs_out == 5
    assert rolling_burn([0] * 24 + [41], 40, DAY, 5).runs_out == 5


@given(st.integers(0, 10**13), st.integers(1, 10**13), st.integers(0, DAY - 1))
def test_at_that_rate_the_limit_is_reached_then_and_not_a_moment_before(used: int, most: int, now_ms: int) -> None:
    elapsed = max(now_ms, 60_000)
    gone = burn(used, most, 0, DAY, now_ms).runs_out
    if used >= most:
        assert gone == now_ms
    elif gone is None:
        assert used * (DAY - now_ms) <= (most - used) * elapsed
    else:
        assert now_ms < gone < DAY
        assert used * (gone - now_ms) >= (most - used) * elapsed > used * (gone - 1 - now_ms)


NOON = 20_000 * DAY + 12 * HOUR


def test_what_leaves_a_rolling_window_makes_room() -> None:
    steady = rolling_burn([2] * 25, 60, DAY, NOON)
    assert (steady.per_hour, steady.runs_out, steady.comes_to) == (2, None, 52)
    grown = rolling_burn([2] * 18 + [6] * 7, 100, 6 * HOUR, NOON)
    assert (grown.per_hour, grown.comes_to) == (24, 78 + 18 * 4 + 6)
    assert grown.runs_out is not None
    assert NOON + HOUR < grown.runs_out < NOON + 2 * HOUR


def test_neither_a_burst_nor_the_busy_hours_of_a_day_are_taken_for_a_rate() -> None:
    assert rolling_burn([1] * 22 + [30, 1, 1], 60, DAY, NOON).runs_out is None
    assert rolling_burn([0] * 20 + [30] + [0] * 4, 60, HOUR, NOON).per_hour == 0
    working = [0] * 12 + [4] * 4 + [0] * 2 + [4] * 7  # the last of yesterday, and this morning
    assert rolling_burn(working, 70, DAY, NOON).runs_out is None


@given(
    st.lists(st.integers(0, 10**9), min_size=25, max_size=25),
    st.integers(1, 10**11),
    st.sampled_from([HOUR, 6 * HOUR, DAY, 7 * DAY]),
    st.integers(0, DAY),
)
def test_a_rolling_window_runs_out_when_what_comes_and_what_leaves_make_it(
    slots: list[int], most: int, length: int, into: int
) -> None:
    now_ms = NOON + into
    found, number = rolling_burn(slots, most, length, now_ms), now_ms * 24 // length

    def level(at: int) -> int:
        gone = sum(slots[: at * 24 // length - number])
        return sum(slots) - gone + found.per_hour * (at - now_ms) // HOUR

    ends = [(number + step) * length // 24 - 1 for step in range(1, 25)]
    assert found.comes_to == pytest.approx(max(sum(slots), *map(level, ends)), abs=found.per_hour // HOUR + 2)
    if found.runs_out is None:
        assert all(level(at) < most for at in ends)
    else:
        assert level(found.runs_out) >= most
        assert found.runs_out == now_ms or all(level(at) < most for at in ends if at < found.runs_out - 1)
