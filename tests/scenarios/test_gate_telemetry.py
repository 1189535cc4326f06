"""What agents tell of their work, to a gate that really runs: what is taken, what it comes to, and who sees it."""

import gzip
import http.client
import json
import re
import select
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from forked import ran
from gateworld import GateWorld, Reply
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from patience import PATIENCE, until
from pipelineworld import PipelineWorld
from simulator import TRIAGE
from spanworld import COST, MODEL, PRICES, PROTOBUF, Trace, chat, otlp
from unit.cli.output_schema import assert_holds

from agentgov.model.names import AgentId
from templates import copied, homes, made


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> PipelineWorld:
    def make(place: Path) -> PipelineWorld:
        world = PipelineWorld(place, files={"governance/prices.yaml": PRICES})
        world.ship("1.0.0")
        return world

    return made(tmp_path_factory.mktemp("shipped"), make)


@pytest.fixture(scope="module")
def gate(shipped: PipelineWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GateWorld]:
    folder = tmp_path_factory.mktemp("gate")
    world = copied(shipped, folder / "world")
    with GateWorld(world, folder / "gate", "--session-end", "0.3", env=homes(folder)) as running:
        yield running


@pytest.fixture
def token(gate: GateWorld) -> str:
    return gate.agent_token(TRIAGE, "staging")


def _send(gate: GateWorld, token: str, body: bytes, **headers: str) -> Reply:
    return gate.ask(
        "POST", "/v1/traces", token, body, PROTOBUF | {name.replace("_", "-"): text for name, text in headers.items()}
    )


def _rejected(reply: Reply) -> tuple[int, str]:
    assert reply.status == 200, reply.body
    told = ExportTraceServiceResponse.FromString(reply.body).partial_success
    return told.rejected_spans, told.error_message


def _usage(gate: GateWorld, environment: str = "staging") -> Any:
    found = gate.ask("GET", f"/v1/agents/{TRIAGE}/usage", gate.person_token("bob")).json["usage"]
    return next((one for one in found if one["environment"] == environment), {"lines": [], "sessions": 0, "bad": {}})


def _line(gate: GateWorld, kind: str, name: str, environment: str = "staging") -> dict[str, Any]:
    lines = _usage(gate, environment)["lines"]
    return next((one for one in lines if (one["kind"], one["name"]) == (kind, name)), {"calls": 0, "cost": 0})


def test_calls_tokens_and_cost_are_those_of_the_spans_once(gate: GateWorld) -> None:
    token = gate.agent_token(TRIAGE)
    trace = Trace()
    root = trace.span("invoke_agent", None, {"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 99})
    tool = trace.span("execute_tool", root, {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "lookup"})
    body = otlp(trace.span("chat", root, chat()), tool, root)
    assert _rejected(_send(gate, token, body)) == (0, "")
    assert _rejected(_send(gate, token, gzip.compress(body), Content_Encoding="gzip")) == (0, "")
    model = _line(gate, "model", MODEL, "production")
    told = {name: model[name] for name in ("calls", "errors", "input", "cached", "output", "cost", "currency", "p50")}
    expected = {"calls": 1, "errors": 0, "input": 11, "cached": 4, "output": 5, "cost": COST, "currency": "USD"}
    assert told == expected | {"p50": 50}
    assert _line(gate, "tool", "lookup", "production")["calls"] == 1
    assert model["variant"] == "stable"
    assert len(model["closure"]) == 64
    until(lambda: _usage(gate, "production")["sessions"] == 1, "that the session is over")


def test_json_is_taken_as_protobuf_is(gate: GateWorld, token: str) -> None:
    now = time.time_ns()
    attributes = [
        {"key": "openinference.span.kind", "value": {"stringValue": "LLM"}},
        {"key": "llm.model_name", "value": {"stringValue": "of-json"}},
        {"key": "llm.token_count.prompt", "value": {"intValue": "7"}},
        {"key": "llm.token_count.completion", "value": {"intValue": 3}},
    ]
    span = {
        "traceId": "5B8EFFF798038103D269B633813FC60C",
        "spanId": "EEE19B7EC3C1B174",
        "startTimeUnixNano": str(now - 1000),
        "endTimeUnixNano": now,
        "attributes": attributes,
        "nobodyKnows": {"this": []},
        "status": {"code": 2, "message": "no"},
    }
    huge = {**span, "spanId": "EEE19B7EC3C1B175", "endTimeUnixNano": "99999999999999999999"}
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [span, huge], "schemaUrl": ""}]}]}
    reply = gate.ask("POST", "/v1/traces", token, body)
    assert reply.json["partialSuccess"]["rejectedSpans"] == "1"
    assert reply.headers["content-type"] == "application/json"
    found = _line(gate, "model", "of-json")
    assert (found["calls"], found["errors"], found["input"], found["output"], found["unpriced"]) == (1, 1, 7, 3, 1)


