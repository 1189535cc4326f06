"""Leaves are checked in stretches, and the first that does not fit is named."""

from collections.abc import Sequence
from hashlib import sha256

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from treeworld import flips, ledger

from agentgov.runtime.leaf_check import (
    Flaw,
    Page,
    is_payload_of,
    joined,
    misfiled,
    payload_flaw,
    sound,
    stretches,
    unfound,
    verify_range,
)
from agentgov.runtime.ledger import FIRST, SALT, Entry, Leaf, leaf
from agentgov.runtime.merkle import Frontier

LOG = ledger(300)
HASHES = LOG.levels[0]
TREE = "support"
SAID = [msgspec.json.decode(one, type=Leaf) for one in LOG.leaves[:3]]
FILED: tuple[Sequence[object], ...] = (
    [one.time for one in SAID],
    [one.type for one in SAID],
    [one.agent for one in SAID],
    [one.actor for one in SAID],
    ["", "", ""],
    ["", "", ""],
)
KEPT = range(3)  # places with a payload


def test_good_leaves_are_their_tree() -> None:
    assert verify_range(0, LOG.leaves, HASHES) == verify_range(0, LOG.leaves) == Frontier().extended(HASHES)
    assert verify_range(256, LOG.leaves[256:]) == Frontier().extended(HASHES[256:])
    assert verify_range(0, []) == Frontier()


@pytest.mark.parametrize("changed", flips(LOG.leaves[171])[::9])
def test_a_changed_leaf_is_named(changed: bytes) -> None:
    found = verify_range(0, [*LOG.leaves[:171], changed, *LOG.leaves[172:]], HASHES)
    assert isinstance(found, Flaw)
    assert found.seq == 171
    part = verify_range(0, [*LOG.leaves[:171], changed, *LOG.leaves[172:]])
    assert isinstance(part, Flaw) or part.root != LOG.root(300)


def test_a_gap_a_twin_and_an_exchange_are_named() -> None:
    leaves = LOG.leaves
    for wrong in (
        [*leaves[:9], *leaves[10:]],
        [*leaves[:9], leaves[8], *leaves[9:]],
        [*leaves[:9], leaves[10], leaves[9]],
    ):
        found = verify_range(0, wrong)
        assert isinstance(found, Flaw)
        assert found.seq == 9
        assert "its number is" in found.message
    assert verify_range(0, leaves[:9], HASHES) == Flaw(9, "there are more leaves than hashes, or fewer")


@pytest.mark.parametrize(
    "leaf",
    [
        b"",
        b"{",
        b"[0]",
        b'{"seq":0,"a":1}',
        b'{"seq": 0}',
        b'{"seq":0,"seq":0}',
        b'{"seq":false}',
        b'{"seq":0.0}',
        b'{"seq":"0"}',
        b"{}",
        b'{"seq":-0}',
        b"null",
        b"0",
        b'{"seq":0}\n',
        b"\xff",
    ],
)
def test_what_the_ledger_does_not_write_is_no_leaf(leaf: bytes) -> None:
    found = verify_range(0, [leaf])
    assert isinstance(found, Flaw)
    assert found.seq == 0


def test_of_a_pruned_leaf_the_hash_is_left() -> None:
    pruned = [None, *LOG.leaves[1:]]
    assert verify_range(0, pruned, HASHES) == Frontier().extended(HASHES)
    assert verify_range(0, pruned) == Flaw(0, "the leaf is missing")


