"""What the ledger's leaves say, and that they stand in one order without gaps."""

import hashlib
import string
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from patience import PATIENCE

from agentgov.errors import RefusedError
from agentgov.runtime.ledger import FLEET, Entry, Receipt, append, append_all, commitment, leaf, read
from agentgov.store.open import open_store
from agentgov.store.port import Row, Store, Transaction, Value

SALT = bytes(range(32))
ACTION = Entry("action", "support/refunds", "token:1", "production", "ab" * 32, {"permit": "p1"}, b'{"amount":5}')


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    yield opened
    opened.close()


def test_a_leaf_says_what_it_is_and_commits_to_its_payload() -> None:
    assert leaf(ACTION, 7, 1_790_000_000_000, SALT).decode() == (
        '{"actor":"token:1","agent":"support/refunds","environment":"production","payload":"'
        + hashlib.sha256(SALT + b'{"amount":5}').hexdigest()
        + '","refs":{"permit":"p1"},"release":"'
        + "ab" * 32
        + '","seq":7,"time":1790000000000,"type":"action","workspace":"support"}'
    )


def test_a_leaf_without_a_payload_says_nothing_of_one() -> None:
    found = leaf(Entry("read", "", "alice@example.com"), 0, 5, SALT)
    assert found == b'{"actor":"alice@example.com","seq":0,"time":5,"type":"read"}'


text = st.text(st.characters(codec="utf-8"), max_size=20)


@given(
    actor=text,
    refs=st.dictionaries(st.text(string.printable, max_size=5), text, max_size=4),
    time=st.integers(0, 2**53 - 1),
)
def test_a_leaf_is_canonical_json(actor: str, refs: dict[str, str], time: int) -> None:
    entry = Entry("action", "support/refunds", actor, refs=refs)
    fields: dict[str, Any] = {
        "actor": actor,
        "agent": "support/refunds",
        "refs": refs,
        "type": "action",
        "workspace": "support",
    }
    expected = rfc8785.dumps({name: value for name, value in fields.items() if value} | {"seq": 3, "time": time})
    assert leaf(entry, 3, time, SALT) == expected


def test_a_leaf_that_is_too_long_is_refused_and_nothing_of_it_stays(store: Store) -> None:
    with pytest.raises(RefusedError, match="2 kB is the limit"):
        store.write(lambda tx: append(tx, Entry("read", "", "a" * 2100), 1, SALT)).result(PATIENCE)
    assert store.write(lambda tx: append(tx, ACTION, 1, SALT)).result(PATIENCE) == ("support", 0)


def test_a_short_salt_is_no_salt() -> None:
    with pytest.raises(AssertionError):
        commitment(b"short", b"payload")


def test_places_have_no_gaps_though_works_fail_in_between(store: Store) -> None:
    def work(number: int) -> Callable[[Transaction], int]:
        def recorded(tx: Transaction) -> int:
            place = append(tx, ACTION, number, SALT).seq
            if number % 3 == 0:
                raise KeyError(number)
            return place

        return recorded

    futures = [store.write(work(number)) for number in range(300)]
    places = [future.result(PATIENCE) for future in futures if not future.exception(PATIENCE)]
    assert places == list(range(200))
    records = store.read(lambda tx: read(tx, limit=1000)).result(PATIENCE)
    assert [record.seq for record in records] == list(range(200))
    assert [record.content["seq"] for record in records] == list(range(200))


def test_pages_go_back_from_the_newest_record(store: Store) -> None:
    for number in range(10):
        entry = Entry("read" if number % 2 else "action", f"support/a{number % 4}", "alice", payload=b"%d" % number)
        store.write(lambda tx, entry=entry, number=number: append(tx, entry, 1000 + number, SALT)).result(PATIENCE)  # type: ignore[misc]

    def places(**asked: object) -> list[int]:
        found = store.read(lambda tx: read(tx, **asked)).result(PATIENCE)  # type: ignore[arg-type]
        return [record.seq for record in found]

    assert places(limit=3) == [7, 8, 9]
    assert places(limit=3, before=Receipt("support", 7)) == [4, 5, 6]
    assert places(limit=3, before=Receipt("support", 0)) == []
    assert places(kind="read") == [1, 3, 5, 7, 9]
    assert places(agent="support/a1") == [1, 5, 9]
    assert places(agent="support/a1", since=1006) == [9]
    assert places(agent="support/a1", since=1002, until=1009) == [5]
    assert places(actor="bob") == []
    (last,) = store.read(lambda tx: read(tx, limit=1, payloads=True)).result(PATIENCE)
    assert (last.payload, last.time, last.actor) == (b"9", 1009, "alice")
    assert last.content["payload"] == commitment(SALT, b"9")


