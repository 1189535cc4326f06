"""Sixty-four clients spend at gates whose clocks jump, while windows turn, limits change in git, and clients and gates
are killed: nothing is overspent in any window, nothing that was told is lost, and nothing leaks."""

import os
import random
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path

import pytest
from budgetworld import BudgetWorld
from forked import ran
from gateworld import GateWorld
from movedclock import MovedClock
from patience import PATIENCE
from payingclients import CENT
from payingcrowd import FURTHER, Crowd
from payingfleet import PAYER, noon_zone, paying
from pipelineworld import PipelineWorld
from postgres import serving

from agentgov.runtime.accounts import LASTS
from agentgov.runtime.buckets import Level
from agentgov.runtime.budgets import BATCH
from agentgov.runtime.windows import SLOTS
from agentgov.store.open import open_store

MANY, STEPS, SECONDS, SLOW = 64, 45, 20.0, 2.0
DAY, SHORT = 150 * CENT, 60 * CENT  # of the agent: a day on its wall, and any ten minutes
FLEET = (400, 120, 250)  # cents that everybody may spend in a day: at first, and what git makes of it
SEED = int(os.environ.get("BUDGET_SEED", random.randrange(10**6)))  # each time other moments
PLACE = f"/v1/agents/{PAYER}/reservations"
MORE = ("--token-rate", "0", "--no-access-log", "--self-test", "0")
_FURTHEST = 13  # hours that a clock jumps


@pytest.mark.slow
@pytest.mark.parametrize("names", [("one",), ("one", "two", "three")])
def test_no_clock_overspends_loses_or_leaks_money(names: tuple[str, ...], tmp_path: Path) -> None:
    print(f"BUDGET_SEED={SEED}")
    dice = random.Random(SEED)
    with ExitStack() as held:
        world = _governed(tmp_path)
        url = held.enter_context(serving()).database() if len(names) > 1 else f"sqlite:///{tmp_path / 'gate.db'}"
        clocks = [MovedClock(tmp_path / f"clock-{name}") for name in names]
        gates = [
            GateWorld(world, tmp_path / name, *MORE, store=url, env=clock.env)
            for name, clock in zip(names, clocks, strict=True)
        ]
        for gate in gates:
            held.enter_context(gate)
        crowd = held.enter_context(Crowd(gates, PLACE, gates[0].agent_token(PAYER), dice, SECONDS, SLOW))
        for _ in range(MANY):
            crowd.add()
        _go_wrong(dice, world, crowd, gates, clocks)
        crowd.finish()
        for gate in gates:
            gate.stop()
        _holds(url, crowd.told)
        checked = ran(["budget", "check", "--repo", str(world.work), "--store", url], Path.cwd(), gates[0].env)
        assert checked.returncode == 0, checked.stdout + checked.stderr


def _governed(folder: Path) -> PipelineWorld:
    """A fleet whose agent lives where it is noon: a jump of half a day and more turns its day, whichever way."""
    money = f'{{day: "{DAY / 100 / CENT} USD", rolling: {{10m: "{SHORT / 100 / CENT} USD"}}, zone: {noon_zone()}}}'
    world = paying(folder, f"  budget: {money}\n  oncall: {{escalate: [team:support]}}\n", {})
    _allow(world, FLEET[0])
    return world


def _allow(world: PipelineWorld, cents: int) -> None:
    """What the whole fleet may spend in a day, as people write it in git."""
    lines = [line for line in (world.work / "agentgov.yaml").read_text("utf-8").splitlines() if "budget:" not in line]
    world.govern({"agentgov.yaml": "\n".join([*lines, f'budget: {{day: "{cents / 100} USD"}}', ""])})


def _go_wrong(
    dice: random.Random,
    world: PipelineWorld,
    crowd: Crowd,
    gates: Sequence[GateWorld],
    clocks: Sequence[MovedClock],
) -> None:
    """Clients and gates are killed, clocks jump ahead and back, limits are changed, in an order that nobody chose."""

    def client() -> None:
        crowd.kill_one()
        crowd.add()

    def gate() -> None:
        one = dice.choice(gates)
        one.kill()
        one.start()

    def clock() -> None:
        hours = dice.choice((-_FURTHEST, 0, 0, _FURTHEST))
        dice.choice(clocks).move(hours=hours, minutes=dice.choice((0, dice.uniform(-16, 16))))

    def limit() -> None:
        _allow(world, next(limits))

    limits = cycle((*FLEET[1:], FLEET[0]))

    todo: list[Callable[[], None]] = [client] * (STEPS - 20) + [clock] * 14 + [gate] * 3 + [limit] * 3
    dice.shuffle(todo)
    for step in todo:
        time.sleep(dice.uniform(0, 2 * SECONDS / 3 / STEPS))
        step()


def _holds(url: str, told: Mapping[str, str]) -> None:
    world = BudgetWorld(open_store(url))
    read = world.store.read
    states: dict[str, str] = dict(read(lambda tx: tx.all("SELECT id, state FROM reservations")).result(PATIENCE))
    assert all(states[id_] in FURTHER[state] for id_, state in told.items())
    assert "unconfirmed" in states.values(), "no clock passed the end of a reservation"
    assert world.differences() == ()
    _fits(world, "while some are open")
    world.now = int(time.time() * 1000) + (_FURTHEST + 1) * 3_600_000 + LASTS
    while world.expire() == BATCH:
        pass
    levels = _fits(world, "when all have ended")
    assert {level.reserved for level in levels.values()} == {0}
    assert len({name for name in levels if name.startswith("agent day ")}) > 1, "no day ended"
    assert world.differences() == ()
    world.store.close()


def _fits(world: BudgetWorld, when: str) -> Mapping[str, Level]:
    """Every window holds no more than its largest limit and what was overrun; how full the buckets are."""
    sql = "SELECT bucket, spent, reserved, overrun FROM budgets"
    rows = world.store.read(lambda tx: tx.all(sql)).result(PATIENCE)
    levels = {str(name): Level(*level) for name, *level in rows}
    most = {"agent day": DAY, "fleet day": max(FLEET) * CENT}
    slots = defaultdict[int, int](int)
    for name, level in levels.items():
        scope, window, *_, turn, _currency = name.split(" ")
        taken = level.spent + level.reserved - level.overrun
        if f"{scope} {window}" in most:
            assert taken <= most[f"{scope} {window}"], f"{name}, {when}"
        if window == "10m":
            slots[int(turn)] += taken
    for first in slots:
        stretch = sum(slots.get(number, 0) for number in range(first, first + SLOTS + 1))
        assert stretch <= SHORT, f"ten minutes from slot {first} on, {when}"
    return levels
