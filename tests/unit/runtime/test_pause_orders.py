"""Orders and acts that wait, as rows: taken once, in order, ended only by what is newer, on both databases."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgov.model.act import Act, made_at, new_id
from agentgov.model.state import Pause
from agentgov.runtime import outbox
from agentgov.runtime.ledger import read
from agentgov.runtime.pause import Order, ended
from agentgov.runtime.pause_orders import forget, keep_order, note_landed, read_orders
from agentgov.runtime.pausing import order_of, take_act, take_pause, take_step
from agentgov.store.open import open_store
from agentgov.store.port import Store, Transaction

NOW = 1_800_000_000_000
SALT = bytes(16)
ORDER = Order("01JA0000000000000000000001", "support/desk", "alice", reason="It loops.", since=NOW)
T = TypeVar("T")


class Rows:
    """A store, with what was told to whoever listens."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def do(self, work: Callable[[Transaction], T]) -> T:
        return self.store.write(work).result()

    def orders(self) -> tuple[Order, ...]:
        return self.do(read_orders)


@pytest.fixture
def rows(store_url: str) -> Iterator[Rows]:
    store = open_store(store_url)
    yield Rows(store)
    store.close()


def _act(kind: str, written: int, selector: str = "support/desk") -> Act:
    fields = (("Selector", selector), *((("Mode", "stop"),) if kind == "pause" else ()))
    return Act(kind, new_id(written, 7), "f" * 36, "0" * 64, "person:bob", f"{kind} {selector}", fields, reason="Why.")


def test_an_order_is_taken_once_with_its_record_and_its_place_in_the_outbox(rows: Rows) -> None:
    taken = [rows.do(lambda tx: take_pause(tx, ORDER, "{}", salt=SALT)) for _ in range(2)]
    assert taken == [True, False]
    assert rows.orders() == (ORDER,)
    assert [one.id for one in rows.do(lambda tx: outbox.queued(tx, NOW))] == [ORDER.id]
    [record] = rows.do(lambda tx: read(tx))
    assert (record.type, record.agent, record.actor) == ("pause", "support/desk", "person:alice")


def test_an_order_that_is_known_or_waits_already_is_not_taken_again(rows: Rows) -> None:
    rows.do(lambda tx: keep_order(tx, ORDER))
    assert not rows.do(lambda tx: take_pause(tx, ORDER, "{}", salt=SALT))
    assert rows.do(lambda tx: outbox.queued(tx, NOW)) == ()
    rows.do(lambda tx: outbox.put(tx, outbox.Outgoing("B", "pause", "alice"), NOW))
    assert not rows.do(lambda tx: take_pause(tx, replace(ORDER, id="B"), "{}", salt=SALT))
    assert rows.do(lambda tx: read(tx)) == (), "nothing is recorded twice"


def test_the_record_says_who_gave_an_order_that_no_person_gave(rows: Rows) -> None:
    rows.do(lambda tx: take_pause(tx, ORDER, "{}", salt=SALT, actor="gate"))
    assert [one.actor for one in rows.do(lambda tx: read(tx))] == ["gate"]


def _step(agents: tuple[str, ...], *more: tuple[str, str]) -> Act:
    fields = (("Incident", "2026-0101-aaaa"), ("Step", "open"), *(("Agent", one) for one in agents), *more)
    return Act("incident", new_id(NOW, 7), "f" * 36, "0" * 64, "person:bob", "open", fields, reason="Why.")


def test_a_step_of_an_incident_pauses_each_of_its_agents_once_and_only_where_it_says_so(rows: Rows) -> None:
    quiet = _step(("support/desk",))
    assert rows.do(lambda tx: take_step(tx, quiet, "{}", NOW, salt=SALT))
    assert rows.orders() == ()
    loud = replace(_step(("support/desk", "support/mail"), ("Mode", "read-only"), ("For", "erin")), id="L" * 26)
    taken = [rows.do(lambda tx: take_step(tx, loud, "{}", NOW, salt=SALT, actor="gate")) for _ in range(2)]
    assert taken == [True, False]
    found = [(one.selector, one.mode, one.by) for one in rows.orders()]
    assert found == [("support/desk", "read-only", "erin"), ("support/mail", "read-only", "erin")]
    records = rows.do(lambda tx: read(tx))
    assert {(one.agent, one.actor) for one in records} == {("support/desk", "person:bob"), ("", "gate")}
    queued = [one.by for one in rows.do(lambda tx: outbox.queued(tx, NOW))]
    assert queued == ["bob", "erin"]


def test_an_act_is_recorded_with_the_agent_that_it_is_about_and_sent_again_changes_nothing(rows: Rows) -> None:
    hold = Act("hold", new_id(NOW, 8), "f" * 36, "0" * 64, "person:bob", "hold", (("Agent", "support/mail"),))
    for act in (hold, hold, _act("pause", NOW)):
        assert rows.do(partial(take_act, act=act, draft="{}", now_ms=NOW, salt=SALT)) == ()
    assert [one.agent for one in rows.do(lambda tx: read(tx))] == ["support/mail", "support/desk"]


