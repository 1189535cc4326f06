"""Traced agents and what they tell: every span says its release, every event arrives once, and canaries are judged on
it. The SDK of OpenTelemetry and the gate are real."""

import asyncio
import contextlib
import contextvars
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gateworld import GateWorld
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from patience import PATIENCE, until
from pipelineworld import PipelineWorld
from sdkworld import PAYER, SYSTEM
from simulator import START
from spanworld import chat

import agentgov
from agentgov import sdk
from agentgov.errors import UsageError
from agentgov.runtime.bucketing import in_canary
from agentgov.runtime.fleet import Fleet
from templates import copied, further

ID = str(PAYER)
RELEASE = "agentgov.release"


def _canary(world: PipelineWorld) -> None:
    world.write(SYSTEM + "Version 1.1.0.", PAYER)
    world.release("alice", PAYER, "1.1.0")
    world.until(lambda at: at.canary.state == "RAMP", PAYER)


@pytest.fixture(scope="module")
def ramping(tmp_path_factory: pytest.TempPathFactory, once_paying: PipelineWorld) -> PipelineWorld:
    return further(tmp_path_factory.mktemp("ramping"), once_paying, _canary)


@pytest.fixture
def gate(once_paying: PipelineWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GateWorld]:
    with _serving(copied(once_paying, tmp_path), tmp_path, monkeypatch) as running:
        yield running


@pytest.fixture
def split(ramping: PipelineWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GateWorld]:
    """A gate whose agent has a canary."""
    with _serving(copied(ramping, tmp_path), tmp_path, monkeypatch) as running:
        yield running


@contextlib.contextmanager
def _serving(world: PipelineWorld, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GateWorld]:
    with GateWorld(world, folder / "gate", "--session-end", "5") as gate:
        file = folder / "payer.token"
        file.touch(0o600)
        file.write_text(gate.agent_token(PAYER) + "\n")
        monkeypatch.setenv("AGENTGOV_GATE", gate.url)
        monkeypatch.setenv("AGENTGOV_TOKEN_FILE", str(file))
        yield gate


class Traced:
    """A program that is traced."""

    def __init__(self) -> None:
        self.provider = TracerProvider()
        self.tracer = self.provider.get_tracer("test")

    def chat(self, **more: Any) -> ReadableSpan:
        """One call of a model."""
        with self.tracer.start_as_current_span("chat", attributes=chat() | more) as span:
            pass
        assert isinstance(span, ReadableSpan)
        return span


@pytest.fixture
def traced() -> Iterator[Traced]:
    found = Traced()
    yield found
    found.provider.shutdown()


def usage(gate: GateWorld) -> Any:
    """What the gate counted of the agent."""
    return gate.ask("GET", f"/v1/agents/{PAYER}/usage", gate.person_token("alice")).json["usage"]


def lines(gate: GateWorld, kind: str) -> list[tuple[Any, ...]]:
    """Of models or events: name, release and calls."""
    every = [line for one in usage(gate) for line in one["lines"] if line["kind"] == kind]
    return sorted((line["name"], line["closure"], line["calls"]) for line in every)


# --- traces --------------------------------------------------------------------------------------------------------


def test_spans_say_their_release_by_themselves(gate: GateWorld, traced: Traced) -> None:
    with agentgov.agent(ID) as agent:
        for _ in range(2):
            assert agent.trace(traced.provider) is traced.provider
        closure = agent.telemetry().attributes[RELEASE]
        span = traced.chat()
        assert span.attributes is not None
        assert span.attributes["agentgov.agent"] == ID
        assert (span.attributes[RELEASE], span.attributes["agentgov.variant"]) == (closure, "stable")
        assert "session.id" not in span.attributes
        with agent.session("case-17"):
            assert (traced.chat().attributes or {})["session.id"] == "case-17"
            named = traced.chat(**{"gen_ai.conversation.id": "mine", RELEASE: "other"}).attributes or {}
            assert ("session.id" in named, named[RELEASE]) == (False, "other")
    assert "agentgov.agent" not in (traced.chat().attributes or {})  # nobody's: the agent is closed
    traced.provider.force_flush()
    calls = [(closure, calls) for _, closure, calls in lines(gate, "model")]
    assert (closure, 2) in calls
    assert sum(calls for _, calls in calls) == 3  # each once, though it was traced twice


def test_spans_of_threads_are_their_parents(split: GateWorld, traced: Traced) -> None:
    ours, other = _keys(split)
    with agentgov.agent(ID, key=other) as stable, agentgov.agent(ID, key=ours) as canary:
        assert (stable.variant, canary.variant) == ("stable", "canary")
        for one in (stable, canary):
            one.trace(traced.provider)

        def in_thread() -> dict[str, Any]:
            found = list[ReadableSpan]()
            thread = threading.Thread(target=lambda: found.append(traced.chat()))
            thread.start()
            thread.join(PATIENCE)
            return dict(found[0].attributes or {})

        lonely = in_thread()
        assert (lonely["agentgov.agent"], RELEASE in lonely) == (ID, False)  # two run: nobody can say
        with stable.session("s"), traced.tracer.start_as_current_span("run") as root:
            context = contextvars.copy_context()
        assert context.run(traced.chat).attributes == {**chat(), **stable.span_attributes, "session.id": "s"}
        assert root.is_recording() is False


