"""Money under processes that race and are killed: never overspent, nothing that was told is lost, nothing leaks."""

from collections.abc import Iterator

import pytest
from budgetprocesses import LIMIT, WIDE, go_on, spend_all
from budgetworld import BudgetWorld
from forks import at_once, forks, killed
from patience import PATIENCE
from postgres import Postgres, serving

from agentgov.runtime.accounts import LASTS
from agentgov.runtime.buckets import Level
from agentgov.runtime.budgets import BATCH
from agentgov.store.open import open_store

MANY, KILLS = 16, 100


@pytest.fixture(scope="module")
def roomy() -> Iterator[Postgres]:
    with serving(connections=200) as server:
        yield server


@pytest.mark.slow
def test_processes_that_spend_at_once_spend_what_there_is(roomy: Postgres) -> None:
    url = roomy.database()
    world = BudgetWorld(open_store(url))
    spent = sum(at_once(forks("budgetprocesses"), spend_all, [(url, f"p{number}") for number in range(MANY)]))
    assert spent == LIMIT // 7 * 7
    assert world.levels()["agent", "day"] == Level(spent, 0, 0)
    assert world.differences() == ()
    world.store.close()


@pytest.mark.slow
def test_no_kill_loses_money_or_leaks_a_reservation(store_url: str) -> None:
    """Killed at random moments, a hundred times: what was told stands, and the sweeper leaves nothing open."""
    told = dict[str, str]()
    for steps in killed(forks("budgetprocesses"), go_on, store_url, KILLS, 0.06):
        told.update(steps)
    world = BudgetWorld(open_store(store_url), WIDE)
    assert world.differences() == ()
    states: dict[str, str] = dict(
        world.store.read(lambda tx: tx.all("SELECT id, state FROM reservations")).result(PATIENCE)
    )
    assert all(
        states[id_] in (state, *(["released", "settled"] if state == "open" else [])) for id_, state in told.items()
    )
    world.now += LASTS
    while world.expire() == BATCH:
        pass
    assert {level.reserved for level in world.levels().values()} == {0}
    assert world.differences() == ()
    assert len(told) >= KILLS
    world.store.close()
