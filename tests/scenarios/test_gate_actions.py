"""Actions and permits over HTTP, from a gate that really runs: what agents are answered, what people see and decide."""

import base64
import hmac
import json
import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fakeserver import FakeServer, Request
from fakeserver import Reply as Answer
from forked import ran
from gateworld import GateWorld, Reply
from jsonschema import Draft7Validator
from patience import until
from payingfleet import PAYER, paying
from pipelineworld import PipelineWorld
from simulator import PAYROLL, TRIAGE
from unit.cli.output_schema import assert_holds

from agentgov.net.posting import signing_key
from agentgov.release import orders
from agentgov.resources import folder
from templates import copied

ACTIONS, OUTCOMES = f"/v1/agents/{PAYER}/actions", f"/v1/agents/{PAYER}/outcomes"
RULES = """  tools:
    - {name: orders.lookup, effect: read}
    - {name: refund.create, effect: irreversible, args: {file: tools/refund.schema.json}}
  actions:
    - {match: {tools: ["*.lookup"]}, then: allow}
    - {match: {tools: [refund.create]}, when: "args.amount <= 50", then: allow}
    - match: {tools: [refund.create]}
      when: "args.amount <= 500"
      then: {ask: {who: ["team:support", dave], count: 1, within: 30m, show: [args, subject]}}
  quotas: [{tool: refund.create, sum: args.amount, per: 24h, max: 1000}]
  budget: {day: "5.00 USD"}
  oncall: {escalate: [team:support]}
"""
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EVENT = Draft7Validator(json.loads((folder("schemas") / "events/permit.schema.json").read_text("utf-8")))
SCHEMA = {
    "type": "object",
    "required": ["amount"],
    "additionalProperties": False,
    "properties": {"amount": {"type": "integer", "minimum": 1}, "note": {"type": "string"}},
}


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> PipelineWorld:
    return paying(
        tmp_path_factory.mktemp("shipped"), RULES, {f"{PAYER.folder}/tools/refund.schema.json": json.dumps(SCHEMA)}
    )


@pytest.fixture
def world(shipped: PipelineWorld, tmp_path: Path) -> PipelineWorld:
    return copied(shipped, tmp_path)


@pytest.fixture
def gate(world: PipelineWorld, tmp_path: Path) -> Iterator[GateWorld]:
    with GateWorld(world, tmp_path / "gate") as running:
        yield running


def _act(gate: GateWorld, token: str, key: str, amount: int, **more: Any) -> Reply:
    body = {"tool": "refund.create", "args": {"amount": amount}, "key": key, **more}
    return gate.ask("POST", ACTIONS, token, body)


def _asked(gate: GateWorld, token: str, key: str = "k", amount: int = 200, **more: Any) -> str:
    reply = _act(gate, token, key, amount, **more)
    assert (reply.status, reply.json["decision"]) == (200, "ask"), reply.body
    return str(reply.json["permit"]["id"])


def _use(gate: GateWorld, token: str, id_: str, amount: int = 200, **more: Any) -> Any:
    reply = gate.ask("POST", f"/v1/permits/{id_}/consume", token, {"args": {"amount": amount}, **more})
    assert reply.status == 200, reply.body
    return reply.json


def _rules(answer: Any) -> list[str]:
    return [reason["rule"] for reason in answer["reasons"]]


def test_a_request_that_is_sent_again_is_told_from_another_one_under_its_key(gate: GateWorld) -> None:
    token = gate.agent_token(PAYER)

    def answered(key: str, attempt: str) -> Any:
        found = _act(gate, token, key, 5, attempt=attempt).json
        del found["signed"]  # how much of the ledger is signed: more each second
        return found

    first = answered("k", "1")
    assert (first["decision"], first["again"]) == ("allow", False)
    assert answered("k", "1") == first
    for other in ("2", ""):
        assert answered("k", other) == {**first, "again": True}
    assert answered("other", "1")["permit"]["id"] != first["permit"]["id"]


