"""Agents without a server: the same API over a clone, where what needs a gate or a memory is refused."""

import asyncio
import os
import signal
from pathlib import Path

import pytest
from patience import PATIENCE, until
from pipelineworld import PipelineWorld
from sdkworld import PAYER, payer_world
from simulator import TRIAGE

import agentgov
from agentgov import sdk
from agentgov.release import orders
from agentgov.runtime.ledger import read as read_ledger
from agentgov.sdk.embedded import Embedded
from agentgov.store.open import open_store
from templates import copied

ID = str(PAYER)


@pytest.fixture
def world(once_paying: PipelineWorld, tmp_path: Path) -> PipelineWorld:
    return copied(once_paying, tmp_path)


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'agent.db'}"


def test_a_clone_is_enough_to_run(world: PipelineWorld) -> None:
    with agentgov.agent(ID, repo=world.work) as agent:
        assert (agent.release, agent.variant, agent.mode) == (f"{PAYER}/v1.0.0", "stable", "run")
        assert agent.prompt(customer="Ada", most=3, vip=False).startswith("You pay <untrusted-")
        agent.act("orders.lookup", {}).done()
        with pytest.raises(sdk.Denied) as denied:
            agent.act("refund.create", {"amount": 501})
        assert denied.value.rules == ("action.no-rule",)
        with pytest.raises(sdk.Denied, match="no gate to ask"):
            agent.act("refund.create", {"amount": 200})
        with pytest.raises(sdk.NotSupported):
            agent.spend(input_tokens=1)


def test_without_a_store_nothing_is_permitted_that_a_quota_counts(world: PipelineWorld) -> None:
    with agentgov.agent(ID, repo=world.work) as agent:
        with pytest.raises(sdk.Denied) as denied:
            agent.act("refund.create", {"amount": 5})
        assert denied.value.rules == ("runtime.no-store",)
        agent.act("orders.lookup", {}, key="once").done()
        with pytest.raises(sdk.Repeated):
            agent.act("orders.lookup", {}, key="once")
        with pytest.raises(sdk.Denied, match="another call"):
            agent.act("orders.lookup", {"a": 1}, key="once")


def test_a_store_counts_quotas_and_keeps_records(world: PipelineWorld, store: str) -> None:
    for start in (0, 10):
        with agentgov.agent(ID, repo=world.work, store=store) as agent:
            for number in range(start, start + 10):
                agent.act("refund.create", {"amount": 50}, key=f"order-{number}").done()
            with pytest.raises(sdk.Repeated) as repeated:
                agent.act("refund.create", {"amount": 50}, key="order-0")
            assert repeated.value.outcome == "done"
    with agentgov.agent(ID, repo=world.work, store=store) as agent:
        with pytest.raises(sdk.Denied) as denied:
            agent.act("refund.create", {"amount": 50})
        assert denied.value.rules == ("action.quota",)
    kept = open_store(store)
    types = [one.type for one in kept.read(lambda tx: read_ledger(tx, agent=ID)).result()]
    kept.close()
    assert (types.count("action.allow"), types.count("outcome.done"), types.count("action.deny")) == (20, 20, 1)
    assert types[0] == "lease"


def test_an_agent_that_is_recorded_first_takes_a_store(tmp_path: Path, store: str) -> None:
    world = payer_world(tmp_path, audit="{mode: write-ahead}")
    with pytest.raises(sdk.Stopped) as stopped:
        agentgov.agent(ID, repo=world.work)
    assert stopped.value.rule == "runtime.no-store"
    agentgov.agent(ID, repo=world.work, store=store).close()


def test_a_pause_in_the_journal_stops_it_and_resuming_lets_it_go_on(world: PipelineWorld) -> None:
    told: list[tuple[str, str, str, bool]] = []

    def stopped() -> bool:
        try:
            agent.check()
        except sdk.Paused as paused:
            told.append((paused.by, paused.reason, paused.message.partition(" since 20")[0], paused.since > 0))
            return True
        return False

    with agentgov.agent(ID, repo=world.work) as agent:
        world.order("erin", orders.order_pause, ID, mode="stop", until=0, reason="It loops.")
        until(stopped, "that it stops")
        world.order("erin", orders.order_resume, ID)
        until(lambda: not stopped(), "that it goes on")
        assert set(told) == {("erin", "It loops.", f"{ID} is paused by erin", True)}


def test_a_child_process_goes_on_though_its_parent_was_reading_at_the_fork(world: PipelineWorld) -> None:
    with agentgov.agent(ID, repo=world.work) as agent:
        backend = agent._keeper.backend
        assert isinstance(backend, Embedded)
        reading = backend.journal.repo._storage._child._lock
        reading.acquire()  # as by a thread that is not in the child
        child = os.fork()
        if child == 0:  # what happens here, the parent judges
            signal.alarm(PATIENCE)
            try:
                agent._keeper.take()
                agent.check()
                os._exit(0)
            finally:
                os._exit(1)
        reading.release()
        assert os.waitpid(child, 0)[1] == 0


def test_a_clone_that_cannot_fetch_is_a_gate_that_is_away(world: PipelineWorld) -> None:
    now = [0.0]
    with agentgov.agent(ID, repo=world.work, clock=lambda: now[0], background=False) as agent:
        world.remote.rename(world.remote.with_name("gone"))
        now[0] = 59.9
        agent.check()
        now[0] = 60.0
        with pytest.raises(sdk.Expired):
            agent.check()


def test_what_was_never_released_does_not_run(world: PipelineWorld) -> None:
    with pytest.raises(sdk.Stopped) as stopped:
        agentgov.agent(str(TRIAGE), repo=world.work)
    assert stopped.value.rule == "runtime.never-released"


def test_options_of_the_other_kind_are_refused(world: PipelineWorld) -> None:
    with pytest.raises(sdk.AgentgovError, match="gate means nothing"):
        agentgov.agent(ID, repo=world.work, gate="https://gate.example")
    with pytest.raises(sdk.AgentgovError, match="store means nothing"):
        agentgov.agent(ID, gate="https://gate.example", store="x.db")
    with pytest.raises(sdk.AgentgovError, match="is no agent"):
        agentgov.agent("payer", repo=world.work)


def test_an_event_loop_does_the_same(world: PipelineWorld, store: str) -> None:
    async def main() -> None:
        async with agentgov.async_agent(ID, repo=world.work, store=store) as agent:
            action = await agent.act("refund.create", {"amount": 5})
            await action.done()
            assert action.args == {"amount": 5}

    asyncio.run(main())


def test_a_use_of_a_tool_tells_who_paused_the_agent(world: PipelineWorld, store: str) -> None:
    with agentgov.agent(ID, repo=world.work, store=store, background=False) as agent:
        world.order("erin", orders.order_pause, ID, mode="stop", until=0, reason="It loops.")
        backend = agent._keeper.backend
        assert isinstance(backend, Embedded)
        backend._look()  # the journal moved on, and the lease is not asked for again yet
        with pytest.raises(sdk.Paused) as paused:
            agent.act("orders.lookup", {})
        assert (paused.value.by, paused.value.reason, paused.value.since > 0) == ("erin", "It loops.", True)
