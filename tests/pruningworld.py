"""A tree of the ledger that is pruned and erased, and checked as `ledger verify` does: for tests of disposal."""

import secrets
from collections.abc import Callable
from functools import partial
from typing import Any

from patience import PATIENCE
from treeworld import Log

from agentgov.model.policies import HoldMatch, LegalHold, Retention, RetentionClass
from agentgov.runtime import sequencing
from agentgov.runtime.checkpoints import Checkpoint, sign_checkpoint
from agentgov.runtime.erasure import Erased, Erasure, erase
from agentgov.runtime.ledger import Entry, Receipt, append_all, read
from agentgov.runtime.ledger_check import Checked, Tree, check_stretch, check_trees
from agentgov.runtime.ledger_proving import proof_of
from agentgov.runtime.ledger_sources import StoreSource
from agentgov.runtime.pruning import Found, prune_leaves, prune_payloads
from agentgov.runtime.retention import Noted, Rules
from agentgov.runtime.tlog_proof import verify_proof
from agentgov.store.open import open_store
from agentgov.store.port import Store, Transaction

DAY = 86_400_000
CLASSES = {"short": RetentionClass("1d", "2d"), "long": RetentionClass("10d", "20d")}
NOTED = {"w/short": [Noted(5, "production", "short")], "w/long": [Noted(5, "production", "long")]}
KEY = Log([b"x"])


def rules(*holds: str, default: str = "") -> Rules:
    found = tuple(LegalHold(f"case-{number}", HoldMatch((one,)), "carol") for number, one in enumerate(holds))
    return Rules(Retention(CLASSES, default, found), NOTED)


class Ledger:
    """The tree of one workspace, signed after each step."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.store: Store = open_store(url)

    def write(self, work: Callable[[Transaction], Any]) -> Any:
        return self.store.write(work).result(PATIENCE)

    def add(self, agent: str, number: int, day: int, subject: str = "") -> None:
        entries = [Entry("action", agent, "a", payload=b"%d" % at, subject=subject) for at in range(number)]
        self.write(lambda tx: append_all(tx, entries, day * DAY, secrets.token_bytes(16 * number)))
        self.sign()

    def sign(self) -> None:
        def work(tx: Transaction) -> None:
            log = sequencing.begin_log(tx, "ab" * 8, 1)
            for one in sequencing.standings(tx):
                growth = sequencing.grow(tx, one)
                said = Checkpoint(KEY.key.name, growth.frontier.size, growth.frontier.root)
                assert sequencing.keep(tx, growth, log, sign_checkpoint(said, [(KEY.key, KEY.sign)]), 1)

        self.write(work)

    def prune(self, by: Rules, day: int) -> list[Found]:
        def payloads(tx: Transaction) -> Found:
            return prune_payloads(tx, "w", 0, by, "carol", day * DAY, secrets.token_bytes)

        def leaves(tx: Transaction) -> Found:
            return prune_leaves(tx, "w", by, "carol", day * DAY, secrets.token_bytes)

        found = [self.write(payloads), self.write(leaves)]
        self.sign()
        return found

    def erase(self, by: Rules, subject: str = "", place: Receipt | None = None) -> Erased:
        what = Erasure("carol", "asked for", subject, place)
        done: Erased = self.write(lambda tx: erase(tx, what, by, 30 * DAY, secrets.token_bytes))
        self.sign()
        return done

    def check(self, *, prove: bool = True) -> Checked:
        """What `ledger verify` finds; every record that is kept is proved."""
        source = StoreSource(lambda: open_store(self.url, serving=False))
        tree = Tree("w", [KEY.key], KEY.key.name)
        (found,) = check_trees(source, [tree], lambda rows: [check_stretch(source, *row) for row in rows])
        source.close()
        for record in self.records() if prove else ():
            proof = self.write(partial(proof_of, place=Receipt("w", record.seq)))
            assert verify_proof(proof, record.leaf, [KEY.key], KEY.key.name).size == found.signed
        return found

    def records(self, payloads: bool = False) -> Any:
        return self.write(lambda tx: read(tx, tree="w", limit=1000, payloads=payloads))
