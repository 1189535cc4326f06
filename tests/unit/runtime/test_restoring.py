"""When a store is taken for a restored backup, and what is over then."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import PATIENCE

from agentgov.runtime.restoring import (
    SEVERAL,
    Examined,
    Known,
    Restored,
    Seen,
    accept,
    examine,
    judge,
    own,
    release,
    settle,
    share,
)
from agentgov.runtime.sequencing import Anchor, begin_log
from agentgov.store.open import open_store
from agentgov.store.port import Store

HERE, NOW = "inode 1", 1_795_939_200_000
SALT = b"s" * 16
TREES = st.dictionaries(st.sampled_from("abc"), st.integers(1, 9))


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    opened.write(lambda tx: begin_log(tx, "log", NOW)).result(PATIENCE)
    yield opened
    opened.close()


def found(trees: dict[str, int], log: str = "log", **marks: str) -> Examined:
    return Examined(Known(log, trees), frozenset({"before", log}), {"place": HERE, **marks})


def test_a_store_that_only_grew_is_what_it_was() -> None:
    now = found({"support": 5, "new": 1})
    assert judge(now, HERE, Seen("log", {"support": 5}), {"support": Anchor(4, "")}) is None
    assert judge(now, HERE, Seen(), {}) is None
    assert judge(now, HERE, Seen("before", {"support": 9}), {}) is None  # it was renewed since


@pytest.mark.parametrize(
    ("now", "place", "seen", "anchors", "lost"),
    [
        (found({"support": 5}), HERE, Seen("log", {"support": 6}), {}, True),
        (found({"support": 5}), HERE, Seen("log", {"finance": 1}), {}, True),
        (found({"support": 5}), HERE, Seen(), {"support": Anchor(6, "")}, True),
        (found({"support": 5}), HERE, Seen("other", {"support": 1}), {}, True),
        (found({"support": 5}), "inode 2", Seen(), {}, True),  # nobody can tell
        (
            found({"support": 5}, writer="g"),
            "inode 2",
            Seen("log", {"support": 5}, "g", True),
            {},
            False,
        ),  # it was moved
        (found({"support": 5}, writer="g"), "inode 2", Seen("log", {"support": 6}, "g", True), {}, True),
        (
            found({"support": 5}, writer="g"),
            "inode 2",
            Seen("log", {"support": 5}, "g"),
            {},
            True,
        ),  # or more than was seen
        (found({"support": 5}, writer=SEVERAL), "inode 2", Seen("log", {"support": 5}, "g", True), {}, True),
        (found({"support": 5}, copied="1", writer="g"), HERE, Seen("log", {"support": 5}, "g", True), {}, False),
        (found({"support": 5}, copied="1"), HERE, Seen(), {}, True),
    ],
)
def test_what_is_known_outside_of_it_tells(
    now: Examined, place: str, seen: Seen, anchors: dict[str, Anchor], lost: bool
) -> None:
    restored = judge(now, place, seen, anchors)
    assert restored is not None
    assert restored.why
    assert restored.lost is lost


@given(
    st.dictionaries(st.sampled_from("abc"), st.integers(1, 9)),
    st.dictionaries(st.sampled_from("abc"), st.integers(1, 9)),
)
def test_it_is_a_copy_exactly_where_something_seen_is_missing(seen: dict[str, int], now: dict[str, int]) -> None:
    restored = judge(found(now), HERE, Seen("log", seen), {})
    assert (restored is not None) is any(now.get(tree, 0) < most for tree, most in seen.items())


def test_it_is_dealt_with_once_and_held_until_a_person_says_how_it_goes_on(store: Store) -> None:
    seen, anchors = Seen("log", {"support": 3}), {"support": Anchor(2, "")}

    def look() -> Restored | None:
        return judge(store.read(examine).result(PATIENCE), HERE, seen, anchors)

    store.write(lambda tx: settle(tx, HERE)).result(PATIENCE)
    first = look()
    assert first is not None
    store.write(lambda tx: accept(tx, first, HERE, "gate", NOW, SALT)).result(PATIENCE)
    assert look() is None
    assert "support" in store.read(examine).result(PATIENCE).held
    rows = store.read(lambda tx: tx.all("SELECT tree, type, actor FROM records")).result(PATIENCE)
    assert list(rows) == [("_fleet", "store.restored", "gate")]
    assert store.write(release).result(PATIENCE)
    assert not store.read(examine).result(PATIENCE).held
    assert look() is None


def test_a_gate_that_is_not_alone_says_so_in_the_store(store: Store) -> None:
    def mark(writer: str) -> str:
        return store.write(lambda tx: own(tx, writer)).result(PATIENCE)

    postgresql = store.read(lambda tx: tx.dialect).result(PATIENCE) == "postgresql"
    assert [mark("one"), mark("one")] == ["one", "one"]
    assert mark("two") == (SEVERAL if postgresql else "two")  # nobody else serves a file
    store.write(share).result(PATIENCE)
    assert mark("two") == SEVERAL
