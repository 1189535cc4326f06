"""What one permit or reservation does, it does to itself alone; and what is wrong twice is refused for both reasons."""

from collections.abc import Iterator
from datetime import date

import pytest
from actionworld import REFUNDS, refund, rulebook
from budgetworld import REFUNDS as SPENDER
from budgetworld import TRIAGE, BudgetWorld
from patience import PATIENCE
from permitworld import PermitWorld

from agentgov.model.access import Access, Administrators, Binding, Person
from agentgov.runtime.accounts import LASTS
from agentgov.runtime.action_requests import Answered
from agentgov.runtime.buckets import Level
from agentgov.runtime.ledger import read
from agentgov.runtime.pause import Order
from agentgov.runtime.permit_ends import KEPT_ASKED, Told, forget, tell_outcomes
from agentgov.runtime.permit_rows import close
from agentgov.runtime.permit_votes import Electorate, see
from agentgov.runtime.reservations import Expire, Release, Settle, Spending
from agentgov.store.open import open_store
from agentgov.trust.identity import Directory


@pytest.fixture
def world(store_url: str) -> Iterator[PermitWorld]:
    store = open_store(store_url)
    yield PermitWorld(store)
    store.close()


def _id(answer: Answered) -> str:
    assert answer.permit is not None
    return answer.permit.id


def test_a_permit_that_is_used_leaves_the_others_to_be_used(world: PermitWorld) -> None:
    one, other = _id(world.ask("a")), _id(world.ask("b"))
    world.vote(one, "alice"), world.vote(other, "alice")
    assert world.consume(one).decision == "allow"
    assert world.permit(other).state == "approved"
    assert world.consume(other).decision == "allow"


def test_a_permit_that_waits_is_no_question_for_another_call(world: PermitWorld) -> None:
    waiting = _id(world.ask("k"))
    assert world.consume(waiting).decision == "ask"
    answer = world.consume(waiting, refund(amount_minor=6001))
    assert answer.decision == "deny"
    assert [reason.rule for reason in answer.reasons] == ["permit.pending", "permit.arguments"]


def _two_of_them(world: PermitWorld) -> None:
    ask = {"who": ["team:payments-leads"], "count": 2, "fourEyes": False}
    world.book = rulebook({"actions": [{"match": {"tools": ["*"]}, "then": {"ask": ask}}]})


def test_a_voice_for_one_permit_is_none_for_another(world: PermitWorld) -> None:
    _two_of_them(world)
    one, other = _id(world.ask("a")), _id(world.ask("b"))
    world.vote(one, "alice"), world.vote(other, "bob")
    assert [world.permit(id_).state for id_ in (one, other)] == ["pending", "pending"]
    world.vote(one, "carol")
    assert [world.permit(id_).state for id_ in (one, other)] == ["approved", "pending"]
    assert _announced(world) == [(one, "pending"), (other, "pending"), (one, "approved")]


def _announced(world: PermitWorld) -> list[tuple[str, str]]:
    sql = "SELECT line, kind FROM deliveries WHERE route = 'hook:permits' ORDER BY number"
    return [(str(line), str(kind)) for line, kind in world.store.read(lambda tx: tx.all(sql)).result(PATIENCE)]


def test_who_only_looked_said_nothing_and_may_still_say_it(world: PermitWorld) -> None:
    _two_of_them(world)
    id_ = _id(world.ask("k"))
    world.store.write(lambda tx: see(tx, id_, "bob", world.now)).result(PATIENCE)
    world.vote(id_, "alice")
    assert world.permit(id_).state == "pending"
    world.vote(id_, "bob")
    assert world.permit(id_).state == "approved"


def test_over_is_over_for_who_said_the_same_elsewhere_and_where_others_said_it(world: PermitWorld) -> None:
    denied, used = _id(world.ask("a")), _id(world.ask("b"))
    world.vote(denied, "alice", "deny"), world.vote(used, "bob")
    assert world.consume(used).decision == "allow"
    for id_, person, rule in (
        (denied, "alice", "permit.named"),  # said before is said
        (denied, "bob", "permit.closed"),
        (used, "alice", "permit.closed"),
    ):
        assert world.vote(id_, person, "deny")[1].reasons[0].rule == rule
    assert world.permit(used).state == "consumed"


