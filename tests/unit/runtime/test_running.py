"""What agents say that they run, kept in either database, and what it means."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from leases import AGENT, ALONE, CANARY, SPLIT, STABLE

from agentgov.model.document import Environment
from agentgov.model.names import AgentId
from agentgov.model.verdict import deny
from agentgov.runtime import running
from agentgov.runtime.deployed import Deployed
from agentgov.runtime.running import Given, Level, Said, level, standing
from agentgov.store.open import open_store
from agentgov.store.port import Store, Transaction

NOW = 1_800_000_000_000
SAID = Said(AGENT, "production", "pod-1", STABLE.closure, STABLE.name, NOW)
HARD = 600_000  # milliseconds that a lease of an agent of high risk holds at most


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    found = open_store(store_url)
    yield found
    found.close()


def given(closure: str, last: int, how: Level = "enforced", environment: Environment = "production") -> Given:
    return Given(environment, how, closure, last)


def test_an_instance_on_something_that_runs_is_in_order() -> None:
    assert standing(SAID, ALONE, (), NOW) == "ok"
    assert standing(replace(SAID, closure=CANARY.closure), SPLIT, (), NOW) == "ok"
    assert standing(replace(SAID, closure=CANARY.closure), ALONE, (), NOW) == "drift"
    gone = Deployed(AGENT, "production", refused=(deny("runtime.retired", "it is retired"),))
    assert standing(SAID, gone, (), NOW) == "drift"


def test_what_an_instance_was_given_is_in_order_for_as_long_as_that_may_hold() -> None:
    old = replace(SAID, closure=CANARY.closure)
    assert standing(old, ALONE, [given(CANARY.closure, NOW - HARD - running.COARSE)], NOW) == "ok"
    assert standing(old, ALONE, [given(CANARY.closure, NOW - HARD - running.COARSE - 1)], NOW) == "drift"
    assert standing(old, ALONE, [given(CANARY.closure, NOW, environment="staging")], NOW) == "drift"
    assert standing(old, ALONE, [given("0" * 64, NOW)], NOW) == "drift"


def test_an_instance_is_silent_once_no_lease_of_it_can_hold() -> None:
    assert standing(SAID, ALONE, (), NOW + HARD) == "ok"
    assert standing(SAID, ALONE, (), NOW + HARD + 1) == "silent"


def test_how_far_the_gate_reaches_an_agent() -> None:
    late = given("a", NOW - running.KEPT - 1)
    assert level((), "production", NOW) == "advisory"
    assert level([given("a", NOW, "polled")], "production", NOW) == "polled"
    assert level([given("a", NOW, "polled"), given("b", NOW - 1)], "production", NOW) == "enforced"
    assert level([late, given("a", NOW, "polled")], "production", NOW) == "polled"
    assert level([given("a", NOW)], "staging", NOW) == "advisory"


def test_the_last_word_of_an_instance_counts(store: Store) -> None:
    newer = replace(SAID, closure=CANARY.closure, release=CANARY.name, said=NOW + 5)
    other = replace(SAID, environment="staging")
    for said in (SAID, newer, other):
        store.write(lambda tx, said=said: running.keep_said(tx, said)).result()  # type: ignore[misc]
    assert store.read(lambda tx: running.read_said(tx, AGENT)).result() == [newer, other]


def test_who_has_heard_of_a_pause_and_when_first(store: Store) -> None:
    store.write(lambda tx: running.keep_said(tx, SAID, ["p1", "p1"])).result()
    store.write(lambda tx: running.keep_said(tx, replace(SAID, said=NOW + 9), ["p1", "p2"])).result()
    store.write(lambda tx: running.keep_said(tx, replace(SAID, instance="pod-2"), ["p2"])).result()
    heard = store.read(lambda tx: running.acknowledged_by(tx, "p1")).result()
    assert heard == [(str(AGENT), "production", "pod-1", NOW)]
    assert store.read(lambda tx: running.heard_by(tx, AGENT)).result() == {
        ("production", "pod-1"): ("p1", "p2"),
        ("production", "pod-2"): ("p2",),
    }


def test_instances_without_end_push_out_those_that_were_silent_for_longest(store: Store) -> None:
    def many(tx: Transaction) -> None:
        for number in range(running.MOST_INSTANCES + 5):
            running.keep_said(tx, replace(SAID, instance=f"pod-{number:05d}", said=NOW + number))

    store.write(many).result()
    kept = store.read(lambda tx: running.read_said(tx, AGENT)).result()
    assert len(kept) == running.MOST_INSTANCES
    assert kept[0].instance == "pod-00005"


def test_what_was_said_long_ago_is_forgotten(store: Store) -> None:
    store.write(lambda tx: running.keep_said(tx, SAID)).result()
    late = replace(SAID, instance="pod-2", said=NOW + running.KEPT + 1)
    store.write(lambda tx: running.keep_said(tx, late)).result()
    assert store.read(lambda tx: running.read_said(tx, AGENT)).result() == [late]


def test_what_an_agent_was_given_is_kept_once_for_each_content(store: Store) -> None:
    told = [given("a", NOW), given("a", NOW + 1), given("a", NOW, "polled"), given("a", NOW, environment="staging")]
    for one in told:
        store.write(lambda tx, one=one: running.keep_given(tx, AGENT, one)).result()  # type: ignore[misc]
    found = store.read(lambda tx: running.read_given(tx, AGENT)).result()
    assert set(found) == set(told[1:])
    later = given("b", NOW + running.KEPT + 1)
    store.write(lambda tx: running.keep_given(tx, AGENT, later)).result()
    assert set(store.read(lambda tx: running.read_given(tx, AGENT)).result()) == {told[1], later}


def test_the_instances_of_all_agents_are_read_page_by_page(store: Store) -> None:
    agents = [AgentId(workspace, name) for workspace in ("a", "b") for name in ("x", "y")]
    said = [replace(SAID, agent=agent, instance=name) for agent in agents for name in ("pod-1", "pod-2", "~")]
    for one in reversed(said):
        store.write(lambda tx, one=one: running.keep_said(tx, one)).result()  # type: ignore[misc]
    found: list[Said] = []
    place = ""
    while page := store.read(lambda tx, place=place: running.read_page(tx, place, 5)).result():  # type: ignore[misc]
        found += page
        place = running.place_of(page[-1])
    assert found == said
