"""What stands becomes deliveries: each decision with its delivery, once, and in the order in which it is to arrive."""

from collections import Counter
from collections.abc import Iterator

import msgspec
import pytest
from alertworld import FLEET, HOUR, MINUTE, NOW, SECOND, an_alert

from agentgov.alerts import notices, silence_rows, standing
from agentgov.alerts.alert import Alert, Scope, dedup_key
from agentgov.alerts.message import Message, decoded
from agentgov.alerts.muting import Circumstances
from agentgov.alerts.notices import Telling
from agentgov.alerts.routing import ways
from agentgov.alerts.silence import Matcher, Silence
from agentgov.model.policies import Route, RouteMatch
from agentgov.runtime import deliveries
from agentgov.runtime.deliveries import FRESH, KEPT, LEASE, Delivery
from agentgov.store.open import open_store
from agentgov.store.port import Store, Transaction

ALL = Scope(frozenset({"cost-burn", "loop"}))
SLACK = Route(to="slack", name="channel", key_from="env:S")
PAGER = Route(to="pagerduty", name="pager", key_from="env:P", match=RouteMatch(severity=("page",)))


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = open_store(store_url)
    yield store
    store.close()


def telling(*routes: Route) -> Telling:
    return Telling(ways(routes), Circumstances(), FLEET, "acme", "https://gate.acme.example")


def put(store: Store, now: int, *firing: Alert) -> None:
    store.write(lambda tx: standing.put(tx, firing, now, ALL)).result()


def flush(store: Store, now: int, *routes: Route) -> int | None:
    return store.write(lambda tx: notices.flush(tx, telling(*routes), now)).result()


def taken(store: Store, now: int, most: int = 99) -> tuple[Delivery, ...]:
    return store.write(lambda tx: deliveries.take_due(tx, now, most)).result()


def arrive(store: Store, now: int) -> list[tuple[str, Message]]:
    found = []
    while some := taken(store, now):
        for one in some:
            found.append((one.route, decoded(one.body)))
            store.write(lambda tx, one=one: deliveries.end(tx, one, "delivered", "", now)).result()  # type: ignore[misc]
    return found


def test_a_group_is_told_once_and_again_when_it_is_due(store: Store) -> None:
    put(store, NOW, an_alert(), an_alert("loop"), an_alert(agent="support/b"))
    assert flush(store, NOW, SLACK) == NOW + 30 * SECOND
    assert arrive(store, NOW) == []
    assert flush(store, NOW + 30 * SECOND, SLACK) is None  # nothing is repeated before it has arrived
    told = arrive(store, NOW + 30 * SECOND)
    assert [(route, one.group, len(one.alerts), one.why) for route, one in told] == [
        ("channel", "agent=support/triage", 2, "first"),
        ("channel", "agent=support/b", 1, "first"),
    ]
    again = flush(store, NOW + 30 * SECOND, SLACK)  # another gate, at the same moment
    assert again == NOW + 30 * SECOND + 4 * HOUR
    assert arrive(store, NOW + HOUR) == []
    put(store, NOW + HOUR)
    flush(store, NOW + HOUR, SLACK)
    assert [(one.why, one.title) for _, one in arrive(store, NOW + HOUR)] == [
        ("resolved", "[RESOLVED] cost-burn: support/b in production (acme)"),
        ("resolved", "[RESOLVED] cost-burn: support/triage in production, and 1 more (acme)"),
    ]
    assert store.read(notices.groups).result() == ()


def test_pagerduty_is_told_of_each_alert_under_its_own_key(store: Store) -> None:
    one, other = an_alert(), an_alert("loop")
    put(store, NOW, one)
    flush(store, NOW, PAGER)
    put(store, NOW + 1, one, other)
    flush(store, NOW + 1, PAGER)
    put(store, NOW + 2, other)
    flush(store, NOW + 2, PAGER)
    told = arrive(store, NOW + 2)
    said = Counter((message.key(alert), bool(alert.ended)) for _, message in told for alert in message.alerts)
    assert said == {
        (dedup_key(FLEET, one.fingerprint), False): 1,
        (dedup_key(FLEET, one.fingerprint), True): 1,
        (dedup_key(FLEET, other.fingerprint), False): 1,
    }
    assert [bool(m.alerts[0].ended) for _, m in told if m.alerts[0].fingerprint == one.fingerprint] == [False, True]


