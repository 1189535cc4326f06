"""A log in memory for tests: leaves as the ledger writes them, every node of their tree, the files of its export."""

import base64
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agentgov.runtime.checkpoints import Checkpoint, sign_checkpoint
from agentgov.runtime.ledger import Entry, leaf
from agentgov.runtime.merkle import Frontier, inclusion_path, leaf_hash, leaf_hashes, node_hash
from agentgov.runtime.notes import VerifierKey
from agentgov.runtime.tiles import Tile, bundles_between, encode_bundle, tiles_between
from agentgov.runtime.tlog_proof import Proof

ORIGIN = "gate.example/ledger/support"
START = 1_700_000_000_000  # epoch milliseconds


class Log:
    """A log with its key; every size up to its own can be signed and proved."""

    def __init__(self, leaves: Sequence[bytes], *, origin: str = ORIGIN, seed: int = 1) -> None:
        self.leaves = list(leaves)
        self._private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.key = VerifierKey(origin, self._private.public_key().public_bytes_raw())
        self.payloads: dict[int, tuple[bytes, bytes]] = {}  # (salt, payload)

    @cached_property
    def levels(self) -> list[list[bytes]]:
        """Every complete subtree of the tree, by level."""
        levels = [leaf_hashes(self.leaves)]
        while len(levels[-1]) > 1:
            row = iter(levels[-1])
            levels.append([node_hash(left, right) for left, right in zip(row, row, strict=False)])
        return levels

    def node(self, level: int, index: int) -> bytes:
        return self.levels[level][index]

    def root(self, size: int) -> bytes:
        return Frontier().extended(self.levels[0][:size]).root

    def sign(self, text: bytes) -> bytes:
        return self._private.sign(text)

    def checkpoint(self, size: int | None = None) -> bytes:
        size = len(self.leaves) if size is None else size
        return sign_checkpoint(Checkpoint(self.key.name, size, self.root(size)), [(self.key, self.sign)])

    def proof(self, index: int, size: int | None = None) -> Proof:
        size = len(self.leaves) if size is None else size
        return Proof(index, inclusion_path(index, size, self.node), self.checkpoint(size))

    def tile(self, tile: Tile) -> bytes:
        """The bytes of a file of this log."""
        if tile.level == "entries":
            return encode_bundle(self.leaves[tile.first : tile.end])
        return b"".join(self.levels[tile.level * 8][tile.first : tile.end])

    def export(self, folder: Path, anchors: Sequence[int] = ()) -> Path:
        """Write what an auditor gets (docs/ledger.md)."""
        size = len(self.leaves)
        for tile in (*tiles_between(0, size), *bundles_between(0, size)):
            path = folder / tile.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.tile(tile))
        (folder / "checkpoint").write_bytes(self.checkpoint())
        (folder / "anchors").mkdir(exist_ok=True)
        for anchored in anchors:
            (folder / "anchors" / str(anchored)).write_bytes(self.checkpoint(anchored))
        lines = [
            {"seq": seq, "salt": salt.hex(), "payload": base64.b64encode(payload).decode()}
            for seq, (salt, payload) in sorted(self.payloads.items())
        ]
        (folder / "payloads.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        return folder


def ledger(count: int, *, payloads: bool = True) -> Log:
    """A log whose leaves the ledger wrote; every third has a payload."""
    known = (
        {seq: (bytes([seq % 256]) * 16, f"payload {seq}".encode()) for seq in range(0, count, 3)} if payloads else {}
    )
    log = Log([_leaf(seq, *known.get(seq, (b"", b""))) for seq in range(count)])
    log.payloads = known
    return log


def _leaf(seq: int, salt: bytes, payload: bytes) -> bytes:
    entry = Entry("action", "support/triage", "agent:support/triage", "production", "a" * 64, payload=payload)
    return leaf(entry, seq, START + seq, salt)


class Naive:
    """The definitions of RFC 6962 section 2.1, as they stand there."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.hashes = [leaf_hash(leaf) for leaf in leaves]
        self._known: dict[tuple[int, int], bytes] = {}

    def mth(self, first: int, end: int) -> bytes:
        if end - first == 1:
            return self.hashes[first]
        if (first, end) not in self._known:
            k = self._k(end - first)
            self._known[first, end] = node_hash(self.mth(first, first + k), self.mth(first + k, end))
        return self._known[first, end]

    def path(self, m: int, first: int, end: int) -> list[bytes]:
        if end - first == 1:
            return []
        k = self._k(end - first)
        if m < k:
            return [*self.path(m, first, first + k), self.mth(first + k, end)]
        return [*self.path(m - k, first + k, end), self.mth(first, first + k)]

    def proof(self, m: int, n: int) -> list[bytes]:
        return self._subproof(m, 0, n, whole=True)

    def _subproof(self, m: int, first: int, end: int, *, whole: bool) -> list[bytes]:
        if m == end - first:
            return [] if whole else [self.mth(first, end)]
        k = self._k(end - first)
        if m <= k:
            return [*self._subproof(m, first, first + k, whole=whole), self.mth(first + k, end)]
        return [*self._subproof(m - k, first + k, end, whole=False), self.mth(first, first + k)]

    @staticmethod
    def _k(n: int) -> int:
        k = 1
        while k * 2 < n:
            k *= 2
        return k


def flips(content: bytes) -> list[bytes]:
    """The same bytes with one of them changed, each in turn."""
    return [content[:at] + bytes([byte ^ 1]) + content[at + 1 :] for at, byte in enumerate(content)]
