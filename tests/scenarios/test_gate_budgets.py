"""Money over HTTP, from a gate that really runs: what agents are given, what they tell, what people see."""

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from forked import ran
from gateworld import GateWorld, Reply
from patience import PATIENCE, until
from payingfleet import PAYER, paying
from pipelineworld import PipelineWorld
from simulator import TRIAGE
from unit.cli.output_schema import assert_holds

from agentgov.gate.routes.budget import PAGE
from agentgov.runtime import spent_about
from agentgov.runtime.budget_replay import differences
from agentgov.runtime.ledger import read as read_ledger
from agentgov.runtime.spent_about import About
from agentgov.store.open import open_store
from templates import copied

PLACE = f"/v1/agents/{PAYER}/reservations"
MODEL = "anthropic/claude-sonnet-4-5"
BUDGET = """  budget: {day: "0.10 USD", run: "0.05 USD"}
  oncall: {escalate: [team:support]}
"""
PRICES = f"""apiVersion: agentgov.dev/v1
kind: PriceList
currency: USD
asOf: 2026-11-01
models:
  {MODEL}: {{input: "10.00", cachedInput: "1.00", output: "50.00", per: 1M}}
"""
CENT = 10_000_000


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> PipelineWorld:
    return paying(tmp_path_factory.mktemp("shipped"), BUDGET, {"governance/prices.yaml": PRICES})


@pytest.fixture
def world(shipped: PipelineWorld, tmp_path: Path) -> PipelineWorld:
    return copied(shipped, tmp_path)


@pytest.fixture
def gate(world: PipelineWorld, tmp_path: Path) -> Iterator[GateWorld]:
    with GateWorld(world, tmp_path / "gate") as running:
        yield running
    store = open_store(running.store)
    assert store.read(lambda tx: differences(tx, 0)).result() == ()
    store.close()


@pytest.fixture
def audited(world: PipelineWorld) -> None:
    """Erin audits the fleet; to be had before the gate."""
    access = (world.work / "governance/access.yaml").read_text("utf-8")
    world.govern({"governance/access.yaml": access + '  - {role: auditor, who: [erin], agents: ["**"]}\n'})


def _reserve(gate: GateWorld, token: str, key: str, **more: Any) -> Reply:
    tokens = {"model": MODEL, "input_tokens": 1000, "max_output_tokens": 200}
    return gate.ask("POST", PLACE, token, {"key": key, **(more if "amount" in more else tokens | more)})


def _unsigned(reply: Reply) -> dict[str, Any]:
    """What was answered, without how much of the ledger is signed: more each second."""
    return {name: value for name, value in reply.json.items() if name != "signed"}


def _bar(gate: GateWorld, person: str, window: str = "day") -> Any:
    found = gate.ask("GET", f"/v1/budgets/{PAYER}", gate.person_token(person)).json["budgets"]
    place = next(one for one in found if one["environment"] == "production")
    return next(one for one in place["bars"] if (one["scope"], one["window"]) == ("agent", window))


def test_a_receipt_of_an_earlier_version_names_the_tree_of_that_version(gate: GateWorld) -> None:
    token = gate.agent_token(PAYER)
    one = _reserve(gate, token, "a").json
    assert one["tree"] == PAYER.workspace
    store = open_store(gate.store, serving=False)
    try:  # a record as it lies in a store that was brought up to date, of a type that moves no money
        copy = (
            "INSERT INTO records (tree, seq, time, type, agent, actor, tool, subject, leaf) "
            "SELECT '_first', seq, time, 'action', agent, actor, '', '', leaf FROM records WHERE tree = ? AND seq = ?"
        )
        store.write(lambda tx: tx.run(copy, PAYER.workspace, one["record"])).result(PATIENCE)
    finally:
        store.close()

    def again() -> Any:
        return _reserve(gate, token, "a").json

    until(lambda: again()["tree"] == "_first", "that the gate has seen the tree")
    assert again()["record"] == one["record"]
    assert _reserve(gate, token, "b").json["tree"] == PAYER.workspace


