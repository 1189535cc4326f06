"""A gate whose store another version brings up to date under it says so, and ends to be started again."""

from pathlib import Path

from gateworld import GateWorld
from patience import PATIENCE, until
from simulator import FleetSimulator

from agentgov.store.open import open_store


def test_a_gate_ends_where_another_version_changed_its_store(
    world: FleetSimulator, store_url: str, tmp_path: Path
) -> None:
    with GateWorld(world, tmp_path / "gate", store=store_url) as gate:
        assert gate.ask("GET", "/readyz").status == 200
        newer = open_store(store_url, serving=False)
        step = "INSERT INTO migrations (number, name, sha256) VALUES (9999, 'from_tomorrow', '')"
        newer.write(lambda tx: tx.run(step)).result(PATIENCE)
        newer.close()
        until(lambda: gate.code is not None, "that the gate ends")
        assert gate.code == 3
        assert "brought the tables of the store to step 9999 while this one was running" in gate.log
        assert "start the version that did" in gate.log
