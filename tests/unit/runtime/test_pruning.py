"""What is pruned and erased is gone and explained; what is kept can be proved; what is held stays."""

import secrets
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pruningworld import CLASSES, DAY, NOTED, Ledger, rules

from agentgov.errors import RefusedError
from agentgov.model.policies import HoldMatch, LegalHold, Retention
from agentgov.runtime.disposals import disposals, parse_places, places
from agentgov.runtime.erasure import Erased
from agentgov.runtime.holds import Holds
from agentgov.runtime.ledger import Entry, Receipt, append_all, read
from agentgov.runtime.pruning import old_leaves, old_payloads
from agentgov.runtime.retention import Rules
from agentgov.runtime.subjects import known_index


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


def held(**match: Any) -> Rules:
    hold = LegalHold(id="case-9", match=HoldMatch(**match), by="carol")
    labels = {"w/short": frozenset({("domain", "payments")}), "w/long": frozenset[tuple[str, str]]()}
    return Rules(Retention(classes=CLASSES, holds=(hold,)), NOTED, Holds((hold,), labels_of=labels.get))


@pytest.mark.parametrize(
    ("match", "gone"),
    [
        ({"tools": ("refund",)}, [0, 2, 3]),
        ({"since": "1970-01-02", "until": "1970-01-02"}, [2, 3]),  # the first day is the 1st
        ({"since": "1970-01-03"}, [0, 1]),
        ({"until": "1970-01-02", "tools": ("refund", "mail")}, [0, 2, 3]),
        ({"labels": {"domain": "payments"}}, [3]),
        ({"labels": {"domain": "other"}}, [0, 1, 2, 3]),
        ({"labels": {"domain": "payments"}, "agents": ("w/long",)}, [0, 1, 2, 3]),
        ({"since": "1970-02-30"}, []),  # no day: nothing is let go on its account
    ],
)
def test_a_hold_keeps_what_every_part_of_it_means(ledger: Ledger, match: dict[str, Any], gone: list[int]) -> None:
    for agent, tool, day in (("w/short", "", 1), ("w/short", "refund", 1), ("w/short", "mail", 2), ("w/long", "", 2)):
        refs = {"tool": tool} if tool else {}
        entry = Entry("action", agent, "a", payload=b"x", refs=refs)
        ledger.write(partial(append_all, entries=[entry], now_ms=day * DAY, salts=secrets.token_bytes(16)))
    assert sorted(ledger.write(lambda tx: old_payloads(tx, "w", 0, held(**match), 40 * DAY))[1]) == gone


@pytest.mark.parametrize(
    ("seq", "said"),
    [
        (2, "4 payloads of w/short are missing, and 3 were pruned: others went without a record"),
        (5, "its payload is missing, and no record says that it was disposed of"),  # behind the last that was pruned
    ],
)
def test_what_a_hold_kept_does_not_go_unseen_with_what_was_pruned_around_it(
    ledger: Ledger, seq: int, said: str
) -> None:
    for tool in ("", "", "refund", "", "mail", "refund"):
        refs = {"tool": tool} if tool else {}
        entry = Entry("action", "w/short", "a", payload=b"x", refs=refs)
        ledger.write(partial(append_all, entries=[entry], now_ms=DAY, salts=secrets.token_bytes(16)))
    found, _ = ledger.prune(held(tools=("refund", "mail")), day=3)
    assert (sum(one.count for one in found.disposals), ledger.check().flaws) == (3, ())
    ledger.write(lambda tx: tx.run("DELETE FROM payloads WHERE tree = 'w' AND seq = ?", seq))
    assert [flaw.message for flaw in ledger.check().flaws] == [said]


def test_whom_nobody_can_tell_the_labels_of_is_held(ledger: Ledger) -> None:
    unknown, fleet = held(labels={"a": "b"}).of("w/gone", "action", DAY), held(labels={"a": "b"}).of("", "read", DAY)
    assert (unknown.hold, fleet.hold) == ("case-9", "")


def test_a_hold_on_a_subject_stops_pruning_and_erasing_of_it_alone(ledger: Ledger) -> None:
    ledger.add("w/short", 2, day=1, subject="matter-1")
    ledger.add("w/short", 2, day=1, subject="matter-2")
    hold = LegalHold(id="case-9", match=HoldMatch(subjects=("matter-1",)), by="carol")
    index = ledger.write(lambda tx: known_index(tx, "matter-1"))
    by = Rules(Retention(classes=CLASSES, holds=(hold,)), NOTED, Holds((hold,), index_of={"matter-1": index}.get))  # type: ignore[arg-type]
    with pytest.raises(RefusedError, match=r"case-9 keeps 2 of these records \(w/0, w/1\)"):
        ledger.erase(by, "matter-1")
    assert ledger.erase(by, "matter-2").payloads == 2
    found = ledger.prune(by, day=9)[0]
    assert (found.disposals, found.held) == ((), {"case-9": 2})


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
    assert (found.leaves, found.redacted, found.pruned) == (0, [], {})


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
