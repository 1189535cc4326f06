"""What is pruned and erased is gone and explained; what is kept can be proved; what is held stays."""

import secrets
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import PATIENCE
from treeworld import Log

from agentgov.errors import RefusedError
from agentgov.model.policies import HoldMatch, LegalHold, Retention, RetentionClass
from agentgov.runtime import sequencing
from agentgov.runtime.checkpoints import Checkpoint, sign_checkpoint
from agentgov.runtime.disposals import disposals, parse_places, places
from agentgov.runtime.erasure import Erased, Erasure, erase
from agentgov.runtime.ledger import Entry, Receipt, append_all, read
from agentgov.runtime.ledger_check import Checked, check_stretch, check_tree
from agentgov.runtime.ledger_proving import proof_of
from agentgov.runtime.ledger_sources import StoreSource
from agentgov.runtime.pruning import Found, old_leaves, old_payloads, prune_leaves, prune_payloads
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
        found = check_tree(
            source, "w", [KEY.key], KEY.key.name, (), lambda rows: [check_stretch(source, *row) for row in rows]
        )
        source.close()
        for record in self.records() if prove else ():
            proof = self.write(partial(proof_of, place=Receipt("w", record.seq)))
            assert verify_proof(proof, record.leaf, [KEY.key], KEY.key.name).size == found.signed
        return found

    def records(self, payloads: bool = False) -> Any:
        return self.write(lambda tx: read(tx, tree="w", limit=1000, payloads=payloads))


@pytest.fixture
def ledger(store_url: str) -> Iterator[Ledger]:
    opened = Ledger(store_url)
    yield opened
    opened.store.close()


def test_payloads_go_by_the_class_of_their_agent_and_a_record_says_so(ledger: Ledger) -> None:
    ledger.add("w/short", 3, day=1)
    ledger.add("w/long", 3, day=1)
    dry, gone = ledger.write(lambda tx: old_payloads(tx, "w", 0, rules(), 3 * DAY))
    assert gone == [0, 1, 2]
    assert ledger.prune(rules(), day=3)[0] == dry
    (one,) = dry.disposals
    assert (one.name, one.rule, one.count, one.agent) == ("short", "1d", 3, "w/short")
    kept = ledger.records(payloads=True)
    assert [record.payload for record in kept] == [None] * 3 + [b"0", b"1", b"2"] + [None]
    assert kept[-1].content["refs"] == {
        "count": "3", "first": "0", "last": "2", "payloads": "short", "rule": "1d", "since": "0", "until": str(2 * DAY)
    }  # fmt: skip
    found = ledger.check()
    assert (found.flaws, found.erased, found.pruned) == ((), 3, 0)
    assert ledger.prune(rules(), day=3)[0].disposals == ()


def test_leaves_go_in_whole_tiles_from_the_beginning_and_never_past_one_that_stays(ledger: Ledger) -> None:
    ledger.add("w/short", 600, day=1)
    ledger.add("w/long", 1, day=1)
    ledger.add("w/short", 600, day=1)
    payloads, leaves = ledger.prune(rules(), day=4)
    assert [(one.first, one.last, one.count, one.rule) for one in leaves.disposals] == [(0, 511, 512, "2d")]
    stays = leaves.stays
    assert stays is not None
    assert (stays.seq, stays.name, stays.why) == (600, "long", "long keeps records for 20d")
    assert sum(one.count for one in payloads.disposals) == 1200
    found = ledger.check()
    assert (found.flaws, found.pruned, found.payloads) == ((), 512, 1)
    assert ledger.prune(rules(), day=22)[1].disposals[0].first == 512
    assert ledger.check().flaws == ()


def test_the_newest_leaf_and_what_no_checkpoint_covers_stay(ledger: Ledger) -> None:
    ledger.add("w/short", 256, day=1)
    found = ledger.write(lambda tx: old_leaves(tx, "w", 0, rules(), 9 * DAY))
    assert found.disposals == ()
    assert found.stays is not None
    assert found.stays.seq == 255
    assert "newest" in found.stays.why


