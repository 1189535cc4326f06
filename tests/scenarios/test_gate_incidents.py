"""Incidents and the gate: it opens what alerts ask for, calls people, relays their steps, and pauses at once."""

import json
import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from time import sleep

import hostile
import pytest
from forked import ran
from gateworld import GateWorld, Reply
from patience import until
from postgres import serving
from simulator import PAYROLL, TRIAGE, FleetSimulator

from agentgov.alerts import ordered, standing
from agentgov.alerts.alert import Alert, Scope, labels_of
from agentgov.gate.gate import now_ms
from agentgov.incident.orders import Opening, open_incident, take_step
from agentgov.journal.draft import Draft
from agentgov.journal.draft_text import document
from agentgov.model.alert_rules import DEFAULT_NAMES
from agentgov.model.incident import Incident, review_path
from agentgov.model.names import AgentId
from agentgov.model.policies import AlertAct
from agentgov.store.open import open_store

LEASE = "/v1/agents/support/triage/lease"


def alert(rule: str, agent: AgentId = TRIAGE, *do: AlertAct) -> Alert:
    """An alert of a rule that no gate has, since one ends its own at its next look; with what it asks for beside
    telling people."""
    assert rule not in DEFAULT_NAMES
    named = {"alertname": rule, "severity": "page", "fleet": "sim", "agent": str(agent)}
    return Alert(labels_of(named), now_ms(), f"{rule} is wrong", do=("alert", *do))


def fires(gate: GateWorld, *alerts: Alert) -> None:
    """These fire now, and nothing else of their rules."""
    store = open_store(gate.store, serving=False)
    try:
        rules = frozenset(one.label("alertname") for one in alerts)
        store.write(lambda tx: standing.put(tx, alerts, now_ms(), Scope(rules))).result()
    finally:
        store.close()


def stands(gate: GateWorld, name: str) -> list[Alert]:
    """The alerts of a name that stand at a gate."""
    store = open_store(gate.store, serving=False)
    try:
        found = store.read(standing.current).result()
    finally:
        store.close()
    return [one.alert for one in found if one.alert.label("alertname") == name]


def incidents(world: FleetSimulator) -> list[Incident]:
    world.clock.time = now_ms() // 1000  # that of the gate, whose acts carry it
    return sorted(world.view().state.incidents().values(), key=lambda one: one.opened.seq)


def relayed(gate: GateWorld, draft: Draft) -> Reply:
    return gate.ask("POST", "/v1/acts", "", document(draft))


def command(gate: GateWorld, world: FleetSimulator, who: str, *args: str) -> str:
    """What the program says to somebody who uses this gate, and is logged in there."""
    token = gate.folder / f"{who}.token"
    token.write_text(gate.person_token(who))
    token.chmod(0o600)
    env: Mapping[str, str] = {
        **os.environ,
        "AGENTGOV_GATE": gate.url,
        "AGENTGOV_TOKEN_FILE": str(token),
        "AGENTGOV_KEY_FILE": "",
        "GIT_CONFIG_COUNT": "3",
        "GIT_CONFIG_KEY_0": "user.signingkey",
        "GIT_CONFIG_VALUE_0": str(world.folder / "keys" / who),
        "GIT_CONFIG_KEY_1": "gpg.format",
        "GIT_CONFIG_VALUE_1": "ssh",
        "GIT_CONFIG_KEY_2": "user.email",
        "GIT_CONFIG_VALUE_2": f"{who}@sim.example",
    }
    found = ran([*args, "--repo", str(world.work)], Path.cwd(), dict(env))
    assert found.returncode == 0, found
    return found.stdout


