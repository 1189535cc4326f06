"""Whether the leaves of the ledger are those of its tree, in stretches that several processes can share.

Decides from leaves and the hashes kept of them which leaf is the first that does not fit: changed, out of its place, or
not written as leaves are. What fits becomes a frontier; the frontiers of neighbouring stretches are joined, and whether
their root is the signed one, the caller asks. Payloads are looked at apart: their leaves have to be good first.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from agentgov.runtime.ledger import commitment
from agentgov.runtime.merkle import Frontier, leaf_hash

_SHORTEST = 12  # a stretch has 2^12 leaves or more, so that starting on one costs nothing
_EACH = 8  # stretches for each process, so that all end at about the same time
_ENCODER = msgspec.json.Encoder(order="sorted")  # as leaves are written (`ledger`)


@dataclass(frozen=True, slots=True)
class Flaw:
    """The first leaf that is not what it was, and why."""

    seq: int
    message: str


def stretches(size: int, processes: int, first: int = 0) -> Iterator[tuple[int, int]]:
    """(first, end) of stretches over the leaves up to `size` that can be checked apart and joined in this order.

    `first` is the size of the tree that they are joined to. From an odd place the first ones are small, because no
    complete subtree begins there that is larger than what divides it.
    """
    longest = 1 << max(((size - first) // (processes * _EACH)).bit_length() - 1, _SHORTEST)
    while first < size:
        end = min(first + min(first & -first or longest, longest), size)
        yield first, end
        first = end


def verify_range(first: int, leaves: Sequence[bytes | None], hashes: Sequence[bytes] | None = None) -> Frontier | Flaw:
    """The frontier of the leaves from `first` on, or the first of them that does not fit.

    `hashes` are those kept in the tiles. A leaf that was pruned is None, and only its hash is left. Without `hashes`,
    a changed leaf is not found here but by the root.
    """
    if hashes is not None and len(hashes) != len(leaves):
        return Flaw(first + min(len(hashes), len(leaves)), "there are more leaves than hashes, or fewer")
    found: list[bytes] = []
    for at, leaf in enumerate(leaves):
        kept = None if hashes is None else hashes[at]
        if leaf is None:
            if kept is None:
                return Flaw(first + at, "the leaf is missing")
            found.append(kept)
            continue
        hashed = leaf_hash(leaf)
        if kept is not None and hashed != kept:
            return Flaw(first + at, "the leaf is not the one whose hash is in the tree")
        if (problem := _misplaced(leaf, first + at)) is not None:
            return Flaw(first + at, problem)
        found.append(hashed)
    return Frontier().extended(found)


def joined(parts: Iterable[tuple[int, Frontier | Flaw]], start: Frontier | None = None) -> Frontier | Flaw:
    """The tree of stretches (first, what was found there) in their order, or the first flaw in it."""
    grown = start or Frontier()
    for first, part in parts:
        if isinstance(part, Flaw):
            return part
        if first != grown.size:
            return Flaw(grown.size, "the leaf is missing")
        grown = grown.joined(part)
    return grown


def payload_flaw(seq: int, leaf: bytes, salt: bytes, payload: bytes) -> Flaw | None:
    """What is wrong with a payload: a good leaf commits to it, or it is not the one."""
    said = msgspec.json.decode(leaf, type=dict[str, Any]).get("payload", "")
    if not said:
        return Flaw(seq, "there is a payload, and the leaf commits to none")
    return None if commitment(salt, payload) == said else Flaw(seq, "the payload is not the one the leaf commits to")


def _misplaced(leaf: bytes, place: int) -> str | None:
    try:
        content = msgspec.json.decode(leaf)
    except ValueError:
        return "the leaf is no JSON"
    if type(content) is not dict or _ENCODER.encode(content) != leaf:
        return "the leaf is not canonical JSON"
    said = content.get("seq")
    return None if type(said) is int and said == place else f"the leaf says that its number is {said!r}"
