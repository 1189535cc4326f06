"""Detectors: what they never do, what they always find, and that they do not depend on how they are asked."""

from collections.abc import Sequence
from math import comb, exp, factorial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgov.alerts.baseline import DAY, HOUR, WEEK, History, Run, expected_runs, make_baseline
from agentgov.alerts.burning import Allowed, Pair, burn_events, rate_of
from agentgov.alerts.defaults import effective
from agentgov.alerts.detecting import detect, prepare
from agentgov.alerts.holding import LOST, SETTLED, Holding
from agentgov.alerts.judged import Judged
from agentgov.alerts.mix import dispersion_of, g_statistic, judge_mix
from agentgov.alerts.names import judge_name
from agentgov.alerts.slots import MINUTE, Slots
from agentgov.alerts.spot import Spot
from agentgov.alerts.tails import binomial_tail, chi_square_tail, poisson_tail
from agentgov.alerts.traffic import judge_repeats, judge_runs, judge_silence
from agentgov.alerts.watched import FAST, SLOW, watched
from agentgov.model.policies import AlertRule, Burn, Severity, Signal

NOW = 2_900 * WEEK
PAIR = Pair(14.4, HOUR, 5 * MINUTE)
ALLOWED = Allowed(0.02, 3, 1e-4)
RULES = {watch.name: watch for watch in effective(None)}


def week_of_runs(each: int = HOUR, cost: int = 1000, until: int = NOW) -> list[Run]:
    """A run at a steady pace, with costs that go up and down around one."""
    moments = range(until - WEEK, until, each)
    return [Run(at, 1000 + at // each % 7 * 100, cost + at // each % 5 * cost // 8) for at in moments]


def spot_of(runs: Sequence[Run]) -> Spot:
    """An agent whose baseline these runs are."""
    names = {"tool": [(run.ended, f"tool-{index % 3}", 1) for index, run in enumerate(runs)]}
    money = [(run.ended - run.ended % MINUTE, run.cost) for run in runs]
    calls = [(run.ended, 1, 0) for run in runs]
    found = Spot("a/b", "production", "r", make_baseline(History("r", NOW - WEEK, NOW, runs, calls, money, names)))
    prepare(found, list(RULES.values()))
    found.last = runs[-1].ended
    return found


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.01, 0.99))
def test_the_binomial_tail_is_the_sum_of_its_terms(bad: int, total: int, share: float) -> None:
    exact = sum(comb(total, k) * share**k * (1 - share) ** (total - k) for k in range(bad, total + 1))
    assert binomial_tail(bad, total, share) == pytest.approx(exact, abs=1e-9)


@given(st.integers(0, 60), st.floats(0.01, 40))
def test_the_poisson_tail_is_what_the_terms_below_leave(seen: int, expected: float) -> None:
    below = sum(exp(-expected) * expected**k / factorial(k) for k in range(seen))
    assert poisson_tail(seen, expected) == pytest.approx(1 - below, abs=1e-9)


@pytest.mark.parametrize(("value", "degrees", "tail"), [(3.841, 1, 0.05), (11.07, 5, 0.05), (29.588, 10, 0.001)])
def test_the_chi_square_tail_is_that_of_the_tables(value: float, degrees: int, tail: float) -> None:
    assert chi_square_tail(value, degrees) == pytest.approx(tail, rel=1e-3)


@given(st.lists(st.tuples(st.integers(0, 600), st.integers(1, 5), st.booleans()), max_size=60))
def test_sums_of_windows_do_not_depend_on_the_order_of_what_is_told(events: list[tuple[int, int, bool]]) -> None:
    there, sorted_ = Slots((HOUR, 5 * MINUTE)), Slots((HOUR, 5 * MINUTE))
    for minute, number, bad in events:
        there.add(NOW + minute * MINUTE, number, number * bad)
    for minute, number, bad in sorted(events):
        sorted_.add(NOW + minute * MINUTE, number, number * bad)
    for now in (NOW + 100 * MINUTE, NOW + 600 * MINUTE, NOW + 640 * MINUTE, NOW + 900 * MINUTE):
        for window in (HOUR, 5 * MINUTE):
            first = now - window
            mine = [(n, n * bad) for minute, n, bad in events if NOW + minute * MINUTE > first]
            expected = sum(n for n, _ in mine), sum(bad for _, bad in mine)
            assert there.within(window, now) == sorted_.within(window, now) == expected


def test_time_that_goes_back_is_refused() -> None:
    slots = Slots((HOUR,))
    slots.within(HOUR, NOW)
    with pytest.raises(ValueError, match="time goes back"):
        slots.within(HOUR, NOW - 1)


