"""Incidents in a real journal: one act opens and pauses, everybody's rights are asked, nothing is believed twice."""

from dataclasses import replace

import pytest
from simulator import PAYROLL, TRIAGE, FleetSimulator

from agentgov.errors import RefusedError
from agentgov.incident.orders import Opening, assign, incident_of, mitigate, open_incident, take_step
from agentgov.journal.draft import Draft
from agentgov.journal.judge import judge
from agentgov.journal.pausing import pause_of
from agentgov.journal.stretch import may_follow
from agentgov.journal.view import View
from agentgov.model.incident import Incident
from agentgov.model.transitions import Refusal

WHAT = Opening((TRIAGE,), "it answers in rhyme", 2)


def opened(world: FleetSimulator, who: str = "alice", what: Opening = WHAT) -> Incident:
    view = world.order(who, open_incident, what)
    (found,) = view.state.incidents().values()
    return found


def step(world: FleetSimulator, who: str, incident: str, name: str, **words: str) -> View:
    at = incident_of(world.view(), incident)
    return world.order(who, lambda view, actor, **more: take_step(view, actor, at, name, name, **more), **words)


VIEWS = '{role: viewer, who: [team:security], agents: ["**"]}'


def bound(world: FleetSimulator, before: str, after: str) -> None:
    """Another binding in place of one."""
    path = "governance/access.yaml"
    access = (world.work / path).read_text()
    assert before in access
    world.commit("carol", {path: access.replace(before, after)})
    world.review("carol")
    world.advance()


def refused(world: FleetSimulator, draft: Draft, who: str) -> str:
    with pytest.raises(RefusedError) as caught:
        world.append(draft, by=who)
    return caught.value.message


def test_one_act_opens_and_pauses(local: FleetSimulator) -> None:
    before = local.view().state.head.seq
    at = opened(local, what=Opening((TRIAGE, PAYROLL), "they answer in rhyme", 1, mode="read-only", until=2**31))
    view = local.view()
    assert view.state.head.seq == before + 1
    assert (at.state, at.lead, at.agents) == ("open", "alice", (str(PAYROLL), str(TRIAGE)))
    for agent in (TRIAGE, PAYROLL):
        pause = pause_of(view, agent, view.state.head.time)
        assert pause is not None
        assert (pause.mode, pause.by, pause.until) == ("read-only", "alice", 2**31)
    assert local.verify().view is not None


def test_the_whole_life_of_one(local: FleetSimulator) -> None:
    at = opened(local)
    step(local, "bob", at.id, "acknowledge")
    local.order(
        "bob", lambda view, actor, **more: assign(view, actor, incident_of(view, at.id), "comms", "erin", **more)
    )
    local.order("bob", lambda view, actor, **more: mitigate(view, actor, incident_of(view, at.id), mode="stop", **more))
    step(local, "bob", at.id, "resolve")
    found = incident_of(local.view(), at.id)
    assert (found.state, found.roles) == ("resolved", {"comms": "erin", "lead": "alice"})
    assert pause_of(local.view(), TRIAGE, local.clock()) is not None
    closing = local.actor("bob")
    draft = take_step(local.view(), closing, found, "close", "close", now=local.clock())
    assert "(incident.review)" in refused(local, draft, "bob")
    path = f"incidents/{at.id[:4]}/{at.id}/review.md"
    commit = local.commit("alice", {path: f"---\nincident: {at.id}\n---\n"})
    for who in ("carol", "dave"):
        local.review(who, commit)
    local.advance(commit)
    step(local, "bob", at.id, "close")
    assert incident_of(local.view(), at.id).state == "closed"
    assert local.verify().offence is None


def test_who_may_not(local: FleetSimulator) -> None:
    bound(local, '{role: operator, who: [team:security], agents: ["**"], environments: [staging]}', VIEWS)
    view, now = local.view(), local.clock()
    for what in (WHAT, Opening((TRIAGE,), "x", 2, mode="stop")):  # erin may pause, and runs no incidents
        draft = open_incident(view, local.actor("erin"), what, now=now)
        assert "(authority.permission)" in refused(local, draft, "erin")
    at = opened(local)
    gate = local.actor("gate")
    for name in ("resolve", "close", "cancel", "severity"):
        fields = [("Severity", "4")] if name == "severity" else []
        draft = take_step(local.view(), gate, at, name, name, fields, now=now, reason="why")
        assert "(incident.bot)" in refused(local, draft, "gate")
    for_erin = take_step(local.view(), gate, at, "acknowledge", "ack", now=now, asked="erin")
    assert "(authority.permission)" in refused(local, for_erin, "gate")
    for_bob = take_step(local.view(), gate, at, "acknowledge", "ack", now=now, asked="bob")
    local.append(for_bob, by="gate")
    mark = incident_of(local.view(), at.id).acknowledged
    assert mark is not None
    assert mark.by == "bob"
    reconciler = local.actor("reconciler")
    draft = take_step(local.view(), reconciler, at, "mitigate", "mitigate", now=now)
    assert "(authority.bot-kind)" in refused(local, draft, "reconciler")


def test_who_runs_incidents_of_one_agent_runs_none_of_another(local: FleetSimulator) -> None:
    everywhere = 'who: [team:support, team:finance], agents: ["**"]'
    bound(local, everywhere, everywhere.replace("**", "support/*"))
    both = Opening((TRIAGE, PAYROLL), "they answer in rhyme", 2)
    draft = open_incident(local.view(), local.actor("alice"), both, now=local.clock())
    assert "(authority.permission)" in refused(local, draft, "alice")
    opened(local)


def test_an_act_lands_once_and_never_begins_anew(local: FleetSimulator) -> None:
    draft = open_incident(local.view(), local.actor("alice"), WHAT, now=local.clock())
    seq = local.append(draft, by="alice").state.head.seq
    (at,) = local.view().state.incidents().values()
    step(local, "alice", at.id, "resolve")
    after = local.append(draft, by="alice")  # sent again
    assert (after.state.head.seq, incident_of(after, at.id).state) == (seq + 1, "resolved")
    elsewhere = replace(draft.act, fleet="another")
    refusal = judge(after, elsewhere, frozenset(), local.clock(), lambda _: b"")
    assert isinstance(refusal, Refusal)
    assert refusal.code == "act.fleet"


def test_on_a_broken_journal_incidents_open_and_none_closes(local: FleetSimulator) -> None:
    draft = open_incident(local.view(), local.actor("alice"), WHAT, now=local.clock())
    assert may_follow(draft.act)
    local.append(draft, by="alice")
    at = next(iter(local.view().state.incidents().values()))
    for name, may in (("mitigate", True), ("resolve", True), ("close", False), ("cancel", False)):
        act = take_step(local.view(), local.actor("alice"), at, name, name, now=local.clock(), reason="why").act
        assert may_follow(act) is may
