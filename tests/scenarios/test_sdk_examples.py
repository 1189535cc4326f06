"""The programs of examples/sdk run as they stand, at a gate that really runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from gateworld import GateWorld
from patience import PATIENCE
from pipelineworld import PipelineWorld
from sdkworld import PRICES
from simulator import agent_file

from agentgov.model.names import AgentId
from agentgov.runtime.ledger import read as read_ledger
from agentgov.store.open import open_store
from templates import copied, made

EXAMPLES = Path(__file__).parents[2] / "examples" / "sdk"
REFUNDS = AgentId("support", "refund-assistant")
SPEC = """  prompts: {system: {file: prompts/system.md}, variables: {customer_name: {untrusted: true, maxLength: 80}}}
  tools: [{name: refund.create, effect: irreversible, args: {file: tools/refund.create.schema.json}}]
  actions: [{match: {tools: [refund.create]}, when: "args.amount_minor <= 5000", then: allow}]
  quotas: [{tool: refund.create, sum: args.amount_minor, per: 24h, max: 500000}]
  budget: {day: "5.00 USD"}
  oncall: {escalate: [team:support]}
"""


def _world(place: Path) -> PipelineWorld:
    head = agent_file(REFUNDS, team="support").partition("  prompts:")[0]
    files = {REFUNDS.file: head + SPEC, f"{REFUNDS.folder}/prompts/system.md": "Help {{customer_name}}.\n"}
    schema = f"{REFUNDS.folder}/tools/refund.create.schema.json"
    files[schema] = (EXAMPLES.parent / "acme" / schema).read_text()
    files["governance/prices.yaml"] = PRICES
    world = PipelineWorld(place, files=files)
    world.ship("1.0.0", REFUNDS, "# Refunds\n\nHelp {{customer_name}}.\n")
    return world


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> PipelineWorld:
    return made(tmp_path_factory.mktemp("refunds"), _world)


def _run(gate: GateWorld, folder: Path, name: str) -> str:
    file = folder / "token"
    file.touch(0o600)
    file.write_text(gate.agent_token(REFUNDS))
    env = {**os.environ, "AGENTGOV_GATE": gate.url, "AGENTGOV_TOKEN_FILE": str(file)}
    done = subprocess.run(
        [sys.executable, EXAMPLES / name], env=env, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_examples_run(once: PipelineWorld, tmp_path: Path) -> None:
    with GateWorld(copied(once, tmp_path), tmp_path / "gate") as gate:
        plain = _run(gate, tmp_path, "plain_python.py")
        assert "running support/refund-assistant/v1.0.0 (stable)" in plain
        assert "refunded 4200 for AC-12345678" in plain
        assert "AC-12345678 was delivered broken" in plain
        assert "refused: action.arguments" in plain
        again = _run(gate, tmp_path, "plain_python.py")
        assert "not twice" in again
        assert "refunded" not in again
        assert "Done: refund.create done" in _run(gate, tmp_path, "openai_compatible.py")
        assert "Roses are refunded.\nset aside 0.00" in _run(gate, tmp_path, "streaming.py")
        assert "anthropic/claude-sonnet-4-5 (stable)" in _run(gate, tmp_path, "openfeature_client.py")
        assert "refunded 1" in _run(gate, tmp_path, "pydantic_ai_agent.py")
        store = open_store(gate.store, serving=False)
        found = store.read(lambda tx: read_ledger(tx, agent=str(REFUNDS), limit=1000)).result()
        store.close()
        types = [one.type for one in found]
        # plain_python twice, two calls of the loop, the stream, the run of pydantic-ai: each settled, none left behind
        assert (types.count("budget.reserve"), types.count("budget.settle")) == (6, 6)
