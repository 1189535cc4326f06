"""A store whose tables change under a program that has it open, or while the program that changes them is killed."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest
from patience import PATIENCE, until

from agentgov.runtime.telemetry import rollups
from agentgov.runtime.telemetry.rollups import Sums
from agentgov.store.migrate import Migration, OutgrownError, known
from agentgov.store.open import open_store
from agentgov.store.port import Store, Transaction
from agentgov.store.postgresql import PostgresqlStore
from agentgov.store.sqlite import SqliteStore

MINUTE = 1_700_000_040_000
PAYLOAD = "INSERT INTO payloads (tree, seq, salt, payload) VALUES ('support', ?, ?, ?)"
EMPTY = (b"", b"")
# Brings the tables up to date, and stands still before the given step is noted: inside of its transaction.
MIGRATES = """
import sys, time
from agentgov.store import migrate, sqlite
from agentgov.store.open import open_store
run = sqlite.SqliteTransaction.run
def stands(tx, sql, *values):
    if sql.startswith("INSERT INTO migrations") and values[0] == int(sys.argv[2]):
        print("inside", flush=True)
        time.sleep(600)
    return run(tx, sql, *values)
sqlite.SqliteTransaction.run = stands
open_store(sys.argv[1])
"""


def opened(url: str, steps: Sequence[Migration]) -> Store:
    if url.startswith("sqlite:"):
        return SqliteStore(Path(url.removeprefix("sqlite:///")), steps=steps, serving=False)
    return PostgresqlStore(url, steps=steps)


def before(number: int) -> list[Migration]:
    return [step for step in known() if step.number < number]


def use(tx: Transaction, calls: int = 1) -> None:
    rollups.add(tx, {("support/a", "production", MINUTE, "model", "m", "", "", ""): Sums(calls=calls)})


def used(store: Store) -> list[int]:
    found = store.read(lambda tx: rollups.read(tx, "support/a", "production", 0, 2 * MINUTE)).result(PATIENCE)
    return [one.sums.calls for one in found]


@pytest.mark.parametrize("step", [21, 26])
def test_a_program_writes_nothing_over_tables_that_another_version_changed(bare_url: str, step: int) -> None:
    older = opened(bare_url, before(step))
    older.write(use).result(PATIENCE)
    newer = opened(bare_url, known())
    for work in (use, lambda tx: tx.run(PAYLOAD, 1, *EMPTY), lambda _: None):
        with pytest.raises(OutgrownError, match=r"to step \d+ while this one was running"):
            older.write(work).result(PATIENCE)
    with pytest.raises(OutgrownError):
        older.together(lambda tx, items: [tx.run(PAYLOAD, one, *EMPTY) for one in items], 1).result(PATIENCE)
    assert used(newer) == used(older) == [1]
    newer.write(use).result(PATIENCE)
    assert used(newer) == [2]
    older.close()
    newer.close()


def _after(url: str) -> None:
    """The next program goes on, and finds everything that was there."""
    store = open_store(url)
    try:
        numbers = [
            number for (number,) in store.read(lambda tx: tx.all("SELECT number FROM migrations")).result(PATIENCE)
        ]
        dialect = "sqlite" if url.startswith("sqlite:") else "postgresql"
        assert sorted(numbers) == [one.number for one in known() if one.only in ("", dialect)]
        store.write(use).result(PATIENCE)
        assert used(store) == [2]
        rows = store.read(lambda tx: tx.all("SELECT seq, time FROM payloads")).result(PATIENCE)
        assert [tuple(row) for row in rows] == [(0, 0)]
    finally:
        store.close()


def _before(url: str, number: int) -> None:
    store = opened(url, before(number))
    store.write(use).result(PATIENCE)
    store.write(lambda tx: tx.run(PAYLOAD, 0, *EMPTY)).result(PATIENCE)
    store.close()


@pytest.mark.parametrize("step", [21, 24])
def test_a_kill_in_the_middle_of_a_step_is_made_good_by_the_next_start(tmp_path: Path, step: int) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    _before(url, 21)
    command = [sys.executable, "-c", MIGRATES, url, str(step)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"inside\n"
        process.kill()
    _after(url)


@pytest.mark.parametrize("table", ["payloads", "usage_minutes", "span_contents"])
def test_the_same_in_postgresql_wherever_in_the_partitions_it_is(postgres: object, table: str) -> None:
    """Step 21 begins with payloads; step 22 takes one table after the other, and waits for whoever reads it."""
    url: str = postgres.database()  # type: ignore[attr-defined]
    _before(url, 21)
    program = "import sys; from agentgov.store.open import open_store; open_store(sys.argv[1])"
    with psycopg.connect(url) as reader:
        reader.execute(f"LOCK TABLE {table} IN ACCESS SHARE MODE")
        with subprocess.Popen([sys.executable, "-c", program, url]) as process:
            _until_waiting(url, table)
            process.kill()
    _after(url)


def _until_waiting(url: str, table: str) -> None:
    waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
    with psycopg.connect(url, autocommit=True) as looks:
        until(lambda: looks.execute(waits, (table,)).fetchone() == (1,), "that the step waits for the table")
