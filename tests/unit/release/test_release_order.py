"""Whose turn it is: nobody is lost, what reduces risk goes first, and nobody waits for ever."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from agentgov.model.names import AgentId
from agentgov.release.order import LONGEST, REDUCING, Turns, in_order
from agentgov.release.view import Decision

ACTS = sorted({*REDUCING, "stage", "canary", "share", "graduate"})
DUE = st.dictionaries(
    st.integers(0, 40).map(lambda number: AgentId("w", f"a{number}")),
    st.sampled_from(ACTS).map(lambda act: Decision("P8", act)),
    max_size=30,
)


@given(DUE, st.integers(0, 9), st.integers(1, 7), st.data())
def test_everybody_has_one_turn_and_what_reduces_risk_goes_first(
    due: dict[AgentId, Decision], salt: int, most: int, data: st.DataObject
) -> None:
    since = {agent: data.draw(st.integers(0, 9)) for agent in due if data.draw(st.booleans())}
    pushes = in_order(due, since, salt, most)
    queue = [agent for push in pushes for agent in push]
    assert sorted(map(str, queue)) == sorted(map(str, due))
    assert all(0 < len(push) <= most for push in pushes)
    assert all(len(push) == most for push in pushes[:-1])
    turns = [(due[agent].act not in REDUCING, since.get(agent, 10)) for agent in queue]
    assert turns == sorted(turns)


def test_a_name_is_not_always_first() -> None:
    due = {AgentId("w", f"a{number}"): Decision("P12", "stage") for number in range(20)}
    assert len({in_order(due, {}, salt, 100)[0][0] for salt in range(30)}) > 5


def test_whoever_waits_comes_first_however_many_come_after() -> None:
    turns, old = Turns(), AgentId("z", "old")
    due = {old: Decision("P12", "stage")}
    turns.take(due, 100)
    due |= {AgentId("a", f"a{number}"): Decision("P12", "stage") for number in range(50)}
    first, *_ = turns.take(due, 200, most=10)
    assert first[0] == old
    assert turns.oldest == 100
    turns.done(old)
    assert turns.oldest == 200


def test_a_refused_agent_is_told_once_and_tried_later_and_later() -> None:
    turns, agent, other = Turns(), AgentId("w", "a"), AgentId("w", "b")
    due = {agent: Decision("P12", "stage"), other: Decision("P12", "stage")}
    tries, news = [], 0
    for tick in range(300):
        asked = [one for push in turns.take(due, tick) for one in push]
        assert other in asked
        if agent in asked:
            tries.append(tick)
            news += turns.refuse(agent)
    gaps = [after - before for before, after in pairwise(tries)]
    assert gaps == [2, 4, 8, 16, 32, LONGEST, LONGEST, LONGEST]
    assert news == 1
    turns.done(agent)
    assert agent in [one for push in turns.take(due, 400) for one in push]


def test_what_is_no_longer_due_is_forgotten() -> None:
    turns, agent = Turns(), AgentId("w", "a")
    turns.take({agent: Decision("P12", "stage")}, 1)
    turns.refuse(agent)
    assert turns.take({}, 2) == ()
    assert turns.oldest is None
    assert turns.take({agent: Decision("P12", "stage")}, 3) == ((agent,),)
