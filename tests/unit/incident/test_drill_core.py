"""Scores, schedules, clocks and gaps of drills: what holds whatever was answered."""

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgov.incident.drill_gaps import Facts, gaps_after, gaps_before, with_dates
from agentgov.incident.drill_score import Answered, Gap, score_of, scored
from agentgov.incident.drill_tabletop import answered, clock_at, is_right, measured, turns
from agentgov.journal.view import day_of
from agentgov.model.drill_schedule import standing_of
from agentgov.model.incident import DrillRun
from agentgov.model.playbook import Drill, Inject, Objective, Playbook, Question

DAY = 86_400
OBJECTIVES = (
    Objective(id="paused", metric="time-to-pause", target="60s", weight=3),
    Objective(id="asked", metric="questions-answered", target="80%"),
)
DRILL = Drill(
    name="d",
    type="tabletop",
    playbook="playbooks/p.yaml",
    objectives=OBJECTIVES,
    injects=(
        Inject(
            at="5m",
            text="later",
            ask=(Question(id="two", text="?", accept=("agentgov pause a/b",), metric="time-to-pause"),),
        ),
        Inject(at="0m", text="first", ask=(Question(id="one", text="?"),)),
    ),
    every="90d",
)
FACTS = Facts(
    "a/b",
    "team:x",
    {"team:x": ("ann", "bob"), "carol": ("carol",)},
    ("team:x",),
    ("ann",),
    ("ann",),
    True,
    None,
    "https://g",
    True,
)
PLAYBOOK = Playbook(name="p", title="P", responders=("team:x",), steps=(), next=("carol",), review_by="2030-01-01")
TODAY = date(2027, 1, 1)


def run(ended: int) -> DrillRun:
    return DrillRun(
        name="d",
        type="tabletop",
        agents=(),
        by="ann",
        act="0" * 26,
        seq=1,
        time=ended,
        started=ended - 60,
        ended=ended,
        score=1,
        gaps=0,
    )


@pytest.mark.parametrize(
    ("value", "met", "observed"), [(None, False, "-"), (60.0, True, "60s"), (61.0, False, "61s"), (0.4, True, "0.4s")]
)
def test_a_duration_is_met_when_it_was_measured_and_is_short_enough(
    value: float | None, met: bool, observed: str
) -> None:
    (one, _) = scored(OBJECTIVES, {} if value is None else {"time-to-pause": value})
    assert (one.met, one.observed) == (met, observed)


@given(st.lists(st.tuples(st.integers(1, 100), st.booleans()), min_size=1))
def test_the_score_is_the_weight_of_what_is_met_and_100_means_all(rows: list[tuple[int, bool]]) -> None:
    objectives = tuple(
        Objective(id=f"o{n}", metric=f"m{n}", target="1s", weight=weight) for n, (weight, _) in enumerate(rows)
    )
    found = scored(objectives, {f"m{n}": 1.0 for n, (_, met) in enumerate(rows) if met})
    assert 0 <= score_of(found) <= 100
    assert (score_of(found) == 100) == all(met for _, met in rows)
    assert len(gaps_after(found, "x", TODAY)) == sum(not met for _, met in rows)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_drill_becomes_due_then_overdue_and_never_goes_back(ended: int, later: int) -> None:
    order = ["held", "due", "overdue"]
    now, then = standing_of(DRILL, run(ended), ended), standing_of(DRILL, run(ended), ended + later)
    assert now.state == "held"
    assert order.index(then.state) >= order.index(now.state)
    assert (then.state == "overdue") == (later > 90 * DAY)


def test_one_that_was_never_held_is_due_and_one_without_a_period_is_free() -> None:
    assert standing_of(DRILL, None, 0).state == "due"
    endless = standing_of(msgspec.structs.replace(DRILL, every="999999999y"), run(0), 0)
    assert endless.due is not None
    assert day_of(endless.due).isoformat() == "9999-12-31"
    free = Drill(name="d", type="tabletop", playbook="p", objectives=OBJECTIVES)
    assert standing_of(free, run(0), 10**10).state == "free"


