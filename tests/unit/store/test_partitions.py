"""Partitions of PostgreSQL's tables: there before they are needed, whatever the clock says, and dropped as a whole."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from patience import PATIENCE
from postgres import Postgres

from agentgov.errors import IncompleteError
from agentgov.store.migrate import known
from agentgov.store.open import open_store
from agentgov.store.partitions import MOVED, drop_before, make_ahead, partitions, period_of, strays
from agentgov.store.port import Store
from agentgov.store.postgresql import PostgresqlStore

PAYLOAD = "INSERT INTO payloads (tree, seq, time, salt, payload) VALUES (?, ?, ?, ?, ?)"


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


@pytest.fixture
def url(postgres: Postgres) -> str:
    return postgres.database()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    found = open_store(url)
    yield found
    found.close()


def made(store: Store, moment: int) -> tuple[str, ...]:
    return store.write(lambda tx: make_ahead(tx, moment)).result(PATIENCE)


def put(store: Store, *moments: int) -> None:
    rows = [("support", moment % 2**40, moment, bytes(16), b"{}") for moment in moments]
    store.write(lambda tx: tx.many(PAYLOAD, rows)).result(PATIENCE)


def lies_in(store: Store) -> dict[str, int]:
    sql = "SELECT tableoid::regclass::text, count(*) FROM payloads GROUP BY 1"
    return dict(store.read(lambda tx: tx.all(sql)).result(PATIENCE))


def names(store: Store, table: str = "payloads") -> list[str]:
    return [one.name for one in store.read(lambda tx: partitions(tx, table)).result(PATIENCE)]


def test_a_period_is_a_month_or_a_day_in_utc() -> None:
    assert period_of("month", ms("2024-02-29T23:59:59")) == (ms("2024-02-01"), ms("2024-03-01"))
    assert period_of("month", ms("2026-12-31T12:00:00")) == (ms("2026-12-01"), ms("2027-01-01"))
    assert period_of("day", ms("2026-12-31T23:59:59")) == (ms("2026-12-31"), ms("2027-01-01"))


def test_a_file_has_no_partitions(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    assert made(store, ms("2031-05-06")) == ()
    assert names(store) == []
    assert store.read(lambda tx: strays(tx, "payloads")).result(PATIENCE) == 0
    assert store.write(lambda tx: drop_before(tx, "payloads", 5)).result(PATIENCE) == 5
    store.close()


def test_the_months_to_come_are_made_once(store: Store) -> None:
    first = made(store, ms("2031-11-06T10:00:00"))
    assert first[:4] == ("payloads_2031_11", "payloads_2031_12", "payloads_2032_01", "payloads_2032_02")
    assert "span_contents_2031_11_06" in first
    assert "span_contents_2031_11_13" in first
    assert made(store, ms("2031-11-06T10:00:00")) == ()
    assert "payloads_2032_03" in made(store, ms("2031-12-01T00:00:00"))


def test_rows_lie_in_the_partition_of_their_moment(store: Store) -> None:
    made(store, ms("2031-11-30"))
    put(store, 0, ms("2031-11-30T23:59:59"), ms("2031-12-01"))
    assert lies_in(store) == {"payloads_before": 1, "payloads_2031_11": 1, "payloads_2031_12": 1}


def test_what_came_before_its_partition_is_moved_when_it_is_made(store: Store) -> None:
    """No gate was there at the month's turn, or a clock jumped."""
    put(store, ms("2031-11-30"), ms("2031-12-01"), ms("2044-01-01"))
    assert lies_in(store) == {"payloads_other": 3}
    assert store.read(lambda tx: strays(tx, "payloads")).result(PATIENCE) == 3
    made(store, ms("2031-11-30"))
    assert lies_in(store) == {"payloads_2031_11": 1, "payloads_2031_12": 1, "payloads_other": 1}
    made(store, ms("2044-01-02"))
    assert store.read(lambda tx: strays(tx, "payloads")).result(PATIENCE) == 0


def test_more_than_can_be_moved_at_once_stays_where_it_is(store: Store) -> None:
    begin = ms("2031-11-01")
    fill = (
        "INSERT INTO payloads (tree, seq, time, salt, payload) SELECT 'a', n, ?, '', '' FROM generate_series(0, ?) AS n"
    )
    store.write(lambda tx: tx.run(fill, begin, MOVED)).result(PATIENCE)
    assert "payloads_2031_11" not in made(store, begin)
    assert "payloads_2031_12" in names(store)
    put(store, begin + 1)
    assert lies_in(store) == {"payloads_other": MOVED + 2}


def test_what_is_over_is_dropped_as_a_whole_and_the_rest_begins_there(store: Store) -> None:
    made(store, ms("2031-11-06"))
    made(store, ms("2031-11-14"))
    kept = store.write(lambda tx: drop_before(tx, "span_contents", ms("2031-11-10T12:00:00"))).result(PATIENCE)
    assert kept == ms("2031-11-10"), "the day that is not over stays whole"
    left = names(store, "span_contents")
    assert left[:2] == ["span_contents_other", "span_contents_2031_11_10"]


def test_a_table_that_somebody_keeps_is_not_waited_for(store: Store, url: str) -> None:
    """A dump reads for an hour; nobody who writes may wait behind it."""
    made(store, ms("2031-11-06"))
    other = PostgresqlStore(url)
    link = other._free.get()._link
    assert link is not None
    link.execute("BEGIN")
    link.execute("SELECT count(*) FROM payloads")
    with pytest.raises(IncompleteError, match="lock timeout"):
        made(store, ms("2033-11-06"))
    put(store, ms("2031-11-06"))
    link.execute("ROLLBACK")
    assert "payloads_2033_11" in made(store, ms("2033-11-06"))
    other.close()


def test_what_was_there_before_is_kept_and_found(url: str) -> None:
    older = PostgresqlStore(url, steps=[step for step in known() if step.number < 21])
    record = "INSERT INTO records (tree, seq, time, type, agent, actor, tool, subject, leaf) VALUES "
    record += "('support', ?, 5, 'action', 'support/a', '', '', '', '')"
    for seq in range(3):
        older.write(lambda tx, seq=seq: tx.run(record, seq)).result(PATIENCE)  # type: ignore[misc]
    payload = "INSERT INTO payloads (tree, seq, salt, payload) VALUES ('support', ?, '', '')"
    older.write(lambda tx: tx.run(payload, 0)).result(PATIENCE)
    content = "INSERT INTO span_contents (id, seen, content) VALUES (?, ?, '')"
    now = int(datetime.now(UTC).timestamp() * 1000)
    older.write(lambda tx: tx.run(content, b"a", now)).result(PATIENCE)
    older.write(lambda tx: tx.run(payload, 1)).result(PATIENCE)
    older.write(lambda tx: tx.run(content, b"b", now)).result(PATIENCE)
    newer = PostgresqlStore(url)
    made(newer, now)
    assert lies_in(newer) == {"payloads_before": 2}
    rows = newer.read(lambda tx: tx.all("SELECT tableoid::regclass::text FROM span_contents")).result(PATIENCE)
    assert rows == [("span_contents_before",)] * 2
    older.close()
    newer.close()
