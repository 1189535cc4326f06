"""Tiles: how the hashes and leaves of a tree lie in files (c2sp.org/tlog-tiles), so that any static server serves them.

Decides paths, widths and bytes; reads and writes nothing. Tile (level, index) holds the 256 neighbouring nodes of the
tree's level 8 * level; the last tile of a level may be partial, and the levels between are hashed from it. A bundle
holds the leaves under a tile of level 0. Only one spelling of a path and of a bundle is read.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

from agentgov.runtime.merkle import HASH, LARGEST, NodeReader, root_of

HEIGHT = 8  # levels of the tree in a tile
WIDTH = 1 << HEIGHT  # hashes in a full tile
LONGEST_LEAF = 0xFFFF  # bytes
Level: TypeAlias = int | Literal["entries"]
TileReader: TypeAlias = Callable[["Tile"], bytes]

_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?\Z", re.ASCII)
_TOP_LEVEL = 63
_KEPT = 256  # tiles in the memory of a reader


@dataclass(frozen=True, slots=True)
class Tile:
    """One file: hashes of a level, or the leaves of a bundle (level "entries")."""

    level: Level
    index: int
    width: int = WIDTH

    def __post_init__(self) -> None:
        known = self.level == "entries" or 0 <= self.level <= _TOP_LEVEL
        if not known or self.index < 0 or not 1 <= self.width <= WIDTH:
            raise ValueError(f"there is no tile {self.index} of level {self.level} and width {self.width}")

    @property
    def first(self) -> int:
        """The index of its first hash or leaf in its level."""
        return self.index * WIDTH

    @property
    def end(self) -> int:
        """The index after its last hash or leaf in its level."""
        return self.first + self.width

    @property
    def path(self) -> str:
        """Where it lies: `tile/<L>/<N>[.p/<W>]`, N in groups of three digits, all but the last behind an x."""
        digits = str(self.index)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
        number = "".join(f"x{group}/" for group in groups[:-1]) + groups[-1]
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{self.level}/{number}{partial}"


def parse_path(path: str) -> Tile:
    """The tile that a path names; ValueError for any spelling that `Tile.path` does not write."""
    match = _PATH.match(path)
    if match is None:
        raise ValueError(f"{path[:100]!r} is no path of a tile")
    level, number, width = match.groups()
    index = int(number.replace("x", "").replace("/", ""))
    tile = Tile("entries" if level == "entries" else int(level), index, int(width or WIDTH))
    if index * WIDTH > LARGEST or tile.path != path:
        raise ValueError(f"{path[:100]!r} is not how the path of a tile is written")
    return tile


def tile_at(level: Level, index: int, size: int) -> Tile:
    """A tile of a tree of that size, as wide as it is there; ValueError where the tree has nothing in it."""
    width = min(_in_level(level, size) - index * WIDTH, WIDTH)
    if width < 1:
        raise ValueError(f"a tree of {size} leaves has no tile {index} of level {level}")
    return Tile(level, index, width)


def tiles_between(old: int, new: int) -> Iterator[Tile]:
    """The hash tiles to write when a tree grows, level by level: what became full, and what is partial now."""
    level = 0
    while _in_level(level, new):
        yield from _grown(level, old, new)
        level += 1


def bundles_between(old: int, new: int) -> Iterator[Tile]:
    """The bundles of leaves to write when a tree grows."""
    yield from _grown("entries", old, new)


def higher(tile_bytes: bytes) -> bytes:
    """The hash of a full tile, which is one hash of the tile above."""
    if len(tile_bytes) != WIDTH * HASH:
        raise ValueError("only a full tile is hashed into the one above")
    return root_of(split(tile_bytes))


def split(tile_bytes: bytes, width: int | None = None) -> list[bytes]:
    """The hashes in a tile, `width` of them where that is known; ValueError for another number of bytes."""
    count, rest = divmod(len(tile_bytes), HASH)
    if rest or not 1 <= count <= WIDTH or width not in (None, count):
        raise ValueError(f"a tile of {width or 'some'} hashes of {HASH} bytes cannot have {len(tile_bytes)} bytes")
    return [tile_bytes[start : start + HASH] for start in range(0, len(tile_bytes), HASH)]


def node_reader(size: int, read: TileReader) -> NodeReader:
    """The nodes of a tree of that size out of its tiles. `read` answers the bytes of a tile; a few are remembered.

    What is read is not believed here: proofs made of it lead to the signed root, or they are refused.
    """

    @lru_cache(maxsize=_KEPT)
    def hashes(level: int, index: int) -> list[bytes]:
        tile = tile_at(level, index, size)
        return split(read(tile), tile.width)

    def node(level: int, index: int) -> bytes:
        tile_level, inner = divmod(level, HEIGHT)
        tile, first = divmod(index << inner, WIDTH)
        some = hashes(tile_level, tile)[first : first + (1 << inner)]
        if len(some) != 1 << inner:
            raise ValueError(f"a tree of {size} leaves has no complete subtree {index} of level {level}")
        return some[0] if inner == 0 else root_of(some)

    return node


def encode_bundle(leaves: Sequence[bytes]) -> bytes:
    """A bundle: each leaf behind its length in two bytes, big-endian."""
    if not 1 <= len(leaves) <= WIDTH:
        raise ValueError(f"a bundle holds 1 to {WIDTH} leaves, and not {len(leaves)}")
    if any(len(leaf) > LONGEST_LEAF for leaf in leaves):
        raise ValueError(f"a leaf in a bundle has at most {LONGEST_LEAF} bytes")
    return b"".join([len(leaf).to_bytes(2, "big") + leaf for leaf in leaves])


def decode_bundle(bundle: bytes, width: int) -> list[bytes]:
    """The leaves of a bundle of exactly that many; ValueError for anything before, between or after them."""
    leaves, at = [], 0
    while at < len(bundle):
        start = at + 2
        at = start + int.from_bytes(bundle[at:start], "big")
        leaves.append(bundle[start:at])
    if at != len(bundle) or len(leaves) != width:
        raise ValueError(f"these bytes are no bundle of {width} leaves")
    return leaves


def _in_level(level: Level, size: int) -> int:
    """How many hashes the tiles of a level hold in a tree of that size (floor(s / 256**l)), or bundles leaves."""
    return size if level == "entries" else size >> HEIGHT * level


def _grown(level: Level, old: int, new: int) -> Iterator[Tile]:
    before, count = _in_level(level, old), _in_level(level, new)
    if before < count:
        for index in range(before // WIDTH, -(-count // WIDTH)):
            yield Tile(level, index, min(count - index * WIDTH, WIDTH))
