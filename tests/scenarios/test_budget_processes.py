"""Money under processes that race and are killed: never overspent, nothing that was told is lost, nothing leaks."""

import random
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection

import pytest
from budgetprocesses import LIMIT, WIDE, context, go_on, spend_all
from budgetworld import BudgetWorld
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
    url, processes = roomy.database(), context()
    world = BudgetWorld(open_store(url))
    barrier = processes.Barrier(MANY)
    pipes = [processes.Pipe(duplex=False) for _ in range(MANY)]
    started = [
        processes.Process(target=spend_all, args=(url, f"p{number}", barrier, writer))
        for number, (_, writer) in enumerate(pipes)
    ]
    for process in started:
        process.start()
    spent = sum(reader.recv() for reader, _ in pipes if reader.poll(PATIENCE))
    for process in started:
        process.join(PATIENCE)
    assert spent == LIMIT // 7 * 7
    assert world.levels()["agent", "day"] == Level(spent, 0, 0)
    assert world.differences() == ()
    world.store.close()


@pytest.mark.slow
def test_no_kill_loses_money_or_leaks_a_reservation(store_url: str) -> None:
    """Killed at random moments, a hundred times: what was told stands, and the sweeper leaves nothing open."""
    dice, processes, told = random.Random(7), context(), dict[str, str]()
    for number in range(KILLS):
        reader, writer = processes.Pipe(duplex=False)
        process = processes.Process(target=go_on, args=(store_url, f"r{number}", writer))
        process.start()
        writer.close()
        assert reader.poll(PATIENCE)
        time.sleep(dice.uniform(0, 0.06))
        process.kill()
        process.join(PATIENCE)
        told.update(_rest(reader))
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


def _rest(reader: Connection) -> Iterator[tuple[str, str]]:
    """What was told before the end."""
    while True:
        try:
            yield reader.recv()
        except (EOFError, OSError):
            return
