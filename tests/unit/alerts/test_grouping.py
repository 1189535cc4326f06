"""A group speaks exactly when it is due, whoever looks how often."""

from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from alertworld import an_alert
from hypothesis import given
from hypothesis import strategies as st

from agentgov.alerts.grouping import Group, Member, Words, message_id, next_due, settled, speak
from agentgov.alerts.routing import Timing, meets, ways, why_not
from agentgov.model.policies import Route, RouteMatch

TIMING = Timing(wait=30, interval=300, repeat=1000)
_END = 4000

_lives = st.lists(
    st.tuples(st.integers(0, 2000), st.integers(1, 2000), st.integers(0, 3000), st.integers(0, 500)), max_size=5
)


@dataclass
class Lived:
    """A group as somebody lives through it who looks at some moments, and at those that are due."""

    lives: list[tuple[int, int, int, int]]  # start, length, muted from, muted for
    timing: Timing = TIMING
    resolved: bool = True
    said: list[tuple[int, Words]] = field(default_factory=list)

    def run(self, looks: list[int]) -> list[tuple[int, Words]]:
        group: Group | None = None
        edges = {moment for start, length, muted, quiet in self.lives for moment in (start, start + length)}
        edges |= {moment for _, _, muted, quiet in self.lives for moment in (muted, muted + quiet)}
        waiting = sorted({*looks, *edges, 0})
        while waiting:
            now = waiting.pop(0)
            known = group or Group("r", "g")
            standing = frozenset(i for i, (s, n, _, _) in enumerate(self.lives) if s <= now < s + n)
            firing = [
                Member(i, s) for i, (s, n, m, q) in enumerate(self.lives) if s <= now < s + n and not m <= now < m + q
            ]
            due = next_due(known, firing, standing, self.timing, resolved=self.resolved, waiting=False)
            if due is not None and due.at <= now:
                words = speak(known, due.why, firing, standing, now)
                self.said.append((now, words))
                group = words.after
                due = next_due(
                    group or Group("r", "g"), firing, standing, self.timing, resolved=self.resolved, waiting=False
                )
            elif due is None and group is not None:
                group = settled(group, standing)
            if due is not None and now < due.at <= _END and due.at not in waiting:
                waiting = sorted({*waiting, due.at})
        return self.said


@given(_lives, st.lists(st.integers(0, _END), max_size=30))
def test_how_often_somebody_looks_changes_nothing(lives: list[tuple[int, int, int, int]], looks: list[int]) -> None:
    assert Lived(lives).run(looks) == Lived(lives).run([])


@given(_lives)
def test_what_was_told_to_begin_is_told_to_end_and_nothing_twice_within_an_interval(
    lives: list[tuple[int, int, int, int]],
) -> None:
    said = Lived(lives).run([])
    begun, over = set[int](), list[int]()
    for _, words in said:
        assert set(words.over) <= begun
        begun |= set(words.fresh)
        over += words.over
    assert len(over) == len(set(over))
    moments = [at for at, words in said if words.why != "first"]
    pairs = list(pairwise(said))
    assert all(b - a >= TIMING.interval or words.why == "first" for (a, _), (b, words) in pairs)
    assert len(moments) == len(set(moments))


def test_a_repeat_comes_exactly_when_it_says_and_not_at_the_next_interval() -> None:
    """An Alertmanager with these times would repeat after 1200: it looks at multiples of group_interval."""
    said = Lived([(0, 2500, 0, 0)]).run(list(range(0, 2500, 7)))
    assert [(at, words.why) for at, words in said] == [
        (30, "first"),
        (1030, "repeat"),
        (2030, "repeat"),
        (2500, "resolved"),
    ]


def test_changes_wait_for_the_interval_and_a_late_start_does_not() -> None:
    said = Lived([(0, 3000, 0, 0), (100, 200, 0, 0), (1500, 10, 0, 0)]).run([])
    assert [(at, words.why, words.fresh, words.over) for at, words in said] == [
        (30, "first", (0,), ()),
        (1030, "repeat", (), ()),  # the second one came and went within one interval
        (1500, "changed", (2,), ()),
        (1800, "changed", (), (2,)),
        (2800, "repeat", (), ()),
        (3100, "resolved", (), (0,)),
    ]


def test_what_is_muted_is_not_repeated_and_its_end_is_told() -> None:
    said = Lived([(0, 2000, 500, 1500)]).run([])
    assert [(at, words.why) for at, words in said] == [(30, "first"), (2000, "resolved")]


