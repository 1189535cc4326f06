"""Whether budgets add up can be seen a page at a time, by the store alone; who changed a row by hand is found out."""

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from budgetworld import REFUNDS, TRIAGE, BudgetWorld
from patience import PATIENCE

from agentgov.gate.watches.budget import BudgetWatch
from agentgov.runtime import budget_check
from agentgov.runtime.budget_check import Checked, check_page
from agentgov.store.open import open_store


@pytest.fixture
def world(store_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[BudgetWorld]:
    monkeypatch.setattr(budget_check, "PAGE", 3)
    found = BudgetWorld(open_store(store_url))
    found.reserve("a", 20, REFUNDS, run="r")
    found.reserve("b", 30, TRIAGE)
    made, _ = found.reserve("c", 5, TRIAGE)
    assert made is not None
    found.settle(made.id, TRIAGE, amount=7)
    yield found
    found.store.close()


def change(world: BudgetWorld, sql: str) -> None:
    """What somebody does by hand."""
    world.store.write(lambda tx: tx.run(sql)).result(PATIENCE)


def pages(world: BudgetWorld) -> list[Checked]:
    """Every page of one round."""
    found = [world.store.read(check_page).result(PATIENCE)]
    while found[-1].last:
        after = found[-1].last
        found.append(world.store.read(lambda tx, a=after: check_page(tx, a)).result(PATIENCE))  # type: ignore[misc]
    return found


def faults(world: BudgetWorld) -> list[str]:
    """What a round finds."""
    return [fault for page in pages(world) for fault in page.faults]


def test_budgets_add_up(world: BudgetWorld) -> None:
    found = pages(world)
    assert [page.faults for page in found] == [()] * len(found)
    assert sum(page.buckets for page in found) == 9
    assert {page.open for page in found} == {2}


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (
            "UPDATE budgets SET reserved = 0 WHERE bucket LIKE 'run%'",
            "0 are reserved, and the open reservations are 20",
        ),
        ("UPDATE budgets SET spent = -1 WHERE bucket LIKE 'run%'", "-1 are spent, 0 of them overrun"),
        ("UPDATE budgets SET overrun = 8 WHERE bucket LIKE 'agent day%triage%'", "7 are spent, 8 of them overrun"),
        ("DELETE FROM budgets WHERE bucket LIKE 'run%'", "there is no such bucket"),
    ],
)
def test_what_somebody_changed_is_found(world: BudgetWorld, sql: str, said: str) -> None:
    change(world, sql)
    assert [fault.partition(": ")[2] for fault in faults(world)] == [said]


def test_what_costs_nothing_adds_up(world: BudgetWorld) -> None:
    before = sum(page.buckets for page in pages(world))
    made, _ = world.reserve("free", 0, run="free")
    assert made is not None
    assert (sum(page.buckets for page in pages(world)), faults(world)) == (before, [])


def test_a_reservation_that_is_gone_is_found_in_its_whole_chain(world: BudgetWorld) -> None:
    change(world, "DELETE FROM reservations WHERE run = 'r'")
    assert len(faults(world)) == 7


def test_a_gate_tells_of_it_until_a_whole_round_finds_it_mended(world: BudgetWorld) -> None:
    async def read(work: Any) -> Any:
        return world.store.read(work).result(PATIENCE)

    gate: Any = SimpleNamespace(read=read, unsound=())
    watch = BudgetWatch(gate)

    def looks(number: int) -> int:
        for _ in range(number):
            asyncio.run(watch.check())
        return len(gate.unsound)

    one_round = len(pages(world))
    assert looks(one_round) == 0
    change(world, "UPDATE budgets SET reserved = reserved + 1 WHERE bucket LIKE 'run%'")
    assert looks(one_round) == 1
    change(world, "UPDATE budgets SET reserved = reserved - 1 WHERE bucket LIKE 'run%'")
    assert looks(one_round - 1) == 1
    assert looks(1) == 0