def test_injects_come_by_their_time_with_their_questions() -> None:
    assert [turn.question.id if turn.question else turn.inject.text for turn in turns(DRILL)] == [
        "first",
        "one",
        "later",
        "two",
    ]


@given(st.lists(st.integers(0, 2000), min_size=2, max_size=2))
def test_the_clock_never_runs_backwards_and_waits_for_slow_answers(took: list[int]) -> None:
    answers: list[Answered] = []
    now, seen = 0, [0]
    for turn in turns(DRILL):
        if turn.question is None:
            now = clock_at(turn.inject, now)
        else:
            answers.append(answered(turn.question, "agentgov pause a/b", now, took[len(answers)]))
            now = answers[-1].at
        seen.append(now)
    assert seen == sorted(seen)
    assert measured(DRILL, answers)["time-to-pause"] == max(300, took[0]) + took[1]


@pytest.mark.parametrize(
    ("said", "right"),
    [("I type: AGENTGOV  pause 'a/b' -m x", True), ("agentgov resume a/b", False), ("", False), ("   ", False)],
)
def test_an_answer_is_right_by_its_words(said: str, right: bool) -> None:
    question = DRILL.injects[0].ask[0]
    assert is_right(question, said) is right
    assert is_right(Question(id="q", text="?"), said) is bool(said.strip())


def test_a_wrong_answer_stops_no_clock() -> None:
    assert "time-to-pause" not in measured(DRILL, [Answered("two", "no", False, 10, 10)])
    assert measured(DRILL, [Answered("one", "x", True, 1, 1)])["questions-answered"] == 0.5


def gaps(facts: Facts = FACTS, playbook: Playbook = PLAYBOOK) -> list[str]:
    return [one.id for one in gaps_before(playbook, "playbooks/p.yaml", facts, TODAY)]


def test_a_fleet_that_is_ready_has_no_gap() -> None:
    assert gaps() == []


@pytest.mark.parametrize(
    ("changed", "gap"),
    [
        ({"people": {"team:x": ("ann", "bob"), "carol": ()}}, "nobody-carol"),
        ({"people": {"team:x": ("ann",), "carol": ("ann",)}}, "one-responder"),
        ({"chain": ("carol",)}, "one-in-chain"),
        ({"may_pause": ()}, "no-pause"),
        ({"may_roll_back": ()}, "no-rollback"),
        ({"prior": False}, "no-prior"),
        ({"prior": None}, "prior-unknown"),
        ({"routes": {"on-call": False, "channel": True}}, "route-on-call"),
        ({"gate": ""}, "no-gate"),
        ({"gate_answers": False}, "gate-away"),
    ],
)
def test_what_is_missing_is_seen_before_anybody_is_asked(changed: dict[str, object], gap: str) -> None:
    from dataclasses import replace

    found = gaps_before(PLAYBOOK, "playbooks/p.yaml", replace(FACTS, **changed), TODAY)  # type: ignore[arg-type]
    assert gap in [one.id for one in found]
    assert all((one.owner, one.due) == ("team:x", "2027-01-15") and one.do for one in found)


def test_a_playbook_that_nobody_has_read_again_is_a_gap() -> None:
    from msgspec.structs import replace

    assert gaps(playbook=replace(PLAYBOOK, review_by="2026-12-31")) == ["playbook-old"]
    assert gaps(playbook=replace(PLAYBOOK, review_by="")) == ["no-review-day"]


