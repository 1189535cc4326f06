"""The entries of trees that were read lately, bounded by how many entries they hold and not by how many trees.

A commit changes one entry of a wide folder, so most trees equal one that was parsed before in all but a few object ids.
Such a tree takes over the entries of that one: where no byte outside of the ids differs, its modes, names and order are
those that the grammar let through. Any other tree is parsed as a whole. Reads through the function that it is given.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import NamedTuple

from agentgov.model.snapshot import TREE
from agentgov.repo.objects import TreeEntry, parse_tree

Entries = tuple[TreeEntry, ...]

_ROOM = 200_000  # entries in each of two generations: about 100 MB where no two trees share any
_NARROW = 12  # entries up to which one look at each is quicker than a search for what differs
_MOST_DIFFERENT = 32
_MOST_SHAPES = 512
_ROOM_OF_SHAPES = 16 * 2**20  # bytes
_ID = 20  # bytes


class _Shape(NamedTuple):
    """A tree as it was last seen in this shape: its bytes, its entries, and where in the bytes their ids begin, which
    is worked out when another tree of this shape comes."""

    raw: bytes
    entries: Entries
    ids: list[int]


class TreeCache:
    """Entries by tree id. What was asked for lately stays; the older half goes when there are too many."""

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self._read = read
        self._young: dict[str, Entries] = {}
        self._old: dict[str, Entries] = {}
        self._weight = 0
        self._shapes: dict[tuple[int, bytes], _Shape] = {}
        self._bytes_of_shapes = 0

    def entries(self, oid: str) -> Entries:
        """The entries of a tree, in git's order; whatever reading or parsing raises."""
        found = self._young.get(oid)
        if found is None:
            found = self._old.get(oid)
            if found is None:
                found = self._parsed(self._read(oid))
            self._keep(oid, found)
        return found

    def unknown(self, oids: Sequence[str]) -> list[str]:
        """Those of some trees that would have to be read, each once."""
        young, old = self._young, self._old
        return [oid for oid in dict.fromkeys(oids) if oid not in young and oid not in old]

    def add(self, oid: str, entries: Entries) -> str:
        """Keep a tree that was just written; returns its id."""
        self._keep(oid, entries)
        return oid

    def _keep(self, oid: str, entries: Entries) -> None:
        if self._weight > _ROOM:
            self._old, self._young, self._weight = self._young, {}, 0
        self._young[oid] = entries
        self._weight += len(entries) + 4

    def _parsed(self, raw: bytes) -> Entries:
        key = len(raw), raw[: raw.find(b"\0") + 1]
        shape = self._shapes.get(key)
        if shape is not None and not shape.ids:
            shape = shape._replace(ids=_places_of_ids(shape.entries))
        found = _fitted(raw, shape) if shape is not None else None
        if shape is not None and found is not None:
            self._shapes[key] = _Shape(raw, found, shape.ids)
            return found
        found = parse_tree(raw, lenient=True)
        if found:
            self._learn(key, _Shape(raw, found, []))
        return found

    def _learn(self, key: tuple[int, bytes], shape: _Shape) -> None:
        if len(self._shapes) >= _MOST_SHAPES or self._bytes_of_shapes + len(shape.raw) > _ROOM_OF_SHAPES:
            self._shapes, self._bytes_of_shapes = {}, 0
        if key not in self._shapes:
            self._bytes_of_shapes += len(shape.raw)
        self._shapes[key] = shape


def _fitted(raw: bytes, shape: _Shape) -> Entries | None:
    """The entries of a tree as long as one that is known, None where it differs in more than ids, or in very many."""
    known, entries, ids = shape
    if len(ids) <= _NARROW:
        return _one_by_one(raw, shape)
    changed: dict[int, TreeEntry] = {}
    at = 0
    while (at := first_difference(raw, known, at)) < len(raw):
        place = bisect_right(ids, at) - 1
        if place < 0 or at >= ids[place] + _ID or len(changed) == _MOST_DIFFERENT:
            return None
        mode, name, _ = entries[place]
        at = ids[place] + _ID
        changed[place] = TreeEntry(mode, name, raw[ids[place] : at].hex())
    found = list(entries)
    for place, entry in changed.items():
        found[place] = entry
    return tuple(found)


def _one_by_one(raw: bytes, shape: _Shape) -> Entries | None:
    known, entries, ids = shape
    found, at = [], 0
    for entry, place in zip(entries, ids, strict=True):
        if raw[at:place] != known[at:place]:
            return None
        at = place + _ID
        oid = raw[place:at]
        found.append(entry if oid == known[place:at] else TreeEntry(entry.mode, entry.name, oid.hex()))
    return tuple(found)


def first_difference(one: bytes, other: bytes, start: int) -> int:
    """Where two texts of one length differ first, from a place on; their length where they do not."""
    if one[start:] == other[start:]:
        return len(one)
    low, high = start, len(one)  # they differ somewhere in between, and not before `low`
    while high - low > 1:
        middle = (low + high) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle
    return low


def _places_of_ids(entries: Entries) -> list[int]:
    places, at = [], 0
    for mode, name, _ in entries:
        at += (5 if mode == TREE else 6) + len(name) + 2  # the mode in digits, a blank, the name, a NUL
        places.append(at)
        at += _ID
    return places
