"""The law of incidents: states only go forward, whatever is tried in whatever order, and bots take few steps."""

from dataclasses import replace
from itertools import count

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgov.model.act import Act, new_id, parse, render
from agentgov.model.incident import LEAD, Incident, incident_id
from agentgov.model.incident_steps import (
    MOST_AGENTS,
    MOST_ALERTS,
    MOST_SENT,
    OF_BOTS,
    OF_BOTS_ASKED,
    STEPS,
    StepSetting,
    apply_to_incident,
)
from agentgov.model.transitions import Refusal

RANK = {"open": 0, "acknowledged": 1, "mitigated": 2, "resolved": 3, "closed": 4, "cancelled": 4}
SEEN = ("opened", "acknowledged", "mitigated", "resolved", "ended")
SAID = {
    "assign": (("Role", LEAD), ("Who", "bob"), ("Leaves", "alice")),
    "severity": (("Severity", "2"),),
    "alert": (("Alert", "a" * 32),),
    "message": (("To", "team:support"), ("Comms", "15m")),
    "escalate": (("Level", "1"), ("To", "team:support")),
}
NUMBERS = count(1)
SETTING = StepSetting(1000, 7, lambda who: who in ("alice", "bob"))


def step(name: str, at: str = "", *more: tuple[str, str], actor: str = "person:alice", reason: str = "why") -> Act:
    """A step as it is written; `at` is the incident."""
    act_id = new_id(1_700_000_000_000, next(NUMBERS))
    said = dict((*SAID.get(name, ()), *more))
    if name == "open":
        said = {"Kind": "real", "Title": "it lies", "Severity": "3"} | said
    first = [(key, said.pop(key)) for key in ("For", "Kind", "Title", "Severity") if key in said]
    fields = (("Incident", at or incident_id(act_id)), ("Step", name), *first, ("Agent", "a/b"), *said.items())
    act = Act("incident", act_id, "f", "g", actor, name, fields, reason=reason)
    assert parse(render(act)) == act
    return act


def listing(act: Act, name: str, *values: str) -> Act:
    """The same act with other values of a field, or none; it is not held to how acts are written."""
    left = tuple(field for field in act.fields if field[0] != name)
    return replace(act, fields=(*left, *((name, one) for one in values)))


def opened(*more: tuple[str, str], actor: str = "person:alice") -> Incident:
    found = apply_to_incident(step("open", "", *more, actor=actor), None, SETTING)
    assert isinstance(found, Incident)
    return found


def after(at: Incident, *names: str) -> Incident:
    for name in names:
        found = apply_to_incident(step(name, at.id), at, StepSetting(1000, 8, SETTING.is_person, reviewed=True))
        assert isinstance(found, Incident), (name, found)
        at = found
    return at


def refused(at: Incident | None, act: Act, setting: StepSetting = SETTING) -> str:
    found = apply_to_incident(act, at, setting)
    return found.code if isinstance(found, Refusal) else ""


@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=14), st.booleans())
def test_an_incident_only_goes_forward_and_forgets_no_mark(names: list[str], reviewed: bool) -> None:
    at = opened()
    for seq, name in enumerate(names, 8):
        found = apply_to_incident(step(name, at.id), at, StepSetting(1000, seq, SETTING.is_person, reviewed))
        if isinstance(found, Refusal):
            continue
        assert RANK[found.state] >= RANK[at.state]
        assert all(getattr(found, mark) == getattr(at, mark) for mark in SEEN if getattr(at, mark) is not None)
        assert (found.id, found.agents, found.kind) == (at.id, at.agents, at.kind)
        assert found.escalated in (at.escalated, at.escalated + 1)
        at = found
    marks = [getattr(at, mark) is not None for mark in SEEN[: RANK[at.state] + 1]]
    assert at.state == "cancelled" or all(marks)
    assert len(set(at.sent)) == len(at.sent)


def test_from_the_first_word_to_the_closed_review() -> None:
    at = after(opened(), "acknowledge", "mitigate", "resolve", "close")
    assert (at.state, at.lead) == ("closed", "alice")
    fixed = after(opened(), "resolve")
    assert fixed.mitigated == fixed.acknowledged == fixed.resolved
    assert after(opened(), "mitigate").acknowledged is not None