def test_what_is_said_once_ends_for_a_pager_and_is_told_nobody(store: Store) -> None:
    put(store, NOW, an_alert(once=True))
    flush(store, NOW + MINUTE, SLACK, PAGER)
    assert sorted(route for route, _ in arrive(store, NOW + MINUTE)) == ["channel", "pager"]
    put(store, NOW + HOUR)
    flush(store, NOW + HOUR, SLACK, PAGER)
    assert [(route, one.why) for route, one in arrive(store, NOW + HOUR)] == [("pager", "resolved")]
    assert store.read(notices.groups).result() == ()


def test_what_an_incident_tells_goes_out_at_once_by_itself_and_is_not_said_again(store: Store) -> None:
    words = {"incident": "i", "to": "team:legal"}
    first, second = (an_alert("loop", labels={**words, "message": one}, once=True) for one in ("1", "2"))
    about = "agent=support/triage incident=i to=team:legal"
    for now, said in ((NOW, (first,)), (NOW + SECOND, (first, second))):
        put(store, now, an_alert(), *said)
        flush(store, now, SLACK)
        (told,) = arrive(store, now)
        assert (told[1].group, [one.label("message") for one in told[1].alerts]) == (about, [str(len(said))])
        assert told[1].title == "support/triage spends too fast (acme)"  # what is said is the subject
    flush(store, NOW + HOUR, SLACK)
    assert [one.group for _, one in arrive(store, NOW + HOUR)] == ["agent=support/triage"]
    put(store, NOW + HOUR + SECOND)
    flush(store, NOW + HOUR + SECOND, SLACK)
    assert arrive(store, NOW + HOUR + SECOND) == []  # that what went on is over has its interval


def test_what_is_said_once_waits_for_nothing(store: Store) -> None:
    put(store, NOW, an_alert("budget", labels={"metric": "support"}, once=True))
    flush(store, NOW, SLACK)
    assert [one.group for _, one in arrive(store, NOW)] == ["agent=support/triage metric=support"]
    flush(store, NOW + 5 * HOUR, SLACK)
    assert arrive(store, NOW + 5 * HOUR) == []


def test_whom_an_incident_calls_is_called_at_once_whatever_else_is_told_of_the_agent(store: Store) -> None:
    calls = [an_alert("loop", labels={"incident": "i", "level": str(one), "to": f"p{one}"}) for one in (1, 2)]
    put(store, NOW, an_alert(), calls[0])
    flush(store, NOW, SLACK)
    assert [one.group for _, one in arrive(store, NOW)] == ["agent=support/triage incident=i to=p1"]
    flush(store, NOW + MINUTE, SLACK)
    assert [one.group for _, one in arrive(store, NOW + MINUTE)] == ["agent=support/triage"]
    put(store, NOW + MINUTE, an_alert(), *calls)
    flush(store, NOW + MINUTE, SLACK)  # not when the interval of the route is over
    assert [one.group for _, one in arrive(store, NOW + MINUTE)] == ["agent=support/triage incident=i to=p2"]


def test_an_acknowledgement_goes_once_to_who_knows_the_alert(store: Store) -> None:
    one = an_alert()
    put(store, NOW, one)
    routes = (PAGER, Route(to="pagerduty", name="other", key_from="env:P", match=RouteMatch(rules=("loop",))))
    flush(store, NOW, *routes)
    arrive(store, NOW)

    def acknowledge() -> int:
        found = store.write(lambda tx: standing.acknowledge(tx, one.fingerprint, "person:ann", NOW + 1)).result()
        assert found is not None
        return store.write(lambda tx: notices.acknowledged(tx, telling(*routes), found, NOW + 1)).result()

    assert acknowledge() == 1
    assert acknowledge() == 0  # it is on its way
    ((route, message),) = arrive(store, NOW + 1)
    assert (route, message.why, message.by) == ("pager", "acknowledged", "person:ann")


