"""Canaries are judged on what agents told the gate: a bad one fails, a good one goes to production."""

import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gateworld import GateWorld
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from patience import until
from pipelineworld import PipelineWorld, pipeline_file
from simulator import FLEET, START, TRIAGE
from spanworld import PROTOBUF, Trace, chat, otlp

from agentgov.cli.context import open_context
from agentgov.cli.release.gate_counts import GateCounts
from agentgov.cli.release.status import Looks
from agentgov.release.tick_report import Report
from agentgov.trust.places import state_path
from templates import copied, made

SESSIONS = 800  # of a tick
METRICS = "{error: {ceiling: 0.05}, latency: {ceiling: 0.05, slowerThan: 800ms}}"
JUDGE = f"{{metrics: {METRICS}, interval: 5m, noDataTicks: 3, deadline: 20y}}"  # the gate's clock is real


def _canary(folder: Path) -> PipelineWorld:
    world = PipelineWorld(folder, pipeline=pipeline_file(judge=JUDGE))
    world.ship("1.0.0")
    world.write("Words of 1.1.0.")
    world.release("alice", TRIAGE, "1.1.0")
    world.until(lambda at: at.canary.state == "RAMP")
    return world


class Live:
    """A fleet in canary, with agents that run and tell a gate of it, and a reconciler that asks the gate."""

    def __init__(self, world: PipelineWorld, gate: GateWorld) -> None:
        self.world, self.gate = world, gate
        self.token, self.sent = gate.agent_token(TRIAGE), dict[str, int]()

    def tick(self, bad: float, slow: float = 0.0) -> Report:
        """Sessions on both sides, the canary's with these shares of bad and slow ones, and a tick once they are
        counted."""
        at = self.world.at()
        release, stable = self.releases()
        canary = SESSIONS * at.canary.share // 100_000
        self._send(release, canary, int(canary * bad), int(canary * slow))
        self._send(stable, SESSIONS - canary, (SESSIONS - canary) // 100)
        sent = [self.sent[release], self.sent[stable]]
        until(lambda: self._told(release, stable, START) == sent, "that the gate counted them")
        self.pass_time()
        reconciler = self.world.reconciler(self.world.actor("reconciler"))
        reconciler.counts = GateCounts(self.gate.url, self.world.signers["reconciler"], self.world.known)
        return reconciler.tick()

    def releases(self) -> tuple[str, str]:
        """What runs in canary, and what beside it."""
        at = self.world.at()
        return self.world.named(at.canary.release), self.world.named(at.production.release)

    def status(self) -> Any:
        """What `agentgov status --json` says of the agent on the machine of this reconciler."""
        place = state_path("reconciler", FLEET)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes((self.world.folder / "memory.json").read_bytes())
        context = open_context(str(self.world.work))
        return Looks(context, TRIAGE).look(context.view()).document()["agents"][0]

    def pass_time(self) -> None:
        """Until the next tick: never before the gate, which writes to the journal at the time of this machine."""
        self.world.clock.time = max(self.world.clock.time + 300, int(time.time()))

    def _send(self, release: str, sessions: int, bad: int, slow: int = 0) -> None:
        quick, late = Trace(), Trace(ms=801)

        def session(number: int) -> Span:
            trace, name = late if number >= sessions - slow else quick, secrets.token_hex(8)
            return trace.span("chat", None, chat() | {"session.id": name}, failed=number < bad)

        spans = [session(number) for number in range(sessions)]
        body = otlp(*spans, resource={"agentgov.release": release})
        assert self.gate.ask("POST", "/v1/traces", self.token, body, PROTOBUF).body == b""
        self.sent[release] = self.sent.get(release, 0) + sessions

    def _told(self, release: str, stable: str, since: int) -> list[int]:
        query = f"release={release}&since={since}&stable={stable}"
        answer = self.gate.ask("GET", f"/v1/agents/{TRIAGE}/counts?{query}", self.gate.person_token("bob")).json
        found: Any = answer["agents"].get(str(TRIAGE))
        return [int(found[side]["units"]) for side in ("canary", "stable")] if found else []


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> PipelineWorld:
    return made(tmp_path_factory.mktemp("canary"), _canary)


@pytest.fixture
def live(shipped: PipelineWorld, tmp_path: Path) -> Iterator[Live]:
    world = copied(shipped, tmp_path)
    with GateWorld(world, tmp_path / "gate", "--session-end", "0.3", "--token-rate", "0") as gate:
        yield Live(world, gate)


def test_a_canary_whose_sessions_fail_is_failed(live: Live) -> None:
    for _ in range(20):
        live.tick(0.3)
        if live.world.at().canary.state == "FAILED":
            break
    assert live.world.at().canary.state == "FAILED"
    assert live.world.running() == "1.0.0"


def test_a_canary_whose_sessions_are_slow_is_failed_and_status_says_how_many(live: Live) -> None:
    live.tick(0.0, slow=0.025)
    error, latency = live.status()["judged"]["metrics"]
    assert (error["canary"]["bad"], latency["metric"]) == (0, "latency")
    assert latency["canary"]["bad"] == latency["canary"]["units"] // 40 > 0
    for _ in range(20):
        if live.world.at().canary.state == "FAILED":
            break
        live.tick(0.0, slow=0.3)
    assert live.world.at().canary.state == "FAILED"


def test_a_canary_whose_sessions_go_well_goes_to_production(live: Live) -> None:
    for _ in range(40):
        live.tick(0.0)
        if live.world.running() == "1.1.0":
            break
    assert (live.world.at().production.state, live.world.running()) == ("BAKING", "1.1.0")


def test_status_has_what_the_gate_counted_and_a_gate_that_is_away_is_no_data(live: Live) -> None:
    live.tick(0.025)
    metric, latency = live.status()["judged"]["metrics"]
    assert (latency["metric"], latency["canary"]["bad"], latency["stable"]["bad"]) == ("latency", 0, 0)
    canary, stable = (live.sent[name] for name in live.releases())
    assert metric["canary"] == {"units": canary, "bad": canary // 40}
    assert metric["stable"] == {"units": stable, "bad": stable // 100}
    live.gate.kill()
    live.pass_time()
    reconciler = live.world.reconciler(live.world.actor("reconciler"))
    reconciler.counts = GateCounts(live.gate.url, live.world.signers["reconciler"], live.world.known)
    report = reconciler.tick()
    assert "gave no answer" in live.world.waits(report) or "gave no answer" in str(report.notes)
    live.gate.start()
