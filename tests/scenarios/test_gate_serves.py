"""The gate as a process: it starts, knows who asks, follows the journal, and ends well."""

import json
import signal
import socket
import threading

import pytest
from gateworld import GateWorld
from patience import PATIENCE, ends, until
from simulator import PAYROLL, TRIAGE, FleetSimulator

from agentgov.release.orders import order_pause


def test_it_is_alive_and_ready(gate: GateWorld) -> None:
    assert gate.ask("GET", "/healthz").body == b"ok"
    ready = gate.ask("GET", "/readyz")
    assert (ready.status, ready.json["state"]) == (200, "ready")
    assert b"agentgov_gate_journal_seq 0.0" in gate.ask("GET", "/metrics").body


def test_it_knows_who_asks(gate: GateWorld) -> None:
    agent, person = gate.agent_token(TRIAGE, "staging"), gate.person_token("alice")
    who = gate.ask("GET", "/v1/whoami", agent).json
    assert who == {"kind": "agent", "agent": "support/triage", "environment": "staging"}
    assert gate.ask("GET", "/v1/whoami", person).json == {"kind": "person", "person": "alice", "how": "token"}
    for token in ("", "agt_" + "A" * 43, agent[:-1], agent + "A", "agp_" + agent[4:]):
        refused = gate.ask("GET", "/v1/whoami", token)
        assert (refused.status, refused.rule) == (401, "gate.unauthenticated")


def test_people_see_what_is_in_their_scope_and_nothing_else(gate: GateWorld) -> None:
    alice, agent = gate.person_token("alice"), gate.agent_token(TRIAGE)
    seen = gate.ask("GET", "/v1/agents", alice).json
    assert [one["id"] for one in seen["agents"]] == [str(PAYROLL), str(TRIAGE)]
    assert gate.ask("GET", "/v1/agents/support/triage", alice).json["id"] == str(TRIAGE)
    assert gate.ask("GET", "/v1/agents/support/nobody", alice).rule == "gate.not-found"
    assert gate.ask("GET", "/v1/agents", agent).rule == "gate.caller"
    behind = gate.ask("GET", f"/v1/agents?after={PAYROLL}", alice).json
    assert (behind["agents"], behind["next"]) == (seen["agents"][1:], "")
    assert gate.ask("GET", f"/v1/agents?after={TRIAGE}", alice).json["agents"] == []
    assert gate.ask("GET", "/v1/agents?after=x", alice).rule == "gate.request"


def test_it_follows_the_journal(gate: GateWorld, world: FleetSimulator) -> None:
    world.order("alice", order_pause, str(TRIAGE), mode="stop", until=0, reason="it loops")
    until(lambda: gate.ask("GET", "/readyz").json["seq"] == 1, "that the gate serves the act")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_it_well(gate: GateWorld, number: int, code: int) -> None:
    assert gate.stop(number) == code


def test_what_is_no_request_is_refused_in_one_shape(gate: GateWorld) -> None:
    assert gate.ask("GET", "/v1/nothing").rule == "gate.not-found"
    other = gate.ask("DELETE", "/v1/whoami")
    assert (other.status, other.headers["allow"]) == (405, "GET")


def test_streams_end_with_the_gate(gate: GateWorld) -> None:
    token = gate.agent_token(TRIAGE)
    with socket.create_connection(("127.0.0.1", gate.port), timeout=PATIENCE) as connection:
        head = f"GET /v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
        connection.sendall(head.encode())
        assert b" 200 " in connection.recv(4096).splitlines()[0]
        assert gate.stop() == 0
        with ends():
            while connection.recv(4096):
                pass


def test_what_is_asked_for_when_it_ends_is_answered(gate: GateWorld) -> None:
    alice = gate.person_token("alice")
    body = json.dumps({"agent": str(TRIAGE), "environment": "staging"}).encode()
    with socket.create_connection(("127.0.0.1", gate.port), timeout=PATIENCE) as connection:
        lines = [
            "POST /v1/tokens HTTP/1.1",
            "Host: x",
            f"Authorization: Bearer {alice}",
            f"Content-Length: {len(body)}",
        ]
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body[:10])  # the rest is on its way
        until(lambda: b"agentgov_gate_open_requests 2.0" in gate.ask("GET", "/metrics").body, "that it is being read")
        ending = threading.Thread(target=gate.stop)
        ending.start()
        until(lambda: not answers(gate), "that nobody else is let in")
        connection.sendall(body[10:])
        answer = connection.recv(65_536)
        assert b" 201 " in answer.splitlines()[0]
        ending.join()


def answers(gate: GateWorld) -> bool:
    """Whether it takes connections."""
    try:
        socket.create_connection(("127.0.0.1", gate.port), timeout=PATIENCE).close()
    except ConnectionError:
        return False
    return True