def test_a_permit_whose_time_is_not_over_goes_on(world: PermitWorld) -> None:
    first = _id(world.ask("a"))
    world.now += 1
    second = _id(world.ask("b"))
    world.now = world.permit(first).expires
    assert world.expire() == 1
    assert [world.permit(id_).state for id_ in (first, second)] == ["expired", "pending"]


def test_who_decided_is_forgotten_with_the_permit_and_of_no_other(world: PermitWorld) -> None:
    _two_of_them(world)
    old = _id(world.ask("a"))
    world.vote(old, "alice", "deny")
    world.now += (KEPT_ASKED + 1) * 86_400_000
    waiting = _id(world.ask("b"))
    world.vote(waiting, "alice")
    assert world.store.write(lambda tx: forget(tx, world.now)).result(PATIENCE) == 1
    world.vote(waiting, "bob")
    assert world.permit(waiting).state == "approved"


def test_what_ends_one_permit_leaves_the_others_as_they_are(world: PermitWorld) -> None:
    denied, waiting = _id(world.ask("a")), _id(world.ask("b"))
    first, second = (_id(world.ask(key, refund(amount_minor=5))) for key in ("c", "d"))
    world.vote(denied, "alice", "deny")
    assert [world.permit(id_).state for id_ in (denied, waiting)] == ["denied", "pending"]
    assert world.permit(denied).shown == ""
    assert world.permit(waiting).shown
    assert _announced(world)[-1] == (denied, "denied")
    assert (waiting, "denied") not in _announced(world)
    assert world.outcome(first, "done").allowed
    assert [world.permit(id_).outcome for id_ in (first, second)] == ["done", ""]
    assert world.outcome(second, "not-done").allowed
    assert [world.permit(id_).outcome for id_ in (first, second)] == ["done", "not-done"]
    assert world.used() == 6005


def test_what_is_given_back_comes_out_of_its_own_slice(world: PermitWorld) -> None:
    early = _id(world.ask("a", refund(amount_minor=5)))
    world.now += 3_600_000
    late = _id(world.ask("b", refund(amount_minor=5)))
    assert world.outcome(early, "not-done").allowed
    rows = world.store.read(lambda tx: tx.all("SELECT used FROM meter_slices ORDER BY starts")).result(PATIENCE)
    assert [row[0] for row in rows] == [0, 5]
    assert world.permit(late).demands[0].amount == 5


def test_an_outcome_is_told_by_who_used_it_where_they_did(world: PermitWorld) -> None:
    id_ = _id(world.ask("a", refund(amount_minor=5)))
    for caller in ((str(REFUNDS), "staging"), ("support/triage", "production")):
        told = Told(id_, caller, "not-done", "", world.now, bytes(16))
        _, verdict = world.store.together(tell_outcomes, told).result(PATIENCE)
        assert verdict.reasons[0].rule == "permit.unknown"
    assert world.permit(id_).outcome == ""


def test_what_is_over_is_not_ended_again_and_gives_nothing_back(world: PermitWorld) -> None:
    used = _id(world.ask("a", refund(amount_minor=5)))
    permit = world.permit(used)
    assert not world.store.write(lambda tx: close(tx, permit, "denied", world.now)).result(PATIENCE)
    assert (world.permit(used).state, world.used()) == ("consumed", 5)


# --- money -----------------------------------------------------------------------------------------------------------


def test_what_ends_one_reservation_leaves_the_others_open(store_url: str) -> None:
    store = open_store(store_url)
    world = BudgetWorld(store)
    one, two, three = (_reserved(world, key) for key in ("a", "b", "c"))
    assert world.settle(one, amount=4)[1].allowed
    assert world.release(two)[1].allowed
    sql = "SELECT id, state, actual FROM reservations"
    assert {row[0]: row[1:] for row in store.read(lambda tx: tx.all(sql)).result(PATIENCE)} == {
        one: ("settled", 4),
        two: ("released", 0),
        three: ("open", 0),
    }
    world.now += LASTS - 1
    assert world.expire() == 0
    world.now += 1
    assert world.expire() == 1
    assert set(world.levels().values()) == {Level(14, 0, 0)}
    assert world.differences() == ()
    store.close()


def _reserved(world: BudgetWorld, key: str) -> str:
    found, _ = world.reserve(key, 10)
    assert found is not None
    return found.id


@pytest.fixture
def money(store_url: str) -> Iterator[BudgetWorld]:
    store = open_store(store_url)
    yield BudgetWorld(store)
    store.close()


