"""How many requests a caller may make."""

from hypothesis import given
from hypothesis import strategies as st

from agentgov.gate.limits import Limit, of_address


def test_a_burst_is_let_through_and_then_the_rate() -> None:
    limit = Limit(10, 5)
    assert [limit.take("a", 0) == 0 for _ in range(7)] == [True] * 5 + [False] * 2
    assert limit.take("b", 0) == 0
    wait = limit.take("a", 0)
    assert 0.09 < wait <= 0.1
    assert limit.take("a", wait + 1e-6) == 0
    assert limit.take("a", wait + 1e-6) > 0


@given(st.lists(st.floats(0, 0.5), min_size=50, max_size=300))
def test_never_more_than_burst_and_rate_in_any_stretch(gaps: list[float]) -> None:
    limit, now, let = Limit(10, 5), 0.0, list[float]()
    for gap in gaps:
        now += gap
        if limit.take("a", now) == 0:
            let.append(now)
    for first in range(len(let)):
        for last in range(first, len(let)):
            assert last - first + 1 <= 5 + (let[last] - let[first]) * 10 + 1e-6


def test_a_rate_of_zero_is_no_limit() -> None:
    limit = Limit(0, 0)
    assert all(limit.take("a", 0) == 0 for _ in range(1000))


def test_many_strangers_take_no_more_memory_than_there_is() -> None:
    limit = Limit(1, 1)
    for number in range(70_000):
        limit.take(str(number), 0)
    assert limit.take("one more", 0) > 0  # who finds no room shares what is left
    assert limit.take("later", 100) == 0


def test_a_network_of_version_six_is_one_address() -> None:
    assert of_address("2001:db8::1") == of_address("2001:db8::ffff:2") != of_address("2001:db8:0:1::1")
    assert of_address("::ffff:192.0.2.1") == of_address("192.0.2.1")
    assert of_address("not an address") == "not an address"