def test_an_alert_opens_one_and_further_alerts_are_added_to_it(gate: GateWorld, world: FleetSimulator) -> None:
    fires(gate, *(alert(rule, agent, "incident") for rule, agent in (("a", TRIAGE), ("b", TRIAGE), ("a", PAYROLL))))
    until(lambda: len(incidents(world)) == 2, "that the gate opened both")
    until(lambda: sum(len(one.alerts) for one in incidents(world)) == 3, "that all alerts are in one")
    for one in incidents(world):
        assert (one.opened.by, one.lead, one.state) == ("gate", "", "open")
    triage = next(one for one in incidents(world) if one.agents == (str(TRIAGE),))
    store = open_store(gate.store, serving=False)
    told = [ref.ref for row in store.read(standing.current).result() for ref in _acts(store, row.id)]
    store.close()
    assert told.count(triage.id) == 2

    until(lambda: len(stands(gate, "incident-unacknowledged")) == 2, "that the first of each chain is called")
    assert {one.label("to") for one in stands(gate, "incident-unacknowledged")} == {"team:support", "team:finance"}
    assert all(one.escalated == 1 for one in incidents(world))
    draft = take_step(world.view(), world.actor("alice"), _now(world, triage), "acknowledge", "ack", now=world.clock())
    assert relayed(gate, draft).status == 201
    until(lambda: len(stands(gate, "incident-unacknowledged")) == 1, "that nobody is called for it any more")
    assert _now(world, triage).lead == "alice"
    assert world.verify().offence is None


def _acts(store: object, number: int) -> list[ordered.Asked]:
    return list(store.read(lambda tx: ordered.of_alert(tx, number)).result())  # type: ignore[attr-defined]


def _now(world: FleetSimulator, one: Incident) -> Incident:
    found = world.view().state.incident(one.id)
    assert found is not None
    return found


def test_what_opens_and_pauses_is_obeyed_at_once_also_while_git_is_away(gate: GateWorld, world: FleetSimulator) -> None:
    token = gate.person_token("alice")
    what = Opening((TRIAGE, PAYROLL), "they answer in rhyme", 1, mode="stop")
    draft = open_incident(world.view(), world.actor("alice"), what, now=world.clock())
    away = world.remote.with_name("away.git")
    world.remote.rename(away)
    sent = relayed(gate, draft)
    assert (sent.status, sent.json["journal"]) == (202, "queued")
    paused = {one["selector"] for one in gate.ask("GET", "/v1/pauses", token).json["pauses"]}
    assert paused == {str(TRIAGE), str(PAYROLL)}
    away.rename(world.remote)
    until(lambda: bool(incidents(world)), "that the act is in the journal")
    until(lambda: len(gate.ask("GET", "/v1/pauses", token).json["pauses"]) == 2, "that each pause is told once")
    landed = [one["act"] for one in gate.ask("GET", "/v1/pauses", token).json["pauses"]]
    until(lambda: all(one["act"] for one in gate.ask("GET", "/v1/pauses", token).json["pauses"]), f"acts: {landed}")


def test_people_who_are_logged_in_open_acknowledge_and_resolve_and_nobody_does_more(
    gate: GateWorld, world: FleetSimulator
) -> None:
    alice, bob = gate.person_token("alice"), gate.person_token("bob")
    ask = {"agents": [str(TRIAGE)], "title": "It rhymes", "severity": 2, "pause": "read-only"}
    made = gate.ask("POST", "/v1/incidents", alice, ask)
    assert made.status == 202
    until(lambda: bool(incidents(world)), "that it is in the journal")
    (one,) = incidents(world)
    assert (one.id, one.lead, one.opened.by) == (made.json["incident"], "alice", "alice")
    place = f"/v1/incidents/{one.id}"
    until(lambda: gate.ask("GET", place, bob).status == 200, "that the gate serves it")
    assert [found["id"] for found in gate.ask("GET", "/v1/incidents", bob).json["incidents"]] == [one.id]
    assert gate.ask("POST", f"{place}/acknowledge", bob).status == 202
    until(lambda: _now(world, one).state == "acknowledged", "that it is acknowledged")
    assert gate.ask("POST", f"{place}/notes", bob, {"text": "A line break too many"}).status == 202
    assert gate.ask("POST", f"{place}/notes", bob, {"text": " "}).status == 400
    until(lambda: gate.ask("GET", place, bob).json["incident"]["state"] == "acknowledged", "that the gate serves that")
    assert gate.ask("POST", f"{place}/acknowledge", bob).status == 409  # a second time
    assert gate.ask("GET", "/v1/incidents/2023-1114-aaaa", bob).status == 404
    assert [gate.ask("POST", f"{place}/{step}", bob).status for step in ("close", "cancel")] == [404, 404]
    assert gate.ask("POST", f"{place}/resolve", bob, {"reason": "It is prose again"}).status == 202
    until(lambda: _now(world, one).state == "resolved", "that it is over")
    found = _now(world, one)
    assert (found.lead, found.resolved.by if found.resolved else "", found.review_due > 0) == ("alice", "bob", True)
    assert {pause.mode for pause in world.view().state.pauses().values()} == {"read-only"}, "what is paused stays so"
    command(gate, world, "bob", "incident", "review", one.id, "--no-gate", "--store", gate.store)
    review = (world.work / review_path(one.id)).read_text()
    assert "nothing was counted while it went on" in review, "the keeper has its numbers without asking the gate"
    file = gate.folder / "mild.json"
    assert str(file) in command(gate, world, "bob", "incident", "severity", one.id, "4", "--draft", str(file))
    assert _now(world, one).severity == 2, "it is only signed"
    assert gate.ask("POST", "/v1/acts", "", file.read_bytes()).status == 201
    command(gate, world, "bob", "incident", "close", one.id, "--draft", str(file))
    assert gate.ask("POST", "/v1/acts", "", file.read_bytes()).status == 201
    assert (_now(world, one).state, world.verify().offence) == ("closed", None)
    stranger = gate.person_token("nobody")
    assert gate.ask("POST", "/v1/incidents", stranger, ask).status in (401, 403, 404)
    bots = take_step(world.view(), world.actor("gate"), _now(world, one), "resolve", "resolve", now=world.clock())
    assert relayed(gate, bots).status == 400  # acts of bots are not relayed