def test_an_agent_is_allowed_denied_or_told_to_wait(gate: GateWorld) -> None:
    token = gate.agent_token(PAYER)
    allowed = _act(gate, token, "a", 50)
    assert allowed.status == 200
    assert (allowed.json["decision"], allowed.json["permit"]["state"]) == ("allow", "consumed")
    assert _act(gate, token, "a", 50).json["permit"] == allowed.json["permit"]
    asked = _act(gate, token, "b", 51).json
    assert (asked["decision"], asked["permit"]["state"], _rules(asked)) == ("ask", "pending", ["action.ask"])
    denied = _act(gate, token, "c", 501).json
    assert (denied["decision"], denied["permit"], _rules(denied)) == ("deny", None, ["action.no-rule"])
    assert _rules(_act(gate, token, "d", 0).json) == ["action.arguments"]
    assert denied["record"] > allowed.json["record"] >= 0


def test_another_call_under_the_same_key_is_a_conflict(gate: GateWorld) -> None:
    token = gate.agent_token(PAYER)
    _act(gate, token, "a", 50)
    reply = _act(gate, token, "a", 49)
    assert (reply.status, reply.rule) == (409, "action.key")


NO_REQUESTS = [
    b"",
    b"{",
    b"[]",
    b'{"tool": "x", "args": {}}',
    b'{"tool": "x", "args": [], "key": "k"}',
    b'{"tool": "x", "args": {}, "key": ""}',
    b'{"tool": "x", "args": {}, "key": "a b"}',
    b'{"tool": "x", "args": {}, "key": "k", "more": 1}',
    b'{"tool": "x", "args": {"a": NaN}, "key": "k"}',
    b'{"tool": "x", "args": {}, "key": "k", "subject": "a\\nb"}',
    b'{"tool": "\xff", "args": {}, "key": "k"}',
    b'{"tool": "x", "args": ' + b'{"a":' * 2000 + b"1" + b"}" * 2000 + b', "key": "k"}',
]


def test_what_is_no_request_is_refused(gate: GateWorld) -> None:
    token = gate.agent_token(PAYER)
    for body in NO_REQUESTS:
        reply = gate.ask("POST", ACTIONS, token, body)
        assert (reply.status, reply.rule) == (400, "gate.request"), body


def test_an_agent_acts_for_itself_alone(gate: GateWorld) -> None:
    other = gate.agent_token(TRIAGE)
    assert _act(gate, other, "a", 50).status == 404
    assert _act(gate, gate.person_token("alice"), "a", 50).rule == "gate.caller"
    assert _act(gate, "", "a", 50).status == 401
    id_ = _asked(gate, gate.agent_token(PAYER))
    assert gate.ask("GET", f"/v1/permits/{id_}", other).status == 404
    assert gate.ask("POST", f"/v1/permits/{id_}/consume", other, {"args": {"amount": 200}}).status == 404


def test_an_agent_that_was_never_released_there_may_do_nothing(gate: GateWorld) -> None:
    token = gate.agent_token(PAYROLL)
    body = {"tool": "x", "args": {}, "key": "k"}
    answer = gate.ask("POST", f"/v1/agents/{PAYROLL}/actions", token, body).json
    assert (answer["decision"], _rules(answer)) == ("deny", ["runtime.never-released"])
    assert answer["record"] >= 0


