"""A ledger in a store, read tree by tree: each is looked up by itself, however many there are."""

import secrets
import time
from pathlib import Path

from patience import PATIENCE

from agentgov.runtime.ledger import Entry, append_all
from agentgov.runtime.ledger_sources import StoreSource
from agentgov.runtime.sequencing import begin_log, grow, keep, standings
from agentgov.store.open import open_store
from agentgov.store.port import Transaction


def _source(url: str, trees: int) -> StoreSource:
    """A store of so many trees, each second one under a checkpoint."""

    def write(tx: Transaction) -> None:
        begin_log(tx, "0123456789abcdef", 1)
        entries = [Entry("action", f"w{number}/a", "agent") for number in range(trees) for _ in range(number % 3 + 1)]
        append_all(tx, entries, 5, secrets.token_bytes(16 * len(entries)))
        for one in standings(tx)[::2]:
            assert keep(tx, grow(tx, one), "0123456789abcdef", b"note of " + one.tree.encode(), 7)

    store = open_store(url)
    store.write(write).result(PATIENCE)
    store.close()
    return StoreSource(lambda: open_store(url, serving=False))


def test_each_tree_has_its_own_end_and_checkpoint(store_url: str) -> None:
    source = _source(store_url, 6)
    try:
        found = source.read(standings)
        assert source.trees() == tuple(one.tree for one in found)
        assert [source.end(one.tree) for one in found] == [one.leaves for one in found]
        assert [source.checkpoint(one.tree) for one in found] == [one.note for one in found]
        assert (source.end("nobody"), source.checkpoint("nobody")) == (0, b"")
    finally:
        source.close()


def test_a_tree_costs_the_same_among_few_and_among_many(tmp_path: Path) -> None:
    few, many = (_source(f"sqlite:///{tmp_path}/{number}.db", number) for number in (20, 2000))

    def cost(source: StoreSource) -> float:
        began = time.process_time()
        for _ in range(200):
            assert source.end("w7") == 2
            assert source.checkpoint("w8")[:4] in (b"note", b"")
        return time.process_time() - began

    try:
        cost(few), cost(many)  # the first time opens them
        assert min(cost(many) for _ in range(3)) < 5 * min(cost(few) for _ in range(3)), "it looks at every tree"
    finally:
        few.close()
        many.close()