def test_an_agent_sets_money_aside_and_tells_what_it_was(gate: GateWorld) -> None:
    token = gate.agent_token(PAYER)
    one = _reserve(gate, token, "a", run="r")
    assert (one.status, one.json["state"], one.json["amount"], one.json["currency"]) == (200, "open", 2 * CENT, "USD")
    assert _unsigned(_reserve(gate, token, "a", run="r")) == {**_unsigned(one), "again": True}
    attempt = _unsigned(_reserve(gate, token, "b", attempt="1"))
    assert _unsigned(_reserve(gate, token, "b", attempt="1")) == attempt == {**attempt, "again": False}
    assert _unsigned(_reserve(gate, token, "b", attempt="2")) == {**attempt, "again": True}
    assert gate.ask("POST", f"{PLACE}/{attempt['id']}/release", token, {}).status == 200
    assert _reserve(gate, token, "a").rule == "budget.key"
    assert (_bar(gate, "alice")["reserved"], _bar(gate, "alice")["limit"]) == (2 * CENT, 10 * CENT)
    place = f"{PLACE}/{one.json['id']}"
    used = {"input_tokens": 1000, "cached": 500, "output_tokens": 100}
    settled = gate.ask("POST", f"{place}/settle", token, used)
    assert (settled.json["state"], settled.json["actual"]) == ("settled", 10_500_000)
    assert gate.ask("POST", f"{place}/settle", token, used).json == settled.json
    assert gate.ask("POST", f"{place}/release", token, {}).rule == "budget.ended"
    bar = _bar(gate, "alice")
    assert (bar["spent"], bar["reserved"], bar["overrun"]) == (10_500_000, 0, 0)


def test_money_is_found_by_whom_it_is_about_and_by_what_it_is_for(audited: None, gate: GateWorld) -> None:
    token, about = gate.agent_token(PAYER), {"subject": "patient-4711", "purpose": "triage"}
    one = _reserve(gate, token, "a", **about).json
    assert _reserve(gate, token, "dear", amount="9.00 USD", **about).rule == "budget.exceeded"
    assert _reserve(gate, token, "plain").status == 200
    assert gate.ask("POST", PLACE, token, {"key": "b", "amount": "0.01 USD", "purpose": "No!"}).status == 400
    store = open_store(gate.store, serving=False)
    try:
        by_subject = store.read(lambda tx: read_ledger(tx, subject="patient-4711")).result(PATIENCE)
        by_purpose = store.read(lambda tx: read_ledger(tx, purpose="triage")).result(PATIENCE)
        for found, denied in (by_subject, by_purpose):
            assert (denied.type, found.type) == ("budget.deny", "budget.reserve")
            assert found.content["refs"]["reservation"] == one["id"]
            assert denied.content["subject"] != found.content["subject"], "each leaf has a salt of its own"
        used = {"input_tokens": 1000, "output_tokens": 100}
        settled = gate.ask("POST", f"{PLACE}/{one['id']}/settle", token, used)
        ends = store.read(lambda tx: read_ledger(tx, kind="budget.settle", subject="patient-4711", purpose="triage"))
        (end,) = ends.result(PATIENCE)
        assert end.content["refs"]["reservation"] == one["id"]
        (kept,) = store.read(lambda tx: tx.all("SELECT * FROM reservations WHERE id = ?", one["id"])).result(PATIENCE)
        assert "patient" not in repr(kept)
        assert "patient" not in repr(store.read(lambda tx: tx.all("SELECT * FROM spent_about")).result(PATIENCE))
    finally:
        store.close()
    (line,) = gate.ask("GET", "/v1/spending", gate.person_token("alice")).json["spending"]
    assert (line["purpose"], line["agent"], line["reservations"]) == ("triage", str(PAYER), 1)
    assert line["today"] == line["month"] == line["total"] == settled.json["actual"] > 0
    asked = "/v1/spending/subject?subject=patient-4711"
    assert gate.ask("GET", asked, gate.person_token("alice")).status == 403
    (told,) = gate.ask("GET", asked, gate.person_token("erin")).json["spending"]
    assert (told["purpose"], told["total"]) == ("", line["total"])
    assert gate.ask("GET", "/v1/spending/subject?subject=", gate.person_token("erin")).status == 400
    assert gate.ask("GET", "/v1/spending/subject?subject=nobody", gate.person_token("erin")).json["spending"] == []


def test_nobody_gets_more_than_there_is_however_many_ask(gate: GateWorld) -> None:
    token = gate.agent_token(PAYER)
    with ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(lambda number: _reserve(gate, token, f"k{number}"), range(24)))
    assert sorted(one.status for one in replies) == [200] * 5 + [409] * 19
    assert {one.rule for one in replies if one.status == 409} == {"budget.exceeded"}
    assert _bar(gate, "alice", "month")["reserved"] == 10 * CENT
    refused = _reserve(gate, token, "run", run="r", amount="0.06 USD")
    assert "run r" in refused.json["error"]["message"]


