"""A drill that is overdue holds the high-risk agent that it was about: in the plan, and for every verifier."""

from hashlib import sha256

import pytest
from simulator import PAYROLL, TRIAGE, FleetSimulator

from agentgov.cli.on_call.drill_held import markdown_of
from agentgov.errors import AgentgovError
from agentgov.incident.drill_order import order_drill
from agentgov.incident.drill_score import Result, Scored
from agentgov.journal.practised import overdue_drill
from agentgov.journal.view import View

DAY = 86_400
DRILL = """apiVersion: agentgov.dev/v1
kind: Drill
name: rhymes
type: tabletop
playbook: playbooks/rhymes.yaml
objectives: [{id: paused, metric: time-to-pause, target: 60s}]
every: 30d
"""


def authorised(world: FleetSimulator, text: str | None) -> View:
    commit = world.commit("alice", {"drills/rhymes.yaml": text})
    for who in ("carol", "dave"):
        world.review(who, commit)
    return world.advance(commit)


def held(world: FleetSimulator, days: int) -> tuple[str, str]:
    view = world.view()
    time = view.state.head.time + days * DAY
    return overdue_drill(view, PAYROLL, time), overdue_drill(view, TRIAGE, time)


def hold(world: FleetSimulator, agents: tuple[str, ...] = (str(PAYROLL), str(TRIAGE))) -> None:
    objective = Scored("paused", "time-to-pause", "60s", "40s", True, 1)
    result = Result("rhymes", "tabletop", agents, 1_700_000_000, 1_700_000_060, {}, (objective,), ())
    world.order("alice", lambda view, actor, now: order_drill(view, actor, result, now=now))


def test_an_overdue_drill_holds_what_is_of_high_risk_until_it_is_held_again(local: FleetSimulator) -> None:
    authorised(local, DRILL)
    assert held(local, 400) == ("", ""), "one that was never held holds nobody"
    hold(local)
    run = local.view().state.drill("rhymes")
    assert run is not None
    assert (run.score, run.objectives[0].observed) == (100, "40s")
    assert held(local, 29) == ("", "")
    late, low = held(local, 31)
    assert late.startswith("the drill rhymes had to be held by 2023-12-14: agentgov drill run rhymes")
    assert low == "", "triage is of low risk"
    authorised(local, DRILL.replace("every: 30d\n", ""))
    assert held(local, 400) == ("", "")
    assert local.verify().offence is None


def test_nobody_frees_an_agent_by_a_record_that_leaves_it_out(local: FleetSimulator) -> None:
    authorised(local, DRILL)
    hold(local)
    before = local.view().state.head.seq
    with pytest.raises(AgentgovError, match=f"the drill rhymes is about {PAYROLL}, and the act leaves it out"):
        hold(local, (str(TRIAGE),))
    assert local.view().state.head.seq == before
    authorised(local, DRILL + f"agent: {TRIAGE}\n")
    hold(local, (str(TRIAGE),))
    assert local.verify().offence is None


def test_what_changes_the_file_of_a_drill_lets_go_and_is_reviewed(local: FleetSimulator) -> None:
    authorised(local, DRILL)
    hold(local)
    assert held(local, 31)[0]
    authorised(local, DRILL.replace("30d", "999999999y"))
    assert held(local, 10**6) == ("", "")
    authorised(local, None)
    assert held(local, 400) == ("", "")


def test_the_record_carries_the_digest_of_the_report(local: FleetSimulator) -> None:
    authorised(local, DRILL)
    result = Result("rhymes", "tabletop", (str(PAYROLL),), 1_700_000_000, 1_700_000_060, {}, (), ())
    report = markdown_of(result)
    local.order("alice", lambda view, actor, now: order_drill(view, actor, result, now=now, report=report))
    run = local.view().state.drill("rhymes")
    assert run is not None
    assert run.report == sha256(report.encode()).hexdigest()
    assert local.verify().offence is None
