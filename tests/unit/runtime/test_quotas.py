"""Meters of quotas over a store: what a window has seen, what is given back, and what is forgotten."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agentgov.runtime.calls import Demand
from agentgov.runtime.quotas import Meters, Taken, give_back
from agentgov.store.open import open_store
from agentgov.store.port import Store, Transaction

NOW, MINUTE, HOUR = 1_800_000_000_000, 60_000, 3_600_000
PER_MINUTE = Demand("refunds", 10, 100, MINUTE, "100 in 1m")
PER_HOUR = Demand("refunds", 10, 500, HOUR, "500 in 1h")
OTHER = Demand("letters", 1, 5, HOUR, "5 in 1h")
MOVED = Demand("refunds of today", 10, 500, HOUR, "500 in 1h", ("refunds",))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    yield opened
    opened.close()


def take(store: Store, now: int, *demands: Demand) -> tuple[Taken, ...]:
    def work(tx: Transaction) -> tuple[Taken, ...]:
        meters = Meters(tx, demands, now)
        taken = meters.take(demands, now)
        meters.write(tx)
        return taken

    return store.write(work).result()


def seen(store: Store, now: int, *demands: Demand, without: tuple[Taken, ...] = ()) -> list[int]:
    """What each of some demands has seen, in their order."""
    found = store.read(lambda tx: Meters(tx, demands, now).seen(demands, without)).result()
    return [found[one.meter, one.window_ms] for one in demands]


def slices(store: Store) -> int:
    row = store.read(lambda tx: tx.one("SELECT count(*) FROM meter_slices")).result()
    assert row is not None
    return int(row[0])


def test_a_slice_is_a_sixtieth_of_the_shortest_window_and_a_second_at_least(store: Store) -> None:
    for demands, width in (((PER_HOUR, PER_MINUTE), 1000), ((PER_MINUTE, PER_HOUR), 1000), ((PER_HOUR,), MINUTE)):
        (one,) = take(store, NOW + 500, *demands)
        assert (one.amount, one.starts, one.ends) == (10, NOW, NOW + width)
    short = Demand("short", 1, 5, 2000, "5 in 2s")
    assert take(store, NOW + 500, short) == (Taken("short", 1, NOW, NOW + 1000),)


def test_a_window_sees_what_has_not_wholly_left_it_and_of_its_own_meter_alone(store: Store) -> None:
    take(store, NOW, PER_MINUTE, PER_HOUR, OTHER)
    take(store, NOW + 500, PER_MINUTE, PER_HOUR)
    ends = NOW + 1000
    asked = (PER_MINUTE, PER_HOUR, OTHER, MOVED)
    assert seen(store, ends + MINUTE - 1, *asked) == [20, 20, 1, 20]
    assert seen(store, ends + MINUTE, *asked) == [0, 20, 1, 20]
    assert seen(store, ends + HOUR, *asked[:2], MOVED) == [0, 0, 0]


def test_what_is_ones_own_is_left_out_of_the_windows_that_still_count_it(store: Store) -> None:
    (own,) = take(store, NOW, PER_MINUTE, PER_HOUR)
    take(store, NOW, PER_MINUTE, PER_HOUR)
    take(store, NOW, OTHER)
    asked = (PER_MINUTE, PER_HOUR, OTHER)
    assert seen(store, NOW, *asked, without=(own,)) == [10, 10, 1]
    assert seen(store, own.ends + MINUTE, *asked, without=(own,)) == [0, 10, 1]


def test_what_is_given_back_is_of_this_slice_alone_and_never_more_than_there_is(store: Store) -> None:
    letters = Demand("letters", 10, 50, MINUTE, "50 in 1m")
    (first,) = take(store, NOW, PER_MINUTE)
    take(store, NOW, PER_HOUR)  # a slice that begins at the same moment and ends later
    (last,) = take(store, NOW + 59_000, PER_MINUTE)  # one that ends with that
    take(store, NOW, letters)
    assert seen(store, NOW, PER_HOUR, letters) == [30, 10]
    for own, left in ((first, 20), (first, 20), (last, 10), (last, 10)):
        store.write(lambda tx, own=own: give_back(tx, [own])).result()  # type: ignore[misc]
        assert seen(store, NOW, PER_HOUR, letters) == [left, 10]


def test_what_nobody_counts_any_more_is_forgotten_where_a_slice_is_new(store: Store) -> None:
    long = Demand("long", 1, 5, 2 * HOUR, "5 in 2h")
    take(store, NOW, PER_MINUTE, PER_HOUR)
    take(store, NOW, long)
    take(store, NOW + HOUR, PER_MINUTE, PER_HOUR)
    assert slices(store) == 3, "the hour still sees the first"
    take(store, NOW + HOUR + 5 * MINUTE, PER_HOUR, PER_MINUTE)
    assert slices(store) == 3, "what has left every window of its meter is gone"
    assert seen(store, NOW + HOUR + 5 * MINUTE, PER_HOUR, long) == [20, 1]
