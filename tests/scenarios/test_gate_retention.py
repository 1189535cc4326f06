"""Records at the gate as regulated users need them: found by whom they are about, pruned by class, erased on order."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateworld import GateWorld
from patience import until
from simulator import TRIAGE, FleetSimulator

RETENTION = """apiVersion: agentgov.dev/v1
kind: Retention
default: at-once
classes:
  at-once: {payload: 0s, leaf: 1d}
  patients: {payload: 1y, leaf: 1y}
holds:
  - {id: case-17, match: {agents: ["finance/*"]}, by: carol}
"""


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[GateWorld]:
    world = FleetSimulator(tmp_path / "world")
    access = (world.work / "governance" / "access.yaml").read_text("utf-8")
    agent = world.work / TRIAGE.folder / "agent.yaml"
    text = agent.read_text("utf-8").replace("spec:\n", "spec:\n  audit: {retention: patients}\n", 1)
    binding = '  - {role: auditor, who: [erin], agents: ["**"]}\n'
    files = {"governance/access.yaml": access + binding, "governance/retention.yaml": RETENTION}
    world.change("carol", {**files, f"{TRIAGE.folder}/agent.yaml": text})
    world.introduce()
    world.clock.time = int(time.time())
    with GateWorld(world, tmp_path / "gate", "--prune") as running:
        yield running


def test_what_is_about_a_subject_is_found_recorded_and_erased(gate: GateWorld) -> None:
    agent, auditor, carol = gate.agent_token(TRIAGE), gate.person_token("erin"), gate.person_token("carol")
    about = {"subject": "Ada Lovelace", "purpose": "treatment", "refs": {"chart": "C-9"}}
    event = {"key": "1", "name": "note.read", **about}
    assert gate.ask("POST", "/v1/events", agent, {"events": [event]}).json["new"] == 1
    action = {"tool": "notes.write", "args": {}, "key": "k", **about}
    assert gate.ask("POST", f"/v1/agents/{TRIAGE}/actions", agent, action).status == 200

    def found(query: str) -> list[dict[str, object]]:
        records: list[dict[str, object]] = gate.ask("GET", f"/v1/ledger/records?{query}", auditor).json["records"]
        return records

    assert [one["type"] for one in found("subject=Ada%20Lovelace&payloads=true")] == ["action.deny", "event"]
    assert [one["purpose"] for one in found("purpose=treatment")] == ["treatment", "treatment"]
    (asked,) = found("actor=person:erin&subject=Ada%20Lovelace&payloads=true")
    assert "(named)" in str(asked["payload"])
    assert all("Ada" not in json.dumps(one) for one in found("limit=100&payloads=true"))

    order = {"subject": "Ada Lovelace", "reason": "request of 3 November"}
    assert gate.ask("POST", "/v1/ledger/erasures", auditor, order).status == 403
    done = gate.ask("POST", "/v1/ledger/erasures", carol, order)
    assert done.status == 200, done.body
    assert done.json["payloads"] >= 2
    assert gate.ask("POST", "/v1/ledger/erasures", carol, order).json["records"] == []
    assert gate.ask("POST", "/v1/ledger/erasures", carol, {**order, "record": "support/0"}).status == 400
    assert gate.ask("POST", "/v1/ledger/erasures", carol, {"record": "support/9999", "reason": "x"}).status == 404
    assert found("type=event&payloads=true")[0]["payload"] is None
    whole = command(gate, "verify")
    assert whole.returncode == 0, whole.stdout


def test_the_gate_prunes_by_the_class_that_governance_gives(gate: GateWorld) -> None:
    erin = gate.person_token("erin")
    assert gate.ask("GET", "/v1/ledger/trees", erin).status == 200
    gate.stop()
    gate.start()
    until(
        lambda: gate.ask("GET", "/v1/ledger/records?type=ledger.prune", erin).json["records"],
        "that payloads of the default class are gone",
    )
    (told, *_) = gate.ask("GET", "/v1/ledger/records?type=ledger.prune", erin).json["records"]
    assert (told["actor"], told["refs"]["payloads"], told["refs"]["rule"]) == ("gate", "at-once", "0s")


def command(gate: GateWorld, *args: str) -> "subprocess.CompletedProcess[str]":
    """`agentgov ledger` beside the gate."""
    line = [sys.executable, "-m", "agentgov", "ledger", *args, "--store", gate.store, "--repo", str(gate.world.work)]
    return subprocess.run(line, capture_output=True, text=True, check=False, env=gate.env)
