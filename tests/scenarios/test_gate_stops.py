"""A reconciler asks the gate before it brings anything to real traffic, and takes silence for a pause."""

from pathlib import Path

import pytest
from gateworld import GateWorld
from pipelineworld import PipelineWorld
from ports import free_port
from simulator import FLEET_YAML, PAYROLL, TRIAGE

from agentgov.cli.release.gate_stops import GateStops
from agentgov.errors import IncompleteError
from agentgov.release.stops import obey
from agentgov.release.tick_report import Report
from agentgov.release.view import Decision
from agentgov.repo import clock
from agentgov.runtime.pause_question import NAMESPACE, question


class Watched:
    """A fleet whose agentgov.yaml declares a gate, and a reconciler that asks it."""

    def __init__(self, world: PipelineWorld, port: int) -> None:
        self.world = world
        self.stops = GateStops(world.signers["reconciler"])
        world.govern({"agentgov.yaml": f"{FLEET_YAML}gate: {{url: 'http://127.0.0.1:{port}'}}\n"})
        world.write("Version 1.1.0.", TRIAGE)
        world.release("alice", TRIAGE, "1.1.0")

    def tick(self, times: int = 1) -> Report:
        report = None
        for _ in range(times):
            self.world.clock.pass_(300)
            reconciler = self.world.reconciler(self.world.actor("reconciler"), self.world.traffic())
            reconciler.stops = self.stops
            report = reconciler.tick()
        assert report is not None
        return report

    @property
    def state(self) -> str:
        return self.world.at().canary.state


@pytest.fixture
def watched(shipped: PipelineWorld) -> Watched:
    return Watched(shipped, free_port())


@pytest.fixture
def gate(watched: Watched, tmp_path: Path) -> GateWorld:
    url = watched.world.known().governance.fleet.gate.url
    found = GateWorld(watched.world, tmp_path / "gate")
    found.port = int(url.rpartition(":")[2])
    return found


def test_nothing_is_promoted_while_the_gate_is_silent(watched: Watched, gate: GateWorld) -> None:
    before = watched.state
    report = watched.tick(8)
    assert watched.world.at().staging.state == "PASSED"  # staging goes on
    assert watched.state == before
    assert "silence counts as paused" in watched.world.waits(report)
    with gate:
        watched.tick()
        assert watched.state == "RAMP"


def test_who_is_paused_at_the_gate_alone_is_not_promoted(watched: Watched, gate: GateWorld) -> None:
    with gate:
        remote = watched.world.remote
        remote.rename(remote.with_name("away.git"))  # so that the journal never hears of it
        asked = {"selector": str(TRIAGE), "reason": "It loops."}
        assert gate.ask("POST", "/v1/pauses", gate.person_token("alice"), asked).status == 201
        view = watched.world.known()
        assert list(watched.stops.stopped(view, [TRIAGE, PAYROLL])) == [TRIAGE]
        due = Decision("P9", "graduate")
        found = obey(watched.stops, view, {TRIAGE: due, PAYROLL: due})
        assert (found[TRIAGE].act, found[TRIAGE].rule, found[PAYROLL]) == (None, "P5", due)
        back = Decision("P3", "fail")
        assert obey(watched.stops, view, {TRIAGE: back}) == {TRIAGE: back}


def test_only_a_reconciler_is_told(watched: Watched, gate: GateWorld) -> None:
    view = watched.world.known()
    with gate:
        for who in ("alice", "gate"):
            with pytest.raises(IncompleteError):
                GateStops(watched.world.signers[who]).stopped(view, [TRIAGE])
        signer = watched.world.signers["reconciler"]
        for now, fleet in ((clock.now() - 3600, view.state.head.fleet), (clock.now(), "0" * 36)):
            text = question(fleet, now, [TRIAGE])
            body = {"text": text, "signature": signer.sign(NAMESPACE, text.encode()).decode()}
            assert gate.ask("POST", "/v1/pauses/asked", body=body).status == 401
        text = question(view.state.head.fleet, clock.now(), [TRIAGE])
        body = {"text": text, "signature": signer.sign("agentgov-login", text.encode()).decode()}
        assert gate.ask("POST", "/v1/pauses/asked", body=body).status == 401
