"""Calls that were allowed and never told of are found, whoever allowed them, once they are old enough."""

from collections.abc import Iterator

import pytest
from actionworld import refund, rulebook
from patience import PATIENCE
from permitworld import LEADS, PermitWorld

from agentgov.runtime.ledger import Record, read
from agentgov.runtime.rules import Rulebook
from agentgov.runtime.untold import WITHIN, record_untold, untold
from agentgov.store.open import open_store


def _book() -> Rulebook:
    ask = {"who": ["team:payments-leads"], "count": 1, "within": "30m"}
    tool = {"match": {"tools": ["refund.create"]}}
    rules = [{**tool, "when": "args.amount_minor <= 5000", "then": "allow"}, {**tool, "then": {"ask": ask}}]
    return rulebook({"actions": rules})


@pytest.fixture
def world(store_url: str) -> Iterator[PermitWorld]:
    found = PermitWorld(open_store(store_url), _book())
    yield found
    found.store.close()


def test_calls_without_an_outcome_are_found_once_they_are_old_enough(world: PermitWorld) -> None:
    start = world.now
    allowed = world.ask("one", refund(amount_minor=1000)).permit
    told = world.ask("two", refund(amount_minor=1000)).permit
    asked = world.ask("three", refund(amount_minor=9000)).permit
    waiting = world.ask("four", refund(amount_minor=9000)).permit
    assert allowed is not None and told is not None and asked is not None and waiting is not None  # noqa: PT018
    world.outcome(told.id, "done")
    world.vote(asked.id, min(LEADS))
    world.now += 60_000
    assert world.consume(asked.id, refund(amount_minor=9000)).decision == "allow"

    def found(since: int, until: int) -> list[str]:
        rows = world.store.read(lambda tx: untold(tx, since, until)).result(PATIENCE)
        return [one.id for one in rows]

    assert found(start, start + 1) == [allowed.id]
    assert found(start + 1, world.now + 1) == [asked.id]
    assert found(start, world.now + 1) == [allowed.id, asked.id]
    assert found(world.now + 1, world.now + 10_000) == []


def test_a_call_without_an_outcome_is_recorded_once_whoever_looks(world: PermitWorld) -> None:
    def look() -> list[str]:
        found = world.store.write(lambda tx: record_untold(tx, world.now)).result(PATIENCE)
        return [one.id for one in found]

    assert look() == [], "from here on it is looked"
    world.now += WITHIN
    lost, told = (world.ask(key, refund(amount_minor=1000)).permit for key in ("one", "two"))
    assert lost is not None
    assert told is not None
    world.outcome(told.id, "done")
    assert look() == [], "there is still time"
    world.now += WITHIN + 1
    assert [look(), look()] == [[lost.id], []]
    world.now += WITHIN
    assert look() == []
    (record,) = world.store.read(lambda tx: read(tx, kind="outcome.missing")).result(PATIENCE)
    (allowed,) = (one for one in _records(world, "action.allow") if one.content["refs"]["permit"] == lost.id)
    assert record.content["refs"] == {"permit": lost.id, "tool": "refund.create", "record": str(allowed.seq)}
    assert (record.agent, record.actor, record.tree) == (allowed.agent, "gate", allowed.tree)
    assert world.outcome(lost.id, "failed") is not None, "a late word counts"
    assert len(_records(world, "outcome.failed")) == 1


def test_of_very_many_none_is_lost_or_recorded_twice(world: PermitWorld) -> None:
    world.store.write(lambda tx: record_untold(tx, world.now + WITHIN)).result(PATIENCE)
    ids = set()
    for number in range(8):
        permit = world.ask(str(number), refund(amount_minor=10)).permit
        assert permit is not None
        ids.add(permit.id)
        world.now += number % 2
    world.now += WITHIN
    for _ in range(9):
        world.store.write(lambda tx: record_untold(tx, world.now, 3)).result(PATIENCE)
    found = [one.content["refs"]["permit"] for one in _records(world, "outcome.missing")]
    assert len(found) == len(ids)
    assert set(found) == ids


def _records(world: PermitWorld, kind: str) -> tuple[Record, ...]:
    return world.store.read(lambda tx: read(tx, kind=kind)).result(PATIENCE)