def test_without_a_gate_nobody_takes_traces(once_paying: PipelineWorld, tmp_path: Path) -> None:
    with agentgov.agent(ID, repo=copied(once_paying, tmp_path).work) as agent, pytest.raises(sdk.NotSupported):
        agent.trace()


def test_a_program_of_its_own_is_traced_by_its_environment(gate: GateWorld) -> None:
    code = """
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
with provider.get_tracer("x").start_as_current_span("chat", attributes={"gen_ai.operation.name": "chat"}):
    pass
provider.shutdown()
"""
    with agentgov.agent(ID) as agent:
        told = agent.telemetry()
        assert "agt_" not in repr(told)
        subprocess.run([sys.executable, "-c", code], env={**os.environ, **told.environ}, check=True)
    assert lines(gate, "model") == [("(unnamed)", told.attributes[RELEASE], 1)]


# --- events --------------------------------------------------------------------------------------------------------


def test_canaries_are_judged_on_outcomes(split: GateWorld, traced: Traced) -> None:
    ours, other = _keys(split)
    for key, bad in ((ours, True), (other, False)):
        with agentgov.agent(ID, key=key) as agent:
            agent.trace(traced.provider)
            for number in range(3):
                with agent.session(f"{key}-{number}"):
                    traced.chat()
                    traced.provider.force_flush()
                    agent.outcome({"escalated": bad})
    until(lambda: _counted(split) == ({"units": 3, "escalated": 3}, {"units": 3, "escalated": 0}), "that all count")


def test_events_that_the_gate_did_not_hear_are_told_again_and_count_once(gate: GateWorld) -> None:
    with agentgov.agent(ID) as agent:
        agent.event("case.opened", key="first", attributes={"queue": "refunds"})
        assert agent.flush(PATIENCE) == 0
        gate.kill()
        for key in ("first", "second", "third"):
            agent.event("case.opened", key=key)
        assert agent.flush(0) == 3
        gate.start()
        assert agent.flush(PATIENCE) == 0
    assert [(name, calls) for name, _, calls in lines(gate, "event")] == [("case.opened", 3)]


def test_what_waits_is_told_before_the_program_ends(gate: GateWorld) -> None:
    code = f"""
import agentgov
agent = agentgov.agent({ID!r})
for number in range(250):
    agent.event("case.opened", session=str(number), attributes={{"text": "x" * 400}})
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert [(name, calls) for name, _, calls in lines(gate, "event")] == [("case.opened", 250)]


def test_beside_an_event_loop_sessions_are_kept_apart(gate: GateWorld, traced: Traced) -> None:
    async def run(agent: sdk.AsyncAgent, name: str) -> Any:
        async with agent.session(name):
            await asyncio.sleep(0)
            agent.outcome({"escalated": False})
            return (traced.chat().attributes or {})["session.id"]

    async def main() -> list[str]:
        async with agentgov.async_agent(ID) as agent:
            agent.trace(traced.provider)
            found = await asyncio.gather(*(run(agent, f"case-{number}") for number in range(5)))
            assert await agent.flush(PATIENCE) == 0
            return found

    assert asyncio.run(main()) == [f"case-{number}" for number in range(5)]
    assert [(name, calls) for name, _, calls in lines(gate, "event")] == [("session.outcome", 5)]


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("No Name", {}),
        ("case.opened", {"bad": {"escalated": 1}}),
        ("case.opened", {"attributes": {"text": "x" * 501}}),
        ("case.opened", {"attributes": {"text": object()}}),
        ("case.opened", {"key": "two words"}),
    ],
)
def test_what_no_gate_takes_is_refused_at_once(
    once_paying: PipelineWorld, tmp_path: Path, name: str, more: dict[str, Any]
) -> None:
    with agentgov.agent(ID, repo=copied(once_paying, tmp_path).work, background=False) as agent:
        with pytest.raises(UsageError, match="cannot be told"):
            agent.event(name, **more)
        with pytest.raises(UsageError, match="names no session"):
            agent.session("two\nlines")
    with pytest.raises(sdk.Stopped, match="closed"):
        agent.event("case.opened")


def _keys(gate: GateWorld) -> tuple[str, str]:
    """A sticky key in the canary's share, and one beside it; once the gate serves both."""
    deployed = Fleet(gate.world.view()).deployed(PAYER, "production")
    keys = [f"user-{number}" for number in range(200)]
    ours = {key for key in keys if in_canary(deployed.rollout, key, deployed.share)}
    return min(ours), min(set(keys) - ours)


def _counted(gate: GateWorld) -> Any:
    query = f"release={PAYER}/v1.1.0&stable={PAYER}/v1.0.0&since={START}"
    answer = gate.ask("GET", f"/v1/agents/{PAYER}/counts?{query}", gate.person_token("alice")).json
    sides = answer["agents"].get(ID, {"canary": {}, "stable": {}})
    return tuple({name: sides[side].get(name) for name in ("units", "escalated")} for side in ("canary", "stable"))
