"""When a budget is gone at the rate of its window so far."""

from hypothesis import given
from hypothesis import strategies as st

from agentgov.runtime.burn import burn

HOUR = 3_600_000
DAY = 24 * HOUR


def test_half_of_it_in_a_third_of_the_day_is_gone_after_two() -> None:
    found = burn(20, 40, 0, DAY, 8 * HOUR)
    assert (found.per_hour, found.runs_out) == (2, 16 * HOUR)


def test_what_lasts_until_the_end_has_no_moment() -> None:
    assert burn(10, 40, 0, DAY, 8 * HOUR).runs_out is None
    assert burn(0, 40, 0, DAY, 8 * HOUR).runs_out is None
    assert burn(20, None, 0, DAY, 8 * HOUR).runs_out is None
    assert burn(20, 40, -16 * HOUR, None, 8 * HOUR).runs_out is None


def test_what_is_gone_is_gone_now() -> None:
    assert burn(40, 40, 0, DAY, 5).runs_out == 5
    assert burn(41, 40, -DAY, None, 5).runs_out == 5


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
