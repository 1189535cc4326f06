"""What may go at exactly which moment, page by page, and out of no other tree than the one that is asked for."""

import secrets
from collections.abc import Iterator
from typing import Any, cast

import pytest
from pruningworld import CLASSES, DAY, Ledger, rules

from agentgov.model.policies import HoldMatch, LegalHold, Retention
from agentgov.runtime import pruning
from agentgov.runtime.ledger import Entry, append_all, read
from agentgov.runtime.pruning import Found, old_leaves, old_payloads, trees_of
from agentgov.runtime.retention import Rules
from agentgov.store.port import Transaction

SHORT = rules(default="short")


@pytest.fixture
def ledger(store_url: str) -> Iterator[Ledger]:
    opened = Ledger(store_url)
    yield opened
    opened.store.close()


def leaves(ledger: Ledger, day: float, first: int = 0, tree: str = "w", by: Rules = SHORT) -> Found:
    return cast(Found, ledger.write(lambda tx: old_leaves(tx, tree, first, by, int(day * DAY))))


def payloads(ledger: Ledger, day: float, first: int = 0, by: Rules = SHORT) -> tuple[Found, list[int]]:
    found: tuple[Found, list[int]] = ledger.write(lambda tx: old_payloads(tx, "w", first, by, int(day * DAY)))
    return found


def unsigned(ledger: Ledger, agent: str, number: int) -> None:
    entries = [Entry("action", agent, "a", payload=b"x")] * number
    ledger.write(lambda tx: append_all(tx, entries, DAY, secrets.token_bytes(16 * number)))


def test_no_other_tree_loses_anything(ledger: Ledger) -> None:
    ledger.add("v/short", 600, day=1)
    ledger.add("w/short", 512, day=1)
    assert payloads(ledger, 9)[1] == list(range(512))
    found = leaves(ledger, 9)
    assert [(one.tree, one.first, one.last, one.count) for one in found.disposals] == [("w", 0, 255, 256)]
    assert found.stays is not None
    assert found.stays.seq == 511  # its own newest, not that of v
    assert [sum(one.count for one in done.disposals) for done in ledger.prune(SHORT, day=9)] == [512, 512]
    other = ledger.write(lambda tx: read(tx, tree="v", limit=1000, payloads=True))
    assert len([one for one in other if one.payload is not None]) == 600
    assert ledger.check().flaws == ()


def test_what_the_checkpoint_of_its_own_tree_does_not_cover_stays(ledger: Ledger) -> None:
    ledger.add("v/short", 600, day=1)
    ledger.add("w/short", 256, day=1)
    unsigned(ledger, "w/short", 400)
    unsigned(ledger, "x/short", 300)
    stays = [leaves(ledger, 9, tree=tree).stays for tree in ("w", "x")]
    assert [one.seq if one is not None else -1 for one in stays] == [256, 0]
    assert leaves(ledger, 9, tree="nobody") == Found()


def test_trees_are_found_one_by_one(ledger: Ledger) -> None:
    class Patient:
        """A transaction that is asked a few times, and no more."""

        def __init__(self, tx: Transaction) -> None:
            self._tx, self._left = tx, 9

        def one(self, *asked: Any) -> Any:
            self._left -= 1
            assert self._left, "it asks without end"
            return self._tx.one(*asked)

    assert ledger.write(lambda tx: trees_of(cast(Transaction, Patient(tx)))) == ()
    for workspace in "wxv":
        unsigned(ledger, f"{workspace}/a", 2)
    assert ledger.write(lambda tx: trees_of(cast(Transaction, Patient(tx)))) == ("v", "w", "x")


def test_payloads_are_looked_through_page_by_page_as_far_as_any_is_old(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "PAGE", 4)
    ledger.add("w/short", 4, day=1)
    ledger.add("w/short", 4, day=2)
    pages = [payloads(ledger, 3, first) for first in (0, 4)]
    assert [(found.after, gone) for found, gone in pages] == [(4, [0, 1, 2, 3]), (-1, [])]  # a day old, and no older
    later = [payloads(ledger, 3 + 1 / DAY, first) for first in (0, 4, 8)]
    assert [(found.after, gone) for found, gone in later] == [(4, [0, 1, 2, 3]), (8, [4, 5, 6, 7]), (-1, [])]
    ledger.add("w/short", 1, day=1)
    assert payloads(ledger, 9, 8)[0].after == -1
    assert payloads(ledger, 9, by=Rules(None)) == (Found(), [])


def test_leaves_are_looked_through_page_by_page_from_where_the_tree_begins(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "PAGE", 256)
    ledger.add("v/short", 300, day=1)
    ledger.add("w/short", 600, day=1)
    assert [leaves(ledger, 9, first).after for first in (0, 256, 512)] == [256, 512, -1]
    assert [(one.first, one.last) for one in leaves(ledger, 9, 256).disposals] == [(256, 511)]
    ledger.prune(SHORT, day=9)
    assert leaves(ledger, 9).after == 512  # what is gone is not looked for
    assert [(one.first, one.last) for one in leaves(ledger, 9).disposals] == [(256, 511)]


def test_a_leaf_goes_once_it_is_older_than_its_class_says(ledger: Ledger) -> None:
    ledger.add("w/short", 257, day=1)
    for moment, counts in ((3 * DAY, []), (3 * DAY + 1, [256])):
        found = leaves(ledger, moment / DAY)
        assert [one.count for one in found.disposals] == counts
    young = leaves(ledger, 3).stays
    assert young is not None
    assert (young.seq, young.until, young.why) == (0, 3 * DAY + 1, "short keeps records for 2d")


def test_what_a_hold_keeps_is_counted_once_its_class_would_let_it_go(ledger: Ledger) -> None:
    ledger.add("w/short", 2, day=1)
    ledger.add("w/short", 3, day=9)
    by = rules("w/short")
    assert [payloads(ledger, day, by=by)[0].held for day in (2, 2 + 1 / DAY, 9)] == [{}, {"case-0": 2}, {"case-0": 2}]
    stays = leaves(ledger, 9, by=by).stays
    assert stays is not None
    assert (stays.seq, stays.hold, stays.until) == (0, "case-0", 0)
    nobodys = Rules(Retention(CLASSES, "", (LegalHold("case-0", HoldMatch(("w/*",)), "carol"),)))
    assert payloads(ledger, 9, by=nobodys)[0].held == {}  # without a class nothing would ever go