def test_what_cannot_be_is_refused_span_by_span(gate: GateWorld, token: str) -> None:
    trace = Trace()
    future, old = Trace(end=time.time_ns() + 10**12), Trace(end=time.time_ns() - 8 * 86_400 * 10**9)
    good = trace.span("chat", None, chat())
    bad = [
        trace.span("chat", None, chat(-1)),
        trace.span("chat", None, chat(2**63 - 1)),
        future.span("chat", None, chat()),
        old.span("chat", None, chat()),
    ]
    without = trace.span("chat", None, chat())
    without.span_id = b"\0" * 8
    rejected, message = _rejected(_send(gate, token, otlp(good, *bad, without)))
    assert rejected == 5
    assert "it ends in the future" in message
    assert "a number of tokens that cannot be" in message


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"\xff\xff", {}, 400),
        (b"no gzip", {"Content_Encoding": "gzip"}, 400),
        (gzip.compress(b"\0" * 33 * 2**20), {"Content_Encoding": "gzip"}, 413),
        (gzip.compress(otlp())[:-9], {"Content_Encoding": "gzip"}, 400),
        (b"", {"Content_Encoding": "br"}, 415),
        (b"", {"Content_Type": "text/plain"}, 415),
    ],
    ids=["no protobuf", "no gzip", "too large", "cut off", "brotli", "text"],
)
def test_what_is_no_request_is_refused_for_good(
    gate: GateWorld, token: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    reply = _send(gate, token, body, **headers)
    assert reply.status == status
    assert "retry-after" not in reply.headers
    if "Content_Type" not in headers:
        assert reply.headers["content-type"] == "application/x-protobuf"
        assert reply.body.startswith(b"\x08")


def test_an_error_comes_in_the_encoding_of_the_request(gate: GateWorld, token: str) -> None:
    reply = gate.ask("POST", "/v1/traces", token, b'{"resourceSpans": 7}')
    assert (reply.status, reply.json["code"]) == (400, 3)
    assert gate.ask("POST", "/v1/traces", "", b"{}").json["code"] == 16


def test_an_agent_is_whoever_its_token_says(gate: GateWorld, token: str) -> None:
    trace = Trace()
    says = {"service.name": "support/other", "gen_ai.agent.name": "other", "agentgov.release": "support/other/v9.9.9"}
    body = otlp(trace.span("chat", None, chat(gen_ai__response__model="of-identity")), resource=says)
    assert _rejected(_send(gate, token, body)) == (0, "")
    assert _line(gate, "model", MODEL)["calls"] >= 1
    found = [one for one in _usage(gate)["lines"] if one["closure"] == ""]
    assert found, "a release that does not run is not believed"


def test_agents_that_nobody_knows_are_counted_aside_and_refused(gate: GateWorld) -> None:
    stranger = gate.agent_token(AgentId("support", "nobody"))
    reply = _send(gate, stranger, otlp(Trace().span("chat", None, chat())))
    assert reply.status == 403
    found = gate.ask("GET", "/v1/usage", gate.person_token("carol")).json["quarantine"]
    assert [(one["agent"], one["reason"]) for one in found if one["agent"] == "support/nobody"] == [
        ("support/nobody", "unregistered")
    ]


def test_models_without_a_price_are_counted_aside(gate: GateWorld, token: str) -> None:
    attributes = chat() | {"gen_ai.request.model": "homemade", "gen_ai.response.model": "homemade"}
    _send(gate, token, otlp(Trace().span("chat", None, attributes)))
    found = gate.ask("GET", f"/v1/agents/{TRIAGE}/usage", gate.person_token("bob")).json["quarantine"]
    reasons = {one["reason"] for one in found if one["subject"] == "openai/homemade"}
    assert reasons == {"unpriced", "undeclared-model"}


def test_events_are_told_once_and_make_sessions_bad(gate: GateWorld, token: str) -> None:
    event = {"key": "e-1", "name": "escalated", "session": "case-1", "bad": {"escalated": True}, "over": True}
    first = gate.ask("POST", "/v1/events", token, {"events": [event, event]}).json
    again = gate.ask("POST", "/v1/events", token, {"events": [event]}).json
    assert (first["new"], again["new"]) == (1, 0)
    assert again["records"] == first["records"][:1]
    until(lambda: _usage(gate)["bad"].get("escalated") == 1, "that the session is counted")
    assert _line(gate, "event", "escalated")["calls"] == 1


def test_one_record_of_the_ledger_tells_of_a_request(gate: GateWorld, token: str) -> None:
    before = _records(gate)
    trace = Trace()
    _send(gate, token, otlp(*(trace.span("chat", None, chat()) for _ in range(3))))
    assert _records(gate) - before == 1


def _records(gate: GateWorld) -> int:
    from agentgov.store.open import open_store

    store = open_store(gate.store, serving=False)
    try:
        return int(store.read(lambda tx: tx.one("SELECT count(*) FROM records WHERE type = 'spans'")).result()[0])  # type: ignore[index]
    finally:
        store.close()


def test_metrics_tell_how_many_spans_came(gate: GateWorld) -> None:
    told = gate.ask("GET", "/metrics").body.decode()
    assert 'agentgov_gate_spans{outcome="new"}' in told
    assert 'agentgov_gate_aside_spans{reason="unpriced"}' in told
    assert json.dumps("support/triage") not in told


def test_people_see_what_was_used(gate: GateWorld, token: str, tmp_path: Path) -> None:
    trace = Trace()
    tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "lookup"}
    _send(gate, token, otlp(trace.span("chat", None, chat(), failed=True), trace.span("execute_tool", None, tool)))
    (tmp_path / "token").write_text(gate.person_token("bob"))
    (tmp_path / "token").chmod(0o600)
    env = gate.env | {"AGENTGOV_GATE": gate.url, "AGENTGOV_TOKEN_FILE": str(tmp_path / "token")}

    def show(*args: str) -> str:
        done = ran(("usage", "show", *args, "--repo", str(gate.world.work)), tmp_path, env)
        assert done.returncode == 0, done.stderr
        return done.stdout

    shown = show(str(TRIAGE), "--since", "2h")
    assert re.search(rf"model {MODEL} +staging +stable [0-9a-f]{{12}} +\d+ +\d+ .*USD", shown)
    assert f"{TRIAGE} +staging" in re.sub(" +", " +", show())
    told = json.loads(show("--json"))
    assert_holds(told, "usage-show")
    assert {one["agent"] for one in told["usage"]} == {str(TRIAGE)}


