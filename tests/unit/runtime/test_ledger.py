"""What the ledger's leaves say, and that they stand in one order without gaps."""

import hashlib
import string
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from patience import PATIENCE

from agentgov.errors import RefusedError
from agentgov.runtime.ledger import Entry, append, commitment, leaf, read
from agentgov.store.open import open_store
from agentgov.store.port import Store, Transaction

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
    with pytest.raises(RefusedError, match="1 kB is the limit"):
        store.write(lambda tx: append(tx, Entry("read", "", "a" * 2000), 1, SALT)).result(PATIENCE)
    assert store.write(lambda tx: append(tx, ACTION, 1, SALT)).result(PATIENCE) == 0


def test_a_short_salt_is_no_salt() -> None:
    with pytest.raises(AssertionError):
        commitment(b"short", b"payload")


def test_places_have_no_gaps_though_works_fail_in_between(store: Store) -> None:
    def work(number: int) -> Callable[[Transaction], int]:
        def recorded(tx: Transaction) -> int:
            place = append(tx, ACTION, number, SALT)
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
    assert places(limit=3, before=7) == [4, 5, 6]
    assert places(limit=3, before=0) == []
    assert places(kind="read") == [1, 3, 5, 7, 9]
    assert places(agent="support/a1") == [1, 5, 9]
    assert places(agent="support/a1", since=1006) == [9]
    assert places(actor="bob") == []
    (last,) = store.read(lambda tx: read(tx, limit=1, payloads=True)).result(PATIENCE)
    assert (last.payload, last.time, last.actor) == (b"9", 1009, "alice")
    assert last.content["payload"] == commitment(SALT, b"9")
