"""What an incident owes holds an agent of high risk: in the plan, and for every verifier, until it is paid on main."""

from dataclasses import replace

from simulator import PAYROLL, TRIAGE, FleetSimulator

from agentgov.incident.orders import Opening, incident_of, open_incident, take_step
from agentgov.journal.owed import overdue_words, owed, review_of
from agentgov.journal.view import View
from agentgov.model.incident import review_path

DAY = 86_400


def resolved(world: FleetSimulator, severity: int = 1) -> str:
    """An incident of both agents that is over."""
    world.order("alice", open_incident, Opening((TRIAGE, PAYROLL), "they rhyme", severity))
    (at,) = world.view().state.incidents().values()
    world.order("alice", lambda view, actor, **more: take_step(view, actor, at, "resolve", "resolve", **more))
    return at.id


def reviewed(world: FleetSimulator, incident: str, front: str) -> View:
    """Its review on main, with its approvals."""
    commit = world.commit("alice", {review_path(incident): f"---\n{front}---\n# What we learnt\n"})
    for who in ("carol", "dave"):
        world.review(who, commit)
    return world.advance(commit)


def held(view: View, days: int) -> tuple[str, str]:
    time = view.state.head.time + days * DAY
    return overdue_words(view, PAYROLL, time), overdue_words(view, TRIAGE, time)


def test_a_review_that_nobody_wrote_holds_what_is_of_high_risk(local: FleetSimulator) -> None:
    one = resolved(local)
    view = local.view()
    assert held(view, 4) == ("", "")
    assert held(view, 6) == (
        f"the review of {one} is overdue: agentgov incident review {one}",
        "",
    )  # triage is of low risk
    after = reviewed(local, one, f"incident: {one}\nactions: []\n")
    assert owed(after) == ()
    assert held(after, 600) == ("", "")


def test_an_action_past_its_day_holds_until_it_is_done(local: FleetSimulator) -> None:
    one = resolved(local)
    action = "{id: evaluate, title: Notice it, owner: alice, due: 2023-11-20"
    view = reviewed(local, one, f"incident: {one}\nactions:\n  - {action}}}\n")
    found = review_of(view, one)
    assert found is not None
    assert [act.owner for act in found.open] == ["alice"]
    words = f"the action evaluate of {one}, owned by alice, is overdue: agentgov incident done {one} evaluate"
    assert (held(view, 6), held(view, 7)) == (("", ""), (words, ""))  # it is the evening of 2023-11-14
    after = reviewed(local, one, f"incident: {one}\nactions:\n  - {action}, done: 2023-11-19}}\n")
    assert held(after, 600) == ("", "")


def test_a_review_that_cannot_be_read_holds(local: FleetSimulator) -> None:
    one = resolved(local)
    assert "cannot be read" in held(reviewed(local, one, "actions: [\n"), 0)[0]
    assert "cannot be read" in held(reviewed(local, one, f"incident: {one}\nactions: [{{id: x}}]\n"), 0)[0]


def test_what_is_mild_cancelled_or_rehearsed_owes_nothing(local: FleetSimulator) -> None:
    one = resolved(local, severity=4)
    assert owed(local.view()) == ()
    local.order("alice", open_incident, replace(Opening((PAYROLL,), "a drill", 1), kind="drill"))
    drill = next(at for at in local.view().state.incidents().values() if at.id != one)
    at = incident_of(local.view(), drill.id)
    local.order("alice", lambda view, actor, **more: take_step(view, actor, at, "resolve", "resolve", **more))
    assert owed(local.view()) == ()
    assert local.verify().offence is None