@given(st.integers(0, 300_000), st.integers(0, 300_000), st.integers(1, 8))
@example(0, 0, 1)
@example(0, 1, 1)
@example(5, 300_000, 1)
@example(131_072, 300_000, 8)
def test_stretches_cover_everything_once_and_can_be_joined(one: int, other: int, processes: int) -> None:
    first, size = sorted((one, other))
    at = first
    for begin, end in stretches(size, processes, first):
        assert begin == at < end
        assert begin % (1 << (end - begin).bit_length() - 1) == 0
        assert end - begin <= max(4096, size // processes // 4)
        at = end
    assert at == size


@given(st.integers(0, 300), st.integers(0, 300))
@example(256, 300)
def test_stretches_join_to_the_tree(first: int, size: int) -> None:
    parts = [(begin, verify_range(begin, LOG.leaves[begin:end])) for begin, end in stretches(size, 2, first)]
    assert joined(parts, Frontier().extended(HASHES[:first])) == Frontier().extended(HASHES[: max(size, first)])


def test_the_first_flaw_of_stretches_is_the_one() -> None:
    good = verify_range(0, LOG.leaves[:256])
    assert joined([(0, good), (256, Flaw(270, "one")), (300, Flaw(301, "two"))]) == Flaw(270, "one")
    assert joined([(0, good), (300, good)]) == Flaw(256, "the leaf is missing")


def test_a_payload_is_the_one_that_the_leaf_commits_to() -> None:
    salt, payload = LOG.payloads[3]
    assert payload_flaw(3, LOG.leaves[3], salt, payload) is None
    for wrong in ((flips(salt)[0], payload), (salt, flips(payload)[0]), (salt, payload + b"!")):
        assert payload_flaw(3, LOG.leaves[3], *wrong) == Flaw(3, "the payload is not the one the leaf commits to")
    assert payload_flaw(4, LOG.leaves[4], salt, payload) == Flaw(4, "there is a payload, and the leaf commits to none")


def test_a_payload_needs_the_bytes_and_a_salt_that_nobody_guesses() -> None:
    salt, payload = LOG.payloads[0]
    assert len(salt) == SALT
    assert is_payload_of(SAID[0], salt, payload)
    assert not is_payload_of(SAID[0], salt, payload + b"!")
    assert not is_payload_of(SAID[0], flips(salt)[0], payload)
    guessable = msgspec.structs.replace(SAID[0], payload=sha256(salt[1:] + payload).hexdigest())
    assert not is_payload_of(guessable, salt[1:], payload)


def test_a_page_of_good_leaves_is_sound() -> None:
    leaves = LOG.leaves[:3]
    for page in (Page(leaves), Page(leaves, FILED)):
        assert sound(TREE, 0, page, None) == sound(TREE, 0, page, b"".join(HASHES[:3])) == SAID
    assert sound(TREE, 7, Page([]), b"") == []


@pytest.mark.parametrize(
    ("first", "leaves"),
    [
        (1, LOG.leaves[:3]),
        (0, [LOG.leaves[0], LOG.leaves[2], LOG.leaves[1]]),
        (0, [LOG.leaves[0], None, LOG.leaves[2]]),
        (0, [LOG.leaves[0], LOG.leaves[1], None]),
        (0, [LOG.leaves[0], b"{", LOG.leaves[2]]),
        (0, [LOG.leaves[0], LOG.leaves[1].replace(b":", b": ", 1), LOG.leaves[2]]),
    ],
)
def test_a_page_with_a_leaf_out_of_place_gone_or_written_otherwise_is_not(
    first: int, leaves: list[bytes | None]
) -> None:
    assert sound(TREE, first, Page(leaves), None) is None


def test_a_page_of_other_leaves_than_those_hashed_is_not_sound() -> None:
    for row in (HASHES[1:4], HASHES[:2], HASHES[:4], []):
        assert sound(TREE, 0, Page(LOG.leaves[:3]), b"".join(row)) is None


@pytest.mark.parametrize("column", range(6))
def test_a_record_that_is_found_by_other_words_than_it_says_is_named(column: int) -> None:
    filed = tuple([*words[:2], "other"] if at == column else words for at, words in enumerate(FILED))
    page = Page(LOG.leaves[:3], filed)
    assert sound(TREE, 0, page, None) is None
    assert list(misfiled(TREE, 0, page, KEPT)) == [Flaw(2, "the record is found by other words than it says")]


def test_only_leaves_that_can_be_read_are_misfiled() -> None:
    other = Page([None, b"{", LOG.leaves[2]], tuple(["other"] * 3 for _ in FILED))
    assert [flaw.seq for flaw in misfiled(TREE, 40, other, ())] == [42]
    assert list(misfiled(TREE, 0, Page(LOG.leaves[:3], FILED), KEPT)) == []
    assert list(misfiled(TREE, 0, Page(LOG.leaves[:3]), KEPT)) == []


def test_a_record_is_filed_under_its_tool_since_there_are_trees() -> None:
    entry = Entry("action", "support/triage", "gate", refs={"tool": "refund"})
    found = leaf(entry, 0, 1, b"")
    told = ([1], ["action"], ["support/triage"], ["gate"])
    for tree, tool, other in ((TREE, "refund", ""), (FIRST, "", "refund")):
        assert sound(tree, 0, Page([found], (*told, [tool], [""])), None) is not None
        assert len(list(misfiled(tree, 0, Page([found], (*told, [other], [""])), ()))) == 1


@pytest.mark.parametrize(
    ("named", "digest", "kept", "flaws"),
    [
        ("carol", "ab" * 32, True, 0),
        ("carol", "", False, 0),  # erased
        ("carol", "", True, 1),  # hidden
        ("carol", "ab" * 32, False, 0),  # its payload was pruned
        ("", "", True, 0),
        ("", "ab" * 32, True, 1),
        ("", "ab" * 32, False, 1),
    ],
)
def test_a_record_is_searched_for_by_a_subject_where_it_has_one_until_that_is_erased(
    named: str, digest: str, kept: bool, flaws: int
) -> None:
    found = leaf(Entry("action", "support/triage", "gate", subject=named), 7, 1, bytes(SALT))
    page = Page([found], ([1], ["action"], ["support/triage"], ["gate"], [""], [""]), [digest])
    said = sound(TREE, 7, page, None)
    assert said is not None
    places = [7] if kept else []
    assert [flaw.seq for flaw in unfound(7, said, page.subjects, places)] == [7] * flaws
    assert [flaw.seq for flaw in misfiled(TREE, 7, page, places)] == [7] * flaws
