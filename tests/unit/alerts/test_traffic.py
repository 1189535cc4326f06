"""Loops, silence and names that are new, at their edges: from which number on there is an alert."""

from collections.abc import Iterable

import pytest
from msgspec.structs import replace

from agentgov.alerts.baseline import DAY, HOUR, WEEK, Baseline, History, Run, make_baseline
from agentgov.alerts.drift import Drift, Normal, judge_drift, limit_of, normal_of, step
from agentgov.alerts.names import judge_name
from agentgov.alerts.slots import MINUTE
from agentgov.alerts.tails import poisson_tail
from agentgov.alerts.traffic import judge_repeats, judge_runs, judge_silence

NOW = 2_900 * WEEK
AFTER = HOUR // 2


def made(moments: Iterable[int], since: int = NOW - WEEK) -> Baseline:
    """The baseline of runs at some moments."""
    found = make_baseline(History("r", since, NOW, [Run(at, 1000, 1000) for at in moments]))
    assert found is not None
    return found


STEADY = made(range(NOW - WEEK, NOW, HOUR))


def test_a_loop_has_more_runs_than_the_busiest_hour_lets_expect() -> None:
    base = replace(STEADY, most_runs=10, runs=100)  # of which thirty are expected at most
    found = {runs: judge_runs(runs, base, 1.0) for runs in (29, 30)}
    assert [found[29].state, found[29].held_by] == ["clear", "that is less than 3 times as many"]
    assert found[30].state == "firing"
    chance = poisson_tail(30, 30.0)
    assert [judge_runs(30, base, one).state for one in (chance, chance * 0.999)] == ["firing", "held"]


def test_without_a_baseline_nobody_can_tell() -> None:
    assert judge_runs(60, None, 1.0).state == "unknown"
    assert judge_silence(NOW, None, AFTER, 1.0, NOW + DAY).state == "unknown"


def test_fewer_than_twenty_runs_are_no_loop() -> None:
    found = [judge_runs(runs, replace(STEADY, most_runs=1), 1.0) for runs in (19, 20)]
    assert [one.state for one in found] == ["held", "firing"]
    assert found[0].held_by == "19 are too few: at least 20 are needed"


@pytest.mark.parametrize(
    ("before", "repeats", "state"),
    [(0, 9, "clear"), (0, 10, "held"), (0, 19, "held"), (0, 20, "firing"), (10, 29, "held"), (10, 30, "firing")],
)
def test_a_call_is_repeated_twenty_times_and_three_times_as_often_as_ever(
    before: int, repeats: int, state: str
) -> None:
    assert judge_repeats("search", repeats, replace(STEADY, repeats=before)).state == state


def silence(silent: int, base: Baseline, chance: float = 0.0, last: int = NOW) -> str:
    return judge_silence(last, base, AFTER, chance, last + silent).state


def test_a_silence_says_how_long_it_is() -> None:
    said = {30_000: "1 min", 90_000: "1 min", 2 * HOUR + 1: "2 h", -HOUR: "1 min"}
    for silent, words in said.items():
        found = judge_silence(NOW, STEADY, AFTER, 0.0, NOW + silent)
        assert found.said.startswith(f"no run for {words}")
        assert found.observed == max(silent, 0) / HOUR


def test_a_silence_is_told_of_from_the_time_that_the_rule_says() -> None:
    assert [silence(at, STEADY, 1.0) for at in (AFTER - 1, AFTER)] == ["clear", "firing"]


def test_a_silence_in_which_twelve_runs_are_missing_is_one() -> None:
    base = replace(STEADY, gap=DAY)
    assert [silence(at, base) for at in (12 * HOUR - MINUTE, 12 * HOUR)] == ["clear", "firing"]
    assert silence(12 * HOUR, replace(base, missed=10.0)) == "clear"  # ten were missing before, with nothing wrong
    assert silence(40 * HOUR, replace(base, missed=10.0)) == "firing"


def test_a_silence_that_is_as_unlikely_as_the_rule_wants_is_one() -> None:
    base = replace(STEADY, gap=DAY)
    assert [silence(5 * HOUR, base, chance) for chance in (0.5**5, 0.03)] == ["firing", "clear"]