def test_only_what_is_open_and_over_ends_by_itself(money: BudgetWorld) -> None:
    still, settled = _reserved(money, "a"), _reserved(money, "b")
    money.settle(settled, amount=4)
    for id_, later in ((still, LASTS - 1), (settled, LASTS), ("none", LASTS)):
        assert [one.rule for one in money.decide(Expire(id_, money.now + later))[1].reasons] == ["budget.ended"]
    assert set(money.levels().values()) == {Level(4, 10, 0)}
    assert money.decide(Expire(still, money.now + LASTS))[1].allowed
    records = money.store.read(read).result(PATIENCE)
    assert [(one.type, one.actor) for one in records if one.type in ("budget.settle", "budget.expire")] == [
        ("budget.settle", f"agent:{SPENDER}@production"),
        ("budget.expire", "gate"),
    ]


def test_money_of_one_environment_is_not_settled_from_another(money: BudgetWorld) -> None:
    id_ = _reserved(money, "a")
    spending = Spending(amount=1, currency="USD")
    for caller in ((str(SPENDER), "staging"), (str(TRIAGE), "production")):
        for request in (Settle(id_, caller, spending, money.now), Release(id_, caller, money.now)):
            assert money.decide(request)[1].reasons[0].rule == "budget.unknown"
    assert set(money.levels().values()) == {Level(0, 10, 0)}


@pytest.mark.parametrize(("reason", "said"), [("It loops.", "It loops."), ("", "no reason given")])
def test_money_that_a_pause_refuses_says_whose_and_why(money: BudgetWorld, reason: str, said: str) -> None:
    money.paused = Order("01JA0000000000000000000001", str(SPENDER), "alice", reason=reason)
    assert money.reserve("a", 10)[1].reasons[0].message == f"paused by alice: {said}"


# --- who decides -----------------------------------------------------------------------------------------------------


def _said(world: PermitWorld, id_: str, person: str, decision: str = "approve") -> tuple[str, str]:
    reason = world.vote(id_, person, decision)[1].reasons[0]
    return reason.rule, reason.message


def test_without_four_eyes_who_started_it_may_decide_it(world: PermitWorld) -> None:
    ask = {"who": ["team:payments-leads"], "fourEyes": False}
    world.book = rulebook({"actions": [{"match": {"tools": ["*"]}, "then": {"ask": ask}}]})
    id_ = _id(world.ask("k", subject="person:alice"))
    assert _said(world, id_, "alice")[0] == "permit.named"
    assert world.permit(id_).state == "approved"


def test_with_four_eyes_a_person_stays_who_they_are_however_they_are_named(world: PermitWorld) -> None:
    assert _said(world, _id(world.ask("k", subject="person:alice")), "alice")[0] == "permit.four-eyes"


def test_who_is_not_named_hears_that_and_nothing_of_what_became_of_it(world: PermitWorld) -> None:
    id_, allowed = _id(world.ask("k")), _id(world.ask("a", refund(amount_minor=5)))
    refusal = "permit.not-named", "the rule asks team:payments-leads, and not erin"
    assert _said(world, id_, "erin") == refusal
    world.vote(id_, "alice", "deny")
    assert _said(world, id_, "erin") == refusal
    assert _said(world, allowed, "alice") == ("permit.not-named", "the rule asks nobody, and not alice")
    assert _said(world, "none", "alice")[0] == "permit.unknown"


def test_enough_is_enough_and_who_said_no_cannot_say_yes(world: PermitWorld) -> None:
    id_ = _id(world.ask("k"))
    assert [_said(world, id_, person)[0] for person in ("alice", "alice", "bob")] == [
        "permit.named",
        "permit.named",
        "permit.closed",
    ]
    assert _said(world, id_, "alice", "deny")[0] == "permit.named"
    assert _said(world, id_, "alice")[0] == "permit.closed"
    assert world.permit(id_).state == "denied"


def test_a_binding_names_administrators_and_no_other_role() -> None:
    who = ("role:administrator", "role:lead", "role:other")
    bindings = (Binding(role="lead", who=who, environments=("production",)),)
    access = Access(Administrators(who=("erin",)), people=(Person(id="erin"), Person(id="bob")), bindings=bindings)
    named = Electorate(access, Directory(access), REFUNDS, "production", date(2026, 6, 1))
    assert named("role:lead") == {"erin"}
