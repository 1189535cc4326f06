"""Streams of events: agents hear at once what concerns them, and nothing else."""

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from gateworld import GateWorld
from ofrepshapes import check_event
from patience import PATIENCE, until
from pipelineworld import PipelineWorld
from simulator import PAYROLL, TRIAGE

from agentgov.gate.gate import now_ms
from agentgov.gate.streams import MOST_OF_TOKEN
from agentgov.release import orders
from agentgov.runtime import tokens
from agentgov.store.open import open_store

LIMITS = "governance/workspaces/support.yaml"


@pytest.fixture
def world(shipped: PipelineWorld) -> PipelineWorld:
    return shipped


@pytest.fixture
def gate(world: PipelineWorld, tmp_path: Path) -> Iterator[GateWorld]:
    with GateWorld(world, tmp_path / "gate") as running:
        yield running


def lease(gate: GateWorld, token: str) -> Any:
    return gate.ask("GET", f"/v1/agents/{TRIAGE}/lease", token)


class Events:
    """One open stream."""

    def __init__(self, reply: http.client.HTTPResponse) -> None:
        self.reply = reply

    def block(self) -> dict[str, str]:
        """The fields up to the next empty line."""
        fields: dict[str, str] = {}
        while line := self.reply.readline().decode().rstrip("\n"):
            name, _, value = line.partition(": ")
            fields[name] = value
        return fields

    def next(self) -> dict[str, str]:
        """The next event, past comments."""
        while "data" not in (fields := self.block()):
            pass
        return fields

    def ended(self) -> bool:
        """Wait for the end."""
        while self.reply.readline():
            pass
        return True

    def data(self) -> dict[str, Any]:
        """What the next event says."""
        found: dict[str, Any] = json.loads(self.next()["data"])
        if found["type"] == "refetchEvaluation":  # every other one is ours, and clients of OFREP pass over it
            check_event(found)
        return found


@contextmanager
def stream(gate: GateWorld, token: str, last: str = "", path: str = "/v1/stream") -> Iterator[Events]:
    connection = http.client.HTTPConnection("127.0.0.1", gate.port, timeout=PATIENCE)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    headers |= {"Last-Event-ID": last} if last else {}
    with closing(connection):
        connection.request("GET", path, headers=headers)
        reply = connection.getresponse()
        assert (reply.status, reply.getheader("content-type")) == (200, "text/event-stream")
        assert reply.readline().startswith(b"retry:")
        reply.readline()
        reply.readline()
        yield Events(reply)


def test_an_agent_hears_at_once_that_it_is_paused_and_resumed(gate: GateWorld, world: PipelineWorld) -> None:
    token = gate.agent_token(TRIAGE)
    with stream(gate, token) as events:
        world.order("erin", orders.order_pause, str(TRIAGE), mode="stop", until=0, reason="it loops")
        paused = events.data()
        assert (paused["type"], paused["by"], paused["reason"]) == ("paused", "erin", "it loops")
        assert events.data()["type"] == "refetchEvaluation"
        world.clock.time = int(time.time())  # that of the gate, which may have anchored its ledger meanwhile
        world.order("erin", orders.order_resume, str(TRIAGE))
        assert events.data()["type"] == "refetchEvaluation"


def test_who_comes_back_hears_only_of_what_changed_meanwhile(gate: GateWorld, world: PipelineWorld) -> None:
    token = gate.agent_token(TRIAGE)
    with stream(gate, token) as events:
        world.govern(world.edit(LIMITS, "owner: team:support\n", "owner: team:support\nrisk: {floor: high}\n"))
        last = events.next()["id"]
    world.order("erin", orders.order_pause, str(PAYROLL), mode="stop", until=0, reason="somebody else")
    with stream(gate, token, last) as events:
        world.order("erin", orders.order_pause, str(TRIAGE), mode="read-only", until=0, reason="look first")
        assert events.data()["type"] == "paused", "of somebody else's pause nothing was said"
        assert events.data()["type"] == "refetchEvaluation"
    world.clock.time = int(time.time())  # that of the gate, which may have anchored its ledger meanwhile
    world.order("erin", orders.order_resume, str(TRIAGE))
    until(lambda: lease(gate, token).json["mode"] == "run", "that it is resumed")
    with stream(gate, token, "0" * 32) as events:
        assert events.data()["type"] == "refetchEvaluation"