def test_what_is_held_stays_and_is_not_erased_in_part(ledger: Ledger) -> None:
    ledger.add("w/short", 300, day=1, subject="Ada")
    ledger.add("w/long", 1, day=1, subject="Ada")
    payloads, leaves = ledger.prune(rules("w/short"), day=9)
    assert (payloads.disposals, payloads.held) == ((), {"case-0": 300})
    assert leaves.stays is not None
    assert leaves.stays.hold == "case-0"
    with pytest.raises(RefusedError, match=r"case-0 keeps 300 of these records \(w/0, w/1"):
        ledger.erase(rules("w/short"), "Ada")
    assert len(ledger.records(payloads=True)) == 301
    assert ledger.erase(rules(), "Ada").payloads == 301
    assert ledger.check().flaws == ()


def test_without_a_class_nothing_is_ever_disposed_of(ledger: Ledger) -> None:
    ledger.add("w/other", 300, day=1)
    assert [one.disposals for one in ledger.prune(rules(), day=10_000)] == [(), ()]
    assert ledger.prune(rules(default="gone"), day=10_000)[0].disposals == ()
    assert ledger.prune(rules(default="short"), day=10_000)[0].disposals[0].count == 300


def test_erasing_takes_payload_salt_and_index_and_twice_is_once(ledger: Ledger) -> None:
    ledger.add("w/long", 2, day=1, subject="Ada")
    ledger.add("w/long", 2, day=1, subject="Bob")
    leaves = [record.leaf for record in ledger.records()]
    done = ledger.erase(rules(), "Ada")
    assert (done.payloads, done.records) == (2, ("w/4",))
    assert [record.leaf for record in ledger.records()][:4] == leaves
    assert ledger.write(lambda tx: read(tx, subject="Ada")) == ()
    assert len(ledger.write(lambda tx: read(tx, subject="Bob"))) == 2
    assert ledger.erase(rules(), "Ada") == Erased()
    assert ledger.erase(rules(), place=Receipt("w", 2)).records == ("w/5",)
    with pytest.raises(RefusedError, match="there is no record w/99"):
        ledger.erase(rules(), place=Receipt("w", 99))
    found = ledger.check()
    assert (found.flaws, found.erased) == ((), 3)


@pytest.mark.parametrize(
    ("sql", "seq", "said"),
    [
        ("DELETE FROM payloads WHERE seq = 9", 9, "its payload is missing, and no record says"),
        ("DELETE FROM records WHERE seq = 1", 1, "the record is missing, and none says"),
    ],
)
def test_what_is_missing_without_a_record_of_it_is_found(ledger: Ledger, sql: str, seq: int, said: str) -> None:
    ledger.add("w/short", 3, day=5)
    ledger.add("w/long", 3, day=1)
    ledger.prune(rules(), day=12)
    ledger.add("w/short", 3, day=13)
    assert ledger.check().flaws == ()
    ledger.write(lambda tx: tx.run(sql))
    flaw, *_ = ledger.check(prove=False).flaws
    assert flaw.seq == seq
    assert said in flaw.message


@given(st.lists(st.integers(0, 3000), unique=True).map(sorted))
def test_places_are_written_and_read(seqs: list[int]) -> None:
    texts = list(places(seqs))
    assert [seq for text in texts for a, b in parse_places(text) for seq in range(a, b + 1)] == seqs
    assert all(len(text) < 620 for text in texts)


def test_what_cannot_be_read_explains_nothing() -> None:
    found = disposals([b'{"type":"redacted"}', b"[]", b'{"type":"ledger.prune","refs":{"leaves":"x"}}'])
    assert (found.leaves, found.redacted, found.periods) == (0, [], {})


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from(["w/short", "w/long"]), st.sampled_from([1, 3, 200, 256])),
        st.tuples(st.just("prune"), st.booleans(), st.just(0)),
        st.tuples(st.just("erase"), st.sampled_from(["w/short", "w/long"]), st.just(0)),
    ),
    max_size=8,
)


@pytest.mark.slow
@settings(max_examples=8)
@given(steps=STEPS)
def test_whatever_is_added_pruned_and_erased_the_tree_holds_and_what_is_kept_is_proved(
    store_url: str, steps: list[tuple[str, Any, int]]
) -> None:
    ledger = Ledger(store_url)
    ledger.write(lambda tx: [tx.run(f"DELETE FROM {name}") for name in ("records", "payloads", "tiles", "checkpoints")])
    for day, (step, what, number) in enumerate(steps, 1):
        if step == "add":
            ledger.add(what, number, day, subject=what)
        elif step == "prune":
            ledger.prune(rules(*(["w/long"] if what else [])), day + 2)
        else:
            ledger.erase(rules(), what)
    assert ledger.check().flaws == () if steps else True
    ledger.store.close()
