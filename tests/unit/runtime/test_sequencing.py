"""How trees grow in the store: tiles and checkpoints follow the leaves, and nothing grows past a misfit."""

import secrets
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from patience import PATIENCE

from agentgov.runtime.ledger import FLEET, Entry, append_all
from agentgov.runtime.merkle import leaf_hashes, root_of
from agentgov.runtime.sequencing import (
    Anchor,
    BrokenTreeError,
    Growth,
    Standing,
    begin_log,
    grow,
    held,
    keep,
    log_id,
    refuse_anchor,
    root_at,
    standings,
)
from agentgov.store.open import open_store
from agentgov.store.port import Store, Transaction

LOG = "0123456789abcdef"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    yield opened
    opened.close()


def add(store: Store, agent: str, number: int) -> None:
    entries = [Entry("action", agent, f"agent {place}") for place in range(number)]
    store.write(lambda tx: append_all(tx, entries, 5, secrets.token_bytes(16 * number))).result(PATIENCE)


def standing(store: Store, tree: str = "support") -> Standing:
    return next(one for one in store.read(standings).result(PATIENCE) if one.tree == tree)


def step(store: Store, tree: str = "support", most: int = 10_000, anchor: Anchor | None = None) -> Growth:
    one = standing(store, tree)
    growth = store.read(lambda tx: grow(tx, one, anchor, most)).result(PATIENCE)
    assert store.write(lambda tx: keep(tx, growth, LOG, b"note", 7)).result(PATIENCE)
    return growth


def hashes(store: Store, tree: str = "support") -> list[bytes]:
    sql = "SELECT leaf FROM records WHERE tree = ? ORDER BY seq"
    return leaf_hashes(leaf for (leaf,) in store.read(lambda tx: tx.all(sql, tree)).result(PATIENCE))


def test_every_tree_is_found_with_its_checkpoint(store: Store) -> None:
    assert store.read(standings).result(PATIENCE) == ()
    for agent, number in (("support/a", 3), ("finance/b", 2), ("", 1)):
        add(store, agent, number)
    step(store, "finance")
    found = store.read(standings).result(PATIENCE)
    assert [(one.tree, one.leaves, one.size, one.log) for one in found] == [
        (FLEET, 1, 0, ""),
        ("finance", 2, 2, LOG),
        ("support", 3, 0, ""),
    ]
    assert (found[1].note, found[1].time, found[1].behind, found[0].behind) == (b"note", 7, 0, 1)
    assert found[1].root == root_of(hashes(store, "finance")).hex()


def test_a_checkpoint_is_kept_by_whoever_is_first(store: Store) -> None:
    for _ in range(2):  # the first of a tree, and the next
        add(store, "support/a", 5)
        one = standing(store)
        mine, other = (store.read(lambda tx: grow(tx, one, most=most)).result(PATIENCE) for most in (3, 5))  # noqa: B023
        assert store.write(lambda tx: keep(tx, mine, LOG, b"mine", 1)).result(PATIENCE)  # noqa: B023
        assert not store.write(lambda tx: keep(tx, other, LOG, b"other", 1)).result(PATIENCE)  # noqa: B023
        assert standing(store).note == b"mine"
        step(store)


@given(steps=st.lists(st.integers(1, 600), min_size=1, max_size=6), at=st.data())
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_tiles_are_those_of_the_tree_in_whichever_steps_it_grew(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int], at: st.DataObject
) -> None:
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('store')}/s.db")
    try:
        total = sum(steps)
        add(store, "support/a", total)
        for most in steps:
            step(store, most=most)
        leaves = hashes(store)
        assert standing(store).root == root_of(leaves).hex()
        for _ in range(5):
            size = at.draw(st.integers(1, total))
            found = store.read(lambda tx, size=size: root_at(tx, "support", total, size)).result(PATIENCE)  # type: ignore[misc]
            assert found == root_of(leaves[:size]).hex()
    finally:
        store.close()


def test_nothing_grows_past_a_leaf_that_is_missing(store: Store) -> None:
    add(store, "support/a", 10)
    step(store, most=4)
    for place in (6, 9):
        store.write(lambda tx, place=place: tx.run("DELETE FROM records WHERE seq = ?", place)).result(PATIENCE)  # type: ignore[misc]
        with pytest.raises(BrokenTreeError, match="record support/6 is missing"):
            step(store)
    store.write(lambda tx: tx.run("DELETE FROM records WHERE seq > 2")).result(PATIENCE)
    with pytest.raises(BrokenTreeError, match="a checkpoint of 4 records, and the store has 3"):
        step(store)


def test_a_tree_is_compared_with_its_anchor_before_it_grows_past_it(store: Store) -> None:
    add(store, "support/a", 10)
    true, false = Anchor(6, root_of(hashes(store)[:6]).hex()), Anchor(6, "ab" * 32)
    with pytest.raises(BrokenTreeError, match="the first 6 records of support are not those that the journal anchored"):
        step(store, anchor=false)
    assert standing(store).size == 0
    assert step(store, anchor=true).frontier.size == 6
    step(store, anchor=true)
    assert standing(store).size == 10

    def refuse(anchor: Anchor) -> None:
        one = standing(store)
        store.read(lambda tx: refuse_anchor(tx, one, anchor)).result(PATIENCE)

    refuse(true)
    with pytest.raises(BrokenTreeError, match="not those that the journal anchored"):
        refuse(false)
    with pytest.raises(BrokenTreeError, match="the journal says that support had 11 records, and the store has 10"):
        refuse(Anchor(11, true.root))


def test_a_tree_of_which_nothing_is_left_is_held_to_its_anchor(store: Store) -> None:
    ((one, anchor),) = held(store.read(standings).result(PATIENCE), {"gone": Anchor(3, "ab" * 32)})
    with pytest.raises(BrokenTreeError, match="gone had 3 records, and the store has 0"):
        store.read(lambda tx: refuse_anchor(tx, one, anchor)).result(PATIENCE)


def test_the_ledger_keeps_its_name_until_it_is_named_again(store: Store) -> None:
    def named(fresh: str, again: bool = False) -> str:
        def work(tx: Transaction) -> str:
            return begin_log(tx, fresh, 1, again=again)

        return store.write(work).result(PATIENCE)

    assert store.read(log_id).result(PATIENCE) == ""
    assert [named("a"), named("b"), named("c", again=True), named("d")] == ["a", "a", "c", "c"]
    assert store.read(log_id).result(PATIENCE) == "c"
