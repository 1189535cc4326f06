"""Rolling windows, zones, ids of before and limits that are only told of, in both databases."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from budgetworld import REFUNDS, TRIAGE, BudgetWorld

from agentgov.model.names import AgentId
from agentgov.runtime.buckets import RUN_KEPT, SLOT_KEPT, Level, agent_buckets, levels, names_of, used
from agentgov.runtime.budgets import forget_buckets
from agentgov.runtime.reservations import Found, Release, Reservation, Settle, Spending
from agentgov.runtime.windows import day_ends, day_of, windows_at
from agentgov.store.open import open_store

HOUR = 3_600_000
DAY = 24 * HOUR
ROLLING = {("agent", "24h"): 100}
OLD = ("support/old",)


@pytest.fixture
def world(store_url: str) -> Iterator[BudgetWorld]:
    store = open_store(store_url)
    world = BudgetWorld(store, {})
    world.now -= world.now % HOUR
    yield world
    assert world.differences() == ()
    store.close()


def reserve(
    world: BudgetWorld, key: str, amount: int, agent: AgentId = REFUNDS, former: tuple[str, ...] = (), run: str = ""
) -> Found:
    windows = windows_at(world.now, {}, {"agent": (86_400,)})
    return world.reserve(key, amount, agent, run, day=str(windows), limits=ROLLING, former=former)


def got(found: Found) -> Reservation:
    one, verdict = found
    assert verdict.allowed, verdict.reasons
    assert one is not None
    return one


def change(world: BudgetWorld, sql: str) -> None:
    world.store.write(lambda tx: tx.run(sql)).result()


def level(world: BudgetWorld, window: str, zone: str = "UTC") -> Level:
    windows = str(windows_at(world.now, {"agent": ZoneInfo(zone)}, {"agent": (86_400,)}))
    chain = agent_buckets(REFUNDS, "production", windows, "USD")
    found = world.store.read(lambda tx: levels(tx, list(names_of(chain)))).result()
    return next(used(one, found) for one in chain if (one.scope, one.window) == ("agent", window))


def test_a_rolling_window_forgets_only_what_is_a_whole_window_old(world: BudgetWorld) -> None:
    one = got(reserve(world, "a", 60))
    world.now += 23 * HOUR
    got(reserve(world, "b", 40))
    assert not reserve(world, "c", 1)[1].allowed
    world.settle(one.id, amount=30)  # booked where it was set aside
    assert level(world, "24h") == Level(30, 40, 0)
    got(reserve(world, "d", 30))
    world.now += HOUR
    refused = reserve(world, "e", 1)[1].first_offence
    assert refused is not None
    assert "any 24h of support/refunds in production" in refused.message
    world.now += HOUR
    got(reserve(world, "e", 30))
    assert level(world, "24h") == Level(0, 100, 0)


def test_a_clock_that_jumps_back_opens_no_window_again(world: BudgetWorld) -> None:
    got(reserve(world, "a", 100))
    world.now -= 20 * HOUR
    assert not reserve(world, "b", 1)[1].allowed
    world.now -= 5 * HOUR
    got(reserve(world, "c", 1))


def test_an_agent_that_moved_keeps_what_it_spent_and_what_it_has_open(world: BudgetWorld) -> None:
    old = AgentId("support", "old")
    one, two = got(reserve(world, "a", 40, old)), got(reserve(world, "b", 40, old))
    assert not reserve(world, "c", 30, REFUNDS, OLD)[1].allowed
    got(reserve(world, "c", 30, TRIAGE))
    caller = (str(REFUNDS), "production")
    assert not world.decide(Settle(one.id, caller, Spending(amount=1, currency="USD"), world.now))[1].allowed
    got(world.decide(Settle(one.id, caller, Spending(amount=10, currency="USD"), world.now, OLD)))
    got(world.decide(Release(two.id, caller, world.now, OLD)))
    assert not reserve(world, "d", 91, REFUNDS, OLD)[1].allowed
    got(reserve(world, "d", 90, REFUNDS, OLD))


def test_days_begin_where_the_budget_says(world: BudgetWorld) -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    world.now = day_ends(day_of(world.now, tokyo), tokyo) - 1
    for key, allowed in (("a", True), ("b", False)):
        windows = str(windows_at(world.now, {"agent": tokyo}, {}))
        assert world.reserve(key, 60, day=windows, limits={("agent", "day"): 100})[1].allowed == allowed
    world.now += 1
    windows = str(windows_at(world.now, {"agent": tokyo}, {}))
    assert windows.split(",")[0] > windows.split(",")[2]
    got(world.reserve("c", 60, day=windows, limits={("agent", "day"): 100}))
    assert world.levels()["workspace", "day"] == Level(0, 120, 0)


def test_a_limit_that_is_only_told_of_lets_it_go_on_and_says_so(world: BudgetWorld) -> None:
    soft = {("agent", "day"): 50}
    assert [one.rule for one in world.reserve("a", 50, soft=soft)[1].reasons] == ["budget.reserved"]
    _, verdict = world.reserve("b", 1, soft=soft)
    assert (verdict.allowed, [reason.rule for reason in verdict.reasons]) == (True, ["budget.reserved", "budget.over"])
    assert not world.reserve("c", 1, soft=soft, limits={("workspace", "day"): 51})[1].allowed
    assert world.levels()["agent", "day"] == Level(0, 51, 0)


def test_slots_that_nothing_counts_any_more_are_forgotten(world: BudgetWorld) -> None:
    got(reserve(world, "a", 10))
    two = got(reserve(world, "b", 10, TRIAGE))
    world.settle(two.id, TRIAGE, amount=10)

    def left() -> int:
        rows = world.store.read(lambda tx: tx.all("SELECT bucket FROM budgets WHERE bucket LIKE 'agent 24h%'")).result()
        return len(rows)

    def forget() -> str:
        return world.store.write(lambda tx: forget_buckets(tx, "", world.now)).result()

    assert (forget(), left()) == ("", 2)
    world.now += SLOT_KEPT + 2 * HOUR
    assert (forget(), left()) == ("", 1)  # the other one is still set aside
    world.expire()
    assert (forget(), left()) == ("", 0)
    got(reserve(world, "c", 100))


def test_a_run_that_moved_no_money_for_long_is_forgotten(world: BudgetWorld) -> None:
    world.limits = {("run", "run"): 30}
    one = got(world.reserve("a", 20, run="r"))
    open_ = got(world.reserve("b", 20, run="open"))
    world.settle(one.id, amount=20)

    def runs() -> dict[str, int]:
        world.store.write(lambda tx: forget_buckets(tx, "", world.now)).result()
        sql = "SELECT bucket, spent FROM budgets WHERE bucket LIKE 'run %'"
        rows = world.store.read(lambda tx: tx.all(sql)).result()
        return {str(name).split(" ")[3]: int(spent) for name, spent in rows}

    world.now += RUN_KEPT
    assert (runs(), world.differences()) == ({"r": 20, "open": 0}, ())
    world.settle(open_.id, amount=5)
    assert not world.reserve("c", 11, run="r")[1].allowed
    got(world.reserve("free", 0, run="r"))  # which moves nothing
    world.now += 1
    assert (runs(), world.differences()) == ({"open": 5}, ())
    got(world.reserve("d", 11, run="r"))  # whoever takes the name again has another run
    assert (runs(), world.differences()) == ({"r": 0, "open": 5}, ())
    change(world, "UPDATE budgets SET spent = spent + 1 WHERE bucket LIKE 'run %open%'")
    assert len(world.differences()) == 1
    change(world, "UPDATE budgets SET spent = spent - 1 WHERE bucket LIKE 'run %open%'")


def test_when_a_run_of_before_moved_money_is_not_known_it_is_kept_as_long(world: BudgetWorld) -> None:
    got(world.reserve("a", 20, run="r"))
    world.now += 3 * RUN_KEPT
    world.expire()
    change(world, "UPDATE budgets SET moved = 0")  # as a store of before has it

    def is_kept() -> bool:
        world.store.write(lambda tx: forget_buckets(tx, "", world.now)).result()
        sql = "SELECT 1 FROM budgets WHERE bucket LIKE 'run %'"
        return world.store.read(lambda tx: tx.one(sql)).result() is not None

    assert is_kept()
    world.now += RUN_KEPT
    assert is_kept()
    world.now += 1
    assert not is_kept()


def test_what_began_before_leaves_that_are_gone_is_not_compared(world: BudgetWorld) -> None:
    old = got(reserve(world, "a", 10, run="old"))
    world.now += 40 * DAY
    edge = got(reserve(world, "b", 10, run="edge"))
    world.settle(old.id, amount=10)
    assert world.differences() == ()
    change(world, "DELETE FROM records WHERE seq = 0")  # as `ledger prune` does
    assert world.differences() == ()
    world.now += 40 * DAY
    world.settle(edge.id, amount=10)
    world.now += RUN_KEPT
    got(reserve(world, "c", 10, run="new"))
    assert world.differences() == ()
    of_now = f"moved = {world.now} AND (bucket LIKE 'agent %' OR bucket LIKE 'run %')"
    change(world, f"UPDATE budgets SET spent = spent + 1 WHERE {of_now}")
    assert [one.split(" ")[1] for one in world.differences()] == ["24h", "day", "month", "run"]
    change(world, f"UPDATE budgets SET spent = spent - 1 WHERE {of_now}")
