"""An alert takes a canary's traffic where an authorised rule says so, by an act that every verifier judges again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alertworld import an_alert
from fakeserver import FakeServer, Reply
from gateworld import GateWorld
from patience import until
from pipelineworld import PipelineWorld, pipeline_file
from simulator import TRIAGE

from agentgov.alerts import ordered, standing
from agentgov.alerts.alert import Scope
from agentgov.alerts.standing import Standing
from agentgov.gate.gate import now_ms
from agentgov.journal.view import View
from agentgov.store.open import open_store
from agentgov.store.port import Transaction
from templates import copied, made

JUDGE = "{metrics: {error: {ceiling: 0.05}}, interval: 5m, noDataTicks: 3, deadline: 20y}"  # the gate's clock is real
RULES = """apiVersion: agentgov.dev/v1
kind: AlertPolicy
rules:
  - {name: bad-canary, signal: unpriced, severity: page, do: [abort-canary]}
routes:
  - {name: pager, to: pagerduty, url: "URL", keyFrom: "env:PAGER_KEY"}
"""


@pytest.fixture
def pager() -> Iterator[FakeServer]:
    with FakeServer(lambda request: Reply(202)).serve() as server:
        yield server


@pytest.fixture
def world(pager: FakeServer, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> PipelineWorld:
    def make(place: Path) -> PipelineWorld:
        judged = pipeline_file(judge=JUDGE)
        world = PipelineWorld(place, pipeline=judged, files={"governance/alerts.yaml": RULES.replace("URL", pager.url)})
        world.ship("1.0.0")
        world.write("Words of 1.1.0.")
        world.release("alice", TRIAGE, "1.1.0")
        world.until(lambda at: at.canary.state == "RAMP")
        return world

    return copied(made(tmp_path_factory.mktemp("canary"), make), tmp_path)


def test_the_gate_aborts_a_canary_for_a_rule_of_the_fleet_and_for_no_other(
    world: PipelineWorld, pager: FakeServer, tmp_path: Path
) -> None:
    with GateWorld(world, tmp_path / "gate", env={"PAGER_KEY": "0" * 32}) as gate:
        store = open_store(gate.store, serving=False)
        lane, former = {"lane": "canary"}, f"{TRIAGE}/v1.0.9"
        firing = [
            an_alert("stranger", agent=str(TRIAGE), do=("abort-canary",)),
            an_alert("bad-canary", agent=str(TRIAGE), do=("abort-canary",), labels=lane, release=former),
            an_alert("bad-canary", agent=str(TRIAGE), do=("abort-canary",)),
        ]

        def put(tx: Transaction) -> list[Standing]:
            for one in firing:
                standing.put(tx, [one], now_ms(), Scope(frozenset({"nothing"})))
            return [one for one in (standing.find(tx, alert.fingerprint) for alert in firing) if one is not None]

        found = store.write(put).result()  # at once: the gate, whose rules find nothing, ends them at its next look
        store.close()
        assert len({one.id for one in found}) == 3

        def seen() -> View:
            return world.journal.view(now_ms() // 1000, fetch=True)

        until(lambda: seen().state.deployment(TRIAGE).canary.state == "ABORTED", "that the canary is gone")
        until(lambda: pager.requests, "that PagerDuty hears of it")
        assert {one.path for one in pager.requests} == {"/v2/change/enqueue"}
        (told,) = (one.json()["payload"]["custom_details"] for one in pager.requests)
        assert (told["alertname"], told["release"]) == ("abort", f"{TRIAGE}/v1.1.0")
        canary = seen().state.deployment(TRIAGE).canary
        assert canary.share == 0
        store = open_store(gate.store, serving=False)
        asked = [store.read(lambda tx, one=one: ordered.of_alert(tx, one.id)).result()[0] for one in found]  # type: ignore[misc]
        store.close()
    assert [(one.state, bool(one.ref)) for one in asked] == [("refused", False), ("refused", False), ("done", True)]
    assert asked[1].said == f"{former} is no longer in canary"
