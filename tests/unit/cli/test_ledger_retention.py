"""`agentgov ledger prune|erase` and `agentgov retention`: what goes, what stays and why, and who may have it go."""

from pathlib import Path

import pytest
from ledgerworld import record, seal, with_store
from unit.cli.command_world import CommandWorld
from unit.cli.output_schema import assert_holds

from agentgov.runtime.ledger import Entry
from agentgov.trust.signers import KeyFileSigner

RETENTION = """apiVersion: agentgov.dev/v1
kind: Retention
default: operational
classes:
  operational: {payload: 1d, leaf: 30d, basis: house rules}
  patients: {payload: 90d, leaf: 2192d, frameworks: [hipaa]}
  counsel: {payload: 1y, leaf: 1y, privileged: true}
holds:
  - {id: case-17, match: {agents: ["finance/*"]}, by: carol}
"""
DAY = 86_400


@pytest.fixture
def world(tmp_path: Path) -> CommandWorld:
    world = CommandWorld.laid(tmp_path, {"governance/retention.yaml": RETENTION})
    world.must("carol", "trust", "init")
    return world


@pytest.fixture
def url(world: CommandWorld, tmp_path: Path) -> str:
    """A ledger with records of an agent of the past, of two days and of two months ago, and of one that is held."""
    found = f"sqlite:///{tmp_path}/state/store.db"
    now = world.time * 1000
    old, recent = now - 60 * DAY * 1000, now - 2 * DAY * 1000
    record(found, (Entry("action", "support/old", "a", payload=b"x", subject="Ada") for _ in range(300)), old)
    record(found, (Entry("action", "support/old", "a", payload=b"x") for _ in range(3)), recent)
    record(found, [Entry("action", "finance/old", "a", payload=b"x", subject="Bob")], old)
    seal(found, "0" * 8, KeyFileSigner(world.keys / "gate"))
    return found


def test_what_would_go_is_told_with_its_reason_and_then_goes(world: CommandWorld, url: str) -> None:
    dry = world.run("alice", "ledger", "prune", "--dry-run", "--store", url)
    assert dry.code == 0, dry.err
    lines = [" ".join(line.split()) for line in dry.out.splitlines()]
    assert lines[:3] == [
        "would go support: 256 leaves of operational, older than 30d",
        "would go support: 303 payloads of operational, older than 1d",
        "held finance: 1 payloads that are old enough, by case-17",
    ]
    assert "stays finance/0 and what follows: the hold case-17 keeps it" in lines
    done = world.run("alice", "ledger", "prune", "--store", url, "--json")
    assert_holds(done.document, "ledger-prune")
    assert [(one["what"], one["count"]) for one in done.document["disposals"]] == [("payloads", 303), ("leaves", 256)]
    again = world.run("alice", "ledger", "prune", "--store", url, "--json")
    assert again.document["disposals"] == []


def test_erasing_takes_an_administrator_a_reason_and_no_hold(world: CommandWorld, url: str) -> None:
    order = ("ledger", "erase", "--store", url, "--reason", "asked for by letter")
    refused = world.run("alice", *order, "--subject", "Ada")
    assert (refused.code, "alice does not administer this fleet" in refused.err) == (1, True)
    held = world.run("carol", *order, "--subject", "Bob")
    assert (held.code, "the legal hold case-17 keeps 1" in held.err) == (1, True)
    done = world.run("carol", *order, "--subject", "Ada", "--json")
    assert_holds(done.document, "ledger-erase")
    assert (done.document["payloads"], done.document["records"]) == (300, ["support/303"])
    assert "nothing is left" in world.must("carol", *order, "--subject", "Ada").out
    (told,) = world.run(
        "alice", "ledger", "log", "--store", url, "--type", "redacted", "--payloads", "--json"
    ).document["records"]
    assert (told["actor"], told["refs"]) == ("carol", {"records": "0-299"})
    assert "BEGIN SSH SIGNATURE" in told["payload"]
    assert "asked for by letter" in told["payload"]
    assert world.run("carol", *order).code == 2


def test_privileged_records_come_up_where_their_agent_is_named(world: CommandWorld, url: str, tmp_path: Path) -> None:
    record(url, [Entry("action", "legal/counsel", "a", payload=b"x")], world.time * 1000)
    noted = "INSERT INTO kept_as (agent, slot, since, class) VALUES ('legal/counsel', 'production', 1, 'counsel')"
    with_store(url, lambda tx: tx.run(noted))

    def log(*args: str) -> set[str | None]:
        done = world.run("alice", "ledger", "log", "--store", url, "--type", "action", "--json", "-n", "500", *args)
        return {one["agent"] for one in done.document["records"]}

    assert log() == {"support/old", "finance/old"}
    assert log("--agent", "legal/counsel") == {"legal/counsel"}
    seal(url, "0" * 8, KeyFileSigner(world.keys / "gate"))
    out = tmp_path / "out"
    told = world.must("alice", "ledger", "export", str(out), "--store", url).out
    assert "left out legal: it has privileged records" in told
    assert {path.name for path in out.iterdir()} == {"_fleet", "finance", "support"}
    world.must("alice", "ledger", "export", str(out), "--store", url, "--tree", "legal")
    assert (out / "legal/checkpoint").is_file()


def test_presets_are_told_with_their_sources_and_classes_are_held_to_them(world: CommandWorld) -> None:
    presets = world.run("alice", "retention", "presets", "--json")
    assert_holds(presets.document, "retention-presets")
    assert "45 CFR 164.316(b)(2)(i)" in {one["source"] for one in presets.document["frameworks"]}
    held = world.run("alice", "retention", "check", "--json")
    assert_holds(held.document, "retention-check")
    assert held.code == 0
    ((name, keeps),) = ((one["class"], one["payloadKeeps"]) for one in held.document["classes"])
    assert (name, keeps) == ("patients", False)
    short = world.run("alice", "retention", "check", "--framework", "ai-act-deployer")
    assert short.code == 1
    assert "SHORT  operational: records 30d, Regulation (EU) 2024/1689, Article 26(6) asks for 184d" in short.out
