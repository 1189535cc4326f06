"""The trees that were read lately, bounded by how many entries they hold and not by how many trees.

A commit changes one entry of a wide folder, so most trees equal one that was parsed before in all but a few object ids.
Such trees share a shape: the names and modes that the grammar let through, and where the ids stand between them. A tree
of a known shape is held as one large number: a bitwise XOR with another tells in a few machine operations whether
anything but ids differs, and which. Entries are made of it when somebody asks. Reads through the function that it is
given.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import compress
from operator import is_not
from typing import TypeAlias

from agentgov.model.snapshot import TREE
from agentgov.repo.objects import TreeEntry, parse_tree

Entries: TypeAlias = tuple[TreeEntry, ...]
Difference: TypeAlias = Sequence[tuple[bytes, TreeEntry | None, TreeEntry | None]]

_ROOM = 200_000  # entries in each of two generations: about 100 MB where no two trees share any
_MOST_SHAPES = 512
_ROOM_OF_SHAPES = 400_000  # entries
_ID = 20  # bytes
_ONE_ID = (1 << 8 * _ID) - 1


class _Shape:
    """What trees share that differ in object ids only; worked out when a second one comes."""

    def __init__(self, raw: bytes, entries: Entries) -> None:
        self.size = len(raw)
        self.entries = entries  # of one tree of this shape
        self._raw = raw

    @cached_property
    def places(self) -> list[int]:
        """Where in the bytes each id begins."""
        places, at = [], 0
        for mode, name, _ in self.entries:
            at += (5 if mode == TREE else 6) + len(name) + 2  # the mode in digits, a blank, the name, a NUL
            places.append(at)
            at += _ID
        return places

    @cached_property
    def number(self) -> int:
        """The bytes of the sample."""
        return int.from_bytes(self._raw, "big")

    @cached_property
    def fixed(self) -> int:
        """The bits in which all trees of this shape are equal: those of no id."""
        bits = bytearray(b"\xff" * self.size)
        for place in self.places:
            bits[place : place + _ID] = bytes(_ID)
        return int.from_bytes(bits, "big")

    def difference(self, one: int, other: int) -> list[tuple[bytes, TreeEntry, TreeEntry]]:
        """(name, entry of the one, entry of the other) wherever two trees of this shape differ, in their order."""
        found, bits, places = [], 8 * self.size, self.places
        difference = one ^ other
        while difference:
            which = bisect_right(places, (bits - difference.bit_length()) >> 3) - 1
            mode, name, _ = self.entries[which]
            behind = bits - 8 * (places[which] + _ID)
            old, new = (one >> behind) & _ONE_ID, (other >> behind) & _ONE_ID
            found.append((name, TreeEntry(mode, name, f"{old:040x}"), TreeEntry(mode, name, f"{new:040x}")))
            difference &= (1 << behind) - 1
        return found

    def made(self, number: int) -> Entries:
        """All entries of a tree of this shape; those that the sample has too are the same values."""
        changed = {name: entry for name, _, entry in self.difference(self.number, number)}
        return tuple([changed.get(entry.name, entry) for entry in self.entries])


class _Tree:
    """One tree: its shape, and the number that its bytes are; None where it is the sample of its shape."""

    __slots__ = ("_entries", "_number", "shape")

    def __init__(self, shape: _Shape, number: int | None) -> None:
        self.shape = shape
        self._number = number
        self._entries = shape.entries if number is None else None

    @property
    def number(self) -> int:
        return self.shape.number if self._number is None else self._number

    @property
    def entries(self) -> Entries:
        if self._entries is None:
            self._entries = self.shape.made(self.number)
        return self._entries


class TreeCache:
    """Trees by id. What was asked for lately stays; the older half goes when there are too many."""

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self._read = read
        self._young: dict[str, _Tree] = {}
        self._old: dict[str, _Tree] = {}
        self._weight = 0
        self._shapes: dict[tuple[int, bytes], _Shape] = {}
        self._weight_of_shapes = 0

    def entries(self, oid: str) -> Entries:
        """The entries of a tree, in git's order; whatever reading or parsing raises."""
        return self._tree(oid).entries

    def differing(self, old: str, new: str) -> Difference:
        """(name, old entry, new entry) for every entry in which two trees differ; raises as `entries`."""
        before, after = self._tree(old), self._tree(new)
        if after.shape is not before.shape:
            return differing(before.entries, after.entries)
        return before.shape.difference(before.number, after.number)

    def unknown(self, oids: Sequence[str]) -> list[str]:
        """Those of some trees that would have to be read, each once."""
        young, old = self._young, self._old
        return [oid for oid in dict.fromkeys(oids) if oid not in young and oid not in old]

    def add(self, oid: str, entries: Entries) -> str:
        """Keep a tree that was just written; returns its id."""
        self._keep(oid, _Tree(_Shape(b"", entries), None))
        return oid

    def _tree(self, oid: str) -> _Tree:
        found = self._young.get(oid)
        if found is None:
            found = self._old.get(oid)
            if found is None:
                found = self._parsed(self._read(oid))
            self._keep(oid, found)
        return found

    def _keep(self, oid: str, tree: _Tree) -> None:
        if self._weight > _ROOM:
            self._old, self._young, self._weight = self._young, {}, 0
        self._young[oid] = tree
        self._weight += len(tree.shape.entries) + 4

    def _parsed(self, raw: bytes) -> _Tree:
        key = len(raw), raw[: raw.find(b"\0") + 1]
        shape = self._shapes.get(key)
        if shape is not None:
            number = int.from_bytes(raw, "big")
            if not (number ^ shape.number) & shape.fixed:
                return _Tree(shape, number)
        # Only what others are compared with needs its bytes.
        new = _Shape(raw if shape is None else b"", parse_tree(raw, lenient=True))
        if shape is None:
            self._learn(key, new)
        return _Tree(new, None)

    def _learn(self, key: tuple[int, bytes], shape: _Shape) -> None:
        weight = len(shape.entries)
        if len(self._shapes) >= _MOST_SHAPES or self._weight_of_shapes + weight > _ROOM_OF_SHAPES:
            self._shapes, self._weight_of_shapes = {}, 0
        self._weight_of_shapes += weight
        self._shapes[key] = shape


def differing(old: Sequence[TreeEntry], new: Sequence[TreeEntry]) -> Difference:
    """(name, old entry, new entry) for every entry in which two folders differ; quick where most of them are shared."""
    if len(old) == len(new):
        places = list(compress(range(len(old)), map(is_not, old, new)))
        before, after = [old[place] for place in places], [new[place] for place in places]
        if all(one.name == other.name for one, other in zip(before, after, strict=True)):
            return [(one.name, one, other) for one, other in zip(before, after, strict=True) if one != other]
    else:
        start, most = 0, min(len(old), len(new))
        while start < most and old[start] == new[start]:
            start += 1
        end = 0
        while end < most - start and old[-1 - end] == new[-1 - end]:
            end += 1
        before, after = list(old[start : len(old) - end]), list(new[start : len(new) - end])
    olds, news = {entry.name: entry for entry in before}, {entry.name: entry for entry in after}
    pairs = ((name, olds.get(name), news.get(name)) for name in dict.fromkeys((*olds, *news)))
    return [pair for pair in pairs if pair[1] != pair[2]]