def test_who_is_logged_in_does_what_records_and_what_lowers_risk(gate: GateWorld, world: FleetSimulator) -> None:
    alice, bob, agent = gate.person_token("alice"), gate.person_token("bob"), gate.agent_token(TRIAGE)
    spends = alert("bill")
    fires(gate, spends)
    opening = {"agents": [str(TRIAGE)], "title": "It rhymes", "severity": 3, "alerts": [spends.fingerprint]}
    gate.ask("POST", "/v1/incidents", alice, opening)
    until(lambda: bool(incidents(world)), "that it is in the journal")
    place = f"/v1/incidents/{incidents(world)[0].id}"
    until(lambda: gate.ask("GET", place, bob).status == 200, "that the gate serves it")
    say = {"instance": "pod-1", "closure": "0" * 64}
    assert gate.ask("POST", "/v1/agents/support/triage/running", agent, say).status == 200

    steps: tuple[tuple[str, dict[str, object], int], ...] = (
        ("roles", {"who": "bob"}, 202),
        ("severity", {"severity": 4}, 403),  # milder
        ("severity", {"severity": 1, "reason": "It spends, too"}, 202),
        ("messages", {"to": ["team:nowhere"], "text": "x"}, 400),
        ("messages", {"to": ["team:support"], "text": "{agent} is {stauts}"}, 400),
        ("messages", {"to": ["team:support"], "text": "{agent} is {status}"}, 202),
        ("mitigate", {"until": 1}, 400),
        ("mitigate", {"pause": "stop", "reason": "Enough"}, 202),
    )
    for name, body, status in steps:
        sent = gate.ask("POST", f"{place}/{name}", alice, body)
        assert sent.status == status, (name, body, sent.json)
    (pause,) = gate.ask("GET", "/v1/pauses", bob).json["pauses"]
    until(lambda: incidents(world)[0].state == "mitigated", "that it is contained")
    (one,) = incidents(world)
    assert (one.lead, one.severity) == ("bob", 1)
    assert one.mitigated is not None
    assert one.mitigated.by == "alice"
    until(lambda: len(stands(gate, "incident-message")) == 1, "that they are told")
    (told,) = stands(gate, "incident-message")
    assert "alice" in told.people

    def times() -> dict[str, object]:
        found: dict[str, object] = gate.ask("GET", place, bob).json["times"]
        return found

    until(lambda: bool(times()["waiting"]), "that who has not heard is named")
    assert (times()["waiting"], times()["obeyed"]) == ([f"{TRIAGE} pod-1"], None)
    gate.ask("POST", "/v1/agents/support/triage/running", agent, {**say, "acknowledged": [pause["id"]]})
    assert times()["waiting"] == []
    assert times()["obeyed"] is not None
    held = times()["obeyed"]
    assert times()["detect"] is not None
    shown = json.loads(command(gate, world, "bob", "incident", "show", one.id, "--fetch", "--json"))
    assert (shown["times"], shown["without"]) == (times(), [])
    world.append(hostile.write(world, "alice", "resume", [("Selector", str(TRIAGE))]), by="alice")
    until(lambda: not gate.ask("GET", "/v1/pauses", bob).json["pauses"], "that it is resumed")
    gate.ask("POST", "/v1/agents/support/triage/running", agent, {**say, "instance": "pod-2"})  # came after that
    assert (times()["waiting"], times()["obeyed"]) == ([], held)
    (impact,) = gate.ask("GET", f"{place}/impact", bob).json["agents"]
    assert (impact["agent"], impact["during"]["calls"], impact["before"]) == (str(TRIAGE), 0, None)
    assert world.verify().offence is None


