"""What packs of evidence say of incidents and drills, out of a real journal: what is owed, late, and was held."""

from simulator import PAYROLL, FleetSimulator

from agentgov.audit.practice import drill_facts, incident_facts
from agentgov.audit.scope import Scope
from agentgov.incident.orders import Opening, open_incident, take_step
from agentgov.journal.draft import draft
from agentgov.journal.view import View
from agentgov.model.incident import review_path

DAY = 86_400
DRILL = """apiVersion: agentgov.dev/v1
kind: Drill
name: leak
type: tabletop
playbook: playbooks/leak.yaml
every: 30d
objectives: [{id: paused, metric: time-to-pause, target: 60s}]
"""


def told(view: View, since: int = 0, days: int = 0) -> str:
    now = view.state.head.time + days * DAY
    return "\n".join(one.text for one in incident_facts(view, since, now, Scope()))


def test_a_review_is_owed_then_overdue_then_stands_with_its_actions(local: FleetSimulator) -> None:
    assert "No incident stands" in told(local.view())
    local.order("alice", open_incident, Opening((PAYROLL,), "it leaks", 1))
    (at,) = local.view().state.incidents().values()
    assert "acknowledged never, up to here" in told(local.view())
    local.order("alice", lambda view, actor, **more: take_step(view, actor, at, "resolve", "resolve", **more))
    assert "its review is owed" in told(local.view())
    assert "its review is OVERDUE" in told(local.view(), days=9)
    action = "{id: mask, title: Mask payslips, owner: bob, due: 2001-01-01}"
    done = "{id: told, title: Tell people, owner: bob, due: 2001-01-01, done: 2001-01-01}"
    front = f"incident: {at.id}\nactions: [{action}, {done}]\n"
    commit = local.commit("alice", {review_path(at.id): f"---\n{front}---\n# What we learnt\n"})
    for who in ("carol", "dave"):
        local.review(who, commit)
    view = local.advance(commit)
    assert "2 actions, 1 open, 1 of them OVERDUE" in told(view)
    ended = local.order("alice", lambda view, actor, **more: take_step(view, actor, at, "close", "close", **more))
    assert "closed" in told(ended)
    assert at.id not in told(ended, since=ended.state.head.time + 10 * DAY)


def no_drill(world: FleetSimulator, workspace: str = "") -> bool:
    (fact,) = drill_facts(world.view(), world.clock(), Scope(workspace))
    return fact.text == "No drill is planned, and none was held."


def test_a_drill_is_held_and_then_overdue(local: FleetSimulator) -> None:
    assert no_drill(local)
    now = local.clock()
    fields = [
        *[("Drill", "leak"), ("Type", "tabletop"), ("Agent", str(PAYROLL)), ("Started", str(now - 600))],
        *[("Ended", str(now)), ("Score", "50"), ("Objective", "paused met 12s"), ("Objective", "told missed -")],
        ("Gaps", "1"),
    ]
    local.order("carol", lambda view, actor, **more: draft(view, actor, "drill", "drill leak", fields, **more))
    assert no_drill(local, "support")
    (fact,) = drill_facts(local.view(), local.clock(), Scope("finance"))
    assert "planned no more" in fact.text
    assert "1 of 2 objectives met, score 50 of 100, 1 gaps" in fact.text
    assert "OVERDUE" not in fact.text
    commit = local.commit("alice", {"drills/leak.yaml": DRILL})
    for who in ("carol", "dave"):
        local.review(who, commit)
    view = local.advance(commit)
    for days, late in ((29, False), (31, True)):
        (fact,) = drill_facts(view, now + days * DAY, Scope())
        assert fact.text.startswith("Drill leak: held every 30d; held last")
        assert fact.text.endswith("OVERDUE.") == late, days
