"""`doctor` beside a gate that really runs: gate, clocks, store, routes and leases; and one that is away, told once."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from fakeserver import FakeServer
from fakeserver import Reply as Answer
from forked import ran
from gateworld import GateWorld
from pipelineworld import PipelineWorld
from simulator import TRIAGE
from unit.cli.output_schema import assert_holds

from templates import copied, made

_ALERTS = """apiVersion: agentgov.dev/v1
kind: AlertPolicy
routes:
  - {name: desk, match: {severity: [ticket]}, to: slack, keyFrom: "env:SLACK_URL", groupWait: 0s}
"""


@pytest.fixture(scope="module")
def slack() -> Iterator[FakeServer]:
    found = FakeServer(lambda _: Answer(200, b"ok"))
    with found.serve():
        yield found


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> PipelineWorld:
    def make(place: Path) -> PipelineWorld:
        world = PipelineWorld(place, files={"governance/alerts.yaml": _ALERTS})
        world.ship("1.0.0")
        return world

    return made(tmp_path_factory.mktemp("shipped"), make)


@pytest.fixture
def gate(shipped: PipelineWorld, slack: FakeServer, tmp_path: Path) -> Iterator[GateWorld]:
    with GateWorld(copied(shipped, tmp_path), tmp_path / "gate", env={"SLACK_URL": f"{slack.url}/slack"}) as running:
        yield running


def run(gate: GateWorld, *args: str, env: Mapping[str, str] | None = None) -> tuple[int, str]:
    token = gate.folder / "carol.token"
    token.write_text(gate.person_token("carol"))
    token.chmod(0o600)
    there = {**gate.env, "AGENTGOV_GATE": gate.url, "AGENTGOV_TOKEN_FILE": str(token), **(env or {})}
    found = ran([*args, "--repo", str(gate.world.work)], gate.folder, there)
    return found.returncode, found.stdout


def doctor(gate: GateWorld, *groups: str, env: Mapping[str, str] | None = None, store: bool = False) -> dict[str, Any]:
    only = [word for group in groups for word in ("--only", group)]
    named = ["--store", gate.store] if store else []
    _, out = run(gate, "doctor", "--json", *only, *named, env=env)
    document: dict[str, Any] = json.loads(out)
    assert_holds(document, "doctor")
    return document


def by_rule(document: dict[str, Any]) -> dict[str, tuple[str, str, str]]:
    return {one["rule"]: (one["state"], one["message"], one["fix"]) for one in document["checks"]}


@pytest.mark.slow
def test_a_gate_is_looked_at_with_its_clock_its_routes_and_its_store(gate: GateWorld) -> None:
    found = by_rule(doctor(gate, "gate", "clocks", "store", "routes", "leases", store=True))
    assert found["doctor.gate"][0] == found["doctor.clock-gate"][0] == found["doctor.gate-version"][0] == "good"
    assert found["doctor.store"][:2] == ("good", "the store is whole, with 0 records")
    assert found["doctor.store-backup"][2] == "agentgov store backup FILE --store URL"
    assert found["doctor.routes"][0] == "bad", "no route takes a page"
    assert found["doctor.route-untested"][2] == "agentgov alert test desk"
    assert found["doctor.leases"][0] == "good"

    assert run(gate, "alert", "test", "desk")[0] == 0
    assert run(gate, "store", "backup", str(gate.folder / "copy.db"), "--store", gate.store)[0] == 0
    found = by_rule(doctor(gate, "store", "routes", store=True))
    assert found["doctor.store-backup"][0] == "good"
    assert "doctor.route-untested" not in found
    assert "doctor.route-secret" not in found
    found = by_rule(doctor(gate, "routes", store=True, env={"SLACK_URL": ""}))
    assert found["doctor.route-secret"][0] == "bad"


@pytest.mark.slow
def test_an_instance_that_runs_something_else_is_told_of(gate: GateWorld) -> None:
    body = {"instance": "pod-1", "closure": "0" * 64}
    path = f"/v1/agents/{TRIAGE}/running"
    assert gate.ask("POST", path, gate.agent_token(TRIAGE), body).status == 200
    found = by_rule(doctor(gate, "leases"))
    assert found["doctor.lease-old"][1].startswith(f"1 instance of {TRIAGE} in production runs another config")
    assert found["doctor.lease-old"][2] == f"agentgov status {TRIAGE}"


@pytest.mark.slow
def test_a_gate_that_is_away_is_told_once_and_one_without_a_login_says_what_to_do(gate: GateWorld) -> None:
    token = {"AGENTGOV_TOKEN_FILE": ""}
    found = by_rule(doctor(gate, "gate", "routes", "leases", env=token))
    assert found["doctor.gate-login"][::2] == ("skipped", "agentgov login")
    gate.stop()
    document = doctor(gate)
    away = [one for one in document["checks"] if "gate" in one["message"] and one["state"] == "bad"]
    assert [one["rule"] for one in away if one["rule"] != "doctor.routes"] == ["doctor.gate"]
    assert [one["fix"] for one in away if one["rule"] == "doctor.gate"] == [
        "where it runs, read the end of its log, then: agentgov serve"
    ]
    assert not document["healthy"]
    found = by_rule(doctor(gate, "gate", env={"AGENTGOV_GATE": ""}))
    assert found["doctor.gate"][0] == "skipped"