def test_a_later_step_keeps_when_the_earlier_ones_were() -> None:
    steps = ("acknowledge", "mitigate", "resolve")
    at, marks = opened(), []
    for seq, name in enumerate(steps, 8):
        found = apply_to_incident(step(name, at.id), at, StepSetting(1000 + seq, seq, SETTING.is_person))
        assert isinstance(found, Incident)
        at = found
        marks.append(getattr(at, SEEN[seq - 7]))
    assert [at.acknowledged, at.mitigated, at.resolved] == marks
    assert [mark and mark.seq for mark in marks] == [8, 9, 10]


def test_whoever_acknowledges_what_nobody_leads_leads() -> None:
    by_gate = opened(actor="bot:gate")
    assert (by_gate.lead, after(by_gate, "acknowledge").lead) == ("", "alice")
    by_itself = apply_to_incident(step("mitigate", by_gate.id, actor="bot:gate"), by_gate, SETTING)
    assert isinstance(by_itself, Incident)
    assert by_itself.lead == ""
    asked = apply_to_incident(step("acknowledge", by_gate.id, ("For", "bob"), actor="bot:gate"), by_gate, SETTING)
    assert isinstance(asked, Incident)
    assert asked.acknowledged is not None
    assert (asked.lead, asked.acknowledged.by, asked.opened.by) == ("bob", "bob", "gate")
    assert opened(("For", "bob"), actor="bot:gate").lead == "bob"
    led = opened()
    other = apply_to_incident(step("acknowledge", led.id, actor="person:bob"), led, SETTING)
    assert isinstance(other, Incident)
    assert other.lead == "alice"


@pytest.mark.parametrize(
    ("state", "name", "code"),
    [
        ("acknowledge", "acknowledge", "incident.state"),
        ("mitigate", "acknowledge", "incident.state"),
        ("resolve", "mitigate", "incident.state"),
        ("resolve", "cancel", "incident.state"),
        ("resolve", "resolve", "incident.state"),
        ("resolve", "close", "incident.review"),
        ("cancel", "note", ""),
        ("cancel", "message", "incident.state"),
        ("cancel", "close", "incident.state"),
        ("acknowledge", "escalate", "incident.state"),
    ],
)
def test_what_may_not_follow(state: str, name: str, code: str) -> None:
    at = after(opened(), state)
    assert refused(at, step(name, at.id)) == code


def test_the_mildest_and_those_of_drills_close_without_a_review() -> None:
    mild = after(opened(("Severity", "4")), "resolve")
    drill = after(opened(("Kind", "drill"), ("Severity", "1")), "resolve")
    assert [refused(one, step("close", one.id)) for one in (mild, drill)] == ["", ""]
    assert (mild.review_due, drill.review_due, after(opened(), "resolve").review_due) == (0, 0, 1000 + 14 * 86_400)


def test_a_bot_takes_few_steps_and_speaks_for_people_it_can_name() -> None:
    at = opened()
    for name in set(STEPS) - {"open"}:
        assert (refused(at, step(name, at.id, actor="bot:gate")) == "incident.bot") == (name not in OF_BOTS), name
        asked = step(name, at.id, ("For", "alice"), actor="bot:gate")
        assert (refused(at, asked) == "incident.bot") == (name not in OF_BOTS_ASKED), name
    assert refused(at, step("note", at.id, ("For", "mallory"), actor="bot:gate")) == "incident.who"
    assert refused(at, step("note", at.id, ("For", "bob"))) == "incident.words"  # a person speaks for nobody else
    assert not {"close", "cancel"} & OF_BOTS_ASKED


def test_a_bot_makes_an_incident_worse_for_somebody_and_never_milder() -> None:
    at = opened(("Severity", "2"))
    for level, code in (("1", ""), ("2", ""), ("3", "incident.bot"), ("4", "incident.bot")):
        asked = step("severity", at.id, ("Severity", level), ("For", "alice"), actor="bot:gate")
        assert refused(at, asked) == code, level
        assert refused(at, step("severity", at.id, ("Severity", level))) == ""


