"""What was booked is looked at once a look succeeds, also in windows that are over by then."""

import asyncio
from pathlib import Path

import pytest
from budgetworld import BudgetWorld
from simulator import FLEET_YAML, TRIAGE, FleetSimulator

from agentgov.gate.gate import Gate
from agentgov.runtime import budget_marks
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.windows import day_of
from agentgov.store.open import open_store
from agentgov.store.port import Store

DAY = 86_400_000


def marks(store: Store) -> set[tuple[str, str]]:
    return {(one.bucket, one.mark) for one in store.read(lambda tx: budget_marks.marks_since(tx, 0, 9)).result()}


def test_what_was_booked_when_a_look_failed_is_looked_at_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    budget = 'budget: {day: "10.00 USD", alertAt: [0.5]}\n'
    world = FleetSimulator(tmp_path / "world", files={"agentgov.yaml": FLEET_YAML + budget}, remote=False)
    world.introduce()
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    money = BudgetWorld(store, {})
    days = day_of(money.now), day_of(money.now + DAY)
    for day in days:
        made, _ = money.reserve(day, 6_000_000_000, TRIAGE)
        assert made is not None
        money.settle(made.id, TRIAGE, amount=6_000_000_000)
        money.now += DAY

    async def live() -> None:
        gate = Gate(store, Fleet(world.view()), world.actor("gate"), lambda: money.now)
        gate.budget_alerts.booked(TRIAGE, "production", days[0])

        async def away(_: object) -> None:
            gate.budget_alerts.booked(TRIAGE, "production", days[1])
            raise OSError("the store is away")

        with monkeypatch.context() as patch:
            patch.setattr(gate, "read", away)
            with pytest.raises(OSError, match="away"):
                await gate.budget_alerts.look()
        assert marks(store) == set()
        await gate.budget_alerts.look()

    try:
        asyncio.run(live())
        assert marks(store) == {(f"fleet day all {day} USD", "0.5") for day in days}
    finally:
        store.close()