def test_people_permit_exactly_one_call_once(gate: GateWorld) -> None:
    token, alice = gate.agent_token(PAYER), gate.person_token("alice")
    id_ = _asked(gate, token, subject="customer 7")
    shown = gate.ask("GET", f"/v1/permits/{id_}", alice).json
    assert (shown["state"], shown["may"], shown["tool"]) == ("pending", True, "refund.create")
    assert shown["show"] == {"args": {"amount": 200}, "subject": "customer 7"}
    assert shown["missing"] == [{"who": ["dave", "team:support"], "count": 1}]
    assert _rules(_use(gate, token, id_, subject="customer 7")) == ["permit.pending"]
    said = gate.ask("POST", f"/v1/permits/{id_}/approve", alice, {"reason": "it is broken"})
    assert (said.status, said.json["state"]) == (200, "approved")
    assert [(one["person"], one["decision"], one["reason"]) for one in said.json["voices"]] == [
        ("alice", "approve", "it is broken")
    ]
    for amount, subject in ((201, "customer 7"), (200, "customer 8"), (200, "")):
        assert _rules(_use(gate, token, id_, amount, subject=subject)) == ["permit.arguments"]
    assert _use(gate, token, id_, subject="customer 7")["decision"] == "allow"
    assert _rules(_use(gate, token, id_, subject="customer 7")) == ["permit.consumed"]
    mine = gate.ask("GET", f"/v1/permits/{id_}", token).json
    assert (mine["state"], mine["show"], mine["missing"]) == ("consumed", None, [])


def test_only_those_named_decide(gate: GateWorld) -> None:
    token = gate.agent_token(PAYER)
    id_ = _asked(gate, token, subject="alice")
    place = f"/v1/permits/{id_}"
    for person, rule in (("carol", "permit.not-named"), ("erin", "permit.not-named"), ("alice", "permit.four-eyes")):
        reply = gate.ask("POST", f"{place}/approve", gate.person_token(person), {})
        assert (reply.status, reply.rule) == (403, rule)
    assert gate.ask("POST", f"{place}/approve", token, {}).rule == "gate.caller"
    assert gate.ask("POST", f"{place}/approve", gate.person_token("dave"), {}).json["state"] == "approved"
    late = gate.ask("POST", f"{place}/approve", gate.person_token("bob"), {})
    assert (late.status, late.rule) == (409, "permit.closed")
    assert gate.ask("POST", f"{place}/deny", gate.person_token("bob"), {"reason": "no"}).json["state"] == "denied"
    assert _rules(_use(gate, token, id_, subject="alice")) == ["permit.denied"]


def test_people_see_permits_in_their_scope(gate: GateWorld, world: PipelineWorld) -> None:
    token = gate.agent_token(PAYER)
    first, second = _asked(gate, token, "a"), _asked(gate, token, "b")
    _act(gate, token, "c", 10)
    bob = gate.person_token("bob")
    seen = gate.ask("GET", "/v1/permits?state=pending", bob).json
    assert [one["id"] for one in seen["permits"]] in ([second, first], [first, second])
    assert seen["next"] == ""
    behind = f"{seen['permits'][0]['asked']}.{seen['permits'][0]['id']}"
    after = gate.ask("GET", f"/v1/permits?state=pending&before={behind}", bob).json
    assert after["permits"] == seen["permits"][1:]
    gate.ask("POST", f"/v1/permits/{first}/deny", bob, {})
    for state, ids in (("pending", [second]), ("denied", [first]), ("consumed", []), ("expired", [])):
        found = gate.ask("GET", f"/v1/permits?state={state}", bob).json["permits"]
        assert [one["id"] for one in found] == ids
    assert gate.ask("GET", "/v1/permits?state=open", bob).rule == "gate.request"
    for place in ("x", "1.", f"1.{'g' * 32}", "9" * 16):
        assert gate.ask("GET", f"/v1/permits?before={place}", bob).rule == "gate.request"
    assert gate.ask("GET", f"/v1/permits/{'f' * 32}", bob).status == 404
    assert gate.ask("GET", "/v1/permits/x%2Fy", bob).status == 404
    access = (world.work / "governance/access.yaml").read_text("utf-8")
    assert "erin" in access


