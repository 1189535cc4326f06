"""Proofs that travel: what is written is read, holds, and breaks with any byte."""

import base64

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from treeworld import ORIGIN, Log, flips

from agentgov.runtime.merkle import ProofError
from agentgov.runtime.notes import NoteError
from agentgov.runtime.tlog_proof import Proof, parse_proof, verify_proof

LEAVES = [f"leaf {number}".encode() for number in range(100)]
LOG = Log(LEAVES)
OTHER = Log(LEAVES, seed=2)


@pytest.mark.parametrize(("index", "size"), [(0, 1), (0, 2), (1, 2), (73, 100), (99, 100), (64, 65), (3, 64)])
def test_a_proof_is_read_as_it_is_written_and_holds(index: int, size: int) -> None:
    proof = LOG.proof(index, size)
    assert parse_proof(proof.encode()) == proof
    assert verify_proof(proof, LEAVES[index], [LOG.key], ORIGIN).size == size
    with pytest.raises(ProofError, match="does not lead"):
        verify_proof(proof, LEAVES[index] + b"!", [LOG.key], ORIGIN)


def test_it_is_written_as_the_specification_says() -> None:
    proof = LOG.proof(73)
    extra = Proof(proof.index, proof.path, proof.checkpoint, b"more").encode()
    lines = extra.split(b"\n")
    assert lines[:3] == [b"c2sp.org/tlog-proof@v1", b"extra bW9yZQ==", b"index 73"]
    assert lines[3:10] == [base64.b64encode(step) for step in proof.path]
    assert lines[10] == b""
    assert extra.endswith(b"\n\n" + LOG.checkpoint())
    assert parse_proof(extra).extra == b"more"


def test_any_flipped_byte_is_refused() -> None:
    for changed in flips(LOG.proof(73).encode()):
        with pytest.raises((ProofError, NoteError)):
            verify_proof(parse_proof(changed), LEAVES[73], [LOG.key], ORIGIN)


def test_a_proof_by_another_key_or_log_is_refused() -> None:
    with pytest.raises(NoteError, match="none of the keys"):
        verify_proof(LOG.proof(73), LEAVES[73], [OTHER.key], ORIGIN)
    with pytest.raises(NoteError, match="of the log"):
        verify_proof(LOG.proof(73), LEAVES[73], [LOG.key], "another.example")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"@v1", b"@v2"),
        (b"index 73", b"index 073"),
        (b"index 73", b"index -1"),
        (b"index 73", b"index"),
        (b"index 73\n", b""),
        (b"index 73", b"extra \nindex 73"),
        (b"index 73", b"extra AAA\nindex 73"),
        (b"index 73", b"index 73\nextra AAAA"),
        (b"index 73\n", b"index 73\nAAAA\n"),
        (b"index 73\n", b"index 73\n\n"),
        (b"index 73", b"index 99999999999999999999"),
        (b"index 73\n", b"index 73\r\n"),
        (b"index", b"\xffndex"),
        (b"\n\n", b"\n"),
        (b"c2sp", b"\nc2sp"),
    ],
)
def test_another_spelling_is_refused(old: bytes, new: bytes) -> None:
    encoded = LOG.proof(73).encode()
    with pytest.raises((ProofError, NoteError)):
        verify_proof(parse_proof(encoded.replace(old, new, 1)), LEAVES[73], [LOG.key], ORIGIN)


def test_a_proof_has_bounds() -> None:
    for index, path in ((-1, ()), (2**63, ()), (0, (bytes(32),) * 64), (0, (bytes(31),))):
        with pytest.raises(ValueError, match="a proof has"):
            Proof(index, path, b"")
    longest = Proof(2**63 - 1, (bytes(32),) * 63, b"")
    longest = Proof(longest.index, longest.path, b"x" * (131_072 - len(longest.encode())))
    assert parse_proof(longest.encode()) == longest
    with pytest.raises(ProofError, match="at most"):
        parse_proof(longest.encode() + b"x")
    with pytest.raises(ProofError, match="at most"):
        parse_proof(LOG.proof(73).encode() + bytes(200_000))


@given(st.binary(max_size=100))
@example(b"")
def test_hostile_bytes_are_a_proof_in_one_spelling_or_none(junk: bytes) -> None:
    for encoded in (junk, b"c2sp.org/tlog-proof@v1\n" + junk, b"c2sp.org/tlog-proof@v1\nindex 1\n" + junk):
        try:
            proof = parse_proof(encoded)
        except ProofError:
            continue
        assert proof.encode() == encoded