def test_what_is_sent_again_after_a_crash_counts_once(shipped: PipelineWorld, tmp_path: Path) -> None:
    world = copied(shipped, tmp_path / "world")
    bodies = [otlp(*(Trace().span("chat", None, chat()) for _ in range(50))) for _ in range(24)]
    with GateWorld(world, tmp_path / "gate") as gate:
        token, answered = gate.agent_token(TRIAGE), list[int]()

        def send() -> None:
            with suppress(OSError, http.client.HTTPException):
                for body in bodies:
                    answered.append(_send(gate, token, body).status)

        sender = threading.Thread(target=send)
        sender.start()
        until(lambda: len(answered) >= 5, "that some were taken")
        gate.kill()
        sender.join()
        gate.start()
        taken = _line(gate, "model", MODEL, "production")["calls"]
        assert taken >= 50 * len(answered), "what was answered is there"
        assert {_rejected(_send(gate, token, body)) for body in bodies} == {(0, "")}
        assert _line(gate, "model", MODEL, "production")["calls"] == 50 * len(bodies)


def test_what_is_more_than_a_gate_takes_at_a_time_comes_again(gate: GateWorld, token: str) -> None:
    held = list[http.client.HTTPConnection]()
    headers = {"Authorization": f"Bearer {token}", **PROTOBUF, "Content-Length": str(8 << 20)}

    def refused() -> bool:
        """One more says that it brings 8 MB, which are kept free for it, and does not; whether one was sent away."""
        connection = http.client.HTTPConnection("127.0.0.1", gate.port, timeout=PATIENCE)
        held.append(connection)
        connection.request("POST", "/v1/traces", headers=headers)
        answered, _, _ = select.select([one.sock for one in held], [], [], 0.1)
        for one in [one for one in held if one.sock in answered]:
            held.remove(one)
            reply = one.getresponse()
            status, again = reply.status, reply.headers["Retry-After"]
            reply.close()
            one.close()
            if status == 503:
                assert again == "1"
                return True
        return False

    until(refused, "that all that the gate takes is spoken for")
    for connection in held:
        connection.close()
    body = otlp(Trace().span("chat", None, chat()))
    until(lambda: _send(gate, token, body).status == 200, "that the gate takes something again")
