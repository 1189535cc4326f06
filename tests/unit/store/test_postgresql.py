"""A store in PostgreSQL: a server that goes away, others that hold its rows, gates that share it, and passwords."""

import select
import socketserver
import threading
from collections.abc import Iterator
from concurrent.futures import wait
from contextlib import contextmanager, suppress
from typing import cast

import psycopg
import pytest
from patience import PATIENCE, until
from postgres import PASSWORD, Postgres
from serving import Threads, serving

from agentgov.errors import ConfigurationError, IncompleteError
from agentgov.runtime.ledger import Entry, append, read
from agentgov.store import link as links
from agentgov.store.open import open_store
from agentgov.store.port import Store, Transaction


@pytest.fixture
def url(postgres: Postgres) -> str:
    return postgres.database()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with opened(url) as one:
        yield one


@contextmanager
def opened(url: str) -> Iterator[Store]:
    store = open_store(url)
    try:
        store.write(lambda tx: tx.run("CREATE TABLE IF NOT EXISTS things (name TEXT PRIMARY KEY, size BIGINT)"))
        yield store
    finally:
        store.close()


def add(tx: Transaction) -> int:
    return tx.run(
        "INSERT INTO things (name, size) VALUES ('a', 0) ON CONFLICT (name) DO UPDATE SET size = things.size + 1"
    )


def size(store: Store) -> object:
    return store.read(lambda tx: tx.one("SELECT size FROM things WHERE name = 'a'")).result(PATIENCE)


def test_numbers_come_back_as_sqlite_would_say_them(store: Store) -> None:
    def work(tx: Transaction) -> object:
        tx.run("INSERT INTO things (name, size) VALUES ('a', ?), ('b', ?)", 2**62, True)
        return tx.one("SELECT sum(size), max(size), count(*), ? + ?, ?, sum(size) / 4.0 FROM things", 2**40, 1, None)

    row = store.write(work).result(PATIENCE)
    assert row == (2**62 + 1, 2**62, 2, 2**40 + 1, None, (2**62 + 1) / 4)
    assert [type(value) for value in row] == [int, int, int, int, type(None), float]


def test_texts_are_sorted_by_their_bytes(store: Store) -> None:
    def work(tx: Transaction) -> object:
        for place, name in enumerate(("b", "B", "ä", "a-c", "ab")):
            insert = (
                "INSERT INTO pauses (id, selector, mode, reason, by_whom, until, since) VALUES (?, ?, '', '', '', 0, 0)"
            )
            tx.run(insert, f"p{place}", name)
        return [name for (name,) in tx.all("SELECT selector FROM pauses ORDER BY selector")]

    assert store.write(work).result(PATIENCE) == ["B", "a-c", "ab", "b", "ä"]