def test_what_cannot_be_priced_is_refused(gate: GateWorld) -> None:
    token = gate.agent_token(PAYER)
    unpriced = _reserve(gate, token, "a", model="sim/other")
    assert unpriced.rule == "budget.unpriced"
    assert "agentgov prices sync" in unpriced.json["error"]["hint"], "the next step is told with the no"
    assert _reserve(gate, token, "b", amount="0.01 EUR").rule == "budget.currency"
    assert _reserve(gate, token, "c", amount="9000000 USD").rule == "budget.amount"
    assert _reserve(gate, token, "d", max_output_tokens=10**9).rule == "budget.exceeded"
    for odd in ({"amount": "0.01 USD", "model": MODEL}, {"amount": ""}, {"amount": "-1.00 USD"}, {"amount": "1e3 USD"}):
        assert gate.ask("POST", PLACE, token, {"key": "e", **odd}).status == 400
    assert _reserve(gate, token, "f", input_tokens=-1).status == 400
    found = _reserve(gate, token, "g", max_output_tokens=None)  # the release says the most
    assert found.status == 200


def test_settlements_make_sense(gate: GateWorld) -> None:
    token = gate.agent_token(PAYER)
    id_ = _reserve(gate, token, "a", amount="0.02 USD").json["id"]
    settle = f"{PLACE}/{id_}/settle"
    for odd in ({}, {"input_tokens": 1}, {"input_tokens": 1, "cached": 2, "output_tokens": 1}):
        assert gate.ask("POST", settle, token, odd).status == 400
    assert gate.ask("POST", settle, token, {"input_tokens": 1, "output_tokens": 1}).rule == "budget.unpriced"
    assert gate.ask("POST", settle, token, {"amount": "0.03 USD"}).json["actual"] == 3 * CENT
    assert _bar(gate, "alice")["overrun"] == CENT
    other = _reserve(gate, token, "b", amount="0.02 USD").json["id"]
    assert gate.ask("POST", f"{PLACE}/{other}/release", token, {}).json["state"] == "released"


def test_a_paused_agent_gets_nothing(gate: GateWorld, world: PipelineWorld) -> None:
    token = gate.agent_token(PAYER)
    one = _reserve(gate, token, "a", amount="0.01 USD").json["id"]
    paused = gate.ask("POST", "/v1/pauses", gate.person_token("alice"), {"selector": str(PAYER), "reason": "odd"})
    assert paused.status in (200, 201, 202), paused.body
    assert _reserve(gate, token, "b", amount="0.01 USD").rule == "budget.paused"
    assert gate.ask("POST", f"{PLACE}/{one}/settle", token, {"amount": "0.01 USD"}).status == 200


def test_everybody_sees_and_spends_only_what_is_theirs(gate: GateWorld) -> None:
    token, other = gate.agent_token(PAYER), gate.agent_token(TRIAGE)
    id_ = _reserve(gate, token, "a", amount="0.01 USD").json["id"]
    assert gate.ask("POST", PLACE, other, {"key": "b", "amount": "0.01 USD"}).status == 404
    theirs = f"/v1/agents/{TRIAGE}/reservations"
    assert gate.ask("POST", f"{theirs}/{id_}/settle", other, {"amount": "0.01 USD"}).status == 404
    assert gate.ask("POST", PLACE, gate.person_token("alice"), {"key": "b", "amount": "0.01 USD"}).status == 403
    staging = gate.agent_token(PAYER, "staging")
    assert gate.ask("POST", f"{PLACE}/{id_}/release", staging, {}).status == 404
    assert gate.ask("GET", "/v1/budgets", token).status == 403
    assert gate.ask("GET", f"/v1/budgets/{PAYER}", gate.person_token("carol")).status in (200, 404)
    everything = gate.ask("GET", "/v1/budgets", gate.person_token("alice")).json["budgets"]
    assert str(PAYER) in {one["agent"] for one in everything}


