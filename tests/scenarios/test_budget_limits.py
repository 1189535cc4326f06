"""What happens at the limits of budgets, at a gate that really runs: people are told once, agents are paused once."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from fakeserver import FakeServer, Request
from fakeserver import Reply as Answer
from gateworld import GateWorld, Reply
from patience import until
from pipelineworld import PipelineWorld
from simulator import agent_file
from standardwebhooks import Webhook

from agentgov.model.names import AgentId
from agentgov.resources import folder
from templates import copied, made

PAUSED, LAVISH = AgentId("support", "careful"), AgentId("support", "lavish")
TOOLS = """  tools:
    - {name: maps.route, effect: read, cost: "0.01 USD"}
  actions:
    - {match: {tools: [maps.route]}, then: allow}
"""
BUDGETS = {
    PAUSED: '{rolling: {24h: "0.10 USD"}, alertAt: [0.5, 0.8], onLimit: pause}',
    LAVISH: '{day: "0.02 USD", onLimit: alert}',
}
SECRET = "whsec_" + "c2VjcmV0IG9mIGEgYnVkZ2V0IGhvb2sgMDE="
EVENT = jsonschema.Draft7Validator(json.loads((folder("schemas") / "events/budget.schema.json").read_text("utf-8")))


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> PipelineWorld:
    def make(place: Path) -> PipelineWorld:
        files = {}
        for agent, budget in BUDGETS.items():
            text = agent_file(agent, team="support").partition("  tools:")[0]
            files[agent.file] = f"{text}{TOOLS}  budget: {budget}\n  oncall: {{escalate: [team:support]}}\n"
            files[f"{agent.folder}/prompts/system.md"] = "Pay.\n"
        world = PipelineWorld(place, files=files)
        for agent in BUDGETS:
            world.ship("1.0.0", agent)
        return world

    return made(tmp_path_factory.mktemp("shipped"), make)


class Receiver(FakeServer):
    """Takes events whose signature is good."""

    def __init__(self) -> None:
        super().__init__(self._take)
        self.events: list[dict[str, Any]] = []

    def _take(self, request: Request) -> Answer:
        event = Webhook(SECRET).verify(request.body, dict(request.headers))
        EVENT.validate(event)
        self.events.append(event)
        return Answer(204)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().serve() as receiver:
        yield receiver


@pytest.fixture
def gate(shipped: PipelineWorld, receiver: Receiver, tmp_path: Path) -> Iterator[GateWorld]:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    env = {"AGENTGOV_BUDGET_HOOK_SECRET_FILE": str(secret)}
    with GateWorld(copied(shipped, tmp_path), tmp_path / "gate", "--budget-hook", receiver.url, env=env) as running:
        yield running


def spend(gate: GateWorld, agent: AgentId, token: str, key: str, amount: str) -> Reply:
    place = f"/v1/agents/{agent}/reservations"
    found = gate.ask("POST", place, token, {"key": key, "amount": f"{amount} USD"})
    if found.status == 200:
        gate.ask("POST", f"{place}/{found.json['id']}/settle", token, {"amount": f"{amount} USD"})
    return found


def test_people_are_told_of_shares_once_and_a_spent_budget_pauses_its_agent_once(
    gate: GateWorld, receiver: Receiver
) -> None:
    token = gate.agent_token(PAUSED)
    spend(gate, PAUSED, token, "a", "0.05")
    until(lambda: len(receiver.events) == 1, "that people are told of half of it")
    assert spend(gate, PAUSED, token, "large", "0.09").rule == "budget.exceeded"  # half is left: nothing is reached
    for key in ("b", "c", "d"):
        spend(gate, PAUSED, token, key, "0.01")
    until(lambda: len(receiver.events) == 2, "that people are told of four fifths")
    assert [one["type"] for one in receiver.events] == ["budget-share"] * 2
    assert [one["data"]["share"] for one in receiver.events] == [0.5, 0.8]
    assert spend(gate, PAUSED, token, "e", "5.00").rule == "budget.exceeded"  # could never be had
    assert spend(gate, PAUSED, token, "f", "0.03").rule == "budget.exceeded"
    assert spend(gate, PAUSED, token, "g", "0.01").rule == "budget.paused"
    until(lambda: len(receiver.events) == 4, "that people are told of the pause")
    assert {one["type"] for one in receiver.events[2:]} == {"budget-limit", "budget-pause"}
    (pause,) = gate.ask("GET", "/v1/pauses", gate.person_token("alice")).json["pauses"]
    assert (pause["selector"], pause["by"]) == (str(PAUSED), "gate")
    assert "any 24h of support/careful in production" in pause["reason"]
    metrics = gate.ask("GET", "/metrics").body.decode()
    assert 'agentgov_gate_budget_marks_total{mark="share"} 2.0' in metrics
    assert 'agentgov_gate_budget_marks_total{mark="pause"} 1.0' in metrics
    assert "paused its agent" in gate.log


def test_a_budget_that_only_tells_lets_it_go_on_loudly(gate: GateWorld, receiver: Receiver) -> None:
    token = gate.agent_token(LAVISH)
    assert spend(gate, LAVISH, token, "a", "0.02").json["over"] == ""
    found = spend(gate, LAVISH, token, "b", "0.01")
    assert (found.status, "the day of support/lavish in production" in found.json["over"]) == (200, True)
    until(lambda: receiver.events, "that people are told")
    assert receiver.events[0]["type"] == "budget-limit"
    shown = gate.ask("GET", f"/v1/budgets/{LAVISH}", gate.person_token("alice")).json["budgets"]
    bar = next(one for one in shown[1]["bars"] if (one["scope"], one["window"]) == ("agent", "day"))
    assert (bar["limit"], bar["spent"], bar["enforced"], bar["on_limit"]) == (20_000_000, 30_000_000, False, "alert")


def test_staging_is_never_paused(gate: GateWorld, receiver: Receiver) -> None:
    token = gate.agent_token(PAUSED, "staging")
    spend(gate, PAUSED, token, "a", "0.10")
    assert spend(gate, PAUSED, token, "b", "0.01").rule == "budget.exceeded"
    assert spend(gate, PAUSED, token, "c", "0.01").rule == "budget.exceeded"
    until(lambda: len(receiver.events) == 3, "that people are told of the shares and the limit")
    assert gate.ask("GET", "/v1/pauses", gate.person_token("alice")).json["pauses"] == []


def test_a_tool_that_costs_comes_out_of_the_budget(gate: GateWorld, receiver: Receiver) -> None:
    token = gate.agent_token(PAUSED)

    def act(key: str) -> Reply:
        place = f"/v1/agents/{PAUSED}/actions"
        return gate.ask("POST", place, token, {"tool": "maps.route", "key": key, "args": {}})

    spend(gate, PAUSED, token, "a", "0.08")
    one, two = act("b"), act("c")
    assert (one.json["decision"], two.json["decision"]) == ("allow", "allow")
    told = gate.ask("POST", f"/v1/agents/{PAUSED}/outcomes", token, {"permit": one.json["permit"]["id"], "ok": True})
    assert told.status == 200
    shown = gate.ask("GET", f"/v1/budgets/{PAUSED}", gate.person_token("alice")).json["budgets"]
    bar = next(one for one in shown[1]["bars"] if (one["scope"], one["window"]) == ("agent", "24h"))
    assert (bar["spent"], bar["reserved"]) == (90_000_000, 10_000_000)
    told = gate.ask("POST", f"/v1/agents/{PAUSED}/outcomes", token, {"permit": two.json["permit"]["id"], "ok": True})
    until(lambda: len(receiver.events) == 3, "that people are told of a limit before anybody is refused")
    refused = act("d").json
    assert (refused["decision"], [why["rule"] for why in refused["reasons"]]) == ("deny", ["budget.exceeded"])
    assert act("e").json["reasons"][0]["rule"] == "action.paused"
    until(lambda: len(receiver.events) == 4, "that people are told")


def test_one_key_and_attempt_name_an_action_and_other_money_beside_it(gate: GateWorld) -> None:
    token, ask, place = gate.agent_token(PAUSED), {"key": "order-17", "attempt": "1"}, f"/v1/agents/{PAUSED}"
    money = gate.ask("POST", f"{place}/reservations", token, {**ask, "amount": "0.02 USD"}).json
    acted = gate.ask("POST", f"{place}/actions", token, {**ask, "tool": "maps.route", "args": {}}).json
    assert (money["amount"], acted["decision"], acted["again"]) == (20_000_000, "allow", False)
    told = gate.ask("POST", f"{place}/outcomes", token, {"permit": acted["permit"]["id"], "ok": False, "done": False})
    assert told.status == 200
    settled = gate.ask("POST", f"{place}/reservations/{money['id']}/settle", token, {"amount": "0.01 USD"}).json
    assert (settled["state"], settled["actual"]) == ("settled", 10_000_000)