def test_a_bot_opens_one_while_one_stands_and_people_may_open_more() -> None:
    standing = StepSetting(1000, 7, SETTING.is_person, standing="2023-1114-abcd")
    assert refused(None, step("open", actor="bot:gate"), standing) == "incident.standing"
    assert refused(None, step("open"), standing) == ""
    assert refused(None, step("open", "", ("For", "bob"), actor="bot:gate"), standing) == ""
    at = opened()
    assert refused(at, step("alert", at.id, actor="bot:gate"), standing) == ""


def test_of_two_who_hand_over_at_once_one_is_refused() -> None:
    at = after(opened(), "assign")
    assert at.lead == "bob"
    assert refused(at, step("assign", at.id)) == "incident.leaves"
    assert refused(at, step("assign", at.id, ("Who", "mallory"), ("Leaves", "bob"))) == "incident.who"


def test_what_is_due_by_itself_happens_once() -> None:
    at = after(opened(), "message", "escalate")
    assert (at.sent, at.escalated) == (("15m",), 1)
    assert refused(at, step("message", at.id)) == "incident.sent"
    assert refused(at, step("escalate", at.id)) == "incident.level"


def test_what_an_incident_may_hold_is_bounded() -> None:
    at = msgspec.structs.replace(opened(), sent=tuple(map(str, range(MOST_SENT - 1))))
    last = after(at, "message")
    assert refused(last, step("message", at.id, ("Comms", "30m"))) == "incident.full"
    full = [f"{number:032x}" for number in range(MOST_ALERTS)]
    one_less, all_of_them = (msgspec.structs.replace(opened(), alerts=tuple(each)) for each in (full[1:], full))
    assert refused(one_less, listing(step("alert", one_less.id), "Alert", full[0])) == ""
    assert refused(all_of_them, step("alert", all_of_them.id)) == "incident.full"


@pytest.mark.parametrize(
    ("name", "values", "most"),
    [
        ("Agent", [f"a/b{number:03}" for number in range(MOST_AGENTS + 1)], MOST_AGENTS),
        ("Alert", [f"{number:032x}" for number in range(MOST_ALERTS + 1)], MOST_ALERTS),
        ("Title", ["x" * 200], 1),
        ("Playbook", ["playbooks/it-lies.yaml"], 1),
    ],
)
def test_lists_are_sorted_name_each_once_and_end(name: str, values: list[str], most: int) -> None:
    act = step("open")
    assert refused(None, listing(act, name, *values[:most])) == ""
    wrong = [values, values[1::-1], values[:1] * 2] if most > 1 else [[values[0] + "x" * 201]]
    assert {refused(None, listing(act, name, *each)) for each in wrong} == {"incident.words"}


@pytest.mark.parametrize(
    "act",
    [
        step("dance", "2023-1114-abcd"),
        step("open", "", ("Role", "lead")),
        step("open", "", ("Severity", "0")),
        step("open", "", ("Kind", "false")),
        step("open", "", ("Drill", "refunds")),
        step("open", "", ("Alert", "short")),
        step("open", "", ("Playbook", "../etc/passwd.yaml")),
        step("open", "", ("Until", "5")),
        step("open", "", ("Kind", "drill"), ("Drill", "No Name")),
        listing(step("open"), "Agent", "nobody"),
        listing(step("open"), "Agent"),
        listing(step("open"), "Title"),
        step("open", "", ("Mode", "sleep")),
    ],
)
def test_an_act_that_is_not_spelled_as_its_step_is_refused(act: Act) -> None:
    assert refused(None, act) == "incident.words"


def test_words_where_words_are_needed_an_id_of_its_own_and_the_same_agents() -> None:
    for fields in ((("Kind", "drill"), ("Drill", "refunds")), (("Mode", "stop"), ("Until", "5"))):
        assert refused(None, step("open", "", *fields)) == ""
    at = opened()
    for name in ("note", "cancel", "message"):
        assert refused(at, step(name, at.id, reason="")) == "incident.reason"
    assert refused(None, step("open", "2023-1114-abcd")) == "incident.id"
    assert refused(at, step("open", at.id)) == "incident.id"
    again = step("open")
    assert refused(at, again) == "incident.id"
    assert refused(None, step("acknowledge", at.id)) == "incident.unknown"
    other = step("acknowledge", at.id)
    changed = tuple((name, "a/c" if name == "Agent" else text) for name, text in other.fields)
    assert refused(at, Act("incident", other.id, "f", "g", other.actor, "x", changed)) == "incident.agents"