def test_people_see_how_full_budgets_are(audited: None, gate: GateWorld, world: PipelineWorld, tmp_path: Path) -> None:
    token = gate.agent_token(PAYER)
    one = _reserve(gate, token, "a", amount="0.04 USD").json["id"]
    gate.ask("POST", f"{PLACE}/{one}/settle", token, {"amount": "0.05 USD"})
    _reserve(gate, token, "b", amount="0.04 USD")
    file = tmp_path / "alice.token"
    file.write_text(gate.person_token("alice"), encoding="utf-8")
    file.chmod(0o600)
    env = {**os.environ, "AGENTGOV_GATE": gate.url, "AGENTGOV_TOKEN_FILE": str(file)}

    def told(*words: str) -> str:
        done = ran(["budget", "show", *words], world.work, env)
        assert done.returncode == 0, done.stderr
        return done.stdout

    row = next(line for line in told(str(PAYER)).splitlines() if "production" in line and "day" in line)
    cells = " ".join(row.split()[3:])
    assert cells.startswith("##################.. 90% 0.05 USD 0.04 USD 0.10 USD ")
    assert cells.endswith("overrun 0.01 USD")
    document = json.loads(told("--json"))
    assert_holds(document, "budget-show")
    found = gate.ask("GET", "/v1/budgets", gate.person_token("alice")).json["budgets"]
    assert [one["agent"] for one in document["budgets"]] == [one["agent"] for one in found]
    by_label = told("--by", "tier").splitlines()
    assert by_label[-1].split() == ["none", "0.09", "USD", "0.09", "USD"]
    assert told("--by", "purpose").splitlines()[-1] == "nothing was booked for a purpose"
    dear = _reserve(gate, token, "c", amount="0.01 USD", subject="patient-4711", purpose="triage").json["id"]
    gate.ask("POST", f"{PLACE}/{dear}/settle", token, {"amount": "0.01 USD"})
    by_purpose = told("--by", "purpose").splitlines()[-1].split()
    assert by_purpose == ["triage", str(PAYER), "production", *["0.01", "USD"] * 3, "1"]
    document = json.loads(told("--by", "purpose", "--json"))
    assert_holds(document, "budget-show")
    assert document["spending"][0]["total"] == CENT
    file.write_text(gate.person_token("erin"), encoding="utf-8")
    assert told("--subject", "patient-4711").splitlines()[-1].split()[0] == str(PAYER)
    many = [f"support/a{number:03}" for number in range(PAGE)] + ["support-eu/a"]
    rows = {
        About("subject", of, "staging", "2026-11-29", "patient-4711", "USD"): (number, 1)
        for number, of in enumerate(many)
    }
    store = open_store(gate.store, serving=False)
    store.write(lambda tx: spent_about.add(tx, rows)).result(PATIENCE)
    store.close()
    first = gate.ask("GET", "/v1/spending/subject?subject=patient-4711", gate.person_token("erin")).json
    assert (len(first["spending"]), first["next"]) == (PAGE, many[PAGE - 1])
    found = json.loads(told("--subject", "patient-4711", "--json"))["spending"]
    assert [one["agent"] for one in found] == [*many[:PAGE], str(PAYER), many[PAGE]]
    assert [one["total"] for one in found] == [*range(PAGE), CENT, PAGE]
    file.write_text(gate.person_token("alice"), encoding="utf-8")
    lines = told().splitlines()
    assert len([line for line in lines if line.startswith("the fleet")]) == 2
    assert not [line for line in lines if "triage" in line]


def test_who_keeps_a_gate_sees_whether_budgets_add_up(gate: GateWorld) -> None:
    _reserve(gate, gate.agent_token(PAYER), "a", run="r")
    assert gate.ask("GET", "/readyz").json["budgets"] == ""
    code, document = _check(gate)
    assert (code, document["holds"], document["open"], document["differences"]) == (0, True, 1, [])
    store = open_store(gate.store, serving=False)
    store.write(lambda tx: tx.run("UPDATE budgets SET spent = spent + 1 WHERE bucket LIKE 'run%'")).result()
    code, document = _check(gate)
    assert (code, document["holds"], len(document["differences"])) == (1, False, 1)
    store.write(lambda tx: tx.run("UPDATE budgets SET spent = spent - 1 WHERE bucket LIKE 'run%'")).result()
    store.close()


def _check(gate: GateWorld) -> tuple[int, Any]:
    done = ran(["budget", "check", "--store", gate.store, "--json"], gate.world.work, os.environ)
    document = json.loads(done.stdout)
    assert_holds(document, "budget-check")
    return done.returncode, document
