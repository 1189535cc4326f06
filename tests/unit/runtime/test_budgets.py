"""Money is set aside before it is spent, in the whole chain or not at all, and ends exactly once. On both databases."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest
from budgetworld import PRICE, REFUNDS, TRIAGE, UNIT, BudgetWorld

from agentgov.model.policies import ModelPrice, PriceList
from agentgov.model.verdict import Reason
from agentgov.runtime import budgets
from agentgov.runtime.accounts import LASTS
from agentgov.runtime.buckets import ENDLESS, Level, levels
from agentgov.runtime.pause import Order
from agentgov.runtime.prices import Price, price_of
from agentgov.runtime.reservations import Found, Reservation, Reserve
from agentgov.runtime.tool_money import Ended, end, of_permit
from agentgov.runtime.windows import day_ends, day_of
from agentgov.store.open import open_store
from agentgov.store.port import Transaction


@pytest.fixture
def world(store_url: str) -> Iterator[BudgetWorld]:
    store = open_store(store_url)
    yield BudgetWorld(store)
    store.close()


def got(found: Found) -> Reservation:
    reservation, verdict = found
    assert verdict.allowed, verdict
    assert reservation is not None
    return reservation


def refused(found: Found) -> str:
    offence = found[1].first_offence
    assert offence is not None
    return offence.rule


def test_money_is_set_aside_in_the_whole_chain_and_then_spent(world: BudgetWorld) -> None:
    one = got(world.reserve("a", 20, run="r1"))
    assert set(world.levels().values()) == {Level(0, 20, 0)}
    assert got(world.settle(one.id, amount=7)).actual == 7
    assert set(world.levels().values()) == {Level(7, 0, 0)}
    assert world.records() == ["budget.reserve", "budget.settle"]
    assert world.differences() == ()


@pytest.mark.parametrize(
    ("said", "agent", "amounts"),
    [
        ("the run r of support/refunds", REFUNDS, [("r", 20), ("r", 11)]),
        ("the day of support/refunds in production", REFUNDS, [("a", 30), ("b", 30), ("c", 30), ("d", 11)]),
        ("the month of workspace support", TRIAGE, [("a", 30), ("b", 30), ("c", 30), ("d", 11)]),
    ],
)
def test_the_first_bucket_without_room_is_named_and_nothing_is_taken(
    world: BudgetWorld, said: str, agent: object, amounts: list[tuple[str, int]]
) -> None:
    if agent is TRIAGE:  # the workspace is full before its agents are
        world.limits = {**world.limits, ("agent", "day"): 1000, ("agent", "month"): 1000, ("workspace", "month"): 100}
    *fine, (run, amount) = amounts
    for number, (name, each) in enumerate(fine):
        got(world.reserve(f"k{number}", each, run=name))
    before = world.levels()
    found = world.reserve("last", amount, run=run)
    assert refused(found) == "budget.exceeded"
    assert found[1].reasons[0].message.endswith(said)
    assert world.levels() == before
    assert world.records()[-1] == "budget.deny"
    assert world.differences() == ()
    got(world.reserve("less", amount - 1, run=run))


def test_the_same_key_is_the_same_reservation(world: BudgetWorld) -> None:
    one = got(world.reserve("a", 20))
    assert got(world.reserve("a", 20)) == one
    assert refused(world.reserve("a", 21)) == "budget.key"
    got(world.reserve("a", 20, TRIAGE))
    got(world.settle(one.id, amount=1))
    assert refused(world.reserve("a", 20)) == "budget.ended"
    assert world.levels()["agent", "day"] == Level(1, 0, 0)


def test_each_ends_once(world: BudgetWorld) -> None:
    one, two = got(world.reserve("a", 20)), got(world.reserve("b", 20))
    assert got(world.settle(one.id, amount=5)).state == got(world.settle(one.id, amount=5)).state == "settled"
    assert refused(world.settle(one.id, amount=6)) == refused(world.release(one.id)) == "budget.ended"
    assert got(world.release(two.id)).state == got(world.release(two.id)).state == "released"
    assert refused(world.settle(two.id, amount=6)) == "budget.ended"
    assert refused(world.settle("f" * 32, amount=6)) == refused(world.release(two.id, TRIAGE)) == "budget.unknown"
    assert world.levels()["fleet", "month"] == Level(5, 0, 0)
    assert world.records().count("budget.settle") == 1


def test_an_overrun_is_booked_in_full_and_flagged(world: BudgetWorld) -> None:
    got(world.settle(got(world.reserve("a", 90)).id, amount=130))
    assert world.levels()["agent", "day"] == Level(130, 0, 40)
    assert refused(world.reserve("b", 1)) == "budget.exceeded"
    assert world.differences() == ()


def test_what_nobody_tells_of_counts_until_somebody_does(world: BudgetWorld) -> None:
    one, two = got(world.reserve("a", 40)), got(world.reserve("b", 50))
    world.now += LASTS - 1
    assert world.expire() == 0
    world.now += 1
    assert (world.expire(), world.expire()) == (2, 0)
    assert world.levels()["agent", "day"] == Level(90, 0, 0)
    assert got(world.settle(one.id, amount=10)).actual == 10
    assert world.levels()["agent", "day"] == Level(60, 0, 0)
    assert got(world.settle(two.id, amount=70)).state == "settled"
    assert world.levels()["agent", "day"] == Level(80, 0, 20)
    assert refused(world.settle(two.id, amount=0)) == refused(world.release(one.id)) == "budget.ended"
    assert world.differences() == ()


def test_it_is_settled_at_the_price_of_the_reservation(world: BudgetWorld) -> None:
    world.limits = {}
    one = got(world.reserve("a", PRICE.estimate(1000, 500), price=PRICE))
    assert got(world.settle(one.id, input_tokens=1000, cached=400, output_tokens=100)).actual == 3_420_000
    two = got(world.reserve("b", 100))
    assert refused(world.settle(two.id, input_tokens=1)) == "budget.unpriced"
    assert refused(world.settle(two.id, amount=1, currency="EUR")) == "budget.currency"
    assert refused(world.settle(two.id, amount=10**15 + 1)) == "budget.amount"


def test_no_bucket_holds_more_than_the_store_can_count(world: BudgetWorld) -> None:
    one = got(world.reserve("a", 1))
    nearly = "UPDATE budgets SET spent = ? WHERE bucket LIKE 'fleet month%'"
    world.store.write(lambda tx: tx.run(nearly, ENDLESS - 10)).result()
    assert refused(world.settle(one.id, amount=11)) == "budget.amount"
    assert got(world.settle(one.id, amount=10)).state == "settled"
    assert refused(world.reserve("b", 1)) == "budget.exceeded"


def test_only_who_needs_room_in_buckets_looks_at_them(world: BudgetWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two, three = (got(world.reserve(key, 10)) for key in "abc")
    looked = list[int]()

    def look(tx: Transaction, names: Iterable[str]) -> Mapping[str, Level]:
        looked.append(len(list(names)))
        return levels(tx, names)

    monkeypatch.setattr(budgets, "levels", look)
    got(world.settle(one.id, amount=10))
    got(world.release(two.id))
    got(world.settle(three.id, amount=11))
    assert looked == [0, 0, len(three.chain)]
    assert world.levels()["agent", "day"] == Level(21, 0, 1)
    assert world.differences() == ()


def test_the_money_of_a_permit_is_ended_by_what_becomes_of_the_permit_alone(world: BudgetWorld) -> None:
    one = got(world.decide(Reserve(of_permit(world.wanted("a", 20), "p" * 32), lambda _: None, world.now)))
    assert refused(world.settle(one.id, amount=0)) == refused(world.release(one.id)) == "budget.unknown"
    world.store.write(lambda tx: end(tx, [Ended(one.id, (str(REFUNDS), "production"), True)], world.now)).result()
    assert world.levels()["agent", "day"] == Level(20, 0, 0)
    other = got(world.reserve("b", 20))
    world.store.write(lambda tx: end(tx, [Ended(other.id, (str(REFUNDS), "production"), True)], world.now)).result()
    assert world.levels()["agent", "day"] == Level(20, 20, 0)


def test_a_paused_agent_gets_nothing_and_settles_what_it_had(world: BudgetWorld) -> None:
    one = got(world.reserve("a", 20))
    world.paused = Order("p", "support/refunds", "alice", "stop", "odd", 0, world.now)
    assert refused(world.reserve("b", 20)) == "budget.paused"
    assert got(world.reserve("a", 20)) == one
    got(world.settle(one.id, amount=20))
    world.paused = Order("p", "support/refunds", "alice", "read-only", "odd", 0, world.now)
    got(world.reserve("c", 20))


def test_yesterdays_reservation_is_settled_where_it_was_made(world: BudgetWorld) -> None:
    world.now -= 5 * 86_400_000
    one = got(world.reserve("a", 100))
    world.now = day_ends(day_of(world.now))
    got(world.reserve("b", 50))
    got(world.settle(one.id, amount=60))
    assert world.levels()["agent", "day"] == Level(0, 50, 0)
    assert world.levels()["workspace", "month"] == Level(60, 50, 0)
    assert world.differences() == ()


def test_of_many_at_once_only_as_many_get_money_as_there_is(world: BudgetWorld) -> None:
    with ThreadPoolExecutor(32) as pool:
        found = list(pool.map(lambda number: world.reserve(f"k{number}", 7), range(64)))
    assert sum(verdict.allowed for _, verdict in found) == 100 // 7
    assert world.levels()["agent", "day"] == Level(0, 98, 0)


def test_a_row_that_somebody_changed_is_found(world: BudgetWorld) -> None:
    got(world.reserve("a", 20))
    world.store.write(lambda tx: tx.run("UPDATE budgets SET reserved = 0 WHERE bucket LIKE 'agent day%'")).result()
    assert len(world.differences()) == 2


def test_prices_are_exact_and_rounded_up() -> None:
    prices = PriceList(
        "USD", "2026-11-01", {"a/b": ModelPrice("3.00", "15.00", "0.30"), "a/c": ModelPrice("0.1", "7", "", "1K")}
    )
    assert price_of(prices, "a/b") == PRICE
    assert price_of(prices, "a/c") == Price(UNIT // 10, UNIT // 10, 7 * UNIT, 1000)
    assert (PRICE.cost(1, 1, 0), PRICE.estimate(1, 1)) == (300, 18_000)
    assert Price(1, 1, 1, 1000).cost(1, 0, 0) == 1
    written = price_of(PriceList("USD", "2026-11-01", {"a/e": ModelPrice("3", "15", "0.3", cache_write="6")}), "a/e")
    assert isinstance(written, Price)
    assert written.estimate(100, 1) == 100 * 6000 + 15_000
    assert written.cost(100, 20, 1, 30) == 50 * 3000 + 20 * 300 + 30 * 6000 + 15_000
    assert PRICE.cost(100, 0, 0, 30) == PRICE.cost(100, 0, 0)
    unpriced = price_of(prices, "a/d"), price_of(None, "a/b")
    assert [one.rule for one in unpriced if isinstance(one, Reason)] == ["budget.unpriced"] * 2
