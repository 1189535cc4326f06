"""What a budget reaches, it reaches once; people are told of it until they were."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from actionworld import NOW
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from agentgov.runtime import budget_marks, deliveries
from agentgov.runtime.budget_marks import KEPT, LIMIT, Mark, is_reached, shares_reached, usual_after
from agentgov.runtime.deliveries import BUDGETS, HOOKS, PERMITS, Delivery
from agentgov.store.open import open_store
from agentgov.store.port import Store

DAY = "agent day support/a@production 2026-11-29 USD"
MARK = Mark(DAY, "0.5", "support/a", "production", "the day", 5, 10, "USD", NOW)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = open_store(store_url)
    yield store
    store.close()


def take(store: Store, mark: Mark) -> bool:
    return store.write(lambda tx: budget_marks.take(tx, mark, bytes(16))).result()


def test_of_many_who_see_it_one_writes_it_down(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(lambda _: take(store, MARK), range(16))) == [False] * 15 + [True]
    rows = store.read(lambda tx: tx.all("SELECT type, agent, actor FROM records")).result()
    assert rows == [("budget.mark", "support/a", "gate")]


def test_what_was_reached_waits_for_a_gate_that_tells_it_and_is_told_in_its_order_under_one_id(store: Store) -> None:
    day, old = 86_400_000, Mark("b", LIMIT, "support/a", "staging", "the day", 5, 5, "USD", NOW - 86_400_001)
    marks = (MARK, structs.replace(MARK, mark="0.8"), MARK, old)
    assert [take(store, one) for one in marks] == [True, True, False, True]

    def due(*absent: str) -> list[Delivery]:
        return list(store.write(lambda tx: deliveries.take_due(tx, NOW, 9, absent=absent)).result())

    assert due() == []
    assert store.read(lambda tx: deliveries.has_held(tx, [BUDGETS], NOW)).result()
    assert not store.read(lambda tx: deliveries.has_held(tx, [PERMITS], NOW)).result()
    store.write(lambda tx: deliveries.release(tx, [BUDGETS], NOW)).result()
    assert store.read(lambda tx: (deliveries.next_due(tx), deliveries.next_due(tx, HOOKS))).result() == (NOW, None)
    assert due(BUDGETS) == []  # a gate without the hook leaves it to the others
    (half,) = due()
    assert (half.line, half.body) == (MARK.bucket, MARK.mark)
    assert store.read(lambda tx: budget_marks.find(tx, half.line, half.body)).result() == MARK
    store.write(lambda tx: deliveries.end(tx, half, "delivered", "", NOW)).result()
    (more,) = due()
    assert (more.body, more.id == half.id) == ("0.8", False)
    assert not store.read(lambda tx: deliveries.has_held(tx, [BUDGETS], NOW)).result()  # of what is old nobody is told
    assert store.read(lambda tx: deliveries.has_held(tx, [BUDGETS], NOW - day)).result()
    store.write(lambda tx: deliveries.forget(tx, NOW)).result()
    assert not store.read(lambda tx: deliveries.has_held(tx, [BUDGETS], NOW - day)).result()
    store.write(lambda tx: deliveries.forget(tx, NOW + day)).result()
    assert store.read(lambda tx: deliveries.find(tx, more.id)).result() is not None


def test_marks_are_forgotten_after_two_of_the_longest_windows(store: Store) -> None:
    take(store, MARK)
    assert store.write(lambda tx: budget_marks.forget(tx, NOW + KEPT)).result() == 0
    assert store.write(lambda tx: budget_marks.forget(tx, NOW + KEPT + 1)).result() == 1


SHARES = st.lists(st.integers(1, 100).map(lambda cents: cents / 100), max_size=5, unique=True)


@given(SHARES, st.integers(0, 10**15), st.integers(1, 10**15))
def test_a_share_is_reached_exactly_when_so_much_is_spent(shares: list[float], spent: int, most: int) -> None:
    expected = sorted(one for one in shares if spent > 0 and spent * 100 >= round(one * 100) * most)
    assert shares_reached(shares, spent, most) == tuple(map(str, expected))


@pytest.mark.parametrize(
    ("used", "usual", "reached"),
    [
        *((0, 0, False), (45, 0, False), (45, 4_000, False), (4_749, 0, False), (4_750, 0, True), (5_000, 0, True)),
        *((4_600, 400, False), (4_601, 400, True), (2_499, 9_000, False), (2_500, 2_501, True)),
    ],
)
def test_a_limit_is_reached_where_little_is_left_whatever_was_asked_for(used: int, usual: int, reached: bool) -> None:
    assert is_reached(used, 5_000, usual) is reached


def test_what_an_agent_usually_asks_for_follows_what_it_settles() -> None:
    usual = 0
    for _ in range(3):
        usual = usual_after(usual, 800)
    assert usual == 800
    assert usual_after(usual, 1_600) == 900  # one large one says little