def test_a_pause_in_the_journal_stops_every_action(gate: GateWorld, world: PipelineWorld) -> None:
    token, alice = gate.agent_token(PAYER), gate.person_token("alice")
    id_ = _asked(gate, token)
    gate.ask("POST", f"/v1/permits/{id_}/approve", alice, {})
    lookup = {"tool": "orders.lookup", "args": {}, "key": "look"}
    world.order("alice", orders.order_pause, str(PAYER), mode="read-only", until=0, reason="it pays twice")
    until(lambda: "action.read-only" in _rules(_act(gate, token, "x", 10).json), "that the gate obeys")
    assert gate.ask("POST", ACTIONS, token, lookup).json["decision"] == "allow"
    assert "action.read-only" in _rules(_use(gate, token, id_))
    world.clock.time = int(time.time())  # that of the gate, which may have anchored its ledger meanwhile
    world.order("alice", orders.order_resume, str(PAYER), reason="mended")
    until(lambda: _use(gate, token, id_)["decision"] == "allow", "that the permit is used")


@pytest.mark.parametrize("selector", [str(PAYER), "support/*", "tool:refund.create"])
def test_from_the_answer_to_a_pause_on_nothing_is_allowed(gate: GateWorld, selector: str) -> None:
    token, alice = gate.agent_token(PAYER), gate.person_token("alice")
    id_ = _asked(gate, token)
    gate.ask("POST", f"/v1/permits/{id_}/approve", alice, {})
    _act(gate, token, "before", 10)
    paused = gate.ask("POST", "/v1/pauses", alice, {"selector": selector, "reason": "it pays twice"})
    assert paused.status == 201, paused.body
    for answer in (_act(gate, token, "x", 10).json, _act(gate, token, "before", 10).json, _use(gate, token, id_)):
        assert answer["decision"] == "deny"
        assert "action.paused" in _rules(answer)
    assert gate.ask("GET", f"/v1/permits/{id_}", alice).json["state"] == "approved"


def test_what_is_asked_for_survives_a_gate_that_is_killed(gate: GateWorld) -> None:
    token, alice = gate.agent_token(PAYER), gate.person_token("alice")
    id_ = _asked(gate, token)
    gate.kill()
    gate.start()
    assert gate.ask("POST", f"/v1/permits/{id_}/approve", alice, {}).json["state"] == "approved"
    gate.kill()
    gate.start()
    assert _use(gate, token, id_)["decision"] == "allow"
    gate.kill()
    gate.start()
    assert _rules(_use(gate, token, id_)) == ["permit.consumed"]


def test_outcomes_give_back_what_was_not_done(gate: GateWorld) -> None:
    token = gate.agent_token(PAYER)
    ids = [_act(gate, token, f"k{number}", 50).json["permit"]["id"] for number in range(20)]
    full = _act(gate, token, "more", 50).json
    assert (full["decision"], _rules(full)[0]) == ("deny", "action.quota")
    told = gate.ask("POST", OUTCOMES, token, {"permit": ids[0], "ok": False, "done": False, "note": "shop was closed"})
    assert (told.status, told.json) == (200, {"permit": ids[0], "outcome": "not-done"})
    assert _act(gate, token, "more", 50).json["decision"] == "allow"
    assert gate.ask("POST", OUTCOMES, token, {"permit": ids[0], "ok": True}).rule == "permit.outcome"
    assert gate.ask("POST", OUTCOMES, token, {"permit": ids[1], "ok": False}).json["outcome"] == "failed"
    assert gate.ask("POST", OUTCOMES, token, {"permit": "f" * 32, "ok": True}).status == 404
    assert gate.ask("POST", OUTCOMES, token, {"permit": ids[2], "ok": True, "done": False}).rule == "gate.request"


def test_a_release_that_does_not_run_any_more_may_do_nothing(gate: GateWorld) -> None:
    token = gate.agent_token(PAYER)
    assert _act(gate, token, "a", 10, release=f"{PAYER}/v1.0.0").json["decision"] == "allow"
    answer = _act(gate, token, "b", 10, release=f"{PAYER}/v0.9.0").json
    assert (answer["decision"], _rules(answer)) == ("deny", ["action.release"])