@pytest.mark.parametrize(
    ("metric", "value", "met", "observed"),
    [
        ("questions-answered", 0.8, True, "80%"),
        ("questions-answered", 0.79, False, "79%"),
        ("time-to-pause", 0.0, True, "0s"),
        ("time-to-pause", 1.0, True, "1s"),
        ("time-to-pause", 1.4, True, "1s"),
    ],
)
def test_a_share_is_met_from_its_goal_on(metric: str, value: float, met: bool, observed: str) -> None:
    (one,) = [one for one in scored(OBJECTIVES, {metric: value}) if one.metric == metric]
    assert (one.met, one.observed) == (met, observed)


def test_a_score_is_rounded_down_and_nothing_to_reach_is_nothing() -> None:
    assert score_of(scored(OBJECTIVES, {"time-to-pause": 5.0})) == 75
    assert score_of(scored(OBJECTIVES * 3, {"time-to-pause": 5.0, "questions-answered": 0.1})) == 75
    assert score_of(()) == 0


@pytest.mark.parametrize(
    ("every", "days", "state"),
    [
        ("90d", 76, "held"),
        ("90d", 76 + 1 / DAY, "due"),  # two weeks before
        ("90d", 90, "due"),
        ("90d", 90 + 1 / DAY, "overdue"),
        ("8d", 6, "held"),
        ("8d", 6 + 1 / DAY, "due"),  # a quarter of its period before
    ],
)
def test_a_drill_is_due_a_while_before_it_is_overdue(every: str, days: float, state: str) -> None:
    drill = msgspec.structs.replace(DRILL, every=every)
    found = standing_of(drill, run(DAY), DAY + round(days * DAY))
    assert (found.state, found.last) == (state, DAY)


def test_a_slow_answer_keeps_the_next_inject_waiting_and_a_quick_one_does_not() -> None:
    later = DRILL.injects[0]
    assert [clock_at(later, clock) for clock in (10, 400)] == [300, 400]
    first, second = DRILL.injects[1].ask[0], later.ask[0]
    answers = [answered(first, "so", 0, 10), answered(second, "agentgov pause a/b", 300, 20)]
    assert measured(DRILL, answers) == {"time-to-pause": 320, "questions-answered": 1.0}
    assert measured(DRILL, [answered(second, "no idea", 300, 20)]) == {"questions-answered": 0.0}
    assert measured(msgspec.structs.replace(DRILL, injects=()), answers) == {}


def test_what_was_missed_says_by_how_much_and_what_was_never_reached_says_so() -> None:
    goals = (*OBJECTIVES, Objective(id="old", metric="backup-age", target="1h"))
    said = {one.id: one.gap for one in gaps_after(scored(goals, {}), "ann", TODAY)}
    assert said == {
        "missed-paused": "time to pause was never reached; the goal is within 60s",
        "missed-asked": "questions answered right was never reached; the goal is at least 80%",
        "missed-old": "age of the backup was never reached; the goal is within 1h",
    }
    numbers = {"time-to-pause": 60.0, "questions-answered": 0.5, "backup-age": 7200.0}
    said = {one.id: one.gap for one in gaps_after(scored(goals, numbers), "ann", TODAY)}
    assert said == {
        "missed-asked": "questions answered right: 50%, and the goal is at least 80%",
        "missed-old": "the newest thing in the backup is 2h old, and the goal is within 1h",
    }
    (slow, *_) = gaps_after(scored(goals, {"time-to-pause": 90.0}), "ann", TODAY)
    assert slow.gap == "time to pause took 1m 30s, and the goal is within 60s"


def test_a_gap_is_for_whoever_it_names_else_for_the_owner() -> None:
    named, open_ = with_dates([Gap("a", "so", "bob"), Gap("b", "so", "")], "ann", TODAY)
    assert [(one.owner, one.due) for one in (named, open_)] == [("bob", "2027-01-15"), ("ann", "2027-01-15")]


def test_a_playbook_is_old_from_the_day_after() -> None:
    on_the_day = msgspec.structs.replace(PLAYBOOK, review_by=TODAY.isoformat())
    assert gaps(playbook=on_the_day) == []
