"""Agents without a server that have a store: money, keys and permits are what they are at a gate."""

import base64
import os
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from gateworld import GateWorld
from patience import PATIENCE, until
from pipelineworld import PipelineWorld
from sdkworld import PAYER, PRICES, payer_world

import agentgov
from agentgov import sdk
from agentgov.release import orders
from agentgov.runtime.accounts import LASTS
from agentgov.runtime.budget_check import check_page
from agentgov.runtime.ledger import read as read_ledger
from agentgov.runtime.payload_key import VARIABLE, vault_from
from agentgov.runtime.vault import envelope_of
from agentgov.sdk import embedded
from agentgov.store.open import open_store
from agentgov.store.port import Store
from templates import copied

ID = str(PAYER)
CENT = 10_000_000
ORDER = {"amount": 200}


@pytest.fixture
def world(once_paying: PipelineWorld, tmp_path: Path) -> PipelineWorld:
    return copied(once_paying, tmp_path)


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'agent.db'}"


@pytest.fixture
def kept(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url, serving=False)
    yield opened
    opened.close()


def _spent(store: Store, window: str = "day") -> tuple[int, int]:
    """What the agent has spent, and what is set aside."""
    sql = "SELECT spent, reserved FROM budgets WHERE bucket LIKE ?"
    ((spent, reserved),) = store.read(lambda tx: tx.all(sql, f"agent {window} {ID}@%")).result()
    return spent, reserved


def _types(store: Store) -> list[str]:
    return [one.type for one in store.read(lambda tx: read_ledger(tx, agent=ID)).result()]


