"""What every store keeps to, whichever database is behind it."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, wait
from typing import Any

import pytest
from patience import PATIENCE, until

from agentgov.errors import IncompleteError
from agentgov.store.awaiting import answered
from agentgov.store.open import open_store
from agentgov.store.port import ClashError, Store, Transaction
from agentgov.store.readers import WAITING

_TABLE = "CREATE TABLE things (name TEXT PRIMARY KEY, size BIGINT NOT NULL)"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    opened.write(lambda tx: tx.run(_TABLE)).result(PATIENCE)
    yield opened
    opened.close()


def names(store: Store) -> list[str]:
    rows = store.read(lambda tx: tx.all("SELECT name FROM things ORDER BY name")).result(PATIENCE)
    return [row[0] for row in rows]


def test_what_is_written_is_read(store: Store) -> None:
    def work(tx: Transaction) -> tuple[int, object, object]:
        changed = tx.run("INSERT INTO things (name, size) VALUES (?, ?)", "a", 2**62)
        found = tx.one("SELECT size FROM things WHERE name = ?", "a")
        return changed, found, tx.one("SELECT size FROM things WHERE name = ?", "b")

    assert store.write(work).result(PATIENCE) == (1, (2**62,), None)
    assert names(store) == ["a"]


def test_a_question_mark_or_a_percent_sign_in_a_text_is_no_placeholder(store: Store) -> None:
    def work(tx: Transaction) -> object:
        tx.run("INSERT INTO things (name, size) VALUES ('50% of what?', ?)", 7)
        return tx.one("SELECT name, size % 4 FROM things WHERE name LIKE '50%' AND size = ?", 7)

    assert store.write(work).result(PATIENCE) == ("50% of what?", 3)


def test_a_work_that_raises_is_undone_and_the_others_are_not(store: Store) -> None:
    held = threading.Event()

    def first(tx: Transaction) -> int:
        held.wait(PATIENCE)  # so that the others gather behind it
        return tx.run("INSERT INTO things (name, size) VALUES ('first', 1)")

    def fails(tx: Transaction) -> None:
        tx.run("INSERT INTO things (name, size) VALUES ('failed', 1)")
        tx.tell("failed")
        raise KeyError("refused")

    def last(tx: Transaction) -> int:
        return tx.run("INSERT INTO things (name, size) VALUES ('last', 1)")

    futures: list[Future[Any]] = [store.write(first), store.write(fails), store.write(last)]
    told: list[str] = []
    store.listen(told.append)
    held.set()
    wait(futures, PATIENCE)
    assert futures[0].result() == futures[2].result() == 1
    with pytest.raises(KeyError, match="refused"):
        futures[1].result()
    assert names(store) == ["first", "last"]
    store.write(lambda tx: tx.tell("after")).result(PATIENCE)
    until(lambda: "after" in told)
    assert "failed" not in told


def _sizes(tx: Transaction, wanted: Sequence[str]) -> list[int]:
    """Each name is written down, with how many came together with it; "clash" is refused, whoever comes with it."""
    tx.many("INSERT INTO things (name, size) VALUES (?, ?)", [(name, len(wanted)) for name in wanted])
    if "clash" in wanted:
        raise ClashError("refused")
    return [len(wanted)] * len(wanted)


def _together(store: Store, *wanted: str) -> list[Future[int]]:
    """What comes of items that wait at the same moment."""
    held = threading.Event()
    store.write(lambda _: held.wait(PATIENCE))
    found = [store.together(_sizes, one) for one in wanted]
    held.set()
    wait(found, PATIENCE)
    return found


def test_items_that_wait_are_done_at_once(store: Store) -> None:
    assert [one.result() for one in _together(store, "a", "b", "c")] == [3, 3, 3]
    assert store.together(_sizes, "d").result(PATIENCE) == 1
    assert names(store) == ["a", "b", "c", "d"]


def test_an_item_that_fails_is_undone_without_the_others(store: Store) -> None:
    first, second, third = _together(store, "a", "clash", "c")
    assert first.result() == third.result() == 1
    with pytest.raises(ClashError):
        second.result()
    assert names(store) == ["a", "c"]


def test_many_rows_are_inserted_and_many_values_found_at_once(store: Store) -> None:
    odd = ["q\"\\'{},\n é", "NULL", "", *(f"n{number}" for number in range(700))]

    def work(tx: Transaction) -> object:
        sql = "INSERT INTO things (name, size) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET size = things.size + 1"
        for _ in range(2):
            tx.many(sql, [(name, -number) for number, name in enumerate(odd)])
        tx.many(sql, [])
        tx.many(
            "UPDATE things SET size = size + now.column2 FROM (VALUES (?, ?)) AS now WHERE name = now.column1",
            [("n3", 5), ("n4", 6)],
        )
        tx.many("UPDATE things SET size = size - ? WHERE name = ?", [(5, "n3"), (6, "n4")])
        pairs = [(name, -number) for number, name in enumerate(odd)]
        asked = (
            "SELECT name FROM (?) AS asked CROSS JOIN things WHERE name = asked.column1 AND size = asked.column2 + 1"
        )
        found = [row[0] for row in tx.among("SELECT name FROM things WHERE name IN (?)", [*odd, "other", "n5", None])]
        assert sorted(row[0] for row in tx.among(asked, pairs)) == sorted(found)
        return sorted(found), list(tx.among("SELECT name FROM things WHERE name IN (?)", []))

    assert store.write(work).result(PATIENCE) == (sorted(odd), [])


def test_thousands_of_rows_are_what_was_given(store: Store) -> None:
    odd = ["a\tb", "a\nb", "\\N", "\\.", "", "'\"é", *(f"n{number}" for number in range(3000))]
    insert = "INSERT INTO things (name, size) VALUES (?, ?)"

    def work(tx: Transaction) -> object:
        tx.run(insert, "first", 0)
        tx.many(insert, [(name, len(name)) for name in odd])
        return [tuple(row) for row in tx.all("SELECT name, size FROM things WHERE name <> 'first'")]

    assert sorted(store.write(work).result(PATIENCE)) == sorted((name, len(name)) for name in odd)  # type: ignore[call-overload]
    with pytest.raises(ClashError):
        store.write(lambda tx: tx.many(insert, [("other", 1), *((name, 1) for name in odd)])).result(PATIENCE)
    assert len(names(store)) == len(odd) + 1


@pytest.mark.parametrize("row", [("a\0b", 1), ("\ud800", 1), ("a", 2**63), ("b", None)])
@pytest.mark.parametrize("others", [1, 2000])
def test_a_row_of_many_that_cannot_be_held_undoes_the_work(store: Store, row: tuple[str, int], others: int) -> None:
    def work(tx: Transaction) -> None:
        fine = [(f"fine {number}", number) for number in range(others)]
        tx.many("INSERT INTO things (name, size) VALUES (?, ?)", [*fine, row])

    with pytest.raises(ClashError):
        store.write(work).result(PATIENCE)
    assert names(store) == []


def test_a_clash_undoes_the_work_that_met_it_whatever_it_makes_of_it(store: Store) -> None:
    def stubborn(tx: Transaction) -> str:
        tx.run("INSERT INTO things (name, size) VALUES ('a', 1)")
        try:
            tx.run("INSERT INTO things (name, size) VALUES ('a', 2)")
        except ClashError:
            return "never mind"
        return "no clash"

    with pytest.raises(ClashError):
        store.write(stubborn).result(PATIENCE)
    assert names(store) == []


@pytest.mark.parametrize("value", ["a\0b", "\ud800"])
def test_texts_that_one_of_the_databases_cannot_hold_are_refused_by_both(store: Store, value: str) -> None:
    with pytest.raises(ClashError):
        store.write(lambda tx: tx.run("INSERT INTO things (name, size) VALUES (?, 1)", value)).result(PATIENCE)


def test_numbers_beyond_64_bits_are_refused(store: Store) -> None:
    with pytest.raises(ClashError):
        store.write(lambda tx: tx.run("INSERT INTO things (name, size) VALUES ('a', ?)", 2**63)).result(PATIENCE)


def test_a_reader_changes_nothing(store: Store) -> None:
    with pytest.raises(IncompleteError):
        store.read(lambda tx: tx.run("INSERT INTO things (name, size) VALUES ('a', 1)")).result(PATIENCE)
    assert names(store) == []


def test_a_reader_sees_one_moment(store: Store) -> None:
    def counted(tx: Transaction) -> tuple[object, object]:
        before = tx.one("SELECT count(*) FROM things")
        store.write(lambda tx: tx.run("INSERT INTO things (name, size) VALUES ('a', 1)")).result(PATIENCE)
        return before, tx.one("SELECT count(*) FROM things")

    assert store.read(counted).result(PATIENCE) == ((0,), (0,))
    assert names(store) == ["a"]


def test_who_listens_is_told_after_the_commit_and_may_ask_the_store(store: Store) -> None:
    seen: list[tuple[str, list[str]]] = []
    store.listen(lambda topic: seen.append((topic, names(store))))

    def work(tx: Transaction) -> None:
        tx.tell("things")
        tx.run("INSERT INTO things (name, size) VALUES ('a', 1)")

    store.write(work).result(PATIENCE)
    until(lambda: ("things", ["a"]) in seen)


def test_one_that_listens_badly_does_not_deafen_the_others(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []

    def bad(topic: str) -> None:
        raise ValueError(topic)

    store.listen(bad)
    store.listen(told.append)
    store.write(lambda tx: tx.tell("one")).result(PATIENCE)
    until(lambda: "one" in told)
    store.write(lambda tx: tx.tell("two")).result(PATIENCE)
    until(lambda: "two" in told)


def test_many_works_are_committed_in_the_order_in_which_they_were_asked_for(store: Store) -> None:
    store.write(lambda tx: tx.run("CREATE TABLE log (place INTEGER PRIMARY KEY, size BIGINT NOT NULL)"))

    def at(place: int) -> object:
        return store.write(
            lambda tx: tx.run("INSERT INTO log SELECT ?, count(*) FROM log", place),
        )

    for future in [at(place) for place in range(1200)]:
        future.result(PATIENCE)  # type: ignore[attr-defined]
    rows = store.read(lambda tx: tx.all("SELECT place, size FROM log ORDER BY place")).result(PATIENCE)
    assert [tuple(row) for row in rows] == [(place, place) for place in range(1200)]


def test_what_was_asked_for_is_committed_before_it_closes_and_nothing_is_taken_afterwards(store_url: str) -> None:
    store = open_store(store_url)
    store.write(lambda tx: tx.run("CREATE TABLE things (name TEXT PRIMARY KEY, size INTEGER)"))
    futures = [store.write(lambda tx, n=n: tx.run("INSERT INTO things VALUES (?, 1)", f"{n:03}")) for n in range(200)]  # type: ignore[misc]
    store.close()
    assert [future.result(0) for future in futures] == [1] * 200
    for late in (store.write(lambda tx: tx.tell("late")), store.read(lambda tx: tx.one("SELECT 1"))):
        with pytest.raises(IncompleteError, match="closed"):
            late.result(PATIENCE)
    store.close()  # twice is fine
    again = open_store(store_url)
    assert len(names(again)) == 200
    again.close()


def test_a_work_that_was_cancelled_before_its_turn_is_not_done(store: Store) -> None:
    held = threading.Event()
    first = store.write(lambda tx: held.wait(PATIENCE))
    until(first.running)
    second = store.write(lambda tx: tx.run("INSERT INTO things (name, size) VALUES ('a', 1)"))
    assert second.cancel()
    held.set()
    assert first.result(PATIENCE)
    assert names(store) == []


def test_a_flood_is_told_to_come_back_and_costs_nobody_who_was_there(store: Store) -> None:
    held = threading.Event()
    first = store.write(lambda tx: held.wait(PATIENCE))
    until(first.running)
    looking = [store.read(lambda tx: held.wait(PATIENCE)) for _ in range(WAITING)]
    writing = [store.write(lambda tx: 7) for _ in range(WAITING + 1)]
    for late in (store.write(lambda tx: 8), store.read(lambda tx: 8)):
        with pytest.raises(IncompleteError, match="too much to do"):
            late.result(PATIENCE)
    held.set()
    assert first.result(PATIENCE)
    assert [future.result(PATIENCE) for future in writing[:WAITING]] == [7] * WAITING
    assert all(future.result(PATIENCE) for future in looking)
    assert store.write(lambda tx: 9).result(PATIENCE) == store.read(lambda tx: 9).result(PATIENCE) == 9


def test_what_is_urgent_goes_before_all_that_waits(store: Store) -> None:
    held = threading.Event()
    order: list[str] = []
    first = store.write(lambda tx: held.wait(PATIENCE))
    until(first.running)
    waiting = [store.write(lambda tx: order.append("late")) for _ in range(WAITING)]
    urgent = [store.write(lambda tx: order.append("urgent"), urgent=True) for _ in range(3)]
    held.set()
    assert first.result(PATIENCE)
    wait([*waiting, *urgent], PATIENCE)
    assert order == ["urgent"] * 3 + ["late"] * WAITING
    assert store.write(lambda tx: 5, urgent=True).result(PATIENCE) == 5
    last = [store.write(lambda tx: 6, urgent=True), store.write(lambda tx: 7)]
    store.close()
    assert [future.result(0) for future in last] == [6, 7]
    with pytest.raises(IncompleteError, match="closed"):
        store.write(lambda tx: 8, urgent=True).result(PATIENCE)


def test_event_loops_wait_for_answers_and_for_what_is_raised(store: Store) -> None:
    async def all_of_it() -> list[object]:
        def work(n: int) -> object:
            def clash(tx: Transaction) -> int:
                return tx.run("INSERT INTO things (name, size) VALUES (?, 1)", f"{n % 50}")

            return answered(store.write, clash)

        return await asyncio.gather(*(work(n) for n in range(100)), return_exceptions=True)  # type: ignore[call-overload,no-any-return]

    found = asyncio.run(all_of_it())
    assert found[:50] == [1] * 50
    assert all(isinstance(one, ClashError) for one in found[50:])


def test_who_is_cancelled_while_waiting_stops_nothing(store: Store) -> None:
    async def impatient() -> None:
        held = threading.Event()
        first = store.write(lambda tx: held.wait(PATIENCE))
        task = asyncio.create_task(
            answered(store.write, lambda tx: tx.run("INSERT INTO things (name, size) VALUES ('a', 1)"))
        )
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        held.set()
        assert await asyncio.wrap_future(first)

    asyncio.run(impatient())
    until(lambda: names(store) == ["a"])