def test_minutes_that_are_over_are_let_go() -> None:
    slots = Slots((HOUR,))
    for minute in range(5000):
        slots.add(NOW + minute * MINUTE)
        assert slots.within(HOUR, NOW + minute * MINUTE)[0] == min(minute + 1, 60)
    assert len(slots._times) < 1000


@pytest.mark.parametrize("name", sorted(RULES))
def test_nothing_fires_where_nothing_was_ever_seen(name: str) -> None:
    assert all(one.state != "firing" for one in detect(Spot("a/b", "production"), RULES[name], NOW))


def test_one_failure_is_no_burn_whatever_its_rate() -> None:
    slots = Slots((HOUR, 5 * MINUTE))
    slots.add(NOW, 1, 1)
    found = burn_events(slots, [PAIR], ALLOWED, "runs failed", NOW)
    assert (found.state, found.observed, found.count) == ("held", 1.0, 1)
    assert found.held_by == "1 are too few: at least 3 are needed"


@given(st.integers(1, 200), st.integers(0, 200), st.integers(0, 200))
def test_more_failures_never_fire_less(total: int, fewer: int, more: int) -> None:
    fewer, more = sorted((min(fewer, total), min(more, total)))
    order = ("clear", "held", "firing")
    found = []
    for bad in (fewer, more):
        slots = Slots((HOUR, 5 * MINUTE))
        slots.add(NOW, total, bad)
        found.append(order.index(burn_events(slots, [PAIR], ALLOWED, "runs failed", NOW).state))
    assert found[0] <= found[1]


def test_what_has_stopped_going_on_does_not_fire() -> None:
    slots = Slots((HOUR, 5 * MINUTE))
    slots.add(NOW - 30 * MINUTE, 40, 40)
    slots.add(NOW, 20, 0)
    assert burn_events(slots, [PAIR], ALLOWED, "runs failed", NOW).state == "clear"


@given(st.floats(0.001, 0.9), st.floats(1, 1000))
def test_a_burn_can_always_be_reached(allowed: float, factor: float) -> None:
    assert rate_of(Pair(factor, HOUR, MINUTE), allowed) < 1


def test_a_doubling_of_costs_is_found_within_days_and_one_monster_is_not() -> None:
    spot = spot_of(week_of_runs())
    spot.over(Run(NOW, 1000, 10**15))
    assert detect(spot, RULES["cost"], NOW)[0].state == "clear"
    for hour in range(1, 30):
        spot.over(Run(NOW + hour * HOUR, 1000, 2500))
    found = detect(spot, RULES["cost"], NOW + 30 * HOUR)[0]
    assert found.state == "firing"
    assert found.observed == pytest.approx(2, rel=0.3)


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=40), st.integers(1, 39))
def test_runs_at_once_are_runs_one_at_a_time(costs: list[int], split: int) -> None:
    one, many = spot_of(RUNS), spot_of(RUNS)
    for index, cost in enumerate(costs):
        one.over(Run(NOW + index * MINUTE, 1000, cost))
        detect(one, RULES["cost"], NOW + index * MINUTE)
    for index, cost in enumerate(costs):
        many.over(Run(NOW + index * MINUTE, 1000, cost))
    end = NOW + DAY
    for name in ("cost", "errors", "latency", "loop"):
        assert detect(one, RULES[name], end) == detect(many, RULES[name], end)


RUNS = week_of_runs(4 * HOUR)


def test_a_sum_that_is_far_over_comes_back_soon() -> None:
    spot = spot_of(week_of_runs())
    for index in range(1000):
        spot.over(Run(NOW + index * MINUTE, 1000, 50_000))
    for index in range(40):
        spot.over(Run(NOW + DAY + index * MINUTE, 1000, 1000))
    assert detect(spot, RULES["cost"], NOW + 2 * DAY)[0].state == "clear"


def test_a_tool_that_only_the_gate_was_asked_about_is_new_once_such_questions_are_usual() -> None:
    spot = spot_of(week_of_runs())
    spot.used("asked", "drop-table", NOW)
    assert detect(spot, RULES["unseen-tool"], NOW) == [], "this agent never asked before, so nobody knows what is usual"
    assert spot.baseline is not None
    spot.baseline.names["asked"] = {"refund": 40}
    for name in ("refund", "tool-0", "drop-table"):
        spot.used("asked", name, NOW)
    spot.used("tool", "refund", NOW)
    (found,) = detect(spot, RULES["unseen-tool"], NOW)
    assert found.about == (("tool", "drop-table"),)