def test_gates_that_start_at_once_make_the_tables_once(url: str) -> None:
    stores: list[Store] = []
    threads = [threading.Thread(target=lambda: stores.append(open_store(url))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(stores) == 4
    for store in stores:
        store.close()


def test_gates_hear_of_each_other(url: str) -> None:
    with opened(url) as one, opened(url) as other:
        told: list[str] = []
        one.listen(told.append)
        other.write(lambda tx: tx.tell("pauses")).result(PATIENCE)
        until(lambda: told == ["pauses"])


def test_places_in_the_ledger_have_no_gaps_whoever_writes(url: str) -> None:
    with opened(url) as one, opened(url) as other:

        def recorded(tx: Transaction) -> int:
            return append(tx, Entry("action", "support/refunds", "agent", payload=b"{}"), 1, bytes(16)).seq

        futures = [store.write(recorded) for _ in range(150) for store in (one, other)]
        assert sorted(future.result(PATIENCE) for future in futures) == list(range(300))
        found = one.read(lambda tx: read(tx, limit=1000)).result(PATIENCE)
        assert [record.seq for record in found] == [record.content["seq"] for record in found] == list(range(300))


def test_a_group_that_meets_a_lock_is_done_by_its_single_works(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "_SETTINGS", links._SETTINGS.replace("lock_timeout = '5s'", "lock_timeout = '200ms'"))
    with opened(url) as store, psycopg.connect(url) as outsider:
        store.write(add).result(PATIENCE)
        outsider.execute("UPDATE things SET size = 100 WHERE name = 'a'")
        other = store.write(lambda tx: tx.run("INSERT INTO things (name, size) VALUES ('b', 1)"))
        stuck = store.write(add)
        with pytest.raises(IncompleteError, match="lock timeout"):
            stuck.result(PATIENCE)
        assert other.result(PATIENCE) == 1
        outsider.rollback()
        store.write(add).result(PATIENCE)
        assert size(store) == (1,)


def test_a_gate_that_falls_asleep_in_its_turn_does_not_stop_the_others(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = links._SETTINGS.replace("transaction_session_timeout = '10s'", "transaction_session_timeout = '300ms'")
    monkeypatch.setattr(links, "_SETTINGS", settings)
    with opened(url) as one, opened(url) as other:
        one.write(add).result(PATIENCE)
        awake = threading.Event()

        def sleeps(tx: Transaction) -> int:
            changed = add(tx)
            awake.wait(PATIENCE)
            return changed + add(tx)

        slept = one.write(sleeps)
        assert other.write(add).result(PATIENCE) == 1
        awake.set()
        assert slept.result(PATIENCE) == 2
        assert size(other) == (3,)


def test_a_deadlock_with_somebody_else_costs_no_work(store: Store, url: str) -> None:
    store.write(add).result(PATIENCE)
    store.write(lambda tx: tx.run("INSERT INTO things (name, size) VALUES ('b', 0)")).result(PATIENCE)
    ours, theirs_held = threading.Event(), threading.Event()

    def works(tx: Transaction) -> None:
        tx.run("UPDATE things SET size = size + 1 WHERE name = 'a'")
        ours.set()
        theirs_held.wait(PATIENCE)
        tx.run("UPDATE things SET size = size + 1 WHERE name = 'b'")

    future = store.write(works)
    with psycopg.connect(url) as outsider:
        outsider.execute("UPDATE things SET size = size + 10 WHERE name = 'b'")
        theirs_held.set()
        assert ours.wait(PATIENCE)
        try:
            outsider.execute("UPDATE things SET size = size + 10 WHERE name = 'a'")
            theirs = 10
        except psycopg.errors.DeadlockDetected:
            outsider.rollback()
            theirs = 0
    future.result(PATIENCE)
    sizes = store.read(lambda tx: tx.all("SELECT size FROM things ORDER BY name")).result(PATIENCE)
    assert list(sizes) == [(1 + theirs,), (1 + theirs,)]


def test_a_connection_that_broke_between_two_works_is_made_again(store: Store, postgres: Postgres) -> None:
    told: list[str] = []
    store.listen(told.append)
    store.write(add).result(PATIENCE)
    postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'agentgov'")
    store.write(add).result(PATIENCE)
    assert size(store) == (1,)
    until(lambda: told == [""])


def test_a_connection_that_breaks_in_the_middle_of_a_group_loses_none_of_it(store: Store, postgres: Postgres) -> None:
    held, attempts = threading.Event(), []

    def breaks(tx: Transaction) -> int:
        attempts.append(1)
        if len(attempts) == 1:
            held.wait(PATIENCE)
            (pid,) = tx.one("SELECT pg_backend_pid()") or (0,)
            postgres.sql(f"SELECT pg_terminate_backend({pid})")
        return add(tx)

    futures = [store.write(add), store.write(breaks), store.write(add)]
    held.set()
    wait(futures, PATIENCE)
    assert [future.result() for future in futures] == [1, 1, 1]
    assert size(store) == (2,)


def test_a_table_that_another_version_changed_is_asked_again(store: Store, url: str) -> None:
    def star(tx: Transaction) -> object:
        return tx.all("SELECT * FROM things")

    for _ in range(5):
        store.write(star).result(PATIENCE)
        store.read(star).result(PATIENCE)
    with psycopg.connect(url) as outsider:
        outsider.execute("ALTER TABLE things ADD COLUMN color TEXT")
    store.write(add).result(PATIENCE)
    assert store.write(star).result(PATIENCE) == store.read(star).result(PATIENCE) == [("a", 0, None)]


def test_works_that_fail_after_they_changed_something_are_undone_again_and_again(store: Store) -> None:
    def fails(tx: Transaction) -> None:
        add(tx)
        tx.tell("failed")
        raise KeyError("refused")

    def only_tells(tx: Transaction) -> None:
        tx.tell("failed")
        raise KeyError("refused")

    told: list[str] = []
    store.listen(told.append)
    futures = [store.write(work) for _ in range(40) for work in (add, fails, only_tells, add)]
    outcomes = [future.exception(PATIENCE) is None for future in futures]
    assert outcomes == [True, False, False, True] * 40
    assert size(store) == (79,)
    store.write(lambda tx: tx.tell("done")).result(PATIENCE)
    until(lambda: told == ["done"])


def test_while_the_server_is_away_nothing_hangs_and_afterwards_all_goes_on(store: Store, postgres: Postgres) -> None:
    store.write(add).result(PATIENCE)
    told: list[str] = []
    store.listen(told.append)
    postgres.stop()
    try:
        for _ in range(3):
            with pytest.raises(IncompleteError):
                store.write(add).result(PATIENCE)
            with pytest.raises(IncompleteError):
                store.read(lambda tx: tx.one("SELECT 1")).result(PATIENCE)
    finally:
        postgres.start()

    def back() -> bool:
        try:
            return store.write(add).result(PATIENCE) == 1
        except IncompleteError:
            return False

    until(back)
    until(lambda: told == [""])
    assert size(store) == (1,)


def test_a_server_that_says_nothing_is_no_answer(url: str, postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    patience, connect = [links.ANSWER], links.connect
    monkeypatch.setattr(links.Link, "patience", property(lambda _: patience[0], lambda *_: None))
    with opened(url) as store:
        store.write(add).result(PATIENCE)
        patience[0] = 1.0  # from now on: until here a busy machine may take its time
        monkeypatch.setattr(links, "connect", lambda found, more: connect(found | {"connect_timeout": "2"}, more))
        postgres.freeze(True)
        try:
            with pytest.raises(IncompleteError):
                store.write(add).result(PATIENCE)
            with pytest.raises(IncompleteError):
                store.read(lambda tx: tx.one("SELECT 1")).result(PATIENCE)
        finally:
            postgres.freeze(False)
        until(lambda: store.write(add).exception(PATIENCE) is None)


@pytest.mark.parametrize("arrives", [True, False])
def test_a_commit_without_an_answer_is_told_as_unknown(postgres: Postgres, arrives: bool) -> None:
    with serving(Wire(postgres.port)) as wire:
        port = wire.server_address[1]
        url = postgres.database(tcp=True).replace(f":{postgres.port}", f":{port}").replace("@", f":{PASSWORD}@")
        with opened(url) as store:
            store.write(add).result(PATIENCE)
            wire.cut = "answer" if arrives else "question"
            with pytest.raises(IncompleteError, match="cannot be told whether") as caught:
                store.write(add).result(PATIENCE)
            assert PASSWORD not in caught.value.in_one_line
            assert caught.value.hint == "ask again with the same key"
            assert size(store) == ((1,) if arrives else (0,))
            assert store.write(add).result(PATIENCE) == 1


class Wire(Threads, socketserver.TCPServer):
    """A relay in front of the server, which is cut when the next COMMIT is asked for, or when it is answered."""

    def __init__(self, target: int) -> None:
        super().__init__(("127.0.0.1", 0), Relay)
        self.target, self.cut = target, ""


class Relay(socketserver.BaseRequestHandler):
    """One connection: what comes from either side goes to the other."""

    def handle(self) -> None:
        wire = cast(Wire, self.server)
        with suppress(OSError), wire.connected(wire.target) as server:
            ways = {self.request: (server, "question"), server: (self.request, "answer")}
            while True:
                for source in select.select(list(ways), [], [])[0]:
                    (sink, loses), data = ways[source], source.recv(65536)
                    if wire.cut == loses and b"COMMIT\0" in data:
                        wire.cut, data = "", b""
                    if not data:
                        return
                    sink.sendall(data)


def test_the_password_comes_from_the_environment(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    open_store(postgres.database(tcp=True)).close()


def test_a_wrong_password_is_told_and_never_shown(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    for url in (
        postgres.database(tcp=True).replace("@", ":fluffy-cat@"),
        postgres.database(tcp=True) + "&password=fluffy-cat",
    ):
        with pytest.raises(ConfigurationError, match="password authentication failed") as caught:
            open_store(url)
        assert "fluffy-cat" not in caught.value.in_one_line


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:se@cret@host/db",
        "postgresql://me:se/cret@host/db",
        "postgresql://me:se?cret@host/db",
        "postgresql://me:se#cret@host/db",
        "postgresql://me:secret@host:port/db",
        "postgresql://me:secret%@host/db",
        "postgresql://me:secret@[host/db",
        "postgresql://me@host/db?secret=1",
        "postgres://me:secret@127.0.0.1:1/db",
        "postgresql://me:secret@127.0.0.1:99999/db",
        "postgresql://me:secret@nowhere.invalid/db",
    ],
)
def test_a_url_that_is_wrong_is_told_in_one_line_without_its_password(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_store(url)
    assert "cret" not in caught.value.in_one_line.replace("%40", "")
    assert "\n" not in caught.value.in_one_line
    assert caught.value.hint
