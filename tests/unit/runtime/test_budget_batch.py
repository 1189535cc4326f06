"""Requests that are decided together are decided as if each had come alone, in the same order. On both databases."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest
from actionworld import NOW
from budgetworld import LIMITS, REFUNDS, TRIAGE, BudgetWorld
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import PATIENCE
from postgres import Postgres

from agentgov.errors import RefusedError
from agentgov.model.names import AgentId
from agentgov.model.verdict import deny
from agentgov.runtime import budgets
from agentgov.runtime.accounts import LASTS
from agentgov.runtime.pause import Order
from agentgov.runtime.reservations import (
    Expire,
    Found,
    Refuse,
    Release,
    Request,
    Reserve,
    Settle,
    Spending,
    Wanted,
)
from agentgov.runtime.windows import day_of
from agentgov.store.open import open_store
from agentgov.store.port import Transaction

PAUSED = Order("p", "support/refunds", "alice", "stop", "odd", 0, NOW)
TABLES = ("budgets", "reservations", "records")
MOST = 12  # requests of one history
Step = tuple[str, int, int, AgentId, str, int]

# what, which key or reservation, an amount, who, which run, how much later
steps = st.tuples(
    st.sampled_from(["reserve", "reserve", "settle", "settle", "release", "expire", "refuse", "paused"]),
    st.integers(0, 4),
    st.integers(0, 60),
    st.sampled_from([REFUNDS, TRIAGE]),
    st.sampled_from(["", "r"]),
    st.sampled_from([0, 0, 1, LASTS, 86_400_000]),
)
histories = st.lists(st.lists(steps, min_size=1, max_size=MOST), min_size=1, max_size=3)


def request(step: Step, number: int, now: int) -> Request:
    """A step as a request; reservations are numbered by the requests that may have made them."""
    what, which, amount, agent, run, _ = step
    of, caller = f"{which:032x}", (str(agent), "production")
    match what:
        case "settle":
            return Settle(of, caller, Spending(amount=amount, currency="USD"), now)
        case "release":
            return Release(of, caller, now)
        case "expire":
            return Expire(of, now)
    wanted = Wanted(
        id=f"{number:032x}",
        key=f"k{which}",
        agent=agent,
        environment="production",
        closure="c" * 64,
        request=f"{amount} {run}",
        run=run,
        day=day_of(now),
        currency="USD",
        amount=amount,
        price=None,
        limits=LIMITS,
        details={},
    )
    if what == "refuse":
        return Refuse(wanted, deny("budget.unpriced", "no price"), now)
    return Reserve(wanted, lambda _: PAUSED if what == "paused" else None, now)


def requests(history: Sequence[Sequence[Step]]) -> list[list[Request]]:
    """All of a history; what is decided together has one time."""
    now, number, found = NOW, 0, []
    for batch in history:
        now += max(step[-1] for step in batch)
        found.append([request(step, number + at, now) for at, step in enumerate(batch)])
        number += len(batch)
    return found


class Pair:
    """Two stores: one that decides together, and one that decides one request after the other."""

    def __init__(self, first: str, second: str) -> None:
        self.stores = open_store(first), open_store(second)

    def agree(self, history: Sequence[Sequence[Step]]) -> None:
        """Whatever both answer, and hold afterwards, is the same."""
        together, alone = self.stores
        for store in self.stores:
            store.write(_emptied).result(PATIENCE)
        for batch in requests(history):
            one: Sequence[Found] = together.write(lambda tx, b=batch: budgets.decide(tx, b)).result(PATIENCE)  # type: ignore[misc]
            other = [alone.write(lambda tx, r=each: budgets.decide(tx, [r])[0]).result(PATIENCE) for each in batch]  # type: ignore[misc]
            assert list(one) == other
            held, other_held = (store.read(_held).result(PATIENCE) for store in self.stores)
            assert held == other_held
        assert BudgetWorld(together).differences() == ()


def _emptied(tx: Transaction) -> None:
    for table in TABLES:
        tx.run(f"DELETE FROM {table}")


def _held(tx: Transaction) -> dict[str, list[tuple[object, ...]]]:
    return {table: sorted(tx.all(f"SELECT * FROM {table}")) for table in TABLES}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("pair")
    pair = Pair(f"sqlite:///{folder}/a.db", f"sqlite:///{folder}/b.db")
    yield pair
    for store in pair.stores:
        store.close()


@given(history=histories)
@settings(max_examples=60, deadline=None)
def test_a_batch_answers_and_leaves_what_one_after_the_other_does(files: Pair, history: list[list[Step]]) -> None:
    files.agree(history)


@pytest.mark.slow
@given(history=histories)
@settings(max_examples=100, deadline=None)
def test_a_batch_in_postgresql_leaves_what_one_after_the_other_does(servers: Pair, history: list[list[Step]]) -> None:
    servers.agree(history)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Iterator[Pair]:
    folder: Path = tmp_path_factory.mktemp("pair")
    pair = Pair(postgres.database(), f"sqlite:///{folder}/b.db")
    yield pair
    for store in pair.stores:
        store.close()


def test_one_batch_makes_settles_and_repeats_a_reservation(store_url: str) -> None:
    store = open_store(store_url)
    world = BudgetWorld(store)
    steps: list[Step] = [
        ("reserve", 1, 60, REFUNDS, "", 0),  # reservation 0
        ("reserve", 1, 60, REFUNDS, "", 0),  # the same again
        ("reserve", 1, 50, REFUNDS, "", 0),  # another under the same key
        ("reserve", 2, 60, REFUNDS, "", 0),  # more than is left now
        ("settle", 0, 10, REFUNDS, "", 0),
        ("reserve", 3, 60, REFUNDS, "", 0),  # there is room again
    ]
    found = store.write(lambda tx: budgets.decide(tx, requests([steps])[0])).result(PATIENCE)
    rules = [verdict.reasons[0].rule for _, verdict in found]
    assert rules == ["budget.reserved"] * 2 + ["budget.key", "budget.exceeded", "budget.settled", "budget.reserved"]
    made = found[0][0]
    assert made is not None
    assert found[1][0] == made
    assert found[4][0] == msgspec.structs.replace(made, state="settled", actual=10, ended=NOW)
    assert [one.record for one, _ in found if one is not None] == [0, 0, 0, 3]
    assert world.differences() == ()
    store.close()


def test_one_that_cannot_be_recorded_is_refused_alone(store_url: str) -> None:
    """Its record is too long for the ledger: the others of its batch are decided as if it had not come."""
    world = BudgetWorld(open_store(store_url))
    held, pause = world.hold()
    futures = []
    for key, details in (("a", {}), ("b", {"model": "m" * 2048}), ("c", {})):
        wanted = msgspec.structs.replace(world.wanted(key, 10), details=details)
        futures.append(world.store.together(budgets.decide, Reserve(wanted, lambda _: None, NOW)))
    pause.set()
    held.result(PATIENCE)
    with pytest.raises(RefusedError):
        futures[1].result(PATIENCE)
    assert all(futures[number].result(PATIENCE)[1].allowed for number in (0, 2))
    assert world.levels()["agent", "day"].reserved == 20
    assert world.differences() == ()
    world.store.close()
