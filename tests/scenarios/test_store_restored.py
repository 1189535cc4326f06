"""Yesterday's backup is brought back: nothing that was used can be used again, and the ledger has one past.

On both databases, with what their keepers use: `agentgov store backup`, and a copy in the file's place or `pg_restore`.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from forked import ran
from gateworld import GateWorld
from patience import until
from pipelineworld import PipelineWorld
from postgres import Postgres, installed, serving
from simulator import agent_file
from unit.cli.output_schema import assert_holds

from agentgov.model.names import AgentId
from templates import copied, made

PAYER = AgentId("support", "payer")
RULES = """  tools:
    - {name: refund.create, effect: irreversible}
  actions:
    - match: {tools: [refund.create]}
      then: {ask: {who: [dave], count: 1, within: 30m}}
  budget: {day: "1.00 USD"}
  oncall: {escalate: [team:support]}
"""


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> PipelineWorld:
    def make(place: Path) -> PipelineWorld:
        files = {
            PAYER.file: agent_file(PAYER, team="support").partition("  tools:")[0] + RULES,
            f"{PAYER.folder}/prompts/system.md": "Pay.\n",
        }
        world = PipelineWorld(place, files=files)
        world.ship("1.0.0", PAYER)
        return world

    return made(tmp_path_factory.mktemp("once"), make)


@pytest.fixture
def world(once: PipelineWorld, tmp_path: Path) -> PipelineWorld:
    return copied(once, tmp_path)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres | None]:
    if not installed():
        yield None
        return
    with serving() as found:
        yield found


@pytest.fixture(params=["file", "database"])
def gate(
    request: pytest.FixtureRequest, world: PipelineWorld, server: Postgres | None, tmp_path: Path
) -> Iterator[GateWorld]:
    url = ""
    if request.param == "database":
        if server is None:
            pytest.skip("needs PostgreSQL (.ci/packages installs it)")
        url = server.database()
    with GateWorld(world, tmp_path / "gate", "--self-test", "0", store=url) as running:
        yield running


def command(gate: GateWorld, *args: str, code: int = 0) -> Any:
    """What a command says about the gate's store, as JSON."""
    words = [*args, "--store", gate.store, "--repo", str(gate.world.work), "--json"]
    done = ran(words, gate.world.work, dict(os.environ))
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def restore(gate: GateWorld, backup: Path) -> None:
    """As docs/store.md says, once the gate is stopped."""
    if gate.store.startswith("sqlite"):
        file = gate.folder / "gate.db"
        for name in ("gate.db-wal", "gate.db-shm"):
            (gate.folder / name).unlink(missing_ok=True)
        file.write_bytes(backup.read_bytes())  # the same inode, as `cp` leaves it
    else:
        schema = gate.store.rpartition("%3D")[2]
        url = gate.store.partition("&options")[0]
        for words in (
            ["psql", "-qc", f"DROP SCHEMA {schema} CASCADE", url],
            ["pg_restore", f"--dbname={url}", str(backup)],
        ):
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
    gate.start()


def test_a_permit_that_was_used_is_not_there_again_and_the_ledger_goes_on_by_a_persons_word(
    gate: GateWorld, tmp_path: Path
) -> None:
    agent, dave = gate.agent_token(PAYER), gate.person_token("dave")

    def asked(key: str) -> str:
        body = {"tool": "refund.create", "args": {}, "key": key}
        permit = gate.ask("POST", f"/v1/agents/{PAYER}/actions", agent, body).json["permit"]["id"]
        assert gate.ask("POST", f"/v1/permits/{permit}/approve", dave, {"reason": "Yes."}).status == 200
        return str(permit)

    def used(permit: str) -> Any:
        return gate.ask("POST", f"/v1/permits/{permit}/consume", agent, {"args": {}}).json

    def reserved(key: str) -> Any:
        wanted = {"key": key, "amount": "0.40 USD"}
        return gate.ask("POST", f"/v1/agents/{PAYER}/reservations", agent, wanted)

    permit = asked("refund")
    assert reserved("one").status == 200
    backup = tmp_path / "yesterday"
    assert_holds(command(gate, "store", "backup", str(backup)), "store-backup")

    assert used(permit)["decision"] == "allow"
    act = gate.ask("GET", "/readyz").json["seq"]
    order = {"selector": "support/triage", "reason": "Stop."}
    assert gate.ask("POST", "/v1/pauses", gate.person_token("alice"), order).status == 201
    until(lambda: gate.ask("GET", "/readyz").json["seq"] > act, "that the journal has the pause")

    gate.stop()
    restore(gate, backup)
    until(lambda: "support" in gate.ask("GET", "/readyz").json["ledger"], "that the gate signs no further")
    assert "restored from a backup" in gate.log
    assert used(permit)["reasons"][0]["rule"] == "permit.expired"
    assert reserved("two").status == 200  # what was open counts as spent: 0.80 of 1.00
    assert reserved("three").rule == "budget.exceeded"
    assert used(asked("another"))["decision"] == "allow"  # what is permitted since then counts
    check = command(gate, "store", "check", code=1)
    assert_holds(check, "store-check")
    assert (check["lost"], check["flaws"]) == (True, [])
    assert len(gate.ask("GET", "/v1/pauses", dave).json["pauses"]) == 1

    command(gate, "ledger", "renew", "--reason", "The disk was lost.")
    until(lambda: gate.ask("GET", "/readyz").json["ledger"] == "", "that it signs again")
    assert command(gate, "store", "check")["lost"] is False
    assert command(gate, "ledger", "verify")["holds"] is True
    parted = {one["table"]: one for one in command(gate, "store", "check")["partitions"]}
    if gate.store.startswith("postgresql"):
        assert {name: one["current"] for name, one in parted.items()} == dict.fromkeys(
            ("payloads", "usage_minutes", "span_contents"), True
        )
        assert {one["strays"] for one in parted.values()} == {0}
    else:
        assert parted == {}
    gate.stop()
    gate.start()
    assert gate.log.count("restored from a backup") == 1

    moved = tmp_path / "moved"
    gate.stop()
    command(gate, "store", "backup", str(moved))
    restore(gate, moved)
    assert gate.log.count("nothing is missing") == 1  # a gate that was stopped in order saw all that it wrote
    assert gate.ask("GET", "/readyz").json["ledger"] == ""
    copy = tmp_path / "copy"
    command(gate, "store", "backup", str(copy))
    assert used(asked("last"))["decision"] == "allow"
    gate.kill()  # within half a second, most likely: what was answered last was seen by nobody
    restore(gate, copy)
    until(lambda: "support" in gate.ask("GET", "/readyz").json["ledger"], "that the gate signs no further")
    assert gate.log.count("nothing is missing") == 1
