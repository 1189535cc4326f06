"""Who is called when, what is sent when, and what is told of it; by a clock that tests move."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.incident.test_incident_review import T0, incident, mark

from agentgov.alerts.routing import meets, why_not
from agentgov.incident.calling import message_alerts, standing_calls
from agentgov.incident.escalation import Chain, next_call, next_message, reminders
from agentgov.model.act import Act, new_id
from agentgov.model.playbook import Message
from agentgov.model.policies import RouteMatch

CHAIN = Chain(("alice", "team:support", "role:administrator"), 600)
MINUTE = 60_000
COMMS = (Message(at="15m", to="role:administrator", template="x"), Message(at="1h", to="alice", template="y"))


@pytest.mark.parametrize(
    ("escalated", "after", "level"),
    [(0, 0, 1), (1, 9, 0), (1, 10, 2), (2, 19, 0), (2, 20, 3), (3, 10_000, 0)],
)
def test_the_next_is_called_when_the_one_before_had_their_time(escalated: int, after: int, level: int) -> None:
    at = incident(state="open", escalated=escalated)
    found = next_call(at, CHAIN, T0 + after * MINUTE)
    assert (found.level if found is not None else 0) == level


@given(st.integers(0, 10**9), st.sampled_from(("acknowledged", "mitigated", "resolved", "closed", "cancelled")))
def test_nobody_is_called_once_somebody_is_on_it(after: int, state: str) -> None:
    at = incident(state=state, escalated=0)
    assert next_call(at, CHAIN, T0 + after) is None
    assert list(standing_calls("f", incident(state=state, escalated=3, acknowledged=None), CHAIN, T0 + after)) == []


def test_messages_are_due_in_their_order_and_sent_once() -> None:
    at = incident(state="mitigated")
    assert next_message(at, COMMS, T0 + 14 * MINUTE) is None
    first = next_message(at, COMMS, T0 + 90 * MINUTE)
    assert first is not None
    assert (first.key, first.due) == ("comms-1", T0 + 15 * MINUTE)
    second = next_message(incident(state="mitigated", sent=("comms-1",)), COMMS, T0 + 90 * MINUTE)
    assert second is not None
    assert second.key == "comms-2"
    assert next_message(incident(state="resolved"), COMMS, T0 + 90 * MINUTE) is None


def test_who_acknowledged_is_reminded_until_it_is_contained() -> None:
    at = incident(state="acknowledged", severity=1, acknowledged=mark(0), mitigated=None, resolved=None)
    assert [reminders(at, T0 + minutes * MINUTE) for minutes in (0, 29, 30, 61)] == [0, 0, 1, 2]
    (told,) = standing_calls("f", at, CHAIN, T0 + 61 * MINUTE)
    assert told.label("reminder") == "2"
    assert "not contained for 1 hours. Lead: alice" in told.summary
    assert reminders(incident(state="mitigated"), T0 + 10**9) == 0


def test_a_message_is_due_from_its_minute_on_and_the_last_may_be_sent_before_the_first() -> None:
    at = incident(state="open")
    found = [next_message(at, COMMS, T0 + 15 * MINUTE + more) for more in (-1, 0)]
    assert [one.key if one is not None else "" for one in found] == ["", "comms-1"]
    assert next_message(incident(state="open", sent=("comms-1", "comms-2")), COMMS, T0 + 90 * MINUTE) is None
    assert [next_message(incident(state=state), COMMS, T0 + 90 * MINUTE) is None for state in OVER] == [True] * 3


OVER = ("resolved", "closed", "cancelled")


def test_nobody_is_called_or_reminded_before_there_is_anything() -> None:
    at = incident(state="open", escalated=0)
    assert next_call(at, CHAIN, T0 - 1) is None
    assert next_call(at, Chain((), 600), T0) is None
    later = incident(state="acknowledged", severity=1, acknowledged=mark(0), mitigated=None, resolved=None)
    assert reminders(later, T0 - 31 * MINUTE) == 0  # by a clock that is behind
    assert reminders(incident(state="mitigated", severity=1, acknowledged=mark(0)), T0 + 10**9) == 0
    assert next_call(incident(state="acknowledged", escalated=0), CHAIN, T0) is None


def test_who_is_woken_is_so_for_what_is_grave_and_not_for_a_message() -> None:
    for severity, word in ((3, "page"), (4, "ticket")):
        at = incident(state="open", escalated=1, severity=severity, acknowledged=None, mitigated=None, resolved=None)
        (told,) = standing_calls("f", at, CHAIN, T0)
        assert (told.label("severity"), told.label("drill")) == (word, "")
    at = incident(severity=1)
    act = Act("incident", new_id(T0, 5), "f", "g", "bot:gate", "tell", (("To", "alice"),), reason="It is over.")
    (told,) = message_alerts("f", at, act)
    assert (told.label("severity"), told.summary) == ("ticket", "It is over.")


def test_what_a_drill_tells_is_marked_once() -> None:
    for reason in ("It is over.", "[DRILL] It is over."):
        act = Act("incident", new_id(T0, 5), "f", "g", "bot:gate", "tell", (("To", "alice"),), reason=reason)
        assert [one.summary for one in message_alerts("f", incident(kind="drill"), act)] == ["[DRILL] It is over."]


def test_without_a_lead_a_reminder_says_so_and_one_person_is_named_once() -> None:
    at = incident(state="acknowledged", severity=1, acknowledged=mark(0), mitigated=None, resolved=None, roles={})
    (told,) = standing_calls("f", at, CHAIN, T0 + 31 * MINUTE)
    assert told.summary.endswith("Lead: nobody")
    at = incident(state="open", escalated=2, mitigated=None, resolved=None)
    said = [one.summary for one in standing_calls("f", at, CHAIN, T0, lambda who: (who,) if who == "alice" else ())]
    assert [one.rpartition("Called: ")[2] for one in said] == ["alice", "team:support"]


def test_each_who_was_called_is_told_and_a_drill_is_marked() -> None:
    at = incident(state="open", escalated=2, kind="drill")
    found = list(standing_calls("f", at, CHAIN, T0))
    assert [one.label("to") for one in found] == ["alice", "team:support"]
    assert {one.label("drill") for one in found} == {"true"}
    assert len({one.fingerprint for one in found}) == 2
    assert all(one.next == f"agentgov incident ack {at.id}" for one in found)


def test_who_is_called_is_named_so_that_routes_can_match_them() -> None:
    at = incident(state="open", escalated=1, mitigated=None, resolved=None)
    chain = Chain(("team:support",), 300)
    (told,) = standing_calls("f", at, chain, T0, lambda who: ("alice", "bob") if who == "team:support" else ())
    assert told.people == ("alice", "bob")
    assert told.summary.endswith("Called: team:support (alice, bob)")
    for to, takes in ((("bob",), True), (("team:support",), True), (("carol", "role:owner"), False), ((), True)):
        assert meets(RouteMatch(to=to), told.labels, told.people) is takes
    assert "it takes what is meant for carol" in why_not(RouteMatch(to=("carol",)), dict(told.labels), told.people)
