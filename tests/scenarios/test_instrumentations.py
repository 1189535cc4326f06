"""Real frameworks under real instrumentations, each in its pinned version, send their traces to a gate: the right
agent, tools, tokens and cost, once. `.ci/instrumentations` installs them."""

import importlib.util
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from gateworld import GateWorld
from patience import PATIENCE
from pipelineworld import PipelineWorld
from serving import ThreadedHTTPServer, serving
from simulator import TRIAGE
from spanworld import COST, MODEL, PRICES

from templates import copied, made

HERE = Path(__file__).resolve().parents[1] / "data" / "instrumentations"
PYTHON = Path(__file__).resolve().parents[2] / "build" / "instrumentations" / "bin" / "python"
EMBEDDING = "openai/text-embedding-3-small"
DEARER = (11 * 10 + 5 * 50) * 1000  # the same tokens, where nobody says that some came from a cache

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON.exists(), reason="no instrumentations are here: .ci/instrumentations installs them"),
]


def _fake_model() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fake_model", HERE / "fake_model.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.fixture(scope="module")
def model() -> Iterator[str]:
    with serving(ThreadedHTTPServer(("127.0.0.1", 0), _fake_model().FakeModel)) as server:
        yield f"http://127.0.0.1:{server.server_port}/v1"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> PipelineWorld:
    def make(place: Path) -> PipelineWorld:
        world = PipelineWorld(place, files={"governance/prices.yaml": PRICES})
        world.ship("1.0.0")
        return world

    return made(tmp_path_factory.mktemp("shipped"), make)


@pytest.fixture
def gate(shipped: PipelineWorld, tmp_path: Path) -> Iterator[GateWorld]:
    with GateWorld(copied(shipped, tmp_path / "world"), tmp_path / "gate") as running:
        yield running


@pytest.mark.parametrize(
    ("program", "cost", "tools", "embeddings"),
    [
        ("openinference-openai", COST, 0, 1),
        ("openinference-langchain", COST, 1, 0),
        ("openinference-both", COST, 1, 0),
        ("traceloop-openai", COST, 0, 1),
        ("traceloop-langchain", COST, 1, 0),
        ("pydantic-ai", COST, 1, 0),
        ("openai-agents", DEARER, 1, 0),
    ],
)
def test_what_a_program_did_is_counted_once(
    gate: GateWorld, model: str, program: str, cost: int, tools: int, embeddings: int
) -> None:
    _run(gate, model, program)
    lines = _lines(gate)
    calls = lines.pop(("model", MODEL))
    assert (calls["calls"], calls["errors"], calls["input"], calls["output"]) == (2, 0, 22, 10)
    assert (calls["cost"], calls["currency"], calls["unmeasured"], calls["unpriced"]) == (2 * cost, "USD", 0, 0)
    assert lines.pop(("tool", "lookup"), {"calls": 0})["calls"] == tools
    assert lines.pop(("model", EMBEDDING), {"calls": 0})["calls"] == embeddings
    assert lines == {}


def _run(gate: GateWorld, model: str, program: str) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "PYTHON", "OPENAI_"))}
    env |= {
        "OTEL_EXPORTER_OTLP_ENDPOINT": gate.url,
        "OTEL_EXPORTER_OTLP_HEADERS": f"Authorization=Bearer%20{gate.agent_token(TRIAGE)}",
        "OPENAI_API_KEY": "none",
        "OPENAI_AGENTS_DISABLE_TRACING": "0",
    }
    done = subprocess.run(
        [str(PYTHON), str(HERE / "program.py"), program, model],
        env=env,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def _lines(gate: GateWorld) -> dict[tuple[str, str], dict[str, Any]]:
    answer = gate.ask("GET", f"/v1/agents/{TRIAGE}/usage", gate.person_token("bob")).json
    (one,) = [one for one in answer["usage"] if one["environment"] == "production"]
    assert one["agent"] == str(TRIAGE)
    return {(line["kind"], line["name"]): line for line in one["lines"]}
