"""An agent that does not listen: whatever it goes on asking for, a pause that was accepted leaves it with nothing.

No callback is registered here, no instance acknowledges anything, nobody closes a connection: what stops the agent is
that everything it needs is refused, by every gate of the fleet.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from gateworld import GateWorld
from patience import until
from payingfleet import PAYER, shipped
from pipelineworld import PipelineWorld
from postgres import Postgres, serving

from agentgov.release import orders
from templates import copied

LEASE, ACTIONS = f"/v1/agents/{PAYER}/lease?key=a", f"/v1/agents/{PAYER}/actions"
FLAGS = "/ofrep/v1/evaluate/flags"
CONTEXT = {"context": {"targetingKey": "a"}}
LARGE = {"amount": 200}  # of which dave is asked


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> PipelineWorld:
    return shipped(tmp_path_factory.mktemp("shipped"))


@pytest.fixture
def world(once: PipelineWorld, tmp_path: Path) -> PipelineWorld:
    found = copied(once, tmp_path)
    found.clock.time = int(time.time())  # gates live at the time of their machine
    return found


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    with serving() as server:
        yield server


def knows(gate: GateWorld, token: str) -> None:
    """Wait until a gate has heard of a token."""
    until(lambda: gate.ask("GET", "/v1/whoami", token).status == 200, "that the gate knows it")


class Deaf:
    """An agent that asks whichever gate it likes, and does not care what it hears."""

    def __init__(self, gate: GateWorld, token: str) -> None:
        self.gate, self.token = gate, token

    def at(self, gate: GateWorld) -> "Deaf":
        """The same agent at another gate, where its token is known as well."""
        knows(gate, self.token)
        return Deaf(gate, self.token)

    def lease(self) -> int:
        return self.gate.ask("GET", LEASE, self.token).status

    def awaits(self, lease: int, decision: str, key: str) -> None:
        """Ask until leases are answered so, and actions are decided so."""
        until(lambda: self.lease() == lease, f"that leases are answered with {lease}")
        until(lambda: self.act(key)["decision"] == decision, f"that actions are decided so: {decision}")

    def act(self, key: str, amount: int = 10, tool: str = "refund.create") -> Any:
        args = {"amount": amount} if tool == "refund.create" else {}
        reply = self.gate.ask("POST", ACTIONS, self.token, {"tool": tool, "args": args, "key": key})
        assert reply.status == 200, reply.body
        return reply.json

    def use(self, permit: str) -> Any:
        reply = self.gate.ask("POST", f"/v1/permits/{permit}/consume", self.token, {"args": LARGE})
        assert reply.status == 200, reply.body
        return reply.json

    def permitted(self, key: str, dave: str) -> str:
        """A permit that it holds, and may use."""
        permit = str(self.act(key, LARGE["amount"])["permit"]["id"])
        assert self.gate.ask("POST", f"/v1/permits/{permit}/approve", dave, {}).json["state"] == "approved"
        return permit


def _rules(answer: Any) -> set[str]:
    return {reason["rule"] for reason in answer["reasons"]}


def _pause(gate: GateWorld, token: str, **more: str) -> None:
    taken = gate.ask("POST", "/v1/pauses", token, {"selector": str(PAYER), "reason": "it pays twice", **more})
    assert taken.status == 201, taken.body


def _resume(world: PipelineWorld) -> None:
    until(lambda: list(world.view().state.pauses()), "that the journal has it")
    world.order("alice", orders.order_resume, str(PAYER), reason="mended")


def test_an_agent_that_ignores_a_pause_gets_nothing(world: PipelineWorld, tmp_path: Path) -> None:
    with GateWorld(world, tmp_path / "gate") as gate:
        agent, alice, dave = Deaf(gate, gate.agent_token(PAYER)), gate.person_token("alice"), gate.person_token("dave")
        held, waiting = agent.permitted("held", dave), str(agent.act("waits", LARGE["amount"])["permit"]["id"])
        etag = gate.ask("GET", LEASE, agent.token).headers["etag"]
        assert agent.act("before")["decision"] == "allow"
        _pause(gate, alice)
        # no lease: not a fresh one, not the word that the one it has is still good, not by OpenFeature
        assert agent.lease() == 403
        again = gate.ask("GET", LEASE, agent.token, headers={"If-None-Match": etag})
        assert (again.status, again.rule) == (403, "runtime.paused")
        for part in ("", "/prompt", "/model", "/params"):
            flag = gate.ask("POST", f"{FLAGS}/{PAYER}{part}", agent.token, CONTEXT)
            assert flag.status == 400
            assert "value" not in flag.json
        assert all("value" not in one for one in gate.ask("POST", FLAGS, agent.token, CONTEXT).json["flags"])
        # no action: not a new one, not under the key of one that was allowed, and nobody is asked for a permit
        for key, amount in (("new", 10), ("before", 10), ("large", LARGE["amount"])):
            refused = agent.act(key, amount)
            assert (refused["decision"], refused["permit"]) == ("deny", None)
            assert "action.paused" in _rules(refused)
        # no use of what it holds, nor of what is approved meanwhile
        assert gate.ask("POST", f"/v1/permits/{waiting}/approve", dave, {}).json["state"] == "approved"
        for permit in (held, waiting):
            assert "action.paused" in _rules(agent.use(permit))
        # and what it could not use is not lost: once a person resumes it, it is used exactly once
        _resume(world)
        until(lambda: agent.use(held)["decision"] == "allow", "that the permit is used")
        assert _rules(agent.use(held)) == {"permit.consumed"}
        assert agent.lease() == 200


def test_read_only_leaves_it_what_changes_nothing(world: PipelineWorld, tmp_path: Path) -> None:
    with GateWorld(world, tmp_path / "gate") as gate:
        agent, dave = Deaf(gate, gate.agent_token(PAYER)), gate.person_token("dave")
        held = agent.permitted("held", dave)
        _pause(gate, gate.person_token("alice"), mode="read-only")
        assert agent.act("look", tool="orders.lookup")["decision"] == "allow"
        assert "action.read-only" in _rules(agent.act("pay"))
        assert "action.read-only" in _rules(agent.use(held))


@pytest.mark.slow
def test_a_pause_that_one_gate_took_holds_at_every_other(
    database: Postgres, world: PipelineWorld, tmp_path: Path
) -> None:
    store = database.database()
    with ExitStack() as running:
        gates = [running.enter_context(GateWorld(world, tmp_path / name, store=store)) for name in ("a", "b", "c")]
        agent, dave = Deaf(gates[0], gates[0].agent_token(PAYER)), gates[0].person_token("dave")
        everywhere = [agent.at(gate) for gate in gates]
        alice = gates[-1].person_token("alice")
        for gate in gates:
            knows(gate, alice)
        for number, taker in enumerate(gates):
            held = agent.permitted(f"held-{number}", dave)
            _pause(taker, alice)
            for place, one in enumerate(everywhere):  # from the answer on, without waiting for anything
                refused = one.act(f"{number}-{place}")
                assert (refused["decision"], refused["permit"]) == ("deny", None)
                assert "action.paused" in _rules(refused)
                assert "action.paused" in _rules(one.use(held))
            for one in everywhere:
                one.awaits(403, "deny", f"{number}-soon")
            _resume(world)
            for one in everywhere:
                one.awaits(200, "allow", f"{number}-again")
