"""Answers that are lost between a gate and an agent: nothing is done, or paid for, twice under one key, and what cannot
be told is said to be in doubt. A real gate behind a real proxy that cuts connections."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Iterator
from typing import get_args

import pytest
from cutproxy import CutProxy, How
from gateworld import GateWorld
from patience import PATIENCE, until
from sdkworld import PAYER, payer_world

import agentgov
from agentgov import sdk
from agentgov.runtime.ledger import read as read_ledger
from agentgov.sdk.running import Agent
from agentgov.store.open import open_store
from templates import at_home, made

ID = str(PAYER)
WAYS: tuple[How, ...] = get_args(How)
_numbers = itertools.count()


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GateWorld]:
    folder = tmp_path_factory.mktemp("lost")
    world = made(folder, payer_world)
    with at_home(folder), GateWorld(world, folder / "gate") as running:
        yield running


@pytest.fixture(scope="module")
def token(gate: GateWorld) -> str:
    return gate.agent_token(PAYER)


@pytest.fixture
def proxy(gate: GateWorld) -> Iterator[CutProxy]:
    with CutProxy(gate.port) as found:
        yield found


@pytest.fixture
def agent(proxy: CutProxy, token: str) -> Iterator[Agent]:
    with agentgov.agent(ID, gate=proxy.url, token=token, background=False) as found:
        yield found


@pytest.fixture
def other(gate: GateWorld, token: str) -> Iterator[Agent]:
    """Another process of the agent, with a better connection."""
    with agentgov.agent(ID, gate=gate.url, token=token, background=False) as found:
        yield found


@pytest.fixture
def key() -> str:
    return f"order-{next(_numbers)}"


def recorded(gate: GateWorld) -> Counter[str]:
    """How often each kind of thing is in the ledger."""
    store = open_store(gate.store, serving=False)
    found = store.read(lambda tx: read_ledger(tx, agent=ID, limit=1000)).result()
    store.close()
    return Counter(one.type for one in found)


@pytest.mark.parametrize("how", WAYS)
def test_an_action_is_permitted_once(
    gate: GateWorld, proxy: CutProxy, agent: Agent, other: Agent, key: str, how: How
) -> None:
    before = recorded(gate)
    proxy.cut("/actions", how)
    proxy.cut("/outcomes", how)
    with agent.act("refund.create", {"amount": 1}, key=key):
        pass
    assert proxy.left == 0
    now = recorded(gate) - before
    assert (now["action.allow"], now["outcome.done"]) == (1, 1)
    for one in (agent, other):
        with pytest.raises(sdk.Repeated) as repeated:
            one.act("refund.create", {"amount": 1}, key=key)
        assert repeated.value.outcome == "done"


def test_who_heard_nothing_may_ask_again_and_who_cannot_know_is_told_to_look(
    gate: GateWorld, proxy: CutProxy, agent: Agent, other: Agent, key: str
) -> None:
    before = recorded(gate)
    proxy.cut("/actions", "unanswered", times=3)
    with pytest.raises(sdk.Unreachable):
        agent.act("refund.create", {"amount": 1}, key=key)
    with pytest.raises(sdk.Repeated, match="nobody told what came of it") as repeated:
        other.act("refund.create", {"amount": 1}, key=key)
    assert repeated.value.outcome == ""
    agent.act("refund.create", {"amount": 1}, key=key).done()
    with pytest.raises(sdk.Repeated):
        agent.act("refund.create", {"amount": 1}, key=key)
    assert (recorded(gate) - before)["action.allow"] == 1


def test_an_action_that_nobody_heard_of_has_nothing_to_do_with_money_under_its_key(
    gate: GateWorld, proxy: CutProxy, agent: Agent, key: str
) -> None:
    before = recorded(gate)
    proxy.cut("/actions", "unanswered", times=3)
    with pytest.raises(sdk.Unreachable):
        agent.act("refund.create", {"amount": 1}, key=key)
    with agent.spend(input_tokens=10, key=key) as money:
        money.used(input_tokens=10, output_tokens=1)
    agent.act("refund.create", {"amount": 1}, key=key).done()
    now = recorded(gate) - before
    assert (now["action.allow"], now["outcome.done"], now["budget.settle"]) == (1, 1, 1)


def test_what_was_done_before_is_not_done_again_where_the_answer_that_says_so_is_lost(
    gate: GateWorld, proxy: CutProxy, agent: Agent, other: Agent, key: str
) -> None:
    before = recorded(gate)
    other.act("refund.create", {"amount": 1}, key=key)  # by another process, and what came of it is not told yet
    other.spend(input_tokens=10, key=key)
    for _ in range(2):
        proxy.cut("/actions", "unanswered")
        proxy.cut("/reservations", "torn")
        with pytest.raises(sdk.Repeated, match="nobody told"):
            agent.act("refund.create", {"amount": 1}, key=key)
        with pytest.raises(sdk.Repeated, match="nobody told"):
            agent.spend(input_tokens=10, key=key)
    now = recorded(gate) - before
    assert (now["action.allow"], now["budget.reserve"]) == (1, 1)


@pytest.mark.parametrize("how", WAYS)
def test_a_permit_of_people_is_used_once_and_in_doubt_where_it_may_be_used(
    gate: GateWorld, proxy: CutProxy, agent: Agent, how: How
) -> None:
    pending = agent.act("refund.create", {"amount": 200}, wait=None)
    assert isinstance(pending, sdk.Pending)
    approve = gate.ask("POST", f"/v1/permits/{pending.id}/approve", gate.person_token("bob"), {"reason": "seen"})
    assert approve.status == 200, approve.body
    before = recorded(gate)
    proxy.cut("/consume", how)
    try:
        pending.wait(PATIENCE).not_done()
        certain = True
    except sdk.InDoubt:
        certain = False
    assert (recorded(gate) - before)["permit.consume"] == 1
    assert certain is {"before": True, "half": True, "unanswered": False, "torn": False}.get(how, certain)
    with pytest.raises(sdk.Denied, match="used before"):
        pending.wait(PATIENCE)


@pytest.mark.parametrize("how", WAYS)
def test_money_is_set_aside_and_booked_once(
    gate: GateWorld, proxy: CutProxy, agent: Agent, other: Agent, key: str, how: How
) -> None:
    before = recorded(gate)
    proxy.cut("/reservations", how)
    with agent.spend(input_tokens=1000, max_output_tokens=200, key=key) as money:
        for one in (agent, other):
            with pytest.raises(sdk.Repeated, match="nobody told yet"):
                one.spend(input_tokens=1000, max_output_tokens=200, key=key)
        money.used(input_tokens=900, output_tokens=100)
        proxy.cut("/settle", how)
    assert proxy.left == 0
    now = recorded(gate) - before
    assert (now["budget.reserve"], now["budget.settle"]) == (1, 1)
    with pytest.raises(sdk.Repeated, match="settled"):
        other.spend(input_tokens=1000, max_output_tokens=200, key=key)


def test_money_that_nobody_heard_of_is_set_aside_once(
    gate: GateWorld, proxy: CutProxy, agent: Agent, other: Agent, key: str
) -> None:
    before = recorded(gate)
    proxy.cut("/reservations", "torn", times=3)
    with pytest.raises(sdk.Unreachable):
        agent.spend(input_tokens=10, key=key)
    with pytest.raises(sdk.Repeated):
        other.spend(input_tokens=10, key=key)
    agent.spend(input_tokens=10, key=key).release()
    now = recorded(gate) - before
    assert (now["budget.reserve"], now["budget.release"]) == (1, 1)


def test_what_cannot_be_told_now_is_told_later(gate: GateWorld, proxy: CutProxy, token: str) -> None:
    before = recorded(gate)
    with agentgov.agent(ID, gate=proxy.url, token=token) as agent:
        for path, how in (("/settle", "unanswered"), ("/outcomes", "before")):
            proxy.cut(path, how, times=3)  # type: ignore[arg-type]
        with agent.spend(input_tokens=10) as money, agent.act("refund.create", {"amount": 1}):
            money.used(input_tokens=10, output_tokens=5)
        assert money.ended
        until(lambda: proxy.left == 0 and (recorded(gate) - before)["outcome.done"], "that it is told")
    now = recorded(gate) - before
    assert (now["budget.settle"], now["outcome.done"]) == (1, 1)


def test_an_event_loop_does_the_same(gate: GateWorld, proxy: CutProxy, token: str, key: str) -> None:
    before = recorded(gate)

    async def main() -> None:
        async with agentgov.async_agent(ID, gate=proxy.url, token=token, background=False) as agent:
            for path in ("/actions", "/reservations", "/settle"):
                proxy.cut(path, "unanswered")
            async with (
                await agent.spend(input_tokens=10, key=key) as money,
                await agent.act("refund.create", {"amount": 1}, key=key),
            ):
                money.used(input_tokens=10, output_tokens=5)
            with pytest.raises(sdk.Repeated):
                await agent.act("refund.create", {"amount": 1}, key=key)
            with pytest.raises(sdk.Repeated):
                await agent.spend(input_tokens=10, key=key)

    asyncio.run(main())
    now = recorded(gate) - before
    assert (now["action.allow"], now["budget.reserve"], now["budget.settle"]) == (1, 1, 1)
