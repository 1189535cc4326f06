"""Several gates over one PostgreSQL: a key, a permit, a quota and two voices are still each what they are once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest
from actionworld import refund, rulebook
from patience import PATIENCE
from permitworld import PermitWorld
from postgres import Postgres

from agentgov.store.open import open_store

T = TypeVar("T")
GATES = 4


@pytest.fixture
def gates(postgres: Postgres) -> Iterator[list[PermitWorld]]:
    url = postgres.database()
    stores = [open_store(url) for _ in range(GATES)]
    yield [PermitWorld(store) for store in stores]
    for store in stores:
        store.close()


def _at_once(gates: list[PermitWorld], do: Callable[[PermitWorld, int], T]) -> list[T]:
    """What each gate answers to the same thing in the same moment."""
    barrier = Barrier(len(gates))

    def one(number: int) -> T:
        barrier.wait(PATIENCE)
        return do(gates[number], number)

    with ThreadPoolExecutor(len(gates)) as pool:
        return list(pool.map(one, range(len(gates))))


def _ask(world: PermitWorld, key: str, amount: int) -> str:
    """The id of the permit."""
    answer = world.ask(key, refund(amount_minor=amount))
    assert answer.permit is not None, answer
    return answer.permit.id


@pytest.mark.parametrize("amount", [4200, 6000])
def test_one_key_is_one_permit_at_every_gate(gates: list[PermitWorld], amount: int) -> None:
    for round_ in range(15):
        ids = _at_once(gates, lambda world, _, round_=round_: _ask(world, f"k{round_}", amount))  # type: ignore[misc]
        assert len(set(ids)) == 1
    assert gates[0].used() == 15 * amount
    assert len(gates[0].records()) == 15


def test_one_permit_is_used_at_one_gate(gates: list[PermitWorld]) -> None:
    for round_ in range(15):
        id_ = _ask(gates[0], f"k{round_}", 6000)
        gates[1].vote(id_, "alice")
        decisions = _at_once(gates, lambda world, _, id_=id_: world.consume(id_).decision)  # type: ignore[misc]
        assert sorted(decisions) == ["allow", *["deny"] * (GATES - 1)]
    assert gates[0].records().count("permit.consume") == 15


def test_two_voices_at_two_gates_are_two(gates: list[PermitWorld]) -> None:
    ask = {"who": ["team:payments-leads"], "count": 2}
    book = rulebook({"actions": [{"match": {"tools": ["*"]}, "then": {"ask": ask}}]})
    for world in gates:
        world.book = book
    for round_ in range(15):
        id_ = _ask(gates[0], f"k{round_}", 6000)
        _at_once(gates[:2], lambda world, number, id_=id_: world.vote(id_, ("alice", "bob")[number]))  # type: ignore[misc]
        assert gates[2].permit(id_).state == "approved"


def test_one_voice_at_two_gates_is_one(gates: list[PermitWorld]) -> None:
    ask = {"who": ["team:payments-leads"], "count": 2}
    book = rulebook({"actions": [{"match": {"tools": ["*"]}, "then": {"ask": ask}}]})
    for world in gates:
        world.book = book
    id_ = _ask(gates[0], "k", 6000)
    _at_once(gates, lambda world, _: world.vote(id_, "alice"))
    assert gates[2].permit(id_).state == "pending"
    assert gates[0].records().count("permit.approve") == 1


def test_a_quota_is_not_overrun_by_several_gates(gates: list[PermitWorld]) -> None:
    quota = {"tool": "refund.create", "sum": "args.amount_minor", "per": "24h", "max": 42_000}
    book = rulebook({"quotas": [quota]})
    for world in gates:
        world.book = book

    def some(world: PermitWorld, number: int) -> list[str]:
        return [world.ask(f"{number}-{one}", refund()).decision for one in range(8)]

    decisions = [one for found in _at_once(gates, some) for one in found]
    assert decisions.count("allow") == 10
    assert gates[0].used() == 42_000


def test_what_is_used_and_denied_at_once_is_one_of_both(gates: list[PermitWorld]) -> None:
    for round_ in range(15):
        id_ = _ask(gates[0], f"k{round_}", 6000)
        gates[0].vote(id_, "alice")

        def either(world: PermitWorld, number: int, id_: str = id_) -> str:
            if number == 0:
                return world.consume(id_).decision
            _, verdict = world.vote(id_, "bob", "deny")
            return "deny" if verdict.allowed else "too late"

        found = _at_once(gates[:2], either)
        state = gates[2].permit(id_).state
        assert (found, state) in ((["allow", "too late"], "consumed"), (["deny", "deny"], "denied"))
