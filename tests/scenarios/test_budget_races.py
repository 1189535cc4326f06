"""Races that other gateways lost, in public: what looks first and charges later lets all of them pass."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from budgetworld import REFUNDS, TRIAGE, BudgetWorld
from patience import PATIENCE
from postgres import Postgres

from agentgov.model.names import AgentId
from agentgov.runtime.accounts import LASTS
from agentgov.runtime.buckets import Level, Limits
from agentgov.runtime.reservations import Found
from agentgov.store.open import open_store

REPLICAS, EACH = 3, 8
RUN: Limits = {("run", "run"): 10}
DAY: Limits = {("agent", "day"): 10}


@pytest.fixture
def replicas(postgres: Postgres) -> Iterator[list[BudgetWorld]]:
    """Gates over one database."""
    url = postgres.database()
    worlds = [BudgetWorld(open_store(url)) for _ in range(REPLICAS)]
    yield worlds
    for world in worlds:
        world.store.close()


def at_once(worlds: list[BudgetWorld], ask: Callable[[BudgetWorld, int], Found]) -> list[Found]:
    """What everybody is answered who asks any of the replicas in the same moment."""
    barrier = Barrier(len(worlds) * EACH)

    def one(number: int) -> Found:
        barrier.wait(PATIENCE)
        return ask(worlds[number % len(worlds)], number)

    with ThreadPoolExecutor(barrier.parties) as pool:
        return list(pool.map(one, range(barrier.parties)))


def passed(found: list[Found]) -> int:
    """How many of them got money."""
    return sum(verdict.allowed for _, verdict in found)


def test_parallel_turns_of_one_session_do_not_all_pass_below_its_budget(replicas: list[BudgetWorld]) -> None:
    """BerriAI/litellm#34732: each reads the same spend that is below the budget of the session, and all go on."""
    for world in replicas:
        world.limits = RUN
    found = at_once(replicas, lambda world, number: world.reserve(f"turn-{number}", 3, run="session"))
    assert passed(found) == 3
    for reservation, _ in found:
        if reservation is not None:
            replicas[0].settle(reservation.id, amount=3)
    assert passed(at_once(replicas, lambda world, number: world.reserve(f"later-{number}", 3, run="session"))) == 0
    assert replicas[0].differences() == ()


@pytest.mark.parametrize("agent", [REFUNDS, TRIAGE])
def test_the_first_calls_of_somebody_unknown_do_not_pass_a_budget_that_has_no_row_yet(
    replicas: list[BudgetWorld], agent: AgentId
) -> None:
    """BerriAI/litellm#40095: eight first requests of a customer whom nobody has seen, and none finds a budget."""
    for world in replicas:
        world.limits = DAY
    found = at_once(replicas, lambda world, number: world.reserve(f"first-{number}", 10, agent))
    assert passed(found) == 1
    assert replicas[0].levels(agent)["agent", "day"] == Level(0, 10, 0)


def test_no_change_of_a_window_erases_what_was_spent_in_the_new_one(replicas: list[BudgetWorld]) -> None:
    """BerriAI/litellm#36940: two replicas reset a window, and the second one erases what the first has let through.
    Here a window is a bucket of its own, and nobody resets anything."""
    for world in replicas:
        world.limits = DAY
    old = [one for one, _ in at_once(replicas, lambda world, number: world.reserve(f"old-{number}", 2)) if one]
    for world in replicas:
        world.now += 86_400_000
    assert len(old) == 5
    ends = iter(old)

    def both(world: BudgetWorld, number: int) -> Found:
        """Some settle what is of yesterday, while the others spend of today, and the sweeper ends what is over."""
        if number % 4 == 0 and (one := next(ends, None)) is not None:
            return world.settle(one.id, amount=2)
        world.expire()
        return world.reserve(f"new-{number}", 2)

    at_once(replicas, both)
    assert replicas[0].levels()["agent", "day"] == Level(0, 10, 0)
    for world in replicas:
        world.now -= 86_400_000
    assert replicas[0].levels()["agent", "day"] == Level(10, 0, 0)
    replicas[0].now += 86_400_000 + LASTS
    while replicas[0].expire():
        pass
    assert replicas[0].levels()["agent", "day"] == Level(10, 0, 0)
    assert replicas[0].differences() == ()