def test_a_baseline_of_days_tells_by_the_longest_time_without_a_run() -> None:
    base = made(range(NOW - 2 * DAY, NOW, HOUR), NOW - 2 * DAY)
    assert [silence(at * HOUR, base) for at in (5, 10)] == ["clear", "firing"]
    wider = replace(base, gap=3 * HOUR)
    assert [silence(at, wider) for at in (9 * HOUR + AFTER - 1, 9 * HOUR + AFTER)] == ["clear", "firing"]


def test_days_of_the_week_without_runs_are_no_silence() -> None:
    first = made(range(NOW - WEEK, NOW - 6 * DAY, 10 * MINUTE))  # runs on the first day of the week alone
    assert silence(DAY, first, last=NOW + DAY) == "clear"
    assert silence(6 * DAY, first, last=NOW - 6 * DAY) == "firing"  # all that is known of these days is this silence
    second = made(range(NOW - 6 * DAY, NOW - 5 * DAY, 10 * MINUTE))
    assert silence(20 * HOUR, second, last=NOW - 10 * HOUR) == "clear"


BEFORE = {f"site-{index}": 1 for index in range(60)} | {"often": 200}


def name(seen: int, since: int, chance: float, before: dict[str, int] = BEFORE) -> str:
    return judge_name("domain", "new.example", seen, since, before, chance).state


def test_a_name_is_new_where_twenty_calls_never_had_it() -> None:
    assert [name(1, 1, 0.0, {"often": calls}) for calls in (19, 20)] == ["unknown", "firing"]
    assert judge_name("tool", "x", 1, 1, {"often": 20}, 0.0).chance is None  # nothing new ever came: no chance at all


def test_where_names_come_all_the_time_one_has_to_come_oftener_or_later_than_they_do() -> None:
    assert name(40, 1000, 0.002) == "firing"  # oftener than one that was only missed
    assert name(3, 10, 0.01) == "firing"  # its calls are among the last ones of all
    assert name(3, 10, 0.001) == "held"
    assert name(2, 1, 1e-6) == "held"  # what is counted of the kind may come after what is counted of the name
    found = judge_name("domain", "new.example", 3, 10, BEFORE, 0.0)
    assert found.chance is not None
    assert name(3, 10, found.chance) == "firing"


NORMAL = Normal((0.0,) * 6, 1.0, 100)


def test_a_drift_fires_at_its_limit_and_ends_below_half_of_it() -> None:
    found = [judge_drift(Drift(total, 3, 1.0), NORMAL, 12.0, 0.5, "cost").state for total in (5.9, 6.0, 11.9, 12.0)]
    assert found == ["clear", "held", "held", "firing"]
    assert judge_drift(Drift(20.0, 3, 1.0), None, 12.0, 0.5, "cost").state == "unknown"


def test_the_limit_grows_with_the_runs_and_is_never_very_low() -> None:
    assert limit_of(12.0, 0.5, 250) == 12.0
    assert limit_of(12.0, 0.5, 2500) == pytest.approx(12 + 2.302585)
    assert [limit_of(limit, 0.5, runs) for limit, runs in ((12.0, 0), (12.0, 1), (8.0, 1))] == [9.0, 9.0, 8.0]


def test_what_is_normal_takes_twenty_runs_that_cost_anything_in_all_and_of_a_part_of_the_day() -> None:
    def runs(number: int, value: float, hour: int) -> list[tuple[int, float]]:
        return [(NOW + hour * HOUR, value)] * number

    assert normal_of(runs(19, 1.0, 0) + runs(9, 0.0, 0)) is None
    assert normal_of(runs(20, 1.0, 0)) == Normal((0.0,) * 6, 0.1, 20)
    found = normal_of(runs(20, 1.0, 0) + runs(19, 10.0, 5) + runs(20, 100.0, 9))
    assert found is not None
    assert found.middles == pytest.approx((0.0, 2.302585, 4.605170, 2.302585, 2.302585, 2.302585))
    assert found.runs == 59


def test_a_run_that_costs_nothing_adds_nothing_and_a_sum_of_nothing_begins_anew() -> None:
    at = Drift(3.0, 2, 4.0)
    assert step(at, NOW, 0.0, NORMAL, 0.5, 16.0) == at
    assert step(Drift(0.5, 2, 4.0), NOW, 1.0, NORMAL, 0.5, 16.0) == Drift()
    assert step(at, NOW, 1.0, NORMAL, 0.5, 16.0) == Drift(2.5, 3, 4.0)
    assert step(at, NOW, 1.0, NORMAL, 0.5, 2.0) == Drift(2.0, 3, 4.0)  # so that it comes back soon
