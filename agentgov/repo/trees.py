"""The trees that were read lately, bounded by how many entries they hold and not by how many trees.

A commit changes one entry of a wide folder, so most trees equal one that was parsed before in all but a few object ids.
Such trees share a shape: the names and modes that the grammar let through, and where the bytes of each entry stand. A
tree of a known shape is held as its bytes: halves that are equal are passed by, so few comparisons of memory tell which
entries differ, and whether in more than ids. Entries are made of it when somebody asks. Reads through the function that
it is given.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import accumulate, compress
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


class _Shape:
    """What trees share that differ in object ids only; worked out when a second one comes."""

    def __init__(self, raw: bytes, entries: Entries) -> None:
        self.entries = entries  # of one tree of this shape
        self.raw = raw
        self.latest = raw  # the next tree most likely differs from this one in little

    @cached_property
    def edges(self) -> list[int]:
        """Where in the bytes each entry begins: the mode in digits, a blank, the name, a NUL, the id; and the end."""
        sizes = ((5 if mode == TREE else 6) + len(name) + 2 + _ID for mode, name, _ in self.entries)
        return [0, *accumulate(sizes)]

    def differing(self, one: bytes, other: bytes) -> list[int]:
        """The places of the entries whose bytes differ, in their order."""
        found, edges = [], self.edges
        todo = [(0, len(self.entries))] if one != other else []
        while todo:
            start, end = todo.pop()  # of entries of which at least one differs
            while end - start > 1:
                middle = (start + end) >> 1
                half = edges[middle]
                if one.startswith(other[edges[start] : half], edges[start]):
                    start = middle
                    continue
                if not one.startswith(other[half : edges[end]], half):
                    todo.append((middle, end))
                end = middle
            found.append(start)
        return found

    def takes(self, raw: bytes) -> bool:
        """Whether a tree that is as long as these differs from them in ids only."""
        edges, latest = self.edges, self.latest
        for place in self.differing(latest, raw):
            at, behind = edges[place], edges[place + 1] - _ID
            if raw[at:behind] != latest[at:behind]:
                return False
        self.latest = raw
        return True

    def difference(self, one: bytes, other: bytes) -> list[tuple[bytes, TreeEntry, TreeEntry]]:
        """(name, entry of the one, entry of the other) wherever two trees of this shape differ, in their order."""
        found = []
        for place in self.differing(one, other):
            mode, name, _ = self.entries[place]
            behind = self.edges[place + 1]
            old, new = one[behind - _ID : behind].hex(), other[behind - _ID : behind].hex()
            found.append((name, TreeEntry(mode, name, old), TreeEntry(mode, name, new)))
        return found

    def made(self, raw: bytes) -> Entries:
        """All entries of a tree of this shape; those that the sample has too are the same values."""
        entries = list(self.entries)
        for place in self.differing(self.raw, raw):
            mode, name, _ = entries[place]
            behind = self.edges[place + 1]
            entries[place] = TreeEntry(mode, name, raw[behind - _ID : behind].hex())
        return tuple(entries)


class _Tree:
    """One tree: its shape, and its bytes; None where it is the sample of its shape."""

    __slots__ = ("_entries", "_raw", "shape")

    def __init__(self, shape: _Shape, raw: bytes | None) -> None:
        self.shape = shape
        self._raw = raw
        self._entries = shape.entries if raw is None else None

    @property
    def raw(self) -> bytes:
        return self.shape.raw if self._raw is None else self._raw

    @property
    def entries(self) -> Entries:
        if self._entries is None:
            self._entries = self.shape.made(self.raw)
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
        return before.shape.difference(before.raw, after.raw)

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
        if shape is not None and shape.takes(raw):
            return _Tree(shape, raw)
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