def test_a_tool_that_was_never_used_is_told_of_once_and_known_after_a_day() -> None:
    spot = spot_of(week_of_runs())
    spot.used("tool", "tool-0", NOW)
    assert detect(spot, RULES["unseen-tool"], NOW) == []
    spot.used("tool", "drop-table", NOW)
    found = detect(spot, RULES["unseen-tool"], NOW)
    assert [(one.state, one.about) for one in found] == [("firing", (("tool", "drop-table"),))]
    assert detect(spot, RULES["unseen-tool"], NOW + 2 * DAY) == []
    spot.used("tool", "drop-table", NOW + 2 * DAY)
    assert detect(spot, RULES["unseen-tool"], NOW + 2 * DAY) == []


def test_where_new_names_come_all_the_time_one_more_is_nothing() -> None:
    before = {f"site-{index}": 1 for index in range(60)} | {"often": 200}
    assert judge_name("domain", "new.example", 1, 10, before, 1e-3).state == "held"
    assert judge_name("domain", "new.example", 30, 100, before, 1e-3).state == "firing"


def test_a_mix_that_varies_from_day_to_day_is_no_shift_and_one_that_turned_is() -> None:
    days = [{"search": 50 + 30 * (day % 2), "write": 50 - 30 * (day % 2)} for day in range(6)]
    wild = dispersion_of(days)
    whole = {"search": sum(day["search"] for day in days), "write": sum(day["write"] for day in days)}
    assert judge_mix({"search": 80, "write": 20}, whole, wild, 1e-4).state != "firing"
    assert judge_mix({"search": 5, "write": 195}, whole, 1.0, 1e-4).state == "firing"
    assert judge_mix({"search": 65, "write": 35}, whole, 1.0, 1e-4).state == "clear"


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 500)))
def test_a_mix_never_differs_from_itself(mix: dict[str, int]) -> None:
    assert g_statistic(mix, mix)[0] == pytest.approx(0, abs=1e-6)


def test_many_runs_in_an_hour_are_a_loop_only_against_what_was_usual() -> None:
    base = spot_of(week_of_runs()).baseline
    assert judge_runs(60, base, 1e-4).state == "firing"
    assert judge_runs(3, base, 1e-4).state != "firing"
    assert judge_runs(60, None, 1e-4).state == "unknown"
    assert judge_repeats("search", 60, base).state == "firing"
    assert judge_repeats("search", 8, base).state == "clear"


def test_silence_is_counted_in_runs_that_are_missing() -> None:
    base = spot_of(week_of_runs()).baseline
    assert base is not None
    assert expected_runs(base, NOW, NOW + 10 * HOUR) == pytest.approx(10)
    assert judge_silence(NOW, base, 1_800_000, 1e-4, NOW + HOUR).state == "clear"
    assert judge_silence(NOW, base, 1_800_000, 1e-4, NOW + 14 * HOUR).state == "firing"
    assert judge_silence(NOW, None, 1_800_000, 1e-4, NOW + 14 * HOUR).state == "unknown"