def test_who_heard_nothing_yet_knows_where_to_begin_after_a_break(gate: GateWorld, world: PipelineWorld) -> None:
    token = gate.agent_token(TRIAGE)
    with stream(gate, token) as events:
        last = events.block()["id"]
    with stream(gate, token, last) as events:
        world.order("erin", orders.order_pause, str(TRIAGE), mode="stop", until=0, reason="it loops")
        assert events.data()["type"] == "paused"
    with stream(gate, token, last) as events:
        told = [events.next(), events.next()]
    assert [json.loads(one["data"])["type"] for one in told] == ["paused", "refetchEvaluation"]
    assert "id" not in told[0], "who is gone before the second comes back for it"


def test_open_streams_are_bounded(gate: GateWorld) -> None:
    token, opened = gate.agent_token(TRIAGE), []
    for _ in range(MOST_OF_TOKEN):
        connection = http.client.HTTPConnection("127.0.0.1", gate.port, timeout=PATIENCE)
        connection.request("GET", "/v1/stream", headers={"Authorization": f"Bearer {token}"})
        assert connection.getresponse().readline().startswith(b"retry:")
        opened.append(connection)
    refused = gate.ask("GET", "/v1/stream", token)
    assert refused.status == 429
    assert int(refused.headers["retry-after"]) > 0
    opened.pop().close()
    with closing(opened[0]):
        until(lambda: _opens(gate, token), "that there is room again")
    for connection in opened:
        connection.close()


def _opens(gate: GateWorld, token: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", gate.port, timeout=PATIENCE)
    with closing(connection):
        connection.request("GET", "/v1/stream", headers={"Authorization": f"Bearer {token}"})
        return connection.getresponse().status == 200


def ticket_of(gate: GateWorld, token: str) -> str:
    """Where a client that can send no header listens."""
    found = gate.ask("POST", "/ofrep/v1/evaluate/flags", token, {}).json
    uri: str = found["eventStreams"][0]["endpoint"]["requestUri"]
    return uri


def test_a_ticket_is_good_for_hearing_that_something_changed_and_for_nothing_else(
    gate: GateWorld, world: PipelineWorld
) -> None:
    token = gate.agent_token(TRIAGE)
    uri = ticket_of(gate, token)
    assert ticket_of(gate, token) == uri
    with stream(gate, "", path=uri) as events:
        events.block()
        world.order("erin", orders.order_pause, str(TRIAGE), mode="stop", until=0, reason="it loops")
        told = events.data()
    assert told.keys() == {"type", "etag"}, "neither who, nor why"
    ticket = uri.partition("=")[2]
    assert lease(gate, ticket).status == 401
    for wrong in ("", ticket[:-1], ticket + "0", ticket.partition(".")[0], "." + ticket.partition(".")[2], "%C3%A9.x"):
        assert gate.ask("GET", f"/v1/stream?ticket={wrong}").status == 401
    assert gate.ask("GET", "/v1/stream", gate.person_token("alice")).status == 403


def test_a_stream_ends_with_its_token(gate: GateWorld) -> None:
    token = gate.agent_token(TRIAGE)
    uri = ticket_of(gate, token)
    with stream(gate, token) as by_token, stream(gate, "", path=uri) as by_ticket:
        revoke(gate)
        for events in (by_token, by_ticket):
            assert events.ended()
    assert gate.ask("GET", uri).status == 401


def revoke(gate: GateWorld) -> None:
    """Every token of the agent ends."""
    store = open_store(gate.store, serving=False)
    try:
        now = now_ms()
        found = store.read(lambda tx: tokens.listed(tx, now)).result(PATIENCE)
        for one in found:
            store.write(lambda tx, one=one: tokens.revoke(tx, one.id, now)).result(PATIENCE)  # type: ignore[misc]
    finally:
        store.close()
