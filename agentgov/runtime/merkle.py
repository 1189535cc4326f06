"""The Merkle tree of the ledger: hashes, roots, and proofs (RFC 6962 section 2.1, RFC 9162 section 2.1, SHA-256).

Decides whether a leaf is in a tree and whether one tree begins with another; never what a leaf says, who signed a root,
or where hashes are kept. A complete subtree of 2^level leaves, the index-th of its level, is the node (level, index);
whoever can answer nodes (`NodeReader`: tiles, a table, a list) can prove everything. Proofs are checked by the loops of
RFC 9162 and made by the recursive definition of RFC 6962: the two have nothing in common but the hash.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import TypeAlias

from agentgov.errors import RefusedError

HASH = 32  # bytes
EMPTY = sha256(b"").digest()  # the root of the tree without leaves
LARGEST = 2**63 - 1  # leaves: every reader can count them
NodeReader: TypeAlias = Callable[[int, int], bytes]
_AT_ONCE = 2**16  # hashes that are added together


class ProofError(RefusedError):
    """A proof that proves nothing: of another leaf or tree, too short, too long, or out of range."""


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of a leaf (RFC 6962 section 2.1: the prefix 0x00 keeps a leaf from passing for a node)."""
    return sha256(b"\0" + leaf).digest()


def leaf_hashes(leaves: Iterable[bytes]) -> list[bytes]:
    """The hashes of many leaves."""
    return [sha256(b"\0" + leaf).digest() for leaf in leaves]


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two neighbours (RFC 6962 section 2.1: prefix 0x01)."""
    return sha256(b"\1" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """All of a tree that is needed to let it grow: the roots of its complete subtrees, from the largest (and leftmost)
    to the smallest, one for each bit of its size. Also of a stretch of a tree that begins where it may (`joined`)."""

    size: int = 0
    roots: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.size <= LARGEST or self.size.bit_count() != len(self.roots):
            raise ValueError(f"a tree of {self.size} leaves does not consist of {len(self.roots)} complete subtrees")
        if any(len(root) != HASH for root in self.roots):
            raise ValueError(f"a hash has {HASH} bytes")

    @property
    def root(self) -> bytes:
        """The root of the tree (RFC 6962 section 2.1: MTH)."""
        return _folded(self.roots)

    @property
    def top(self) -> int:
        """The level of the largest complete subtree; 0 in an empty tree."""
        return max(self.size.bit_length() - 1, 0)

    def extended(self, hashes: Iterable[bytes]) -> "Frontier":
        """The tree with these leaf hashes after its own."""
        grown, rest = self, iter(hashes)
        while some := list(islice(rest, _AT_ONCE)):
            grown = grown._with(0, some)
        return grown

    def joined(self, other: "Frontier") -> "Frontier":
        """The tree with the leaves of another after its own; ValueError where subtrees of the two do not line up.

        They do where the size of this one is a multiple of the largest complete subtree of the other.
        """
        if self.size % (1 << other.top):
            raise ValueError(f"subtrees of 2^{other.top} leaves do not begin at {self.size}")
        grown = self
        levels = (level for level in reversed(range(other.size.bit_length())) if other.size >> level & 1)
        for level, root in zip(levels, other.roots, strict=True):
            grown = grown._with(level, [root])
        return grown

    def encode(self) -> bytes:
        """Size in eight bytes, big-endian, then the roots."""
        return self.size.to_bytes(8, "big") + b"".join(self.roots)

    @classmethod
    def decode(cls, encoded: bytes) -> "Frontier":
        """What `encode` wrote; ValueError for anything else."""
        size, roots = int.from_bytes(encoded[:8], "big"), encoded[8:]
        if len(encoded) < 8 or len(roots) % HASH:
            raise ValueError("these bytes are no size and whole hashes")
        return cls(size, tuple(roots[start : start + HASH] for start in range(0, len(roots), HASH)))

    def _with(self, level: int, row: list[bytes]) -> "Frontier":
        """The tree with a row of roots of that level after its own leaves: addition, with a carry at each level."""
        size, low, roots = self.size + (len(row) << level), [], list(self.roots)
        rest = self.size >> level
        while row:
            if rest & 1:
                row.insert(0, roots.pop())
            if len(row) & 1:
                low.append(row.pop())
            row = [sha256(b"\1" + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=True)]
            rest >>= 1
        return Frontier(size, (*roots, *reversed(low)))


def root_of(hashes: Iterable[bytes]) -> bytes:
    """The root of the tree over these leaf hashes."""
    return Frontier().extended(hashes).root


def subtree_root(first: int, end: int, node: NodeReader) -> bytes:
    """The root over the leaves from `first` up to `end`, where that is a subtree of a tree: MTH(D[first:end])."""
    roots, size = [], end - first
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            roots.append(node(level, first >> level))
            first += 1 << level
    return _folded(roots)


def inclusion_path(index: int, size: int, node: NodeReader) -> tuple[bytes, ...]:
    """The siblings of a leaf on its way to the root, from the leaf up (RFC 6962 section 2.1.1: PATH(m, D[n]))."""
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    path, first, end = [], 0, size
    while end - first > 1:
        middle = first + _left(end - first)
        if index < middle:
            path.append(subtree_root(middle, end, node))
            end = middle
        else:
            path.append(subtree_root(first, middle, node))
            first = middle
    return tuple(reversed(path))


def consistency_path(old: int, new: int, node: NodeReader) -> tuple[bytes, ...]:
    """What shows that a tree begins with an older one (RFC 6962 section 2.1.2: PROOF(m, D[n])).

    Empty where there is nothing to show: from the empty tree, and from a tree to itself.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} leaves cannot begin with one of {old}")
    path: list[bytes] = []
    if old == 0:
        return ()
    first, end = 0, new
    while end != old:
        middle = first + _left(end - first)
        if old <= middle:
            path.append(subtree_root(middle, end, node))
            end = middle
        else:
            path.append(subtree_root(first, middle, node))
            first = middle
    if first:  # a subtree that whoever checks has not seen as a root
        path.append(subtree_root(first, end, node))
    return tuple(reversed(path))


