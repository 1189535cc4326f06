"""Agents that run by the SDK at a gate that really runs: what they get, what they may do, and that they stop."""

import asyncio
import contextlib
import os
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from gateworld import GateWorld
from patience import PATIENCE, until
from pipelineworld import PipelineWorld
from sdkworld import PAYER, SYSTEM
from simulator import TRIAGE

import agentgov
from agentgov import sdk
from agentgov.errors import ConfigurationError
from agentgov.release import orders
from agentgov.runtime.bucketing import in_canary
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.ledger import read
from agentgov.sdk.running import Agent
from agentgov.store.open import open_store
from templates import copied

ID = str(PAYER)


@pytest.fixture
def world(once_paying: PipelineWorld, tmp_path: Path) -> PipelineWorld:
    return copied(once_paying, tmp_path)


@pytest.fixture
def gate(world: PipelineWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GateWorld]:
    with GateWorld(world, tmp_path / "gate") as running:
        file = tmp_path / "payer.token"
        file.touch(0o600)
        file.write_text(running.agent_token(PAYER) + "\n")
        monkeypatch.setenv("AGENTGOV_GATE", running.url)
        monkeypatch.setenv("AGENTGOV_TOKEN_FILE", str(file))
        yield running


class Clock:
    """Seconds that only a test lets pass."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def decide(gate: GateWorld, permit: str, person: str = "bob", what: str = "approve") -> None:
    """Have somebody decide about a permit."""
    found = gate.ask("POST", f"/v1/permits/{permit}/{what}", gate.person_token(person), {"reason": "seen"})
    assert found.status == 200, found.body


def outcome(gate: GateWorld, permit: str) -> str:
    return str(gate.ask("GET", f"/v1/permits/{permit}", gate.person_token("alice")).json["outcome"])


# --- what it gets --------------------------------------------------------------------------------------------------


def test_an_agent_runs_on_its_release(gate: GateWorld, world: PipelineWorld) -> None:
    with agentgov.agent(ID, keys=[world.signers["gate"].public_key]) as agent:
        assert (agent.release, agent.variant, agent.mode) == (f"{PAYER}/v1.0.0", "stable", "run")
        assert (agent.model, agent.params) == ("anthropic/claude-sonnet-4-5", {"max_output_tokens": 500})
        assert [tool.name for tool in agent.tools] == ["orders.lookup", "refund.create"]
        text = agent.prompt(customer="Ada", most=3, vip=False)
        assert text.startswith("You pay <untrusted-")
        assert text.splitlines()[2] == "Be kind."
        agent.config["spec"]["tools"].clear()
        assert agent.config["spec"]["tools"]
        until(lambda: instances(gate), "that the gate hears what runs")
        assert [(one["state"], one["release"]) for one in instances(gate)] == [("ok", f"{PAYER}/v1.0.0")]
    with pytest.raises(sdk.Stopped, match="closed"):
        agent.check()


def instances(gate: GateWorld) -> list[Any]:
    found = gate.ask("GET", f"/v1/agents/{PAYER}/running", gate.person_token("alice"))
    return list(found.json["instances"])


def test_only_the_pinned_keys_sign_leases(gate: GateWorld, world: PipelineWorld, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="none of the gate's keys"):
        agentgov.agent(ID, keys=[world.signers["alice"].public_key])
    keys = tmp_path / "gate.keys"
    keys.write_text("# of the gate\n" + world.signers["gate"].public_key)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("AGENTGOV_GATE_KEYS", str(keys))
        agentgov.agent(ID).close()
        keys.write_text("\n")
        with pytest.raises(ConfigurationError, match="there is none"):
            agentgov.agent(ID)


def test_a_token_that_others_can_read_is_not_used(gate: GateWorld) -> None:
    os.chmod(os.environ["AGENTGOV_TOKEN_FILE"], 0o644)
    with pytest.raises(ConfigurationError, match="read by others"):
        agentgov.agent(ID)


def test_a_token_that_is_not_the_agents_opens_nothing(gate: GateWorld) -> None:
    with pytest.raises(sdk.Stopped):
        agentgov.agent(ID, token=gate.agent_token(TRIAGE))
    with pytest.raises(sdk.Stopped):
        agentgov.agent(ID, token="agt_nobody")


# --- what it may do ------------------------------------------------------------------------------------------------


def test_what_a_rule_allows_is_allowed_and_its_outcome_is_told(gate: GateWorld) -> None:
    with agentgov.agent(ID) as agent:
        with agent.act("refund.create", {"amount": 50}) as action:
            assert action.args == {"amount": 50}
        assert outcome(gate, action.permit) == "done"
        told = gate.ask("GET", f"/v1/permits/{action.permit}", gate.person_token("alice")).json
        assert action.receipt.place == f"{PAYER.workspace}/{told['record']}"
        assert 0 <= action.receipt.signed <= action.receipt.record
        with pytest.raises(ZeroDivisionError), agent.act("refund.create", {"amount": 1}) as action:
            raise ZeroDivisionError
        assert outcome(gate, action.permit) == "failed"
        action = agent.act("refund.create", {"amount": 1})
        action.not_done("the bank was closed")
        assert outcome(gate, action.permit) == "not-done"


def test_what_an_action_is_about_and_for_is_recorded(gate: GateWorld) -> None:
    with agentgov.agent(ID) as agent:
        agent.act("refund.create", {"amount": 1}, subject="Ada", purpose="goodwill", refs={"ticket": "T-1"})
    store = open_store(gate.store, serving=False)
    try:
        (found,) = store.read(lambda tx: read(tx, subject="Ada", purpose="goodwill", payloads=True)).result(PATIENCE)
    finally:
        store.close()
    assert found.payload is not None
    assert b'"refs":{"ticket":"T-1"}' in found.payload
    assert b"Ada" not in found.leaf


def test_what_no_rule_allows_is_denied_with_the_reasons(gate: GateWorld) -> None:
    with agentgov.agent(ID) as agent:
        with pytest.raises(sdk.Denied) as denied:
            agent.act("refund.create", {"amount": 501})
        assert denied.value.rules == ("action.no-rule",)
        with pytest.raises(sdk.Denied) as denied:
            agent.act("refund.create", {"amount": "much"})
        assert denied.value.rules == ("action.arguments",)
        with pytest.raises(sdk.Denied) as denied:
            agent.act("mail.send", {})
        assert denied.value.rules == ("action.tool-unlisted",)
        for bad in ({"amount": float("nan")}, {"amount": object()}, {"note": "\ud800"}):
            with pytest.raises(sdk.AgentgovError, match="no JSON"):
                agent.act("refund.create", bad)


def test_a_key_permits_once_also_to_another_process(gate: GateWorld) -> None:
    with agentgov.agent(ID) as first, agentgov.agent(ID) as second:
        first.act("refund.create", {"amount": 5}, key="order-1").done()
        for agent in (first, second):
            with pytest.raises(sdk.Repeated) as repeated:
                agent.act("refund.create", {"amount": 5}, key="order-1")
            assert repeated.value.outcome == "done"
        with pytest.raises(sdk.Denied) as denied:
            second.act("refund.create", {"amount": 6}, key="order-1")
        assert denied.value.rule == "action.key"


def test_a_key_permits_once_however_many_ask_at_once(gate: GateWorld) -> None:
    def use(agent: Agent) -> bool:
        try:
            agent.act("refund.create", {"amount": 5}, key="order-1").done()
        except sdk.Repeated:
            return False
        return True

    with agentgov.agent(ID) as agent, ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(use, [agent] * 16)) == 1


def test_people_are_waited_for_and_their_permit_is_used(gate: GateWorld) -> None:
    with agentgov.agent(ID) as agent, ThreadPoolExecutor(1) as pool:
        waits = pool.submit(agent.act, "refund.create", {"amount": 200}, subject="ada", wait=PATIENCE)
        pending = wait_for_permit(gate)
        decide(gate, pending)
        with waits.result(PATIENCE) as action:
            assert (action.permit, action.args) == (pending, {"amount": 200})
        assert gate.ask("GET", f"/v1/permits/{pending}", gate.person_token("alice")).json["state"] == "consumed"
        assert outcome(gate, pending) == "done"


def wait_for_permit(gate: GateWorld) -> str:
    token = gate.person_token("alice")
    found: list[str] = []

    def asked() -> bool:
        page = gate.ask("GET", "/v1/permits?state=pending", token).json["permits"]
        found[:] = [one["id"] for one in page]
        return bool(found)

    until(asked, "that people are asked")
    return found[0]


def test_a_permit_is_for_exactly_the_call_that_was_asked_for(gate: GateWorld) -> None:
    with agentgov.agent(ID) as agent:
        args: dict[str, Any] = {"amount": 200, "note": "a"}
        pending = agent.act("refund.create", args, wait=None)
        assert isinstance(pending, sdk.Pending)
        assert pending.state == "pending"
        decide(gate, pending.id)
        for changed, subject in (({**args, "note": "b"}, ""), ({**args, "amount": 201}, ""), (args, "ada")):
            with pytest.raises(sdk.Denied) as denied:
                agent.pending(pending.id, "refund.create", changed, subject=subject).wait(PATIENCE)
            assert denied.value.rules == ("permit.arguments",)
        args["amount"] = 499  # what is done to the arguments afterwards changes nothing
        assert pending.wait(PATIENCE).args == {"amount": 200, "note": "a"}
        with pytest.raises(sdk.Denied, match="used before"):
            pending.wait(PATIENCE)


def test_a_no_of_people_and_their_silence_are_no_permission(gate: GateWorld) -> None:
    with agentgov.agent(ID) as agent:
        pending = agent.act("refund.create", {"amount": 200}, wait=None)
        assert isinstance(pending, sdk.Pending)
        with pytest.raises(sdk.Undecided) as undecided:
            pending.wait(0)
        assert undecided.value.permit == pending.id
        decide(gate, pending.id, what="deny")
        with pytest.raises(sdk.Denied, match="people said no"):
            pending.wait(PATIENCE)


def test_money_is_set_aside_before_it_is_spent_and_never_more_than_there_is(gate: GateWorld) -> None:
    with agentgov.agent(ID) as agent:
        with agent.spend(input_tokens=1000, max_output_tokens=200, run="r") as money:
            assert (money.amount, money.currency) == (6_000_000, "USD")
            money.settle(input_tokens=900, output_tokens=100)
        agent.spend(input_tokens=10).release()
        with pytest.raises(sdk.Denied, match="the day of support/payer in production"):
            agent.spend(input_tokens=2_000_000)
        with pytest.raises(sdk.Denied, match="price list"):
            agent.spend(input_tokens=1, model="openai/gpt-4o")
    budgets = gate.ask("GET", f"/v1/budgets/{PAYER}", gate.person_token("alice")).json["budgets"]
    bars = next(one["bars"] for one in budgets if one["environment"] == "production")
    assert [(one["spent"], one["reserved"]) for one in bars] == [(4_200_000, 0)] * len(bars)


def test_an_event_loop_does_the_same(gate: GateWorld) -> None:
    async def main() -> None:
        async with agentgov.async_agent(ID) as agent:
            assert agent.prompt(customer="Ada", most=3, vip=True).splitlines()[2] == "Be kind. They are important."
            async with await agent.act("refund.create", {"amount": 50}) as action:
                pass
            assert await asyncio.to_thread(outcome, gate, action.permit) == "done"
            with pytest.raises(sdk.Denied):
                await agent.act("refund.create", {"amount": 501})
            pending = await agent.act("refund.create", {"amount": 200}, wait=None)
            assert isinstance(pending, sdk.AsyncPending)
            waits = asyncio.create_task(pending.wait(PATIENCE))
            await asyncio.to_thread(decide, gate, pending.id)
            await (await waits).failed("the bank refused")
            assert await asyncio.to_thread(outcome, gate, pending.id) == "failed"

    asyncio.run(main())


# --- that it stops -------------------------------------------------------------------------------------------------


def test_without_the_gate_an_agent_stops_at_its_hard_expiry_and_not_before(gate: GateWorld) -> None:
    clock = Clock()
    with agentgov.agent(ID, clock=clock, background=False) as agent:
        gate.kill()
        clock.now += 59.9
        agent.check()
        clock.now += 0.1
        with pytest.raises(sdk.Expired):
            agent.check()
        with pytest.raises(sdk.Expired):
            agent.prompt(customer="Ada", most=3, vip=False)
        with pytest.raises(sdk.Expired):
            agent.act("orders.lookup", {})
        gate.start()
        clock.now += 60
        agent.check()


def test_with_the_gate_killed_an_event_loop_stops_at_the_hard_expiry_whatever_the_wall_clock_says(
    gate: GateWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()

    async def main() -> None:
        async with agentgov.async_agent(ID, clock=clock) as agent:
            gate.kill()
            for wall in (0.0, 4e9):  # a clock that is set back, or far ahead, stretches and shortens nothing
                monkeypatch.setattr("time.time", lambda: wall)  # noqa: B023
                monkeypatch.setattr("time.time_ns", lambda: int(wall * 1e9))  # noqa: B023
                agent.check()
            clock.now += 59.9
            assert agent.prompt(customer="Ada", most=3, vip=False)
            clock.now += 0.1
            with pytest.raises(sdk.Expired):
                agent.check()
            with pytest.raises(sdk.Expired):
                await agent.act("orders.lookup", {})
            with pytest.raises(sdk.Expired):
                await agent.spend(input_tokens=1)

    asyncio.run(main())


def test_who_waits_for_people_stops_at_the_hard_expiry_too(gate: GateWorld) -> None:
    clock = Clock()
    with agentgov.agent(ID, clock=clock) as agent:
        pending = agent.act("refund.create", {"amount": 200}, wait=None)
        assert isinstance(pending, sdk.Pending)
        gate.kill()
        clock.now += 60
        with pytest.raises(sdk.Expired):
            pending.wait(PATIENCE)


def test_a_lease_holds_from_before_it_was_asked_for(gate: GateWorld) -> None:
    clock = Clock()
    with agentgov.agent(ID, clock=clock, background=False) as agent:
        backend = agent._keeper.backend
        lease = backend.lease

        def slow(*asked: str) -> Any:
            found = lease(*asked)
            clock.now += 59
            return found

        backend.lease = slow  # type: ignore[assignment,method-assign]
        clock.now += 10
        agent.check()  # asked for now, and answered 59 seconds later
        gate.kill()
        clock.now += 0.9
        agent.check()
        clock.now += 0.2
        with pytest.raises(sdk.Expired):
            agent.check()


def test_a_paused_agent_stops_at_once_and_goes_on_when_it_is_resumed(gate: GateWorld, world: PipelineWorld) -> None:
    with agentgov.agent(ID) as agent:
        until(lambda: any(instances(gate)), "that it runs")
        world.order("erin", orders.order_pause, ID, mode="stop", until=0, reason="It loops.")
        until(lambda: stopped(agent), "that it stops")
        with pytest.raises(sdk.Paused, match=r"support/payer is paused by erin since 20.*: It loops\.") as paused:
            agent.prompt(customer="Ada", most=3, vip=False)
        assert "agentgov resume" in paused.value.hint
        [pause] = gate.ask("GET", "/v1/pauses", gate.person_token("alice")).json["pauses"]
        told = paused.value.pause, paused.value.by, paused.value.reason, paused.value.since, paused.value.until
        assert told == (pause["id"], "erin", "It loops.", pause["requested"] // 1000, 0)
        with pytest.raises(sdk.Paused):
            agent.act("orders.lookup", {})
        until(lambda: instances(gate)[0]["acknowledged"], "that the gate hears that it stopped")
        with pytest.raises(sdk.Paused) as paused:
            agentgov.agent(ID)
        assert paused.value.pause == pause["id"]
        world.order("erin", orders.order_resume, ID)
        until(lambda: not stopped(agent), "that it goes on")
        agent.act("refund.create", {"amount": 5}).done()


def test_who_paused_an_agent_is_told_to_it_in_the_middle_of_whatever_it_asks_for(gate: GateWorld) -> None:
    asked = {"selector": ID, "reason": "It loops.", "mode": "stop"}
    with agentgov.agent(ID, background=False) as one, agentgov.agent(ID, background=False) as other:
        assert gate.ask("POST", "/v1/pauses", gate.person_token("erin"), asked).status in (200, 201)
        for ask in (lambda: one.act("orders.lookup", {}), lambda: other.spend(input_tokens=10)):
            with pytest.raises(sdk.Paused) as paused:
                ask()
            assert re.search(r"is paused by erin since 20\d\d-.* UTC: It loops\.$", paused.value.message)
            assert (paused.value.by, paused.value.reason.splitlines()[0]) == ("erin", "It loops.")


def stopped(agent: Agent) -> bool:
    try:
        agent.check()
    except sdk.Paused:
        return True
    return False


def test_read_only_leaves_the_tools_that_read(gate: GateWorld) -> None:
    with agentgov.agent(ID) as agent:
        asked = {"selector": ID, "reason": "Look first.", "mode": "read-only"}
        assert gate.ask("POST", "/v1/pauses", gate.person_token("erin"), asked).status in (200, 201)
        until(lambda: agent.mode == "read-only", "that it is told")
        assert [tool.name for tool in agent.tools] == ["orders.lookup"]
        agent.act("orders.lookup", {}).done()
        with pytest.raises(sdk.Denied) as denied:
            agent.act("refund.create", {"amount": 5})
        assert "action.read-only" in denied.value.rules


def test_a_retired_agent_stops(gate: GateWorld, world: PipelineWorld) -> None:
    clock = Clock()
    with agentgov.agent(ID, clock=clock, background=False) as agent:
        world.order("carol", orders.order_retire, PAYER, reason="It is done.")
        clock.now += 6
        until(lambda: refused(agent, clock), "that it is stopped")


def refused(agent: Agent, clock: Clock) -> bool:
    clock.now += 6
    try:
        agent.check()
    except sdk.Stopped:
        return True
    return False


def test_a_child_process_goes_on_by_itself(gate: GateWorld) -> None:
    with agentgov.agent(ID) as agent:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:  # what happens here, the parent judges
            try:
                agent.act("refund.create", {"amount": 5}, key="child").done()
                os.write(writing, agent._keeper.watch.instance.encode())
            finally:
                os._exit(0)
        os.close(writing)
        told = os.read(reading, 1000).decode()
        os.close(reading)
        os.waitpid(child, 0)
        assert told.rpartition("-")[0].endswith(f"-{child}")
        with pytest.raises(sdk.Repeated):
            agent.act("refund.create", {"amount": 5}, key="child")


def test_a_canary_is_split_by_sticky_keys(gate: GateWorld, world: PipelineWorld) -> None:
    world.write(SYSTEM + "Version 1.1.0.", PAYER)
    world.release("alice", PAYER, "1.1.0")
    world.until(lambda at: at.canary.state == "RAMP", PAYER)

    def variant(key: str) -> str:
        with agentgov.agent(ID, key=key, background=False) as agent:
            return agent.variant

    deployed = Fleet(world.view()).deployed(PAYER, "production")
    users = [f"user-{number}" for number in range(1000)]
    members = [key for key in users if in_canary(deployed.rollout, key, deployed.share)]
    keys = list(dict.fromkeys((*users[:39], members[0])))  # of forty at 5% often none is a member
    ours = {key for key in keys if key in members}
    until(lambda: needs_key(), "that the gate serves the canary")
    assert {key for key in keys if variant(key) == "canary"} == ours
    with contextlib.ExitStack() as stack:
        stack.enter_context(agentgov.agent(ID, key=keys[0]))
        until(lambda: instances(gate), "that the gate hears of one release")
        agents = {key: stack.enter_context(agentgov.agent(ID, key=key)) for key in keys}
        assert {key for key, agent in agents.items() if agent.variant == "canary"} == ours
        assert sum(one.name == f"agentgov {ID}" for one in threading.enumerate()) == 2
        until(lambda: len({one["release"] for one in instances(gate)}) == 2, "that the gate hears of both releases")
    with agentgov.agent(ID, release=f"{PAYER}/v1.1.0", background=False) as agent:
        assert (agent.variant, "Version 1.1.0." in agent.prompt(customer="Ada", most=3, vip=False)) == ("pinned", True)
        agent.act("refund.create", {"amount": 5}).done()


def needs_key() -> bool:
    try:
        agentgov.agent(ID, background=False).close()
    except sdk.Stopped as stop:
        return stop.rule == "runtime.key"
    return False


def test_threads_share_an_agent(gate: GateWorld) -> None:
    with agentgov.agent(ID) as agent:
        started = threading.Barrier(8)

        def use(number: int) -> str:
            started.wait(PATIENCE)
            action = agent.act("refund.create", {"amount": 1}, key=f"key-{number}")
            action.done()
            return action.permit

        with ThreadPoolExecutor(8) as pool:
            assert len(set(pool.map(use, range(8)))) == 8