def test_what_somebody_takes_care_of_is_not_repeated_but_to_an_alertmanager(store: Store) -> None:
    put(store, NOW, an_alert())
    routes = (SLACK, Route(to="alertmanager", name="am", url="http://127.0.0.1:9"))
    flush(store, NOW + MINUTE, *routes)
    arrive(store, NOW + MINUTE)
    store.write(lambda tx: standing.acknowledge(tx, an_alert().fingerprint, "person:ann", NOW)).result()
    flush(store, NOW + 5 * HOUR, *routes)
    assert [(route, one.why) for route, one in arrive(store, NOW + 5 * HOUR)] == [("am", "repeat")]


def test_a_silence_ends_exactly_when_it_says(store: Store) -> None:
    put(store, NOW, an_alert())
    silence = Silence("s", (Matcher("agent", True, "*"),), NOW, NOW + 90_001, "ann", "planned", NOW)
    store.write(lambda tx: silence_rows.make(tx, silence, "person:ann")).result()
    assert flush(store, NOW + 40_000, SLACK) == NOW + 90_001
    assert arrive(store, NOW + 40_000) == []
    flush(store, NOW + 90_001, SLACK)
    assert len(arrive(store, NOW + 90_001)) == 1
    assert store.write(lambda tx: silence_rows.lift(tx, "s", "person:ann", "ann", NOW + 95_000)).result() is None


def test_a_silence_may_be_lifted_and_both_are_in_the_ledger(store: Store) -> None:
    silence = Silence("s", (Matcher("agent", True, "support/triage"),), NOW, NOW + HOUR, "ann", "planned", NOW)
    store.write(lambda tx: silence_rows.make(tx, silence, "person:ann")).result()
    assert store.read(lambda tx: silence_rows.in_force(tx, NOW)).result() == (silence,)
    lifted = store.write(lambda tx: silence_rows.lift(tx, "s", "person:bob", "bob", NOW + 1)).result()
    assert lifted is not None
    assert (lifted.lifted, lifted.lifted_by, lifted.state(NOW + 1)) == (NOW + 1, "bob", "lifted")
    assert store.read(lambda tx: silence_rows.in_force(tx, NOW + 1)).result() == ()
    rows = store.read(lambda tx: tx.all("SELECT type, agent, actor FROM records ORDER BY seq")).result()
    assert rows == [("silence", "support/triage", "person:ann"), ("silence.lift", "support/triage", "person:bob")]


def test_of_two_silences_one_is_found_lifted_and_forgotten_by_itself(store: Store) -> None:
    first = Silence("first", (Matcher("agent", True, "support/*"),), NOW, NOW + HOUR, "ann", "planned", NOW)
    named = (Matcher("alertname", True, "loop"), Matcher("agent", True, "support/b"))
    second = Silence("second", named, NOW, NOW + 2 * HOUR, "ann", "planned", NOW + 1)
    for one in (first, second):
        store.write(lambda tx, one=one: silence_rows.make(tx, one, "person:ann")).result()  # type: ignore[misc]
    assert [one.id for one in store.read(lambda tx: silence_rows.in_force(tx, NOW + HOUR)).result()] == ["second"]
    for who, found in (("ann", "second"), ("bob", None)):  # once
        lifted = store.write(
            lambda tx, who=who: silence_rows.lift(tx, "second", f"person:{who}", who, NOW + 2)  # type: ignore[misc]
        ).result()
        assert (lifted.id if lifted is not None else None) == found
    assert store.read(lambda tx: silence_rows.in_force(tx, NOW)).result() == (first,)
    late = NOW + HOUR + silence_rows.KEPT
    assert [store.write(lambda tx, at=at: silence_rows.forget(tx, at)).result() for at in (late, late + 1)] == [0, 1]  # type: ignore[misc]
    assert [one.id for one in store.read(silence_rows.every).result()] == ["second"]
    rows = store.read(lambda tx: tx.all("SELECT type, agent FROM records ORDER BY time, type")).result()
    assert rows == [("silence", ""), ("silence", "support/b"), ("silence.lift", "support/b")]


