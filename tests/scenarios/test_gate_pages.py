"""What a gate tells of all agents comes in pages, so that a large fleet is answered in little time and memory."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from forked import ran
from gateworld import GateWorld

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
from large_fleet import LargeFleet

from agentgov.gate.gate import now_ms
from agentgov.gate.routes import budget as budget_routes
from agentgov.gate.routes import usage as usage_routes
from agentgov.runtime import spent_about
from agentgov.runtime.spent_about import About
from agentgov.runtime.telemetry import keeping, rollups
from agentgov.runtime.telemetry.rollups import MINUTE, Sums
from agentgov.store.open import open_store
from agentgov.store.port import Transaction
from templates import at_home

MADE = 2 * budget_routes.PAGE + 20
AGENTS = MADE + 2  # those of the simulated fleet

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GateWorld]:
    folder = tmp_path_factory.mktemp("large")
    with at_home(folder):
        world = LargeFleet(folder, MADE, later_acts=1)
        with GateWorld(world, folder / "gate") as running:
            _use(running, [str(one) for one in world.view().agents()])
            yield running


def _use(gate: GateWorld, agents: Sequence[str]) -> None:
    """Every agent made one call an instant ago, and one model of each is unknown; so is one agent."""
    now = now_ms()

    def write(tx: Transaction) -> None:
        sums = Sums(calls=1, cost=1)
        rollups.add(tx, {(one, "production", now - now % MINUTE, "model", "m", "", "", "USD"): sums for one in agents})
        spent_about.add(tx, {About("purpose", one, "production", "2026-11-30", "p", "USD"): (1, 1) for one in agents})
        for one in (*agents, "support/nobody"):
            keeping.put_aside(tx, (one, "production"), {("unpriced", "m"): 1}, now)

    store = open_store(gate.store, serving=False)
    store.write(write).result()
    store.close()


def _pages(gate: GateWorld, path: str) -> Iterator[Any]:
    behind, token = "", gate.person_token("alice")
    while True:
        reply = gate.ask("GET", f"{path}?after={behind}" if behind else path, token)
        assert reply.status == 200, reply.body
        yield reply.json
        behind = reply.json["next"]
        if not behind:
            return


def _shown(gate: GateWorld, folder: Path, *command: str) -> Any:
    file = folder / "alice.token"
    file.write_text(gate.person_token("alice"), encoding="utf-8")
    file.chmod(0o600)
    env = {**os.environ, "AGENTGOV_GATE": gate.url, "AGENTGOV_TOKEN_FILE": str(file)}
    done = ran([*command, "--json"], gate.world.work, env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_budgets_of_all_agents_come_in_pages(gate: GateWorld, tmp_path: Path) -> None:
    pages = [[one["agent"] for one in each["budgets"]] for each in _pages(gate, "/v1/budgets")]
    assert [len(set(each)) for each in pages] == [budget_routes.PAGE, budget_routes.PAGE, AGENTS % budget_routes.PAGE]
    assert len({one for each in pages for one in each}) == AGENTS
    document = _shown(gate, tmp_path, "budget", "show")
    assert [one["agent"] for one in document["budgets"]] == [one for each in pages for one in each]


def test_what_all_agents_used_comes_in_pages(gate: GateWorld, tmp_path: Path) -> None:
    pages = list(_pages(gate, "/v1/usage"))
    assert [len(each["usage"]) for each in pages] == [usage_routes.PAGE, usage_routes.PAGE, AGENTS % usage_routes.PAGE]
    aside = [one["agent"] for each in pages for one in each["quarantine"]]
    assert len(aside) == len(set(aside)) == AGENTS + 1
    assert "support/nobody" in {one["agent"] for one in pages[0]["quarantine"]}
    document = _shown(gate, tmp_path, "usage", "show")
    assert (len(document["usage"]), len(document["quarantine"])) == (AGENTS, AGENTS + 1)


def test_what_all_agents_spent_for_a_purpose_comes_in_pages(gate: GateWorld, tmp_path: Path) -> None:
    pages = [[one["agent"] for one in each["spending"]] for each in _pages(gate, "/v1/spending")]
    assert [len(each) for each in pages] == [budget_routes.PAGE, budget_routes.PAGE, AGENTS % budget_routes.PAGE]
    document = _shown(gate, tmp_path, "budget", "show", "--by", "purpose")
    assert [one["agent"] for one in document["spending"]] == [one for each in pages for one in each]
    document = _shown(gate, tmp_path, "budget", "show", pages[1][0], "--by", "purpose")
    assert [one["agent"] for one in document["spending"]] == [pages[1][0]]


@pytest.mark.parametrize("path", ["/v1/budgets", "/v1/usage", "/v1/spending"])
def test_a_page_begins_behind_an_agent_and_nothing_else(gate: GateWorld, path: str) -> None:
    token = gate.person_token("alice")
    assert gate.ask("GET", f"{path}?after=no-agent", token).status == 400
    assert gate.ask("GET", f"{path}?after=zz/zz", token).json["next"] == ""
