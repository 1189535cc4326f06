"""Sixty-four processes use one permit over HTTP at once, of one gate and of three over one PostgreSQL: one may."""

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from forks import at_once, forks
from gateworld import GateWorld
from patience import PATIENCE
from payingfleet import PAYER, shipped
from permitcalls import use_at_once
from pipelineworld import PipelineWorld
from postgres import Postgres

from agentgov.runtime import ledger
from agentgov.store.open import open_store
from templates import copied

MANY = 64
ARGUMENTS = {"amount": 200}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> PipelineWorld:
    return shipped(tmp_path_factory.mktemp("fleet"))


@pytest.fixture
def world(fleet: PipelineWorld, tmp_path: Path) -> PipelineWorld:
    return copied(fleet, tmp_path)


def permitted(gate: GateWorld, token: str) -> str:
    """A permit that a person said yes to."""
    body = {"tool": "refund.create", "args": ARGUMENTS, "key": "k"}
    permit = str(gate.ask("POST", f"/v1/agents/{PAYER}/actions", token, body).json["permit"]["id"])
    assert gate.ask("POST", f"/v1/permits/{permit}/approve", gate.person_token("dave"), {}).status == 200
    return permit


def all_at_once(gates: Sequence[GateWorld], permit: str, token: str) -> Counter[tuple[int, str]]:
    """What all of them are answered."""
    body = json.dumps({"args": ARGUMENTS})
    calls = [(gates[number % len(gates)].port, permit, token, body) for number in range(MANY)]
    return Counter(at_once(forks("permitcalls"), use_at_once, calls))


@pytest.mark.slow
@pytest.mark.parametrize("replicas", [1, 3])
def test_sixty_four_processes_and_one_of_them_uses_the_permit(
    replicas: int, world: PipelineWorld, postgres: Postgres, tmp_path: Path
) -> None:
    store = postgres.database() if replicas > 1 else f"sqlite:///{tmp_path}/gate.db"
    with ExitStack() as stack:
        gates = [
            stack.enter_context(GateWorld(world, tmp_path / f"gate-{number}", store=store))
            for number in range(replicas)
        ]
        token = gates[0].agent_token(PAYER)
        permit = permitted(gates[0], token)
        answers = all_at_once(gates, permit, token)
        told = gates[-1].ask("GET", f"/v1/permits/{permit}", token).json
    assert answers == {(200, "allow"): 1, (200, "deny"): MANY - 1}
    assert told["state"] == "consumed"
    kept = open_store(store, serving=False)
    try:
        records = kept.read(lambda tx: ledger.read(tx, actor=f"agent:{PAYER}@production")).result(PATIENCE)
    finally:
        kept.close()
    assert [one.type for one in records].count("permit.consume") == 1