def verify_inclusion(hashed: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Whether the leaf with this hash stands at `index` in the tree (RFC 9162 section 2.1.3.2). Raises ProofError."""
    if not 0 <= index < size <= LARGEST:
        raise ProofError(f"there is no leaf {index} in a tree of {size}")
    _measured((hashed, root, *path))
    at, last, found = index, size - 1, hashed
    for step in path:
        if last == 0:
            raise ProofError(f"the proof of leaf {index} is too long for a tree of {size}")
        if at & 1 or at == last:
            found = node_hash(step, found)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, step)
        at, last = at >> 1, last >> 1
    if last:
        raise ProofError(f"the proof of leaf {index} is too short for a tree of {size}")
    if found != root:
        raise ProofError(f"the proof of leaf {index} does not lead to the root of the tree of {size}")


def verify_consistency(old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Whether the new tree begins with the old one (RFC 9162 section 2.1.4.2). Raises ProofError.

    The RFC leaves out trees that are empty or the same: for them the path is empty, and the roots say it.
    """
    if not 0 <= old <= new <= LARGEST:
        raise ProofError(f"a tree of {new} leaves cannot begin with one of {old}")
    _measured((old_root, new_root, *path))
    if old in (0, new):
        if path:
            raise ProofError(f"from a tree of {old} to one of {new} there is nothing to prove, and a proof came")
        _same(old_root, EMPTY if old == 0 else new_root, old)
        _same(new_root, EMPTY if new == 0 else new_root, new)
        return
    steps = [old_root, *path] if old.bit_count() == 1 else list(path)
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    if not path:
        raise ProofError(f"the proof from {old} to {new} is too short")
    before = after = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise ProofError(f"the proof from {old} to {new} is too long")
        if at & 1 or at == last:
            before, after = node_hash(step, before), node_hash(step, after)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            after = node_hash(after, step)
        at, last = at >> 1, last >> 1
    if last:
        raise ProofError(f"the proof from {old} to {new} is too short")
    _same(before, old_root, old)
    _same(after, new_root, new)


def _folded(roots: Sequence[bytes]) -> bytes:
    """The root over neighbouring complete subtrees, each smaller than the one before it."""
    if not roots:
        return EMPTY
    *others, found = roots
    for root in reversed(others):
        found = node_hash(root, found)
    return found


def _left(size: int) -> int:
    """How many leaves are left of the root: the largest power of two below the size."""
    return 1 << (size - 1).bit_length() - 1


def _measured(hashes: Iterable[bytes]) -> None:
    if any(len(one) != HASH for one in hashes):
        raise ProofError(f"a hash has {HASH} bytes")


def _same(found: bytes, root: bytes, size: int) -> None:
    if found != root:
        raise ProofError(f"the proof does not lead to the root of the tree of {size}")
