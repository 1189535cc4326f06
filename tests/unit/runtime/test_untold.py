"""Calls that were allowed and never told of are found, whoever allowed them, once they are old enough."""

from collections.abc import Iterator

import pytest
from actionworld import refund, rulebook
from patience import PATIENCE
from permitworld import LEADS, PermitWorld

from agentgov.runtime.rules import Rulebook
from agentgov.runtime.untold import untold
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
