"""Proofs of inclusion that travel (c2sp.org/tlog-proof): index, path and checkpoint in one file, checked offline.

Decides whether such a file proves that a leaf is in the log of a key. Only one spelling is read.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agentgov.runtime.checkpoints import Checkpoint, open_checkpoint
from agentgov.runtime.merkle import HASH, LARGEST, ProofError, leaf_hash, verify_inclusion
from agentgov.runtime.notes import VerifierKey
from agentgov.trust.wire import decode_base64, encode_base64

SUFFIX = ".tlog-proof"
LONGEST = 131_072  # bytes
_HEAD = "c2sp.org/tlog-proof@v1"
_DEEPEST = 63  # hashes in a path: of the largest tree
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Proof:
    """That the leaf at an index is in the tree of a checkpoint. Nobody vouches for `extra`."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes  # the signed note, as it is
    extra: bytes = b""

    def __post_init__(self) -> None:
        if not 0 <= self.index <= LARGEST or len(self.path) > _DEEPEST or any(len(one) != HASH for one in self.path):
            raise ValueError(f"a proof has an index and at most {_DEEPEST} hashes of {HASH} bytes")

    def encode(self) -> bytes:
        """The file."""
        extra = [f"extra {encode_base64(self.extra)}"] if self.extra else []
        lines = [_HEAD, *extra, f"index {self.index}", *map(encode_base64, self.path), ""]
        return "".join(f"{line}\n" for line in lines).encode("ascii") + self.checkpoint


def parse_proof(encoded: bytes) -> Proof:
    """The proof in a file; nothing is verified. Raises ProofError for any other spelling."""
    if len(encoded) > LONGEST:
        raise ProofError(f"a proof has at most {LONGEST} bytes")
    head, _, checkpoint = encoded.partition(b"\n\n")
    try:
        _, *lines = head.decode("ascii", "replace").split("\n")
        extra = lines.pop(0).removeprefix("extra ") if lines and lines[0].startswith("extra ") else ""
        index = _INDEX.fullmatch(lines.pop(0)) if lines else None
        if index is None:
            raise ValueError(f"it begins with {_HEAD!r}, an index and a path, and ends with a checkpoint")
        path = tuple(decode_base64(line.encode()) for line in lines)
        proof = Proof(int(index[1]), path, checkpoint, decode_base64(extra.encode()))
        if proof.encode() != encoded:
            raise ValueError("it is written in another way than proofs are")
    except ValueError as error:
        raise ProofError(f"this is no proof of a leaf: {error}") from error
    return proof


def verify_proof(proof: Proof, leaf: bytes, keys: Sequence[VerifierKey], origin: str) -> Checkpoint:
    """The checkpoint in whose tree the leaf stands, signed by a key of that log. Raises ProofError or NoteError."""
    checkpoint = open_checkpoint(proof.checkpoint, keys, origin)
    verify_inclusion(leaf_hash(leaf), proof.index, checkpoint.size, proof.path, checkpoint.root)
    return checkpoint
