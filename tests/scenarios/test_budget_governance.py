"""What git says about money, at a gate that runs: a new name keeps its spending, limits of the fleet hold at once."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateworld import GateWorld, Reply
from patience import until
from pipelineworld import PipelineWorld
from simulator import agent_file

from agentgov.model.names import AgentId
from templates import copied, made

OLD, NEW, OTHER = AgentId("support", "payer"), AgentId("support", "cashier"), AgentId("support", "other")
BUDGET = """  budget: {day: "0.10 USD"}
  oncall: {escalate: [team:support]}
"""
FLEET = "agentgov.yaml"


def _files(agent: AgentId, formerly: str = "") -> dict[str, str]:
    text = agent_file(agent, team="support").partition("  tools:")[0] + BUDGET
    name = f"{{name: {agent.name}}}"
    assert name in text
    text = text.replace(name, f"{{name: {agent.name}, formerly: {formerly}}}") if formerly else text
    return {agent.file: text, f"{agent.folder}/prompts/system.md": "Pay.\n"}


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> PipelineWorld:
    def make(place: Path) -> PipelineWorld:
        world = PipelineWorld(place, files=_files(OLD) | _files(OTHER))
        world.ship("1.0.0", OLD)
        world.ship("1.0.0", OTHER)
        return world

    return made(tmp_path_factory.mktemp("shipped"), make)


@pytest.fixture
def world(shipped: PipelineWorld, tmp_path: Path) -> PipelineWorld:
    return copied(shipped, tmp_path)


@pytest.fixture
def gate(world: PipelineWorld, tmp_path: Path, store_url: str) -> Iterator[GateWorld]:
    with GateWorld(world, tmp_path / "gate", store=store_url) as running:
        yield running


def _spend(gate: GateWorld, agent: AgentId, token: str, key: str, cents: int) -> Reply:
    place, amount = f"/v1/agents/{agent}/reservations", {"amount": f"0.{cents:02} USD"}
    found = gate.ask("POST", place, token, {"key": key, **amount})
    if found.status == 200:
        assert gate.ask("POST", f"{place}/{found.json['id']}/settle", token, amount).status == 200
    return found


def _is_left(gate: GateWorld, agent: AgentId, token: str, cents: int) -> bool:
    """Whether so much is left, by taking it and giving it back."""
    place = f"/v1/agents/{agent}/reservations"
    found = gate.ask("POST", place, token, {"key": secrets.token_hex(8), "amount": f"0.{cents:02} USD"})
    if found.status != 200:
        assert found.rule == "budget.exceeded"
        return False
    assert gate.ask("POST", f"{place}/{found.json['id']}/release", token, {}).status == 200
    return True


def _limit(world: PipelineWorld, cents: int) -> None:
    text = (world.work / FLEET).read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("budget:")]
    world.govern({FLEET: "\n".join([*lines, f'budget: {{day: "0.{cents:02} USD"}}', ""])})


def test_a_limit_of_the_fleet_holds_as_soon_as_it_is_authorised(gate: GateWorld, world: PipelineWorld) -> None:
    one, other = gate.agent_token(OLD), gate.agent_token(OTHER)
    assert _spend(gate, OLD, one, "a", 4).status == 200
    assert _is_left(gate, OTHER, other, 3)
    _limit(world, 6)
    until(lambda: not _is_left(gate, OTHER, other, 3), "that six cents are the limit of all")
    assert _spend(gate, OTHER, other, "b", 1).status == 200
    assert _is_left(gate, OLD, one, 1)
    _limit(world, 5)
    until(lambda: not _is_left(gate, OLD, one, 1), "that five are")


@pytest.mark.slow
def test_an_agent_with_a_new_name_keeps_what_it_spent(gate: GateWorld, world: PipelineWorld) -> None:
    assert _spend(gate, OLD, gate.agent_token(OLD), "a", 6).status == 200
    gone = {one.relative_to(world.work).as_posix(): None for one in (world.work / OLD.folder).rglob("*.*")}
    commit = world.change("alice", {**_files(NEW, str(OLD)), **gone})
    for reviewer in ("bob", "erin"):
        world.review(reviewer, commit)
    assert not world.advance(commit).state.pending
    world.ship("1.0.0", NEW)
    token = gate.agent_token(NEW)
    until(lambda: _spend(gate, NEW, token, "b", 3).status == 200, "that the new name runs")
    assert _spend(gate, NEW, token, "c", 2).rule == "budget.exceeded"
    assert _spend(gate, NEW, token, "d", 1).status == 200