def test_what_only_acts_is_told_nobody(store: Store) -> None:
    put(store, NOW, an_alert(do=("read-only",)))
    assert flush(store, NOW + MINUTE, SLACK) is None
    assert arrive(store, NOW + MINUTE) == []


def test_an_acknowledgement_goes_to_no_route_that_does_not_know_the_alert_or_has_no_word_for_it(store: Store) -> None:
    put(store, NOW, an_alert(), an_alert("loop", "ticket"))
    flush(store, NOW + MINUTE, SLACK, PAGER)
    arrive(store, NOW + MINUTE)
    for alert, told in ((an_alert(), 1), (an_alert("loop", "ticket"), 0)):
        one = store.read(lambda tx, key=alert.fingerprint: standing.find(tx, key)).result()  # type: ignore[misc]
        assert one is not None
        count = store.write(
            lambda tx, one=one: notices.acknowledged(tx, telling(SLACK, PAGER), one, NOW + MINUTE)  # type: ignore[misc]
        ).result()
        assert count == told
    assert [route for route, _ in arrive(store, NOW + MINUTE)] == ["pager"]


def test_a_pager_is_told_again_of_what_it_knows_when_a_repeat_is_due(store: Store) -> None:
    put(store, NOW, an_alert())
    for moment in (NOW, NOW + 4 * HOUR - 1, NOW + 4 * HOUR):
        flush(store, moment, PAGER)
        told = [(moment - NOW, one.why) for _, one in arrive(store, moment)]
        assert told == {0: [(0, "first")], 4 * HOUR: [(4 * HOUR, "repeat")]}.get(moment - NOW, [])


def test_an_end_waits_for_the_interval_of_its_group(store: Store) -> None:
    put(store, NOW, an_alert())
    flush(store, NOW + MINUTE, SLACK)
    assert not store.read(lambda tx: notices.look(tx, telling(SLACK), NOW + MINUTE)).result().stale
    arrive(store, NOW + MINUTE)
    put(store, NOW + 2 * MINUTE)
    assert not store.read(lambda tx: notices.look(tx, telling(SLACK), NOW + 2 * MINUTE)).result().stale
    assert flush(store, NOW + 2 * MINUTE, SLACK) == NOW + 6 * MINUTE
    assert arrive(store, NOW + 2 * MINUTE) == []
    flush(store, NOW + 6 * MINUTE, SLACK)
    assert [one.why for _, one in arrive(store, NOW + 6 * MINUTE)] == ["resolved"]


def test_a_route_that_tells_no_ends_forgets_them_and_keeps_what_goes_on(store: Store) -> None:
    quiet = msgspec.structs.replace(SLACK, resolved=False)
    put(store, NOW, an_alert(), an_alert(agent="support/b"))
    flush(store, NOW + MINUTE, quiet)
    arrive(store, NOW + MINUTE)
    for firing, stale in (((an_alert(), an_alert(agent="support/b")), False), ((an_alert(),), True)):
        put(store, NOW + HOUR, *firing)
        assert store.read(lambda tx: notices.look(tx, telling(quiet), NOW + HOUR)).result().stale is stale
    flush(store, NOW + HOUR, quiet)
    assert arrive(store, NOW + HOUR) == []
    assert [one.label for one in store.read(notices.groups).result()] == ["agent=support/triage"]


def test_what_arrived_late_puts_off_the_repeat_of_its_own_group_alone(store: Store) -> None:
    put(store, NOW, an_alert(), an_alert(agent="support/b"))
    other = msgspec.structs.replace(SLACK, name="other")
    flush(store, NOW + MINUTE, SLACK, other)
    late, *_ = [one for one in taken(store, NOW + MINUTE) if (one.route, one.line) == ("channel", "agent=support/b")]
    for moment in (NOW + HOUR, NOW + 1):  # what is said of an earlier moment changes nothing
        store.write(lambda tx, at=moment: notices.arrived_late(tx, late, at)).result()  # type: ignore[misc]
    assert {(one.route, one.label): one.sent - NOW for one in store.read(notices.groups).result()} == {
        ("channel", "agent=support/b"): HOUR,
        ("channel", "agent=support/triage"): MINUTE,
        ("other", "agent=support/b"): MINUTE,
        ("other", "agent=support/triage"): MINUTE,
    }
    flush(store, NOW + MINUTE, SLACK)  # the other route is no more
    assert {one.route for one in store.read(notices.groups).result()} == {"channel"}


