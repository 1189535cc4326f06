"""A store in a file: who may open it, who hears of whom, and what a full or broken disk does."""

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from patience import PATIENCE, until

from agentgov.errors import ConfigurationError, IncompleteError
from agentgov.store import sqlite
from agentgov.store.open import open_store
from agentgov.store.port import Store
from agentgov.store.sqlite import SqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "store.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    opened = SqliteStore(path)
    opened.write(lambda tx: tx.run("CREATE TABLE things (name TEXT PRIMARY KEY)")).result(PATIENCE)
    yield opened
    opened.close()


def test_only_its_user_may_read_the_file_and_what_lies_beside_it(store: Store, path: Path) -> None:
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    modes = {found.name: stat.S_IMODE(found.stat().st_mode) for found in path.parent.iterdir()}
    assert modes == dict.fromkeys(("store.db", "store.db-wal", "store.db-shm", "store.db.lock"), 0o600)


def test_a_commit_waits_for_the_disk(store: Store, path: Path) -> None:
    def pragmas(tx: object) -> object:
        return [tx.one(f"PRAGMA {name}") for name in ("journal_mode", "synchronous", "foreign_keys")]  # type: ignore[attr-defined]

    assert store.write(pragmas).result(PATIENCE) == [("wal",), (2,), (1,)]


def test_a_second_process_does_not_serve_the_same_file(store: Store, path: Path) -> None:
    program = f"from agentgov.store.open import open_store; open_store({str(path)!r})"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert f"ConfigurationError: another process serves {path}" in ended.stderr


def test_the_file_is_free_again_after_it_was_closed(path: Path) -> None:
    open_store(str(path)).close()
    open_store(f"sqlite:///{path}").close()


def test_who_could_not_open_it_holds_nothing(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    path.write_bytes(b"this is no database, but it is as long as the head of one" * 20)
    path.chmod(0o600)
    for _ in range(2):
        with pytest.raises(ConfigurationError, match=r"cannot be opened .*not a database"):
            open_store(str(path))


def test_a_visitor_writes_beside_a_gate_which_hears_that_it_may_have_missed_something(store: Store, path: Path) -> None:
    told: list[str] = []
    store.listen(told.append)
    visitor = open_store(str(path), serving=False)
    visitor.write(lambda tx: tx.run("INSERT INTO things (name) VALUES ('of a visitor')")).result(PATIENCE)
    visitor.close()
    until(lambda: told == [""])
    assert store.read(lambda tx: tx.one("SELECT name FROM things")).result(PATIENCE) == ("of a visitor",)


def test_what_a_gate_commits_itself_is_nothing_it_missed(store: Store, path: Path) -> None:
    told: list[str] = []
    store.listen(told.append)
    store.write(lambda tx: tx.run("INSERT INTO things (name) VALUES ('own')")).result(PATIENCE)
    visitor = open_store(str(path), serving=False)
    visitor.write(lambda tx: tx.run("INSERT INTO things (name) VALUES ('of a visitor')")).result(PATIENCE)
    visitor.close()
    until(lambda: told)
    assert told == [""]


def test_a_visitor_does_not_change_the_tables_of_a_running_gate(path: Path) -> None:
    program = (
        "from pathlib import Path; from agentgov.store import sqlite; sqlite._MIGRATING = 0.0;"
        f"sqlite.SqliteStore(Path({str(path)!r}), serving=False)"
    )
    older = SqliteStore(path, steps=())
    try:
        visitor = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    finally:
        older.close()
    assert f"ConfigurationError: another process serves {path}" in visitor.stderr
    open_store(str(path), serving=False).close()


def test_a_file_that_stays_locked_is_no_answer(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_BUSY", 0.1)
    store = SqliteStore(path)
    store.write(lambda tx: tx.run("CREATE TABLE things (name TEXT PRIMARY KEY)")).result(PATIENCE)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(IncompleteError, match="does not answer"):
        store.write(lambda tx: tx.run("INSERT INTO things (name) VALUES ('a')")).result(PATIENCE)
    other.execute("ROLLBACK")
    other.close()
    assert store.write(lambda tx: tx.run("INSERT INTO things (name) VALUES ('a')")).result(PATIENCE) == 1
    store.close()


def test_when_the_disk_is_full_what_fits_is_done_and_what_does_not_is_told(store: Store) -> None:
    def limit(tx: object) -> None:
        (pages,) = tx.one("PRAGMA page_count")  # type: ignore[attr-defined]
        tx.all(f"PRAGMA max_page_count = {pages}")  # type: ignore[attr-defined]

    store.write(limit).result(PATIENCE)
    small = [store.write(lambda tx, n=n: tx.run("INSERT INTO things (name) VALUES (?)", f"{n}")) for n in range(3)]  # type: ignore[misc]
    large = store.write(lambda tx: tx.run("INSERT INTO things (name) VALUES (?)", "x" * 100_000))
    more = store.write(lambda tx: tx.run("INSERT INTO things (name) VALUES ('more')"))
    with pytest.raises(IncompleteError, match="full"):
        large.result(PATIENCE)
    assert [one.result(PATIENCE) for one in (*small, more)] == [1, 1, 1, 1]
    assert store.read(lambda tx: tx.one("SELECT count(*) FROM things")).result(PATIENCE) == (4,)


def test_a_store_that_was_replaced_while_it_was_open_answers_no_more(store: Store, path: Path) -> None:
    insert = "INSERT INTO things (name) VALUES (?)"
    store.write(lambda tx: tx.run(insert, "a")).result(PATIENCE)
    path.rename(path.with_name("moved.db"))
    for ask in (store.write, store.read):
        with pytest.raises(IncompleteError, match="was replaced while it was open"):
            ask(lambda tx: tx.all("SELECT name FROM things")).result(PATIENCE)
    path.touch(0o600)
    with pytest.raises(IncompleteError, match="was replaced while it was open"):
        store.write(lambda tx: tx.run(insert, "b")).result(PATIENCE)
    path.with_name("moved.db").replace(path)
    assert store.write(lambda tx: tx.run(insert, "c")).result(PATIENCE) == 1


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o1777])
def test_a_folder_that_others_may_write_to_is_refused(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(ConfigurationError, match="others may write to the folder"):
        open_store(str(folder / "store.db"))
    assert list(folder.iterdir()) == []


def test_a_file_that_others_may_read_is_refused(path: Path) -> None:
    open_store(str(path)).close()
    path.chmod(0o640)
    with pytest.raises(ConfigurationError, match="others may read"):
        open_store(str(path))


def test_a_link_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real.db").touch(0o600)
    (tmp_path / "store.db").symlink_to(tmp_path / "real.db")
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        open_store(str(tmp_path / "store.db"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser gives files away")
def test_a_folder_or_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o700)
    open_store(str(folder / "store.db")).close()
    os.chown(folder / "store.db", 12345, 12345)
    with pytest.raises(ConfigurationError, match="not a file of your own"):
        open_store(str(folder / "store.db"))
    os.chown(folder, 12345, 12345)
    with pytest.raises(ConfigurationError, match="belongs to another user"):
        open_store(str(folder / "store.db"))