def test_money_is_set_aside_settled_and_given_back(world: PipelineWorld, kept: Store) -> None:
    with agentgov.agent(ID, repo=world.work, store=kept) as agent:
        with agent.spend(input_tokens=10_000, max_output_tokens=2_000, run="r1") as money:
            assert (money.amount, money.currency) == (6 * CENT, "USD")
            (noted,) = kept.read(lambda tx: read_ledger(tx, kind="budget.reserve")).result()
            assert money.receipt.place == f"{PAYER.workspace}/{noted.seq}"
            assert _spent(kept) == (0, 6 * CENT)
            money.used(input_tokens=10_000, output_tokens=1_000)
        assert _spent(kept) == (4 * CENT + CENT // 2, 0)
        agent.spend(amount="0.50 USD", subject="ada", purpose="refund").release()
        about = kept.read(lambda tx: read_ledger(tx, subject="ada", purpose="refund")).result()
        assert {one.type for one in about} == {"budget.reserve", "budget.release"}
        with pytest.raises(sdk.Denied) as denied:
            agent.spend(amount="5.00 USD")
        assert denied.value.rule == "budget.exceeded"
        agent.spend(amount="0.01 USD", key="once")
        with pytest.raises(sdk.Repeated):
            agent.spend(amount="0.01 USD", key="once")
        with pytest.raises(sdk.Denied, match="something else"):
            agent.spend(amount="0.02 USD", key="once")
        for wrong in ("0.01 EUR", "much"):
            with pytest.raises(sdk.AgentgovError):
                agent.spend(amount=wrong)
        assert kept.read(lambda tx: check_page(tx, "")).result().faults == ()
    types = [one for one in _types(kept) if one.startswith("budget.")]
    told = ["reserve", "settle", "reserve", "release", "deny", "reserve", "deny"]
    assert [one.removeprefix("budget.") for one in types] == told


def test_what_nobody_tells_of_is_booked(world: PipelineWorld, kept: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with agentgov.agent(ID, repo=world.work, store=kept, background=False) as agent:
        lost, now = agent.spend(amount="0.30 USD"), embedded._now_ms()
        monkeypatch.setattr(embedded, "_now_ms", lambda: now + LASTS + 1)
        agent.spend(amount="0.01 USD").release()
        assert _spent(kept) == (30 * CENT, 0)
        lost.settle(amount="0.10 USD")
        assert _spent(kept) == (10 * CENT, 0)


def test_all_that_open_one_file_spend_one_budget(world: PipelineWorld, store: str) -> None:
    openings = [agentgov.agent(ID, repo=world.work, store=store, background=False) for _ in range(2)]
    for number in range(10):
        openings[number % 2].spend(amount="0.50 USD").settle(amount="0.50 USD")
    for one in openings:
        with pytest.raises(sdk.Denied) as denied:
            one.spend(amount="0.01 USD")
        assert denied.value.rule == "budget.exceeded"
        one.close()


def test_what_a_tool_costs_is_set_aside(world: PipelineWorld, store: str) -> None:
    world.govern({"governance/prices.yaml": f'{PRICES}tools:\n  orders.lookup: {{call: "2.00"}}\n'})
    with agentgov.agent(ID, repo=world.work, store=store) as agent:
        agent.act("orders.lookup", {}).not_done("no such order")
        agent.act("orders.lookup", {}).done()
        agent.act("orders.lookup", {}, subject="ada", purpose="refund").done()
        with pytest.raises(sdk.Denied) as denied:
            agent.act("orders.lookup", {})
        assert denied.value.rules == ("budget.exceeded",)
    kept = open_store(store)
    assert _spent(kept) == (400 * CENT, 0)
    about = kept.read(lambda tx: read_ledger(tx, subject="ada", purpose="refund")).result()
    assert {one.type for one in about} == {"action.allow", "budget.reserve", "budget.settle"}
    kept.close()
    with agentgov.agent(ID, repo=world.work) as agent, pytest.raises(sdk.Denied) as denied:
        agent.act("orders.lookup", {})
    assert denied.value.rules == ("runtime.no-store",)


def test_a_paused_agent_gets_no_money(world: PipelineWorld, store: str) -> None:
    with agentgov.agent(ID, repo=world.work, store=store, background=False) as agent:
        world.order("erin", orders.order_pause, ID, mode="stop", until=0, reason="It loops.")
        backend = agent._keeper.backend
        assert isinstance(backend, embedded.Embedded)
        backend._look()
        with pytest.raises(sdk.Paused) as paused:
            agent.spend(amount="0.01 USD")
        assert paused.value.by == "erin"


def test_people_who_cannot_answer_are_not_asked(world: PipelineWorld, store: str) -> None:
    with agentgov.agent(ID, repo=world.work, store=store) as agent:
        with pytest.raises(sdk.Denied, match="no gate serves this store") as denied:
            agent.act("refund.create", ORDER)
        assert "runtime.no-gate" in denied.value.rules
    kept = open_store(store)
    assert _types(kept)[-1] == "action.deny"
    kept.close()


def test_people_decide_at_a_gate_over_the_same_store(world: PipelineWorld, tmp_path: Path) -> None:
    with (
        GateWorld(world, tmp_path / "gate") as gate,
        agentgov.agent(ID, repo=world.work, store=gate.store) as agent,
    ):
        pending = agent.act("refund.create", ORDER, key="a", wait=None)
        assert isinstance(pending, sdk.Pending)
        assert pending.state == "pending"
        reply = gate.ask("POST", f"/v1/permits/{pending.id}/approve", gate.person_token("dave"), {})
        assert reply.json["state"] == "approved"
        other = agent.pending(pending.id, "refund.create", {"amount": 201})
        with pytest.raises(sdk.Denied) as denied:
            other.wait(PATIENCE)
        assert denied.value.rules == ("permit.arguments",)
        with pending.wait(PATIENCE) as action:
            assert action.args == ORDER
        with pytest.raises(sdk.Denied):
            agent.pending(pending.id, "refund.create", ORDER).wait(PATIENCE)
        told: list[str] = []
        asks = Thread(target=lambda: told.append(_asks(agent)))
        asks.start()
        until(lambda: _waiting(gate), "that people are asked")
        gate.ask("POST", f"/v1/permits/{_waiting(gate)[0]}/deny", gate.person_token("dave"), {"reason": "no"})
        asks.join()
        assert told == ["permit.denied"]


def _waiting(gate: GateWorld) -> list[str]:
    found = gate.ask("GET", "/v1/permits?state=pending", gate.person_token("dave")).json["permits"]
    return [one["id"] for one in found]


def _asks(agent: "agentgov.sdk.Agent") -> str:
    try:
        agent.act("refund.create", ORDER, key="b")
    except sdk.Denied as denied:
        return denied.rule
    return ""


def test_what_a_budget_reaches_is_written_down_once_and_nobody_is_said_to_be_paused(
    world: PipelineWorld, kept: Store, caplog: pytest.LogCaptureFixture
) -> None:
    fleet = (world.work / "agentgov.yaml").read_text("utf-8")
    world.govern({"agentgov.yaml": f'{fleet}budget: {{day: "1.00 USD", alertAt: [0.5], onLimit: pause}}\n'})
    with agentgov.agent(ID, repo=world.work, store=kept, background=False) as agent:
        for number in range(3):
            if number == 2:
                with pytest.raises(sdk.Denied) as denied:
                    agent.spend(amount="0.99 USD")  # much is left: one request for more reaches nothing
                assert denied.value.rules == ("budget.exceeded",)
            agent.spend(amount="0.30 USD").settle(amount="0.30 USD")
        for _ in range(2):
            with pytest.raises(sdk.Denied, match="without a gate nobody pauses support/payer") as denied:
                agent.spend(amount="0.50 USD")
            assert denied.value.rule == "budget.exceeded"
            assert denied.value.rules == ("budget.exceeded", "runtime.no-gate")
        with pytest.raises(sdk.Denied) as denied:
            agent.spend(amount="9.00 USD")  # could never be had
        assert denied.value.rules == ("budget.exceeded",)
    assert [one for one in _types(kept) if one == "budget.mark"] == ["budget.mark"] * 2
    said = [one.getMessage() for one in caplog.records if one.name == "agentgov.sdk"]
    assert ["0.60 USD of 1.00 USD" in said[0], "0.90 USD of 1.00 USD" in said[1]] == [True, True]
    assert ("is past 0.5" in said[0], "has reached its limit" in said[1]) == (True, True)


def test_what_a_tool_costs_reaches_limits_as_well(world: PipelineWorld, store: str) -> None:
    fleet = (world.work / "agentgov.yaml").read_text("utf-8")
    world.govern(
        {
            "governance/prices.yaml": f'{PRICES}tools:\n  orders.lookup: {{call: "2.00"}}\n',
            "agentgov.yaml": f'{fleet}budget: {{day: "3.00 USD", onLimit: pause}}\n',
        }
    )
    with agentgov.agent(ID, repo=world.work, store=store) as agent:
        agent.act("orders.lookup", {}).done()
        with pytest.raises(sdk.Denied) as denied:
            agent.act("orders.lookup", {})
        assert denied.value.rules == ("budget.exceeded", "runtime.no-gate")


def test_payloads_are_kept_encrypted_by_the_key_of_their_keeper(
    tmp_path: Path, kept: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = payer_world(tmp_path / "encrypted", audit="{payloads: encrypted}")
    key = tmp_path / "key"
    key.write_text(base64.b64encode(bytes(range(32))).decode())
    key.chmod(0o600)
    with agentgov.agent(ID, repo=world.work, store=kept, background=False) as agent:
        agent.act("refund.create", {"amount": 41}).done()
    monkeypatch.setenv(VARIABLE, str(key))
    with agentgov.agent(ID, repo=world.work, store=kept, background=False) as agent:
        agent.act("refund.create", {"amount": 42}, subject="ada").done()
    payloads = [bytes(one) for (one,) in kept.read(lambda tx: tx.all("SELECT payload FROM payloads")).result()]
    assert not any(b'"amount"' in one for one in payloads), "without a key only hashes are kept"
    sealed = [found for one in payloads if (found := envelope_of(one)) is not None]
    vault = vault_from(os.environ)
    assert vault is not None
    opened = kept.read(lambda tx: [vault.open(tx, one) or b"" for one in sealed]).result()
    assert any(b'"amount":42' in one for one in opened)
    key.write_text(base64.b64encode(bytes(32)).decode())
    with pytest.raises(sdk.AgentgovError, match="not the one that those in the store were encrypted under"):
        agentgov.agent(ID, repo=world.work, store=kept, background=False, instance="other")