def test_nights_are_no_silence() -> None:
    days = [run for run in week_of_runs(HOUR // 4) if 8 <= run.ended // HOUR % 24 < 20]
    base = spot_of(days).baseline
    night = NOW - NOW % DAY + 20 * HOUR
    assert judge_silence(night, base, 1_800_000, 1e-4, night + 12 * HOUR).state == "clear"
    assert judge_silence(night, base, 1_800_000, 1e-4, night + 20 * HOUR).state == "firing"


def test_more_runs_a_week_ask_for_more() -> None:
    few, many = spot_of(week_of_runs(4 * HOUR)).tests(), spot_of(week_of_runs(10 * MINUTE)).tests()
    assert RULES["errors"].chance(many) < RULES["errors"].chance(few)
    assert RULES["cost"].limit_for(many) > RULES["cost"].limit_for(few)


def test_less_than_a_day_is_no_baseline() -> None:
    assert make_baseline(History("r", NOW - HOUR, NOW, [Run(NOW - 1)])) is None
    assert make_baseline(History("r", NOW - WEEK, NOW)) is None


def judged(state: str) -> Judged:
    """An answer of a detector."""
    return Judged(state, "said")  # type: ignore[arg-type]


def test_an_alert_ends_only_after_it_was_clear_for_a_while() -> None:
    held = Holding()
    assert held.take("errors", judged("firing"), NOW)
    assert held.take("errors", judged("held"), NOW + DAY)
    assert held.take("errors", judged("clear"), NOW + DAY)
    assert held.take("errors", judged("firing"), NOW + DAY + 1)
    assert held.take("errors", judged("clear"), NOW + 2 * DAY)
    assert not held.take("errors", judged("clear"), NOW + 2 * DAY + SETTLED)
    assert not held.take("errors", judged("held"), NOW + 3 * DAY)


def test_what_nobody_can_tell_any_more_is_over_after_a_day_of_that() -> None:
    held = Holding()
    held.take("errors", judged("firing"), NOW)
    assert held.take("errors", judged("unknown"), NOW + LOST - 1)
    assert held.take("errors", judged("firing"), NOW + LOST)
    assert held.take("errors", judged("unknown"), NOW + 2 * LOST)
    assert held.take("errors", judged("unknown"), NOW + 3 * LOST - 1)
    assert not held.take("errors", judged("unknown"), NOW + 3 * LOST)
    assert held.held == {}


def test_a_rule_holds_what_it_says_and_its_default_where_it_says_nothing() -> None:
    burn = (Burn(2.0, ("5m", "1h")), Burn(3.0, ("6h", "30m")))
    said = watched(AlertRule("a", "cost", "page", burn=burn, limit=20.0, slack=0.25, after="5m"))
    assert said.pairs == (Pair(2.0, HOUR, 5 * MINUTE), Pair(3.0, 6 * HOUR, 30 * MINUTE))
    assert (said.limit, said.slack, said.after) == (20.0, 0.25, 5 * MINUTE)
    page, ticket, drift = (watched(AlertRule("a", *of)) for of in SAYS_NOTHING)
    assert (page.pairs, ticket.pairs, drift.pairs) == (FAST, SLOW, ())
    assert (drift.limit, drift.slack, drift.after) == (12.0, 0.5, 0)
    assert watched(AlertRule("a", "spend", "page", burn=burn[:1])).pairs == said.pairs[:1]


SAYS_NOTHING: tuple[tuple[Signal, Severity], ...] = (("errors", "page"), ("denials", "ticket"), ("cost", "page"))


def test_what_share_may_be_bad_is_said_or_twice_what_was_usual() -> None:
    watch = RULES["errors"]
    assert watched(AlertRule("a", "errors", "page", allowance=0.3)).allowance(0, 1000) == 0.3
    assert watch.allowance(0, 19) == 0.05  # of so few, nobody knows
    assert watch.allowance(0, 20) == pytest.approx(2 / 22)
    assert watch.allowance(99, 998) == pytest.approx(0.2)
    assert watch.allowance(0, 10_000) == 0.01


def test_how_unlikely_something_has_to_be_is_divided_among_looks_and_pairs_of_windows() -> None:
    often = watched(AlertRule("a", "errors", "page", false_alarms=1.0))
    assert often.chance(100) == pytest.approx(1.0 / 100 / 2)
    assert RULES["errors"].chance(100) == pytest.approx(0.05 / 100 / 2)
    assert RULES["errors"].chance(1) == RULES["errors"].chance(10)  # a week has ten, at least
    assert RULES["loop"].chance(100) == pytest.approx(0.05 / 100)


def test_a_name_is_known_a_day_after_it_was_first_told_of_however_often_somebody_looks() -> None:
    spot = spot_of(week_of_runs())
    spot.used("tool", "drop-table", NOW)
    hours = [len(detect(spot, RULES["unseen-tool"], NOW + hour * HOUR)) for hour in (0, 12, 24, 25, 36)]
    assert hours == [1, 1, 1, 0, 0]


def test_a_run_that_repeated_itself_is_over_after_an_hour_without_more_of_it() -> None:
    spot = spot_of(week_of_runs())
    spot.repeats = {"search": (60, NOW)}
    found = [detect(spot, RULES["loop"], NOW + at)[1:] for at in (HOUR - 1, HOUR)]
    assert [[one.state for one in some] for some in found] == [["firing"], []]


def test_a_new_tool_is_no_shift_of_those_that_are_known() -> None:
    spot = spot_of(week_of_runs())
    for at in range(70):
        spot.used("tool", f"tool-{at % 3}", NOW)
        spot.used("tool", "drop-table", NOW)
    (found,) = detect(spot, RULES["tool-mix"], NOW)
    assert (found.state, found.count) == ("clear", 70)


def test_two_charges_are_no_burn_of_money_and_a_rule_may_want_more() -> None:
    for charges, least, state in ((2, 0, "held"), (3, 0, "firing"), (3, 4, "held"), (4, 4, "firing")):
        spot = spot_of(week_of_runs())
        spot.allowance = 1e-6
        spot.money.add(NOW, charges, 10**9)
        watch = watched(AlertRule("spend", "spend", "page", min_count=least))
        assert [one.state for one in detect(spot, watch, NOW)] == [state]