def test_each_workspace_has_a_tree_and_the_fleet_has_one(store: Store) -> None:
    agents = ("support/a", "finance/b", "", "support/c", "")
    entries = [Entry("action", agent, "alice", payload=b"%d" % number) for number, agent in enumerate(agents)]
    single = store.write(lambda tx: append(tx, Entry("action", "support/a", "alice"), 5, SALT)).result(PATIENCE)
    places = store.write(lambda tx: append_all(tx, entries, 7, bytes(range(80)))).result(PATIENCE)
    assert single == ("support", 0)
    assert places == [("support", 1), ("finance", 0), (FLEET, 0), ("support", 2), (FLEET, 1)]
    found = store.read(lambda tx: read(tx, since=6, payloads=True)).result(PATIENCE)
    assert {(record.tree, record.seq): record.payload for record in found} == {
        place: b"%d" % number for number, place in enumerate(places)
    }
    for number, place in enumerate(places):
        (record,) = (record for record in found if (record.tree, record.seq) == place)
        salt = bytes(range(number * 16, number * 16 + 16))
        assert record.leaf == leaf(entries[number], place.seq, 7, salt)


def test_of_many_records_none_stays_where_one_is_refused(store: Store) -> None:
    entries = [ACTION, Entry("read", "", "a" * 2100)]
    with pytest.raises(RefusedError):
        store.write(lambda tx: append_all(tx, entries, 1, bytes(32))).result(PATIENCE)
    assert store.write(lambda tx: append_all(tx, [], 1, b"")).result(PATIENCE) == []
    assert store.read(read).result(PATIENCE) == ()


def test_records_are_found_by_tool_and_by_whom_they_are_about_whose_name_is_not_kept(store: Store) -> None:
    entries = [
        Entry("action.allow", "support/a", "agent", refs={"tool": "refund"}, subject="Ada"),
        Entry("action.allow", "support/a", "agent", refs={"tool": "mail"}, subject="Bob"),
        Entry("lease", "support/a", "agent"),
    ]
    store.write(lambda tx: append_all(tx, entries, 1, bytes(48))).result(PATIENCE)
    for asked, places in (({"tool": "refund"}, [0]), ({"subject": "Bob"}, [1]), ({"subject": "ada"}, [])):
        found = store.read(lambda tx, asked=asked: read(tx, **asked)).result(PATIENCE)  # type: ignore[misc]
        assert [record.seq for record in found] == places
    rows = store.read(lambda tx: tx.all("SELECT subject, leaf FROM records")).result(PATIENCE)
    assert not [row for row in rows if b"Ada" in row[1] or "Ada" in row[0]]


def test_what_an_agent_did_is_found_whatever_it_is_about(store: Store) -> None:
    it = "agent:support/a@production"
    about = [
        Entry("lease", "support/a", it),
        Entry("read", "support/b", it),
        Entry("lease", "support/b", "agent:support/b@production"),
        Entry("lease", "support/a", "agent:support/a@staging"),
        Entry("read", "", it),
        Entry("lease", "support/a", it),
        Entry("pause", "support/a", "person:carol"),
        Entry("lease", "support/a", it),
    ]
    for at, entry in enumerate(about):
        store.write(lambda tx, at=at, entry=entry: append(tx, entry, at, bytes(16))).result(PATIENCE)  # type: ignore[misc]

    def found(**asked: object) -> list[int]:
        records = store.read(lambda tx: read(tx, **asked)).result(PATIENCE)  # type: ignore[arg-type]
        return [record.time for record in records]

    assert found(actor=it) == [0, 1, 4, 5, 7]
    assert found(actor=it, limit=2) == [5, 7]
    assert found(actor=it, limit=2, before=Receipt("support", 4)) == [1, 4]
    assert found(actor=it, agent="support/b") == [1]
    assert found(actor="person:carol") == [6]
    assert found(actor="agent:support/a@staging") == [3]


@pytest.mark.parametrize("named", ["agent", "actor", "kind", "tool", "subject", "purpose", "since"])
def test_records_are_found_by_an_index(store: Store, named: str) -> None:
    asked: dict[str, object] = {"agent": "support/a", "actor": "x", "kind": "lease", "tool": "refund", "subject": "Ada"}
    asked |= {"purpose": "care", "since": 5}
    seen: list[str] = []

    class Explaining:
        def all(self, sql: str, *values: Value) -> Sequence[Row]:
            seen.extend(str(row) for row in self.tx.all(f"EXPLAIN {self.words}{sql}", *values))
            return ()

        def one(self, sql: str, *values: Value) -> Row | None:
            return self.tx.one(sql, *values)

        def __init__(self, tx: Transaction, words: str) -> None:
            self.tx, self.words = tx, words

    def explain(tx: Transaction) -> None:
        postgresql = type(tx).__name__.startswith("Postgresql")
        if postgresql:
            tx.all("SELECT set_config('enable_seqscan', 'off', true)")
        read(Explaining(tx, "" if postgresql else "QUERY PLAN "), **{named: asked[named]})  # type: ignore[arg-type]

    store.read(explain).result(PATIENCE)
    column = {"kind": "type", "since": "time"}.get(named, named)
    assert f"records_{column}" in "".join(seen)