def test_no_other_act_lifts_what_waits(rows: Rows) -> None:
    rows.do(lambda tx: keep_order(tx, replace(ORDER, since=NOW - 5)))
    assert rows.do(lambda tx: take_act(tx, _act("pause", NOW), "{}", NOW, salt=SALT)) == ()
    assert len(rows.orders()) == 1


def test_of_an_order_by_label_the_record_names_no_agent(rows: Rows) -> None:
    rows.do(lambda tx: take_pause(tx, replace(ORDER, selector="tier=gold/x"), "{}", salt=SALT))
    assert [one.agent for one in rows.do(lambda tx: read(tx))] == [""]


def test_a_resume_lifts_what_waits_and_is_older_and_has_its_selector(rows: Rows) -> None:
    older, newer = replace(ORDER, since=NOW - 5), replace(ORDER, id="B", since=NOW + 5)
    other, landed = replace(ORDER, id="C", selector="support/*", since=NOW - 5), replace(ORDER, id="D", since=NOW - 5)
    for one in (older, newer, other, landed):
        rows.do(partial(keep_order, order=one))
    rows.do(lambda tx: note_landed(tx, [("D", 12)]))
    resume = _act("resume", NOW)
    assert rows.do(lambda tx: take_act(tx, resume, "{}", NOW, salt=SALT)) == (ORDER.id,)
    assert {one.id for one in rows.orders()} == {"B", "C", "D"}
    assert rows.do(lambda tx: take_act(tx, resume, "{}", NOW + 9, salt=SALT)) == ()  # sent again
    assert {one.id for one in rows.orders()} == {"B", "C", "D"}


def test_where_an_act_stands_is_noted_once(rows: Rows) -> None:
    rows.do(lambda tx: keep_order(tx, ORDER))
    for seq in (4, 9):
        rows.do(partial(note_landed, landed=[(ORDER.id, seq)]))
    assert [one.landed for one in rows.orders()] == [4]
    rows.do(lambda tx: keep_order(tx, replace(ORDER, id="B")))
    rows.do(lambda tx: forget(tx, [ORDER.id, "nobody"]))
    assert [one.id for one in rows.orders()] == ["B"]


def test_nothing_passes_an_act_that_has_to_wait(rows: Rows) -> None:
    for id_ in ("A", "B", "C"):
        rows.do(partial(outbox.put, one=outbox.Outgoing(id_, "pause", "alice"), now_ms=NOW))
    rows.do(lambda tx: outbox.put_off(tx, "B", "away", NOW + 100))
    assert [one.id for one in rows.do(lambda tx: outbox.queued(tx, NOW))] == ["A"]
    assert [one.id for one in rows.do(lambda tx: outbox.queued(tx, NOW + 100))] == ["A", "B", "C"]
    rows.do(lambda tx: outbox.land(tx, "A", 3))
    rows.do(lambda tx: outbox.refuse(tx, "A", "too late"))  # what landed stays
    rows.do(lambda tx: outbox.refuse(tx, "B", "no (act.fleet)"))
    landed = rows.do(lambda tx: outbox.find(tx, "A"))
    assert landed is not None
    assert (landed.state, landed.landed, landed.said) == ("landed", 3, "")
    found = rows.do(outbox.pauses_to_land)
    assert [(one.state, one.said) for one in found.values()] == [("refused", "no (act.fleet)"), ("queued", "")]
    assert rows.do(outbox.waiting) == (1, NOW)
    for moment, kept in ((NOW + outbox.KEPT, {"A", "B", "C"}), (NOW + outbox.KEPT + 1, {"C"})):
        rows.do(partial(outbox.forget, now_ms=moment))
        assert {id_ for id_ in "ABC" if rows.do(partial(outbox.find, id_=id_)) is not None} == kept


def test_what_an_act_orders_is_what_it_says() -> None:
    order = order_of(_act("pause", NOW - 1, "tool:refund.create"), "bob", NOW)
    assert (order.selector, order.mode, order.by, order.reason) == ("tool:refund.create", "stop", "bob", "Why.")
    assert (order.until, order.since, order.landed) == (0, NOW, 0)
    act = _act("pause", NOW - 1)
    assert order_of(replace(act, fields=(*act.fields, ("Until", "1800000060"))), "bob", NOW).until == 1_800_000_060


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**80 - 1))
def test_an_id_says_when_it_was_made(moment: int, entropy: int) -> None:
    assert made_at(new_id(moment, entropy)) == moment


def test_what_the_journal_ended_or_is_long_over_is_not_kept() -> None:
    now = NOW // 1000
    orders = [
        replace(ORDER, id="gone", landed=5),
        replace(ORDER, id="ahead", landed=9),  # the journal is not known so far
        replace(ORDER, id="stands", landed=5),
        replace(ORDER, id="waits"),
        replace(ORDER, id="over", until=now - 90_000),
        replace(ORDER, id="just over", until=now - 10),
    ]
    journal = {"stands": Pause(selector="support/desk", by="alice", seq=5, time=now)}
    assert ended(orders, journal, 7, now) == ("gone", "over")
