"""What agents tell of their work, to a gate that really runs, becomes an alert that stands."""

import time
from pathlib import Path
from typing import Any

import pytest
from gateworld import GateWorld
from movedclock import MovedClock
from patience import until
from payingfleet import noon_zone
from pipelineworld import PipelineWorld
from simulator import TRIAGE, agent_file
from spanworld import PRICES, PROTOBUF, Trace, otlp

from agentgov.store.open import open_store

_BETWEEN = 0.3  # seconds between two questions to a gate that looks every fifteen
TOOL = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "http.get", "gen_ai.conversation.id": "one"}


def _alerts(gate: GateWorld) -> dict[str, Any]:
    time.sleep(_BETWEEN)
    found = gate.ask("GET", "/v1/alerts", gate.person_token("alice")).json["alerts"]
    return {one["labels"]["alertname"]: one for one in found}


def _count(gate: GateWorld, sql: str) -> int:
    time.sleep(_BETWEEN)
    store = open_store(gate.store, serving=False)
    row = store.read(lambda tx: tx.one(sql)).result()
    store.close()
    return int(row[0]) if row is not None else 0


@pytest.mark.slow
def test_the_same_call_again_in_spans_is_a_loop_and_a_spent_budget_is_told(tmp_path: Path) -> None:
    money = f'day: "5.00 USD", zone: {noon_zone()}'
    agent = agent_file(TRIAGE, team="support").replace('day: "5.00 USD"', money)
    world = PipelineWorld(tmp_path / "world", files={"governance/prices.yaml": PRICES, TRIAGE.file: agent})
    world.ship("1.0.0")
    clock = MovedClock(tmp_path / "clock")
    with GateWorld(world, tmp_path / "gate", env=clock.env) as gate:
        token, trace = gate.agent_token(TRIAGE, "staging"), Trace()
        said = TOOL | {"gen_ai.tool.call.arguments": '{"url": "https://Elsewhere.example/secret-path"}'}
        body = otlp(*(trace.span("execute_tool", None, said) for _ in range(25)))
        for _ in range(2):  # the second time an exporter only repeats itself
            assert gate.ask("POST", "/v1/traces", token, body, PROTOBUF).status == 200
        until(lambda: _count(gate, "SELECT count(*) FROM sensed_minutes WHERE kind = 'repeat'") > 0)
        assert _count(gate, "SELECT sum(calls) FROM sensed_minutes WHERE name = 'elsewhere.example'") == 25
        place = f"/v1/agents/{TRIAGE}/reservations"
        spent = gate.ask("POST", place, token, {"key": "k", "amount": "5.00 USD"}).json["id"]
        assert gate.ask("POST", f"{place}/{spent}/settle", token, {"amount": "5.00 USD"}).status == 200
        clock.move(minutes=4)
        until(lambda: {"loop", "budget"} <= _alerts(gate).keys())
        assert f"the day of {TRIAGE} in staging has reached its limit" in _alerts(gate)["budget"]["summary"]
        found = _alerts(gate)["loop"]
        assert found["labels"]["tool"] == "http.get"
        assert "25 times with the same arguments" in found["summary"]
        assert found["next"] == f'agentgov pause {TRIAGE} --reason "it loops"'
        database = b"".join(one.read_bytes() for one in (tmp_path / "gate").glob("gate.db*"))
        assert b"secret-path" not in database, "what was said is hashed, and not kept"
