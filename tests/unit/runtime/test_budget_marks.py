"""What a budget reaches, it reaches once; people are told of it until they were."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from actionworld import NOW
from hypothesis import given
from hypothesis import strategies as st

from agentgov.runtime import budget_marks
from agentgov.runtime.budget_marks import KEPT, LIMIT, Mark, shares_reached
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


def test_people_are_told_until_they_were_and_not_of_what_is_old(store: Store) -> None:
    other = Mark("b", LIMIT, "support/a", "staging", "the day", 5, 5, "USD", NOW - 2 * 86_400_000)
    assert [take(store, MARK), take(store, other)] == [True, True]

    def due(now_ms: int) -> list[tuple[Mark, int]]:
        return list(store.write(lambda tx: budget_marks.take_due(tx, now_ms, 9)).result())

    assert due(NOW - 1) == []
    assert due(NOW) == [(MARK, 0)]
    assert due(NOW) == []  # somebody is telling it
    store.write(lambda tx: budget_marks.failed(tx, MARK, 0, NOW)).result()
    assert due(NOW + 4_999) == []
    assert due(NOW + 5_000) == [(MARK, 1)]
    store.write(lambda tx: budget_marks.told(tx, MARK)).result()
    assert due(NOW + 3_600_000) == []


def test_marks_are_forgotten_after_two_of_the_longest_windows(store: Store) -> None:
    take(store, MARK)
    assert store.write(lambda tx: budget_marks.forget(tx, NOW + KEPT)).result() == 0
    assert store.write(lambda tx: budget_marks.forget(tx, NOW + KEPT + 1)).result() == 1


SHARES = st.lists(st.integers(1, 100).map(lambda cents: cents / 100), max_size=5, unique=True)


@given(SHARES, st.integers(0, 10**15), st.integers(1, 10**15))
def test_a_share_is_reached_exactly_when_so_much_is_spent(shares: list[float], spent: int, most: int) -> None:
    expected = sorted(one for one in shares if spent > 0 and spent * 100 >= round(one * 100) * most)
    assert shares_reached(shares, spent, most) == tuple(map(str, expected))
