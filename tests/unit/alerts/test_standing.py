"""Alerts stand from their start to their end, whoever looks how often; what they ask for is asked once."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from alertworld import HOUR, NOW, an_alert

from agentgov.alerts import ordered, standing
from agentgov.alerts.alert import Alert, Scope
from agentgov.alerts.ordered import COOL_DOWN, Asked
from agentgov.alerts.standing import Standing
from agentgov.store.open import open_store
from agentgov.store.port import Store, Transaction

ALL = Scope(frozenset({"cost-burn", "unseen-tool"}))


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = open_store(store_url)
    yield store
    store.close()


def put(store: Store, firing: Sequence[Alert], now: int, scope: Scope = ALL) -> None:
    store.write(lambda tx: standing.put(tx, firing, now, scope)).result()


def current(store: Store) -> tuple[Standing, ...]:
    return store.read(standing.current).result()


def records(store: Store) -> list[str]:
    return [row[0] for row in store.read(lambda tx: tx.all("SELECT type FROM records ORDER BY time, seq")).result()]


def test_an_alert_starts_once_goes_on_with_new_figures_and_ends(store: Store) -> None:
    first = an_alert(observed=3.0)
    put(store, [first], NOW)
    put(store, [replace(first, observed=4.0, starts=NOW + 5)], NOW + 10)
    (found,) = current(store)
    assert (found.alert, found.taken, found.seen) == (replace(first, observed=4.0), NOW, NOW + 10)
    put(store, [], NOW + 20)
    assert current(store) == ()
    ended = store.read(lambda tx: standing.find(tx, first.fingerprint)).result()
    assert ended is not None
    assert (ended.id, ended.resolved, ended.stands) == (found.id, NOW + 20, False)
    assert records(store) == ["alert.start", "alert.resolve"]


def test_one_that_comes_back_is_another_one_under_the_same_name(store: Store) -> None:
    one = an_alert()
    for moment, firing in ((0, [one]), (1, []), (2, [one])):
        put(store, firing, NOW + moment)
    (again,) = current(store)
    assert again.taken == NOW + 2
    (before,) = store.read(lambda tx: standing.ended_since(tx, NOW)).result()
    assert (before.fingerprint, before.id) == (again.fingerprint, again.id - 1)


def test_what_was_not_evaluated_goes_on(store: Store) -> None:
    put(store, [an_alert(), an_alert(alertname="unseen-tool", agent="finance/pay")], NOW)
    put(store, [], NOW + 1, Scope(frozenset({"cost-burn"})))
    assert [one.alert.label("alertname") for one in current(store)] == ["unseen-tool"]
    put(store, [], NOW + 2, Scope(frozenset({"unseen-tool"}), frozenset({"support/triage"})))
    assert len(current(store)) == 1


def test_the_first_who_acknowledges_is_written_down(store: Store) -> None:
    one = an_alert()
    put(store, [one], NOW)
    for who, moment in (("person:ann", 1), ("person:bob", 2)):
        found = store.write(
            lambda tx, who=who, at=NOW + moment: standing.acknowledge(tx, one.fingerprint, who, at)  # type: ignore[misc]
        ).result()
        assert found is not None
        assert (found.acknowledged, found.acknowledged_by) == (NOW + 1, "person:ann")
    assert records(store) == ["alert.start", "alert.acknowledge"]
    assert store.write(lambda tx: standing.acknowledge(tx, "0" * 32, "person:ann", NOW)).result() is None


def test_a_person_may_end_one_and_what_it_asked_for_is_left_undone(store: Store) -> None:
    one = an_alert(do=("alert", "pause"))
    put(store, [one], NOW)
    ended = store.write(lambda tx: standing.resolve(tx, one.fingerprint, "person:ann", NOW + 1)).result()
    assert ended is not None
    assert (ended.resolved, ended.resolved_by) == (NOW + 1, "person:ann")
    (act,) = store.read(lambda tx: ordered.of_alert(tx, ended.id)).result()
    assert (act.state, act.due) == ("refused", 0)


def test_an_act_is_asked_once_and_cools_down(store: Store) -> None:
    one = an_alert(do=("alert", "read-only"))
    put(store, [one], NOW)
    put(store, [one], NOW + 1)
    (asked,) = store.write(lambda tx: ordered.take_due(tx, NOW + 1)).result()
    assert (asked.act, asked.agent) == ("read-only", "support/triage")
    assert store.write(lambda tx: ordered.take_due(tx, NOW + 1)).result() == ()  # somebody does it
    assert store.write(lambda tx: ordered.end(tx, asked, "done", "paused", "act")).result()
    assert not store.write(lambda tx: ordered.end(tx, asked, "refused", "no")).result()
    put(store, [], NOW + 2)
    put(store, [one], NOW + HOUR - 1)  # it comes back too soon
    (again,) = current(store)
    (cooling,) = store.read(lambda tx: ordered.of_alert(tx, again.id)).result()
    assert cooling.state == "cooling"
    put(store, [], NOW + HOUR)
    put(store, [one], NOW + COOL_DOWN)
    (third,) = store.write(lambda tx: ordered.take_due(tx, NOW + COOL_DOWN)).result()
    assert third.alert == again.id + 1


def test_an_act_that_fails_is_tried_again_ever_less_often(store: Store) -> None:
    put(store, [an_alert(do=("pause",))], NOW)
    (asked,) = store.write(lambda tx: ordered.take_due(tx, NOW)).result()
    store.write(lambda tx: ordered.put_off(tx, asked, "git is away", NOW)).result()
    assert store.write(lambda tx: ordered.take_due(tx, NOW + 999)).result() == ()
    (again,) = store.write(lambda tx: ordered.take_due(tx, NOW + 1000)).result()
    assert (again.tries, again.said) == (1, "git is away")


def test_what_ended_long_ago_is_forgotten(store: Store) -> None:
    put(store, [an_alert(do=("pause",))], NOW)
    put(store, [], NOW + 1)
    assert store.write(lambda tx: standing.forget(tx, NOW + 1 + standing.KEPT)).result() == 0
    assert store.write(lambda tx: standing.forget(tx, NOW + 2 + standing.KEPT)).result() == 1
    assert store.read(lambda tx: tx.all("SELECT 1 FROM alert_acts")).result() == []


def taken(store: Store, now: int, most: int = 20) -> list[Asked]:
    return list(store.write(lambda tx: ordered.take_due(tx, now, most)).result())


def states(store: Store) -> dict[tuple[str, str], str]:
    """How every act that was asked for stands, by agent and act; of several the last."""
    rows = store.read(lambda tx: tx.all("SELECT agent, act, state FROM alert_acts ORDER BY alert")).result()
    return {(agent, act): state for agent, act, state in rows}


def test_another_act_and_another_agent_do_not_wait_for_a_cool_down_nor_does_an_incident(store: Store) -> None:
    put(store, [an_alert(do=("pause", "incident"))], NOW)
    for one in taken(store, NOW):
        store.write(lambda tx, one=one: ordered.end(tx, one, "done", "")).result()  # type: ignore[misc]
    put(store, [], NOW + 1)
    asks = ("pause", "incident", "read-only")
    put(store, [an_alert(do=asks), an_alert(agent="support/b", do=("pause",))], NOW + COOL_DOWN - 1)
    assert states(store) == {
        ("support/b", "pause"): "asked",
        ("support/triage", "incident"): "asked",
        ("support/triage", "pause"): "cooling",
        ("support/triage", "read-only"): "asked",
    }


def test_what_is_about_no_agent_opens_an_incident_and_pauses_nobody(store: Store) -> None:
    put(store, [an_alert(agent="", do=("alert", "pause", "incident"))], NOW)
    assert states(store) == {("", "pause"): "refused", ("", "incident"): "asked"}
    assert [one.act for one in taken(store, NOW)] == ["incident"]


def test_acts_are_taken_put_off_and_ended_each_by_itself(store: Store) -> None:
    asks = ("pause", "incident")
    put(store, [an_alert(do=asks), an_alert("unseen-tool", agent="support/b", do=asks)], NOW)
    assert [len(taken(store, NOW, 1)) for _ in range(5)] == [1, 1, 1, 1, 0]
    incident = next(one for one in taken(store, NOW + HOUR) if one.act == "incident")
    store.write(lambda tx: ordered.put_off(tx, incident, "git is away", NOW + HOUR)).result()
    assert [(one.act, one.tries) for one in taken(store, NOW + HOUR + 1_000)] == [("incident", 1)]
    assert store.write(lambda tx: ordered.end(tx, incident, "done", "", "i")).result()
    assert not store.write(lambda tx: ordered.end(tx, incident, "refused", "", "")).result()  # somebody has said so
    store.write(lambda tx: ordered.put_off(tx, incident, "git is away", NOW + HOUR)).result()
    assert Counter(states(store).values()) == {"asked": 3, "done": 1}
    (done,) = [one for one in store.read(lambda tx: ordered.of_alert(tx, incident.alert)).result() if one.ref]
    assert (done.due, done.said, done.tries) == (0, "", 1)


def test_what_is_done_takes_nobodys_turn(store: Store) -> None:
    agents = [an_alert(agent=f"support/a{number}", do=("pause",)) for number in range(3)]
    put(store, agents[:2], NOW)
    for one in taken(store, NOW):
        store.write(lambda tx, one=one: ordered.end(tx, one, "done", "")).result()  # type: ignore[misc]
    assert not store.read(lambda tx: ordered.is_due(tx, NOW + HOUR)).result()
    put(store, agents, NOW + HOUR)
    assert [store.read(lambda tx, at=NOW + at: ordered.is_due(tx, at)).result() for at in (HOUR - 1, HOUR)] == [  # type: ignore[misc]
        False,
        True,
    ]
    assert [one.agent for one in taken(store, NOW + HOUR, 2)] == ["support/a2"]


def test_the_next_attempt_comes_within_a_minute_however_often_it_failed(store: Store) -> None:
    put(store, [an_alert(do=("pause",))], NOW)
    (one,) = taken(store, NOW)
    store.write(lambda tx: ordered.put_off(tx, replace(one, tries=30), "git is away", NOW)).result()
    assert [len(taken(store, NOW + at)) for at in (59_999, 60_000)] == [0, 1]


def test_who_ends_an_alert_takes_back_what_it_asked_and_nothing_else(store: Store) -> None:
    one, other = an_alert(do=("pause", "incident")), an_alert(agent="support/b", do=("pause",))
    put(store, [one, other], NOW)
    (incident,) = [act for act in taken(store, NOW) if act.act == "incident"]
    store.write(lambda tx: ordered.end(tx, incident, "done", "opened")).result()
    assert store.write(lambda tx: standing.resolve(tx, one.fingerprint, "person:ann", NOW + 1)).result() is not None
    assert store.write(lambda tx: standing.resolve(tx, one.fingerprint, "person:ann", NOW + 2)).result() is None
    assert store.write(lambda tx: standing.resolve(tx, "0" * 32, "person:ann", NOW + 2)).result() is None
    assert states(store) == {
        ("support/b", "pause"): "asked",
        ("support/triage", "incident"): "done",
        ("support/triage", "pause"): "refused",
    }
    put(store, [], NOW + 3)
    sql = "SELECT type, agent, actor FROM records WHERE type = 'alert.resolve' ORDER BY time"
    assert store.read(lambda tx: tx.all(sql)).result() == [
        ("alert.resolve", "support/triage", "person:ann"),
        ("alert.resolve", "support/b", "gate"),
    ]


def test_nobody_acknowledges_what_is_over_nor_another_alert(store: Store) -> None:
    one, other, third = an_alert(), an_alert(agent="support/b"), an_alert(agent="support/c")
    put(store, [one, other, third], NOW)
    put(store, [other, third], NOW + 1)
    assert store.write(lambda tx: standing.acknowledge(tx, one.fingerprint, "person:ann", NOW + 2)).result() is None
    found = store.write(lambda tx: standing.acknowledge(tx, other.fingerprint, "person:ann", NOW + 2)).result()
    assert found is not None
    rows = store.read(lambda tx: tx.all("SELECT agent, acknowledged_by FROM alerts ORDER BY id")).result()
    assert rows == [("support/triage", ""), ("support/b", "person:ann"), ("support/c", "")]


def test_what_ended_is_found_by_when_it_did_and_kept_for_its_time(store: Store) -> None:
    stays, early, late = (an_alert(agent=f"support/{name}", do=("pause",)) for name in ("stays", "early", "late"))
    put(store, [stays, early, late], NOW)
    put(store, [stays, late], NOW + 1)
    put(store, [stays], NOW + 2)
    for since, found in ((0, ["support/early", "support/late"]), (NOW + 2, ["support/late"])):
        ended = store.read(lambda tx, since=since: standing.ended_since(tx, since)).result()  # type: ignore[misc]
        assert [one.alert.label("agent") for one in ended] == found
    assert store.write(lambda tx: standing.forget(tx, NOW + 2 + standing.KEPT)).result() == 1
    assert {agent for agent, _ in states(store)} == {"support/stays", "support/late"}
    assert [one.alert.label("agent") for one in current(store)] == ["support/stays"]


def test_listeners_hear_of_alerts_that_start_or_end_and_of_nothing_else(store: Store) -> None:
    told, one = list[str](), an_alert()

    class Ears:
        """A transaction, and what it tells."""

        def __init__(self, tx: Transaction) -> None:
            self.tell = told.append
            self.one, self.all, self.run, self.many, self.among = tx.one, tx.all, tx.run, tx.many, tx.among
            self.dialect = tx.dialect

    for firing, heard in (([one], 1), ([replace(one, observed=9.0)], 1), ([], 2), ([], 2)):
        store.write(lambda tx, firing=firing: standing.put(Ears(tx), firing, NOW, ALL)).result()  # type: ignore[misc]
        assert told.count(standing.TOPIC) == heard
