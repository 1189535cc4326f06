"""What was booked for a purpose, or about a subject: exact through late settlements, and gone when it is erased."""

import secrets
from collections.abc import Iterator

import msgspec
import pytest
from actionworld import NOW
from budgetworld import BudgetWorld
from patience import PATIENCE

from agentgov.model.names import AgentId
from agentgov.runtime import spent_about
from agentgov.runtime.accounts import LASTS
from agentgov.runtime.erasure import Erasure, erase
from agentgov.runtime.ledger import Receipt, read
from agentgov.runtime.reservations import Reservation, Reserve, Settle, Spending
from agentgov.runtime.retention import Rules
from agentgov.runtime.spent_about import Spent
from agentgov.runtime.windows import day_of
from agentgov.store.open import open_store

TODAY = day_of(NOW)


@pytest.fixture
def world(store_url: str) -> Iterator[BudgetWorld]:
    store = open_store(store_url)
    yield BudgetWorld(store)
    store.close()


def reserve(world: BudgetWorld, key: str, subject: str = "ada") -> Reservation:
    made, verdict = world.reserve(key, 10, subject=subject, purpose="refund")
    assert made is not None, verdict
    return made


def by_purpose(world: BudgetWorld, today: str = TODAY) -> tuple[Spent, ...]:
    return world.store.read(lambda tx: spent_about.by_purpose(tx, "support/refunds", "production", today)).result()


def of_subject(world: BudgetWorld, subject: str) -> list[Spent]:
    return [one[-1] for one in world.store.read(lambda tx: spent_about.of_subject(tx, subject, TODAY)).result()]


def kinds(world: BudgetWorld, subject: str) -> list[str]:
    return [one.type for one in world.store.read(lambda tx: read(tx, subject=subject)).result()]


def erased(world: BudgetWorld, **what: object) -> None:
    asked = msgspec.structs.replace(Erasure("carol", "letter"), **what)
    world.store.write(lambda tx: erase(tx, asked, Rules(None), NOW, secrets.token_bytes)).result(PATIENCE)


def test_each_end_is_found_by_subject_and_purpose_and_summed(world: BudgetWorld) -> None:
    one, two = reserve(world, "a"), reserve(world, "b")
    world.settle(one.id, amount=7)
    world.release(two.id)
    assert kinds(world, "ada") == ["budget.reserve", "budget.reserve", "budget.settle", "budget.release"]
    assert by_purpose(world) == (Spent("refund", "USD", 7, 7, 7, 2),)
    assert of_subject(world, "ada") == [Spent("", "USD", 7, 7, 7, 2)]
    assert by_purpose(world, "2099-01-01") == (Spent("refund", "USD", 0, 0, 7, 2),)
    assert world.differences() == ()


def test_what_nobody_told_of_is_corrected_once_and_still_about_its_subject(world: BudgetWorld) -> None:
    one = reserve(world, "a")
    world.now += LASTS
    assert world.expire() == 1
    assert of_subject(world, "ada") == [Spent("", "USD", 10, 10, 10, 1)]
    world.settle(one.id, amount=4)
    world.settle(one.id, amount=4)
    assert of_subject(world, "ada") == [Spent("", "USD", 4, 4, 4, 1)]
    assert kinds(world, "ada")[1:] == ["budget.expire", "budget.settle"]
    rows = world.store.read(lambda tx: tx.all("SELECT subject, purpose FROM reservations")).result()
    assert rows == [("", "refund")], "whom it was about is forgotten once it is settled"


def test_an_erased_subject_has_no_sums_and_what_ends_later_is_about_nobody(world: BudgetWorld) -> None:
    one, two, other = reserve(world, "a"), reserve(world, "b"), reserve(world, "c", "bob")
    world.settle(one.id, amount=7)
    erased(world, subject="ada")
    assert (of_subject(world, "ada"), kinds(world, "ada")) == ([], [])
    world.settle(two.id, amount=5)
    assert (of_subject(world, "ada"), kinds(world, "ada")) == ([], [])
    assert by_purpose(world) == (Spent("refund", "USD", 12, 12, 12, 2),)
    erased(world, place=Receipt("support", other.record))
    world.settle(other.id, amount=1)
    assert kinds(world, "bob") == []


def test_sums_are_of_one_agent_in_one_environment_and_of_one_subject(world: BudgetWorld) -> None:
    for at, about in (("support/refunds", "ada"), ("support/triage", "bob")):
        for environment in ("production", "staging"):
            wanted = world.wanted(f"{about} {environment}", 9, AgentId(*at.split("/")))
            wanted = msgspec.structs.replace(wanted, subject=about, purpose="refund", environment=environment)
            made, _ = world.decide(Reserve(wanted, lambda _: None, world.now))
            assert made is not None
            ended = Settle(made.id, (at, environment), Spending(currency="USD", amount=7), world.now)
            world.decide(ended)
    assert by_purpose(world) == (Spent("refund", "USD", 7, 7, 7, 1),)
    assert [one.total for one in of_subject(world, "bob")] == [7, 7]
    open_, _ = world.reserve("open", 9, subject="bob")
    assert open_ is not None
    erased(world, subject="ada")
    assert [one.total for one in of_subject(world, "bob")] == [7, 7]
    rows = world.store.read(lambda tx: tx.all("SELECT subject FROM reservations WHERE subject <> ''")).result()
    assert rows == [("bob",)], "what is open about others still is about them"


def test_old_sums_are_forgotten_a_day_at_a_time(world: BudgetWorld) -> None:
    world.settle(reserve(world, "a").id, amount=7)
    older = "UPDATE spent_about SET day = '2020-01-01'"
    world.store.write(lambda tx: tx.run(older)).result()
    world.settle(reserve(world, "b").id, amount=7)
    assert world.store.write(lambda tx: spent_about.forget(tx, TODAY)).result() == 2
    assert [one.total for one in by_purpose(world)] == [7], "no other day is forgotten with it"
    assert world.store.write(lambda tx: spent_about.forget(tx, TODAY)).result() == 0
    assert world.store.write(lambda tx: spent_about.forget(tx, "2099-01-01")).result() == 2
    assert by_purpose(world) == ()
