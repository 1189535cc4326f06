"""Records at the gate as regulated users need them: found by whom they are about, pruned by class, erased on order."""

import base64
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from forked import ran
from gateworld import GateWorld
from patience import until
from pipelineworld import PipelineWorld
from simulator import agent_file

from agentgov.model.names import AgentId
from agentgov.runtime.erasure import NAMESPACE, Erasure, order_text
from agentgov.runtime.ledger import Receipt
from agentgov.trust.signers import KeyFileSigner

RETENTION = """apiVersion: agentgov.dev/v1
kind: Retention
default: at-once
classes:
  at-once: {payload: 0s, leaf: 1d}
  patients: {payload: 1y, leaf: 1y, privileged: true, readers: [carol]}
holds:
  - {id: case-17, match: {agents: ["finance/*"]}, by: carol}
"""


CLINIC = AgentId("support", "clinic")
AUDIT = "  audit: {payloads: encrypted, retention: patients}\n"
AUDITOR = '  - {role: auditor, who: [erin, carol], agents: ["**"]}\n'
TOOLS = """  tools: [{name: notes.write, effect: write}]
  actions: [{match: {tools: [notes.write]}, then: allow}]
  quotas: [{tool: notes.write, per: 24h, max: 1000}]
  budget: {day: "5.00 USD"}
  oncall: {escalate: [team:support]}
"""


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[GateWorld]:
    """A gate of a fleet with one released agent, whose payloads are encrypted; erin audits it."""

    files = {
        CLINIC.file: agent_file(CLINIC, team="support").partition("  tools:")[0] + TOOLS + AUDIT,
        f"{CLINIC.folder}/prompts/system.md": "Care.\n",
        "governance/retention.yaml": RETENTION,
    }
    world = PipelineWorld(tmp_path / "world", files=files)
    access = (world.work / "governance/access.yaml").read_text("utf-8")
    world.change("carol", {"governance/access.yaml": access + AUDITOR})
    world.review("dave")
    world.advance()
    world.ship("1.0.0", CLINIC)
    key = tmp_path / "key"
    key.write_text(base64.b64encode(bytes(range(32))).decode())
    key.chmod(0o600)
    with GateWorld(world, tmp_path / "gate", "--prune", env={"AGENTGOV_PAYLOAD_KEY_FILE": str(key)}) as running:
        yield running


def test_what_is_about_a_subject_is_found_read_by_few_and_erased(gate: GateWorld) -> None:
    agent, auditor, carol = gate.agent_token(CLINIC), gate.person_token("erin"), gate.person_token("carol")
    about = {"subject": "Ada Lovelace", "purpose": "treatment", "refs": {"chart": "C-9"}}
    event = {"key": "1", "name": "note.read", "attributes": {"said": "fever"}, **about}
    assert gate.ask("POST", "/v1/events", agent, {"events": [event]}).json["new"] == 1
    action = {"tool": "notes.write", "args": {"text": "fever"}, "key": "k", **about}
    assert gate.ask("POST", f"/v1/agents/{CLINIC}/actions", agent, action).json["decision"] == "allow"

    def found(query: str, who: str = carol) -> list[dict[str, object]]:
        records: list[dict[str, object]] = gate.ask("GET", f"/v1/ledger/records?{query}", who).json["records"]
        return records

    ada = f"agent={CLINIC}&subject=Ada%20Lovelace&payloads=true"
    assert [one["type"] for one in found(ada)] == ["action.allow", "event"]
    assert [one["purpose"] for one in found(f"agent={CLINIC}&purpose=treatment")] == ["treatment", "treatment"]
    assert all("fever" in str(one["payload"]) for one in found(f"{ada}&purpose=treatment"))
    assert found("subject=Ada%20Lovelace", auditor) == [], (
        "privileged records come up for who names their agent, and may"
    )
    for path in (f"records?agent={CLINIC}", "proofs/support/0", f"export/support?agent={CLINIC}"):
        refused = gate.ask("GET", f"/v1/ledger/{path}", auditor)
        assert (refused.status, "is no reader of their class" in str(refused.body)) == (403, True), path
    (asked,) = found("actor=person:erin&subject=Ada%20Lovelace&payloads=true&limit=1")
    assert "(named)" in str(asked["payload"])
    assert all("Ada" not in json.dumps(one) for one in found("limit=100&payloads=true"))

    order = {"subject": "Ada Lovelace", "reason": "request of 3 November"}
    assert gate.ask("POST", "/v1/ledger/erasures", auditor, order).status == 403
    done = gate.ask("POST", "/v1/ledger/erasures", carol, order)
    assert done.status == 200, done.body
    assert done.json["payloads"] >= 2
    assert done.json["keys"] == 1
    assert gate.ask("POST", "/v1/ledger/erasures", carol, order).json["records"] == []
    assert gate.ask("POST", "/v1/ledger/erasures", carol, {**order, "record": "support/0"}).status == 400
    assert gate.ask("POST", "/v1/ledger/erasures", carol, {"record": "support/9999", "reason": "x"}).status == 404
    assert found(f"agent={CLINIC}&type=event&payloads=true")[0]["payload"] is None
    whole = command(gate, "verify")
    assert whole.returncode == 0, whole.stdout


