"""The gate's ledger as it runs: signed soon, anchored in the journal, never signed past a restored backup."""

import shutil
import sqlite3
import time
from pathlib import Path

import pytest
from gateworld import GateWorld
from patience import until
from simulator import TRIAGE, FleetSimulator

from agentgov.runtime.checkpoints import open_checkpoint
from agentgov.runtime.merkle import leaf_hashes, root_of
from agentgov.runtime.notes import VerifierKey
from agentgov.runtime.sequencing import Standing, standings
from agentgov.store.open import open_store
from agentgov.trust.keys import parse_public_key


@pytest.fixture
def world(world: FleetSimulator) -> FleetSimulator:
    world.clock.time = int(time.time())  # processes live at the time of their machine
    return world


def trees(gate: GateWorld) -> dict[str, Standing]:
    """Every tree, as the store has it."""
    store = open_store(gate.store, serving=False)
    try:
        return {one.tree: one for one in store.read(standings).result()}
    finally:
        store.close()


def signed(gate: GateWorld) -> dict[str, Standing]:
    """Every tree, once all of them are under a checkpoint."""
    until(lambda: all(one.behind == 0 for one in trees(gate).values()), "that all records are under checkpoints")
    return trees(gate)


def test_records_are_signed_and_anchored_and_a_restored_backup_goes_no_further(
    gate: GateWorld, world: FleetSimulator, tmp_path: Path
) -> None:
    desk = gate.person_token("alice")
    assert gate.ask("GET", f"/v1/agents/{TRIAGE}", desk).status == 200
    found = signed(gate)
    assert found.keys() == {"support"}

    store = sqlite3.connect(gate.folder / "gate.db")
    backup = tmp_path / "backup.db"
    store.execute("VACUUM INTO ?", (str(backup),))
    leaves = [bytes(leaf) for (leaf,) in store.execute("SELECT leaf FROM records WHERE tree = 'support' ORDER BY seq")]
    ((log,),) = store.execute("SELECT id FROM logs")
    store.close()
    origin = f"agentgov.dev/fleets/{world.view().state.head.fleet}/{log}/support"
    key = VerifierKey.of(origin, parse_public_key(world.signers["gate"].public_key))
    checkpoint = open_checkpoint(found["support"].note, [key], origin)
    assert (checkpoint.size, checkpoint.root) == (len(leaves), root_of(leaf_hashes(leaves)))

    paused = gate.ask("POST", "/v1/pauses", desk, {"selector": str(TRIAGE), "reason": "It loops."})
    assert paused.status == 201, paused.body
    until(lambda: list(world.view().state.anchors()), "that the pause brings an anchor")
    anchored = {one.tree: one for one in world.view().state.anchors()}
    assert anchored["support"].size > checkpoint.size
    assert anchored["support"].log == log
    assert world.verify().offence is None

    gate.stop()
    for name in ("gate.db", "gate.db-wal", "gate.db-shm"):
        (gate.folder / name).unlink(missing_ok=True)
    shutil.copyfile(backup, gate.folder / "gate.db")
    (gate.folder / "gate.db").chmod(0o600)
    gate.start()
    until(lambda: gate.ask("GET", "/readyz").json["ledger"] == "support", "that the gate sees what is lost")
    assert "the store has" in gate.log
    assert b"agentgov_gate_ledger_broken 1.0" in gate.ask("GET", "/metrics").body
    assert gate.ask("GET", f"/v1/agents/{TRIAGE}", desk).status == 200  # recorded, and not signed
    until(lambda: trees(gate)["support"].behind > 0, "that it is recorded")
    assert trees(gate)["support"].size == checkpoint.size
