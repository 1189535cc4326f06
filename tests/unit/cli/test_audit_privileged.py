"""Records that not everybody may read: privileged ones only where the agent is named, encrypted ones with the key."""

import base64
import json
from pathlib import Path

import pytest
from ledgerworld import START, record, seal, with_store
from unit.cli.command_world import CommandWorld

from agentgov.runtime.kept_as import Unnoted, UpTo, note_classes
from agentgov.runtime.ledger import Entry
from agentgov.runtime.vault import Seal, Vault
from agentgov.trust.signers import KeyFileSigner

RETENTION = """apiVersion: agentgov.dev/v1
kind: Retention
default: operational
classes:
  operational: {payload: 30d, leaf: 365d, basis: house rules}
  counsel: {payload: 365d, leaf: 2192d, frameworks: [hipaa], privileged: true, basis: advice of counsel}
"""
PERIOD = ("--from", "2020-01-01T00:00Z", "--to", "2026-12-01T00:00Z", "--now", "2026-12-02T00:00Z")


@pytest.fixture
def world(tmp_path: Path) -> CommandWorld:
    world = CommandWorld.laid(tmp_path, {"governance/retention.yaml": RETENTION})
    world.must("carol", "trust", "init")
    return world


@pytest.fixture
def url(world: CommandWorld, tmp_path: Path) -> str:
    """A ledger with records of an agent of counsel's, and of another."""
    found = f"sqlite:///{tmp_path}/state/store.db"
    classes = {("support/triage", "production"): "counsel", ("finance/payroll", "production"): "operational"}
    with_store(found, lambda tx: note_classes(tx, Unnoted(classes, UpTo(1)), START))
    record(found, (Entry("action.deny", agent, "agent:a") for agent in ("support/triage", "finance/payroll") * 3))
    fleet = json.loads(world.must("alice", "trust", "show", "--json").out)["fleet"]
    seal(found, fleet, KeyFileSigner(world.keys / "gate"))
    return found


def agents(file: Path) -> set[str]:
    return {json.loads(line)["agent"] for line in file.read_text("utf-8").splitlines()}


def test_they_are_exported_for_who_names_the_agent(world: CommandWorld, url: str, tmp_path: Path) -> None:
    words = ("audit", "export", "--of", "ledger", "--type", "action.deny", "--store", url)
    world.must("alice", *words, "--out", str(tmp_path / "all"))
    assert agents(tmp_path / "all") == {"finance/payroll"}
    world.must("alice", *words, "--agent", "support/triage", "--out", str(tmp_path / "named"))
    assert agents(tmp_path / "named") == {"support/triage"}


def test_encrypted_payloads_are_exported_in_the_clear_with_the_key_alone(
    world: CommandWorld, url: str, tmp_path: Path
) -> None:
    key, file = bytes(range(32)), tmp_path / "payload.key"
    file.write_text(base64.b64encode(key).decode() + "\n")
    file.chmod(0o600)
    sealed = Entry(
        "action.allow", "finance/payroll", "agent:a", payload=b'"secret"', seal=Seal(Vault([key]), "patients")
    )
    record(url, [sealed])
    words = ("audit", "export", "--of", "ledger", "--type", "action.allow", "--payloads", "--store", url, "--out")
    found = []
    for name, variables in (("with", {"AGENTGOV_PAYLOAD_KEY_FILE": str(file)}), ("without", {})):
        world.must("alice", *words, str(tmp_path / name), env=variables)
        found.append(json.loads((tmp_path / name).read_text("utf-8"))["payload"])
    assert found[0] == '"secret"'
    assert "secret" not in found[1]


def test_a_pack_says_how_many_it_leaves_out(world: CommandWorld, url: str, tmp_path: Path) -> None:
    words = ("audit", "report", "--framework", "hipaa", *PERIOD, "--store", url, "-o", str(tmp_path / "pack"))
    world.must("alice", *words)
    assert agents(tmp_path / "pack/populations/action-denials.jsonl") == {"finance/payroll"}
    assert {path.name.partition("-")[0] for path in (tmp_path / "pack/proofs").iterdir()} == {"finance"}
    said = (tmp_path / "pack/report.md").read_text("utf-8")
    assert "3 of the period are of agents whose retention class is privileged, and left out" in said
    assert "Class counsel: payloads are kept 365d, records 2192d; to keep to hipaa; privileged" in said
    assert "Records that name no class are of the class operational." in said