@pytest.mark.slow
def test_at_the_gate_erasing_takes_the_signatures_of_as_many_administrators_as_access_says(tmp_path: Path) -> None:
    world = PipelineWorld(tmp_path / "world")
    access = (world.work / "governance/access.yaml").read_text("utf-8")
    world.change("carol", {"governance/access.yaml": access.replace("threshold: 1", "threshold: 2")})
    world.review("dave")
    world.advance()
    with GateWorld(world, tmp_path / "gate") as gate:
        carol, dave, alice = (gate.person_token(name) for name in ("carol", "dave", "alice"))
        assert gate.ask("GET", "/v1/ledger/erasures", carol).json == {
            "orders": []
        }  # a read, so a record with a payload
        order = {"record": "_fleet/0", "reason": "a test"}
        alone = gate.ask("POST", "/v1/ledger/erasures", carol, order)
        assert (alone.status, "takes 2 administrators" in str(alone.body)) == (409, True)

        def signed(who: str, text: bytes) -> str:
            return KeyFileSigner(world.folder / "keys" / who).sign(NAMESPACE, text).decode()

        fleet = str(yaml.safe_load((world.work / "agentgov.yaml").read_text("utf-8"))["id"])
        at = int(time.time() * 1000)
        text = order_text(fleet, Erasure("carol", "a test", place=Receipt("_fleet", 0)), at)
        forged = gate.ask(
            "POST", "/v1/ledger/erasures", carol, {**order, "time": at, "signature": signed("dave", text)}
        )
        assert (forged.status, "somebody else signed" in str(forged.body)) == (409, True)
        asked = gate.ask(
            "POST", "/v1/ledger/erasures", carol, {**order, "time": at, "signature": signed("carol", text)}
        )
        assert (asked.status, asked.json["pending"], asked.json["signed"]) == (202, True, ["carol"])
        assert gate.ask("GET", "/v1/ledger/erasures", alice).status == 403
        (waits,) = gate.ask("GET", "/v1/ledger/erasures", dave).json["orders"]
        path = f"/v1/ledger/erasures/{waits['id']}/signatures"
        stranger = gate.ask("POST", path, dave, {"signature": signed("alice", text)})
        assert (stranger.status, "does not administer" in str(stranger.body)) == (403, True)
        done = gate.ask("POST", path, dave, {"signature": signed("dave", waits["text"].encode())})
        assert (done.status, done.json["payloads"], done.json["signed"]) == (200, 1, ["carol", "dave"]), done.body
        assert gate.ask("POST", path, dave, {"signature": signed("dave", text)}).status == 404


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
    return ran(("ledger", *args, "--store", gate.store, "--repo", str(gate.world.work)), gate.folder, gate.env)
