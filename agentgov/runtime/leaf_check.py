"""Whether the leaves of the ledger are those of its tree, in stretches that several processes can share.

Decides from leaves and the hashes kept of them which leaf is the first that does not fit: changed, out of its place, or
not written as leaves are. What fits becomes a frontier; the frontiers of neighbouring stretches are joined, and whether
their root is the signed one, the caller asks. Payloads are looked at apart: their leaves have to be good first.

Nearly always everything is well, and `sound` says so at once for a whole page; where it does not, the leaves are looked
at one by one for what is wrong, and which is the first.
"""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec

from agentgov.runtime.ledger import FIRST, SALT, UNREADABLE, Leaf, commitment
from agentgov.runtime.merkle import Frontier, leaf_hash

_SHORTEST = 12  # a stretch has 2^12 leaves or more, so that starting on one costs nothing
_EACH = 8  # stretches for each process, so that all end at about the same time
_ENCODER = msgspec.json.Encoder(order="sorted")  # any canonical JSON of a leaf
_written = msgspec.json.Encoder(order="deterministic").encode  # what `Leaf` has the order for (`ledger`)
_read = msgspec.json.Decoder(Leaf).decode
_MISFILED = "the record is found by other words than it says"


class Page(NamedTuple):
    """Neighbouring leaves, None for one that is not there, and what each is searched for by: column by column, `time`,
    `type`, `agent`, `actor`, `tool` and `purpose`; without columns nothing is searched. `subjects` are the digests that
    subjects are searched for by, which follow from no leaf: only whether there is one does."""

    leaves: Sequence[bytes | None]
    filed: tuple[Sequence[Any], ...] = ()
    subjects: Sequence[str | None] = ()


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


def sound(tree: str, first: int, page: Page, row: bytes | None) -> Sequence[Leaf] | None:
    """The leaves as values, where all are there and each is what it was and found by what it says; else None. None is
    no verdict: there are leaves that only the slower way can read.

    `row` is the hashes kept in the tiles, one after the other; None where there are none yet.
    """
    leaves = [leaf for leaf in page.leaves if leaf is not None]
    try:
        said = list(map(_read, leaves))
    except UNREADABLE:
        return None
    if [one.seq for one in said] != list(range(first, first + len(page.leaves))):
        return None
    if list(map(_written, said)) != leaves or (page.filed and _columns(tree, said) != page.filed):
        return None
    if row is not None and b"".join([sha256(b"\0" + leaf).digest() for leaf in leaves]) != row:
        return None
    return said


def is_payload_of(leaf: Leaf, salt: bytes, payload: bytes) -> bool:
    """Whether a good leaf commits to a payload."""
    return len(salt) >= SALT and sha256(salt + payload).hexdigest() == leaf.payload


def misfiled(tree: str, first: int, page: Page, kept: Container[int]) -> Iterator[Flaw]:
    """The records that are searched for by other words than their leaves say. Of a leaf that cannot be read, others
    tell. `kept` are the places that have a payload (`unfound`)."""
    for at, leaf in enumerate(page.leaves if page.filed else ()):
        if leaf is None:
            continue
        try:
            said = _read(leaf)
        except UNREADABLE:
            continue
        words = zip(_columns(tree, [said]), page.filed, strict=True)
        if any(one[0] != column[at] for one, column in words):
            yield Flaw(first + at, _MISFILED)
        else:
            yield from unfound(first + at, [said], page.subjects[at : at + 1], kept)


def unfound(first: int, said: Sequence[Leaf], subjects: Sequence[str | None], kept: Container[int]) -> Iterator[Flaw]:
    """The records that are about a subject and not searched for by one, or the other way round. A subject is erased
    together with the payload, after which nothing finds it."""
    for seq, (leaf, subject) in enumerate(zip(said, subjects, strict=False), first):
        if bool(leaf.subject) != bool(subject) and (subject or seq in kept):
            yield Flaw(seq, _MISFILED)


def _columns(tree: str, said: Sequence[Leaf]) -> tuple[list[Any], ...]:
    """What leaves are searched for by; before there were trees, none was for a tool."""
    tools = [""] * len(said) if tree == FIRST else [one.refs.get("tool", "") for one in said]
    of_whom = [one.agent for one in said], [one.actor for one in said]
    return [one.time for one in said], [one.type for one in said], *of_whom, tools, [one.purpose for one in said]


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
    except UNREADABLE:
        return "the leaf is no JSON"
    if type(content) is not dict or _ENCODER.encode(content) != leaf:
        return "the leaf is not canonical JSON"
    said = content.get("seq")
    return None if type(said) is int and said == place else f"the leaf says that its number is {said!r}"
