"""Changes of playbooks and drills: told by step and field, and always neutral."""

from typing import Any

import msgspec

from agentgov.diff.practice import compare_practice
from agentgov.model.playbook import Drill, Playbook

FILE, DRILL = "playbooks/refunds.yaml", "drills/twice.yaml"
STOP = {"id": "stop", "title": "Stop it", "type": "command", "run": "agentgov pause a/b --reason REASON"}
BACK = {"id": "back", "title": "Roll back", "type": "command", "run": "agentgov rollback a/b --reason REASON"}


def playbook(**fields: Any) -> Playbook:
    plain = {"name": "refunds", "title": "Refunds", "responders": ["alice"], "steps": [STOP, BACK], **fields}
    return msgspec.convert(plain, Playbook)


def told(before: Playbook | None, after: Playbook | None) -> list[tuple[str, str, str]]:
    there = before is not None, after is not None
    return [(one.field, one.klass, one.summary) for one in compare_practice(FILE, before, after, there)]


def test_a_step_that_goes_and_a_command_that_changes_are_told() -> None:
    other = {**BACK, "run": "agentgov rollback a/c --reason REASON"}
    assert told(playbook(), playbook(steps=[other])) == [
        ("playbooks.steps.removed", "neutral", "playbook refunds, step stop removed"),
        (
            "playbooks.steps.run.changed",
            "neutral",
            f"playbook refunds, step back: run {BACK['run']} -> {other['run']}",
        ),
    ]


def test_whom_it_is_about_and_who_answers_are_told_with_their_place() -> None:
    new = playbook(match={"agents": ["a/b"]}, responders=["alice", "team:oncall"], severity=1)
    found = list(compare_practice(FILE, playbook(), new, (True, True)))
    assert {(one.field, one.pointer) for one in found} == {
        ("playbooks.match.agents.added", "/match/agents/0"),
        ("playbooks.responders.added", "/responders/1"),
        ("playbooks.severity.lowered", "/severity"),
    }


def test_one_that_comes_or_goes_is_told_as_a_whole() -> None:
    assert told(None, playbook()) == [("playbooks.added", "neutral", "playbook refunds added")]
    assert told(playbook(), None) == [("playbooks.removed", "neutral", "playbook refunds removed")]


def test_an_order_or_another_spelling_is_said_to_be_that() -> None:
    ((field, klass, summary),) = told(playbook(), playbook(steps=[BACK, STOP]))
    assert (field, klass) == ("playbooks.changed", "neutral")
    assert summary.endswith("the same, or in another order")


def test_what_cannot_be_read_is_named_as_it_is() -> None:
    (found,) = compare_practice(FILE, playbook(), None, (True, True))
    assert (found.field, found.summary) == ("playbooks.changed", "playbook refunds: changed; look at it as text")


def test_drills_are_compared_likewise() -> None:
    goal = {"id": "paused", "metric": "time-to-pause", "target": "60s"}
    plain = {"name": "twice", "type": "tabletop", "playbook": FILE, "objectives": [goal]}
    before = msgspec.convert(plain, Drill)
    after = msgspec.convert({**plain, "objectives": [{**goal, "target": "5m"}]}, Drill)
    (found,) = compare_practice(DRILL, before, after, (True, True))
    assert (found.field, found.klass) == ("drills.objectives.target.raised", "neutral")
    assert found.summary == "drill twice, objective paused: target 60s -> 5m"
