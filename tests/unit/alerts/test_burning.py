"""Burn rates at their edges: which gate holds an alert back, and with which numbers."""

import pytest

from agentgov.alerts.burning import Allowance, Allowed, Pair, burn_events, burn_money, rate_of
from agentgov.alerts.judged import Judged
from agentgov.alerts.slots import MINUTE, Slots
from agentgov.alerts.tails import binomial_tail

HOUR = 60 * MINUTE
NOW = 2_900 * 7 * 24 * HOUR
PAIR = Pair(2, HOUR, 5 * MINUTE)
ALL_DAY = 10**9  # runs of a baseline that is known well


def of(whole: tuple[int, int], lately: tuple[int, int]) -> Slots:
    """What happened in an hour, and of that in the last minutes: all of it, and what was bad."""
    slots = Slots((HOUR, 5 * MINUTE))
    slots.add(NOW - 30 * MINUTE, whole[0] - lately[0], whole[1] - lately[1])
    slots.add(NOW, *lately)
    return slots


def events(whole: tuple[int, int], lately: tuple[int, int], allowed: Allowed) -> Judged:
    return burn_events(of(whole, lately), [PAIR], allowed, "runs failed", NOW)


@pytest.mark.parametrize(
    ("whole", "lately", "state", "by"),
    [
        ((0, 0), (0, 0), "clear", "nothing happened in 1 h"),
        ((100, 9), (10, 9), "clear", "that is 9%, below 20%"),
        ((100, 30), (100, 9), "clear", "that is 30%, below 20%"),
        ((100, 10), (10, 2), "held", "in 1 h it is 10%, below 20%"),
        ((100, 15), (10, 5), "held", "in 1 h it is 15%, below 20%"),
        ((100, 30), (10, 1), "held", "in 5 min it is 10%, below 20%"),
        ((100, 20), (10, 1), "held", "in 5 min it is 10%, below 20%"),
        ((100, 30), (0, 0), "held", "in 5 min it is 0%, below 20%"),
        ((100, 20), (10, 2), "firing", ""),
        ((3, 3), (3, 3), "firing", ""),
        ((2, 2), (2, 2), "held", "2 are too few: at least 3 are needed"),
    ],
)
def test_both_windows_have_to_burn_and_enough_of_it(
    whole: tuple[int, int], lately: tuple[int, int], state: str, by: str
) -> None:
    found = events(whole, lately, Allowed(0.1, 3, 1.0))
    assert (found.state, found.held_by) == (state, by)


def test_a_rule_may_want_so_many_events_in_all() -> None:
    found = [events((total, total), (total, total), Allowed(0.1, 3, 1.0, events=10)) for total in (9, 10)]
    assert [one.state for one in found] == ["held", "firing"]
    assert found[0].held_by == "9 in all are too few: the rule wants 10"


def test_as_unlikely_as_the_rule_wants_is_unlikely_enough() -> None:
    chance = binomial_tail(20, 100, 0.1)
    for allowed, state in ((chance, "firing"), (chance * 0.999, "held")):
        found = events((100, 20), (10, 5), Allowed(0.1, 3, allowed))
        assert (found.state, found.chance) == (state, chance)


def test_where_much_may_be_bad_half_of_the_rest_is_enough() -> None:
    assert rate_of(Pair(14.4, HOUR, MINUTE), 0.5) == 0.75
    assert rate_of(Pair(14.4, HOUR, MINUTE), 0.01) == pytest.approx(0.144)


def money(whole: float, lately: float, allowance: Allowance, charges: int = 9) -> Judged:
    """Money of an hour and of its last five minutes, each as many times as fast as is allowed."""
    now = int(lately * 5 * MINUTE)
    return burn_money(of((charges, int(whole * HOUR)), (charges // 2, now)), [PAIR], allowance, NOW)


@pytest.mark.parametrize(
    ("whole", "lately", "state", "by"),
    [
        (0.9, 3, "clear", "that is below 2"),
        (3, 0.9, "clear", "that is below 2"),
        (1, 2, "held", "in 1 h it is 1 times, below 2"),
        (1.5, 3, "held", "in 1 h it is 1.5 times, below 2"),
        (2, 1, "held", "in 5 min it is 1 times, below 2"),
        (3, 1.5, "held", "in 5 min it is 1.5 times, below 2"),
        (2, 2, "firing", ""),
    ],
)
def test_money_has_to_go_too_fast_over_both_windows(whole: float, lately: float, state: str, by: str) -> None:
    found = money(whole, lately, Allowance(1.0, {}))
    assert (found.state, found.held_by) == (state, by)


def test_money_without_a_measure_says_nothing_and_two_charges_say_too_little() -> None:
    assert money(3, 3, Allowance(0.0, {})).state == "unknown"
    found = [money(3, 3, Allowance(1.0, {}), charges) for charges in (2, 3)]
    assert [one.state for one in found] == ["held", "firing"]
    assert found[0].held_by == "2 charges are too few: at least 3 are needed"


@pytest.mark.parametrize(
    ("charges", "runs", "needed"),
    [(25, 100, 4.0), (25, 0, 22.0), (10_000, ALL_DAY, 1.5)],  # few charges, or few runs of a baseline, say little
)
def test_money_that_went_as_fast_before_is_no_burn(charges: int, runs: int, needed: float) -> None:
    spent = 3 * HOUR
    busiest = int(spent / needed)
    assert busiest * needed == spent or needed == 22.0
    for most, state in ((busiest, "firing"), (busiest + 1, "held")):
        assert money(3, 3, Allowance(1.0, {HOUR: most}, runs=runs), charges).state == state