def test_who_says_yes_to_everything_at_once_is_seen(gate: GateWorld) -> None:
    token, alice, bob = gate.agent_token(PAYER), gate.person_token("alice"), gate.person_token("bob")
    for number in range(4):
        id_ = _asked(gate, token, f"k{number}", 51)
        who = alice if number else bob
        if number != 3:
            gate.ask("GET", f"/v1/permits/{id_}", who)
        gate.ask("POST", f"/v1/permits/{id_}/{'approve' if number else 'deny'}", who, {})
    found = gate.ask("GET", "/v1/permits/statistics?days=7", alice).json
    assert found["days"] == 7
    by_person = {one["person"]: one for one in found["people"]}
    seen = by_person["alice"]
    assert (seen["decisions"], seen["shareApproved"], seen["unseen"]) == (3, 1.0, 1)
    assert (by_person["bob"]["decisions"], by_person["bob"]["approved"], by_person["bob"]["unseen"]) == (1, 0, 0)
    assert by_person["alice"]["medianSeconds"] is not None
    for days in ("0", "1000", "x", "-1"):
        assert gate.ask("GET", f"/v1/permits/statistics?days={days}", alice).rule == "gate.request"


def test_sixty_four_ask_at_once_and_one_uses_the_permit(gate: GateWorld) -> None:
    token, alice = gate.agent_token(PAYER), gate.person_token("alice")
    id_ = _asked(gate, token)
    gate.ask("POST", f"/v1/permits/{id_}/approve", alice, {})
    with ThreadPoolExecutor(64) as pool:
        decisions = list(pool.map(lambda _: _use(gate, token, id_)["decision"], range(64)))
    assert decisions.count("allow") == 1


class Receiver(FakeServer):
    """A receiver that checks signatures as Standard Webhooks says."""

    def __init__(self) -> None:
        super().__init__(self._take)
        self.status, self.events = 503, list[dict[str, Any]]()

    def _take(self, request: Request) -> Answer:
        key = signing_key(SECRET)
        assert key is not None
        signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
        expected = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
        assert request.headers["webhook-signature"] == expected
        event = request.json()
        if event["type"] == "alert-test":
            return Answer(self.status)
        EVENT.validate(event)
        asked = event["type"] == "permit-pending"
        assert (event["data"]["permit"] == request.headers["webhook-id"]) is asked
        if self.status == 204:
            self.events.append(event)
        return Answer(self.status)


def test_people_are_told_by_a_signed_hook_until_it_is_taken(world: PipelineWorld, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "secret").chmod(0o600)
    env = {"AGENTGOV_PERMIT_HOOK_SECRET_FILE": str(tmp_path / "secret")}
    with (
        Receiver().serve() as receiver,
        GateWorld(world, tmp_path / "gate", "--permit-hook", f"{receiver.url}/told?by=gate", env=env) as gate,
    ):
        token, alice = gate.agent_token(PAYER), gate.person_token("alice")
        first, second = _asked(gate, token, "a"), _asked(gate, token, "b")
        until(lambda: len(receiver.requests) >= 2, "that the receiver is asked")
        assert receiver.events == []
        until(lambda: "route hook:permits does not deliver: it answers 503" in gate.log, "that it is said")
        gate.ask("POST", f"/v1/permits/{second}/deny", alice, {})
        gate.kill()
        receiver.status = 204
        gate.start()
        until(lambda: len(receiver.events) == 2, "that another process tells what the killed one could not")
        told = {(event["type"], event["data"]["permit"]) for event in receiver.events}
        assert told == {("permit-pending", first), ("permit-denied", second)}
        assert receiver.events[0]["data"]["asks"] == [{"who": ["dave", "team:support"], "count": 1}]
        assert b"amount" not in receiver.requests[-1].body
        receiver.status = 410
        third = _asked(gate, token, "c")
        until(lambda: [one for one in _routes(gate) if one["dead"]], "that nobody is there any more")
        receiver.status = 204
        tested = gate.ask("POST", "/v1/alert-routes/hook:permits/test", alice, {})
        assert tested.status == 202, tested.body
        until(lambda: not any(one["dead"] for one in _routes(gate)), "that a test makes the route alive again")
        gate.ask("POST", f"/v1/permits/{third}/approve", alice, {})
        until(lambda: receiver.events[-1]["type"] == "permit-approved", "that the receiver hears of the answer")