def test_a_route_that_is_gone_leaves_no_group_behind(store: Store) -> None:
    put(store, NOW, an_alert())
    flush(store, NOW + MINUTE, SLACK)
    assert store.read(lambda tx: notices.look(tx, telling(), NOW + MINUTE)).result().stale
    flush(store, NOW + MINUTE)
    assert store.read(notices.groups).result() == ()


def test_those_of_a_line_arrive_in_order_and_one_route_takes_not_all_turns(store: Store) -> None:
    for number in range(8):
        store.write(
            lambda tx, n=number: deliveries.put(tx, f"a{n}", "a", f"line {n % 6}", "notice", "{}", NOW)  # type: ignore[misc]
        ).result()
    store.write(lambda tx: deliveries.put(tx, "b0", "b", "line 0", "notice", "{}", NOW)).result()
    assert [one.id for one in taken(store, NOW)] == ["a0", "a1", "a2", "a3", "b0"]
    busy = store.write(lambda tx: deliveries.take_due(tx, NOW, 9, {"a": 3})).result()
    assert [one.id for one in busy] == ["a4"]

    def crowd(tx: Transaction) -> None:
        for number in range(600):
            deliveries.put(tx, f"c{number}", "c", f"line {number}", "notice", "{}", NOW - 1)
        deliveries.put(tx, "d0", "d", "line", "notice", "{}", NOW)

    store.write(crowd).result()
    assert {one.id for one in taken(store, NOW)} >= {"c0", "c1", "c2", "c3", "d0"}  # the crowd keeps nobody waiting
    again = {one.id: one.tries for one in taken(store, NOW + LEASE)}
    assert again["a0"] == 1  # whoever had it said nothing: its second attempt


def test_each_attempt_is_written_down_also_one_whose_sender_went_away(store: Store) -> None:
    assert store.write(lambda tx: deliveries.put(tx, "x", "a", "l", "notice", "{}", NOW)).result()
    assert not store.write(lambda tx: deliveries.put(tx, "x", "a", "l", "notice", "{}", NOW)).result()
    (first,) = taken(store, NOW)
    (again,) = taken(store, NOW + LEASE)
    store.write(lambda tx: deliveries.attempted(tx, again, 7, 503, "it answers 503")).result()
    store.write(lambda tx: deliveries.put_off(tx, again, "it answers 503", NOW + HOUR)).result()
    store.write(lambda tx: deliveries.put_off(tx, first, "it was slow", NOW)).result()  # it has no say any more
    found = store.read(lambda tx: deliveries.attempts(tx, "x")).result()
    assert [(one.attempt, one.status, one.said) for one in found] == [
        (1, 0, "whoever sent it did not say how it went"),
        (2, 503, "it answers 503"),
    ]
    (old,) = store.write(lambda tx: deliveries.give_up(tx, NOW + FRESH + 1)).result()
    assert old.id == "x"
    known = store.read(lambda tx: deliveries.find(tx, "x")).result()
    assert known is not None
    assert (known.state, known.said) == ("expired", "it answers 503")
    assert store.write(lambda tx: deliveries.forget(tx, NOW + FRESH + KEPT + 2)).result() == 1


def test_attempts_come_ever_less_often_with_some_chance_and_as_late_as_is_asked() -> None:
    assert [deliveries.wait_after(tries, 0, 1.0) for tries in (0, 1, 2, 20)] == [5_000, 10_000, 20_000, 600_000]
    assert deliveries.wait_after(0, 0, 0.0) == 2_500
    assert deliveries.wait_after(0, 42, 0.0) == 42_000
    assert deliveries.wait_after(0, 10**9, 0.0) == 3_600_000