def test_what_a_silence_let_through_late_is_told_at_once() -> None:
    said = Lived([(0, 2000, 0, 700)]).run([])
    assert [(at, words.why) for at, words in said] == [(700, "first"), (1700, "repeat"), (2000, "resolved")]


def test_a_route_without_ends_forgets_what_is_over() -> None:
    said = Lived([(0, 100, 0, 0), (500, 100, 0, 0)], resolved=False).run([])
    assert [(at, words.why) for at, words in said] == [(30, "first"), (530, "first")]


def test_without_a_repeat_nothing_is_said_again() -> None:
    assert [at for at, _ in Lived([(0, 3000, 0, 0)], Timing(30, 300, 0)).run([])] == [30, 3000]


def test_the_id_of_a_message_is_that_of_what_it_says() -> None:
    group = Group("r", "g")
    words = speak(group, "first", [Member(1, 0)], frozenset({1}), 30)
    assert message_id(group, words) == message_id(group, speak(group, "first", [Member(1, 5)], frozenset({1}), 99))
    assert words.after is not None
    assert message_id(words.after, speak(words.after, "repeat", [Member(1, 0)], frozenset({1}), 99)) != message_id(
        group, words
    )


def test_a_group_is_over_once_nothing_that_was_told_stands_and_nothing_new_does() -> None:
    def due(told: set[int], firing: set[int], standing: set[int], timing: Timing = TIMING) -> str:
        group, members = Group("r", "g", 50, 1, frozenset(told)), [Member(one, 60) for one in firing]
        found = next_due(group, members, frozenset(standing), timing, resolved=True, waiting=False)
        return found.why if found is not None else ""

    assert due(told={1}, firing=set(), standing=set()) == "resolved"
    assert due(told={1, 2}, firing=set(), standing={2}) == "changed"  # the other one is muted, and goes on
    assert due(told={1}, firing={2}, standing={2}) == "changed"
    assert due(told={1}, firing={1}, standing={1}) == "repeat"
    assert due(told={1}, firing={1}, standing={1}, timing=Timing(30, 300, 0)) == ""


ALERT = dict(an_alert().labels)


@pytest.mark.parametrize(
    ("match", "takes", "said"),
    [
        (RouteMatch(), True, ""),
        (RouteMatch(severity=("page",)), True, ""),
        (RouteMatch(severity=("ticket",)), False, "it takes severity ticket, and this is page"),
        (RouteMatch(rules=("loop", "cost-burn")), True, ""),
        (RouteMatch(rules=("loop",)), False, "it takes rules loop, and this is cost-burn"),
        (RouteMatch(agents=("finance/*", "support/*")), True, ""),
        (RouteMatch(agents=("finance/*",)), False, "it takes agents finance/*"),
        (RouteMatch(to=("ann",)), True, ""),
        (RouteMatch(to=("team:support",)), True, ""),
        (RouteMatch(to=("bob",)), False, "it takes what is meant for bob, and this is meant for team:support"),
        (RouteMatch(severity=("page",), rules=("loop",)), False, "it takes rules loop, and this is cost-burn"),
    ],
)
def test_a_route_takes_what_every_key_of_its_match_means_and_says_which_does_not(
    match: RouteMatch, takes: bool, said: str
) -> None:
    labels, people = ALERT | {"to": "team:support"}, ("ann",)
    assert meets(match, labels.items(), people) is takes
    assert why_not(match, labels, people) == said


def test_a_route_that_says_nothing_has_the_times_and_the_name_of_its_kind() -> None:
    named = Route(to="slack", name="desk", group_wait="1s", group_interval="2s", repeat="0s", group_by=())
    found = ways([Route(to="slack"), Route(to="pagerduty"), Route(to="alertmanager"), named])
    assert [(way.name, way.timing, way.group_by) for way in found] == [
        ("slack-1", Timing(30_000, 300_000, 14_400_000), ("agent",)),
        ("pagerduty-2", Timing(0, 0, 14_400_000), ("agent",)),
        ("alertmanager-3", Timing(0, 0, 60_000), ()),
        ("desk", Timing(1_000, 2_000, 0), ()),
    ]


def test_what_goes_on_is_of_the_group_of_its_agent_whatever_it_is_measured_by() -> None:
    (way,) = ways([Route(to="slack")])
    assert way.label(an_alert(labels={"metric": "money"})) == "agent=support/triage"
    assert way.label(an_alert(labels={"metric": "money"}, once=True)) == "agent=support/triage metric=money"