def _routes(gate: GateWorld) -> list[Any]:
    return list(gate.ask("GET", "/v1/alert-routes", gate.person_token("erin")).json["routes"])


class Person:
    """Somebody at a terminal, with a token in a file."""

    def __init__(self, world: PipelineWorld, gate: GateWorld, name: str, folder: Path) -> None:
        file = folder / f"{name}.token"
        file.write_text(gate.person_token(name))
        file.chmod(0o600)
        self._world = world
        self._env = os.environ | {"AGENTGOV_GATE": f"http://127.0.0.1:{gate.port}", "AGENTGOV_TOKEN_FILE": str(file)}

    def __call__(self, *words: str, **env: str) -> "subprocess.CompletedProcess[str]":
        return ran(["action", *words], self._world.work, self._env | env)

    def json(self, *words: str) -> Any:
        """The answer as JSON, held against its schema."""
        done = self(*words, "--json")
        assert done.returncode == 0, done.stderr
        document = json.loads(done.stdout)
        assert_holds(document, f"action-{words[0]}")
        return document


def test_people_decide_at_the_terminal(gate: GateWorld, world: PipelineWorld, tmp_path: Path) -> None:
    token = gate.agent_token(PAYER)
    alice, carol = (Person(world, gate, name, tmp_path) for name in ("alice", "carol"))
    assert alice.json("list")["permits"] == []
    assert "no agent waits" in alice("list").stdout
    id_ = _asked(gate, token, subject="customer 7")
    assert [one["id"] for one in alice.json("list")["permits"]] == [id_]
    listed = alice("list").stdout
    assert id_ in listed
    assert str(PAYER) in listed
    shown = alice("show", id_).stdout
    for word in ("refund.create", "customer 7", '{"amount": 200}', "1 of dave, team:support", "you may decide"):
        assert word in shown
    assert alice.json("show", id_)["permit"]["may"] is True
    refused = carol("approve", id_)
    assert refused.returncode == 1
    assert "not carol" in refused.stderr
    assert alice.json("approve", id_, "--reason", "it is broken")["permit"]["state"] == "approved"
    assert alice.json("deny", id_)["permit"]["state"] == "denied"
    late = alice("approve", id_)
    assert (late.returncode, "nothing is left to decide" in late.stderr) == (1, True)
    assert [one["state"] for one in alice.json("list", "--all")["permits"]] == ["denied"]
    assert alice.json("statistics")["people"][0]["person"] == "alice"
    assert "alice" in alice("statistics").stdout


def test_what_is_wrong_at_the_terminal_is_said(gate: GateWorld, world: PipelineWorld, tmp_path: Path) -> None:
    alice = Person(world, gate, "alice", tmp_path)
    assert alice("show", "../tokens").returncode == 2
    unknown = alice("show", "f" * 32)
    assert (unknown.returncode, "nothing here for you" in unknown.stderr) == (1, True)
    nobody = alice("list", AGENTGOV_TOKEN_FILE=str(tmp_path / "none"))
    assert (nobody.returncode, "AGENTGOV_TOKEN_FILE" in nobody.stderr) == (2, True)
    gate.kill()
    away = alice("list")
    assert (away.returncode, "gave no answer" in away.stderr) == (3, True)
    assert "Traceback" not in away.stderr
