"""Several gates over one PostgreSQL: what one knows the others know, and none says yes while the database is away."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from gateworld import GateWorld
from patience import until
from postgres import Postgres, serving
from simulator import TRIAGE, FleetSimulator

LEASE = "/v1/agents/support/triage/lease"


@pytest.fixture
def database() -> Iterator[Postgres]:
    """A server of the test's own, which it may stop."""
    with serving() as server:
        yield server


def test_what_one_gate_knows_the_others_know(database: Postgres, world: FleetSimulator, tmp_path: Path) -> None:
    store = database.database()
    with GateWorld(world, tmp_path / "one", store=store) as one, GateWorld(world, tmp_path / "two", store=store) as two:
        alice = one.person_token("alice")
        until(lambda: two.ask("GET", "/v1/whoami", alice).status == 200, "that the other gate knows her")
        wanted = {"agent": str(TRIAGE), "environment": "staging"}
        made = one.ask("POST", "/v1/tokens", alice, wanted).json
        until(lambda: two.ask("GET", "/v1/whoami", made["secret"]).status == 200, "that it knows the agent")
        assert two.ask("DELETE", f"/v1/tokens/{made['token']['id']}", alice).status == 204
        assert two.ask("GET", "/v1/whoami", made["secret"]).status == 401
        until(lambda: one.ask("GET", "/v1/whoami", made["secret"]).status == 401, "that the first forgot it")


def test_without_its_store_a_gate_says_neither_yes_nor_no(
    database: Postgres, world: FleetSimulator, tmp_path: Path
) -> None:
    with GateWorld(world, tmp_path / "gate", store=database.database()) as gate:
        token = gate.agent_token(TRIAGE)
        assert gate.ask("GET", f"{LEASE}?key=a", token).status == 403  # nothing was released yet
        database.stop()
        until(lambda: gate.ask("GET", "/readyz").status == 503, "that the gate misses its store")
        assert gate.ask("GET", "/readyz").json["state"] == "store"
        away = gate.ask("GET", f"{LEASE}?key=a", token)
        assert (away.status, away.rule) == (503, "gate.store")
        assert int(away.headers["retry-after"]) >= 1
        assert gate.ask("GET", "/healthz").status == 200
        database.start()
        until(lambda: gate.ask("GET", "/readyz").status == 200, "that it found its store again")
        assert gate.ask("GET", f"{LEASE}?key=a", token).status == 403