def test_contained_from_an_alert_by_one_command(gate: GateWorld, world: FleetSimulator) -> None:
    fires(gate, alert("bill"))
    said = command(gate, world, "alice", "incident", "mitigate", str(TRIAGE), "--pause", "-m", "It spends too much")
    assert "obeyed by" in said
    (one,) = incidents(world)
    assert one.state == "mitigated"
    assert [pause["selector"] for pause in gate.ask("GET", "/v1/pauses", gate.person_token("bob")).json["pauses"]] == [
        str(TRIAGE)
    ]


def test_an_alert_names_agents_and_title_and_stands_in_the_timeline(gate: GateWorld, world: FleetSimulator) -> None:
    spends = alert("bill")
    fires(gate, spends)
    said = command(gate, world, "alice", "incident", "open", "--alert", spends.fingerprint, "--read-only")
    (one,) = incidents(world)
    assert (one.title, one.alerts, one.agents) == ("bill is wrong", (spends.fingerprint,), (str(TRIAGE),))
    assert one.id in said
    told = json.loads(command(gate, world, "bob", "incident", "timeline", one.id, "--gate", "--json", "--fetch"))
    assert {entry["source"] for entry in told["entries"]} == {"act", "alert"}
    assert ["view-audit" in said or "audit" in said for said in told["without"]] == [True]  # bob reads no ledger
    until(lambda: len(stands(gate, "incident-unacknowledged")) == 1, "that the first is called")
    command(gate, world, "bob", "incident", "ack", one.id)
    command(
        gate, world, "bob", "incident", "message", one.id, "{agent} only reads since {time}", "--to", "team:support"
    )
    until(lambda: len(stands(gate, "incident-message")) == 1, "that they are told")
    (message,) = stands(gate, "incident-message")
    assert message.label("to") == "team:support"
    assert message.summary.startswith(f"{TRIAGE} only reads since 20")


def test_one_that_a_person_opens_is_about_the_pages_that_stand_for_its_agent(
    gate: GateWorld, world: FleetSimulator
) -> None:
    page = alert("probe")  # no rule of this name ends it
    fires(gate, page, alert("probe", PAYROLL))
    command(gate, world, "alice", "incident", "mitigate", str(TRIAGE), "--pause")
    (one,) = incidents(world)
    assert (one.alerts, one.title) == ((page.fingerprint,), "probe is wrong")  # so that its review has its numbers


def test_what_the_gate_brought_to_the_journal_is_seen_in_the_clone_that_asked(
    gate: GateWorld, world: FleetSimulator
) -> None:
    said = command(gate, world, "alice", "pause", f"{TRIAGE.workspace}/*", "-m", "Let me look")
    assert f"agentgov resume '{TRIAGE.workspace}/*'" in said  # a shell would make names of files of it
    told = json.loads(command(gate, world, "alice", "status", str(TRIAGE), "--json"))
    assert told["agents"][0]["paused"]
    said = command(gate, world, "alice", "resume", f"{TRIAGE.workspace}/*")
    assert "still paused" not in said
    told = json.loads(command(gate, world, "alice", "status", str(TRIAGE), "--json"))
    assert not told["agents"][0]["paused"]


@pytest.mark.slow
def test_two_gates_call_once(world: FleetSimulator, tmp_path: Path) -> None:
    with serving() as server, ExitStack() as gates:
        store = server.database()
        one, _ = (gates.enter_context(GateWorld(world, tmp_path / name, store=store)) for name in ("a", "b"))
        fires(one, alert("bill", TRIAGE, "incident"))
        until(lambda: bool(incidents(world)) and incidents(world)[0].escalated == 1, "that somebody is called")
        sleep(3)
        assert incidents(world)[0].escalated == 1
        assert len(stands(one, "incident-unacknowledged")) == 1
