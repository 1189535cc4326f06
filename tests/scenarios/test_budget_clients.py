"""Sixty-four clients spend one budget at gates over HTTP while clients and gates are killed: nothing is overspent,
nothing that was told is lost, and nothing leaks."""

import random
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from budgetworld import BudgetWorld
from gateworld import GateWorld
from patience import PATIENCE
from payingclients import CENT
from payingcrowd import FURTHER, Crowd
from payingfleet import PAYER, shipped
from postgres import serving

from agentgov.runtime.accounts import LASTS
from agentgov.runtime.buckets import agent_buckets, levels
from agentgov.runtime.budgets import BATCH
from agentgov.runtime.windows import day_of
from agentgov.store.open import open_store

MANY, KILLS, GATE_KILLS = 64, 60, 3
LIMIT = 500 * CENT  # of a day, in `payingfleet`
PLACE = f"/v1/agents/{PAYER}/reservations"
MORE = ("--token-rate", "0", "--no-access-log", "--self-test", "0")


@pytest.mark.slow
@pytest.mark.parametrize("names", [("one",), ("one", "two", "three")])
def test_no_kill_overspends_loses_or_leaks_money(names: tuple[str, ...], tmp_path: Path) -> None:
    dice = random.Random(len(names))
    with ExitStack() as held:
        world = shipped(tmp_path)
        url = held.enter_context(serving()).database() if len(names) > 1 else f"sqlite:///{tmp_path / 'gate.db'}"
        gates = [GateWorld(world, tmp_path / name, *MORE, store=url) for name in names]
        for gate in gates:
            held.enter_context(gate)
        crowd = held.enter_context(Crowd(gates, PLACE, gates[0].agent_token(PAYER), dice))
        for _ in range(MANY):
            crowd.add()
        for number in range(KILLS):
            time.sleep(dice.uniform(0, 0.05))
            crowd.kill_one()
            crowd.add()
            if number % (KILLS // GATE_KILLS) == 10:
                gate = dice.choice(gates)
                gate.kill()
                gate.start()
        crowd.finish()
        for gate in gates:
            gate.stop()
        _holds(url, crowd.told)


def _holds(url: str, told: dict[str, str]) -> None:
    world = BudgetWorld(open_store(url))
    read = world.store.read
    states: dict[str, str] = dict(read(lambda tx: tx.all("SELECT id, state FROM reservations")).result(PATIENCE))
    assert all(states[id_] in FURTHER[state] for id_, state in told.items())
    assert world.differences() == ()
    world.now = int(time.time() * 1000)
    bucket = agent_buckets(PAYER, "production", day_of(world.now), "USD")[0].name
    level = read(lambda tx: levels(tx, [bucket])).result(PATIENCE)[bucket]
    assert LIMIT - CENT < level.spent + level.reserved <= LIMIT + level.overrun
    world.now += LASTS
    while world.expire() == BATCH:
        pass
    assert {row[0] for row in read(lambda tx: tx.all("SELECT reserved FROM budgets")).result(PATIENCE)} == {0}
    assert world.differences() == ()
    world.store.close()
