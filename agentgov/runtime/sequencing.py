"""How trees of the ledger grow in the store: new leaves into tiles, tiles into the next checkpoint.

Leaves are hashed after their commit, by whoever comes first: a checkpoint is kept only where the one before it is still
the one that was grown from (compare-and-swap), so several processes may try. Nothing is grown past what does not fit:
a leaf that is missing, or a tree that was anchored in the journal with other leaves, or with more of them than the
store has, as after an older backup was restored. Signs nothing itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from agentgov.model.anchored import Anchored
from agentgov.runtime.checkpoints import Checkpoint, sign_checkpoint
from agentgov.runtime.merkle import HASH, Frontier, leaf_hashes, subtree_root
from agentgov.runtime.notes import Sign, VerifierKey, split_note
from agentgov.runtime.tiles import HEIGHT, WIDTH, Tile, TileReader, higher, node_reader
from agentgov.store.port import Transaction, Value
from agentgov.trust.keys import PublicKey

MOST = 16_384  # leaves in one step
# The places of every tree, found by its ends: nothing is counted.
_STANDINGS = (
    "SELECT k.tree, (SELECT max(r.seq) + 1 FROM records r WHERE r.tree = k.tree), c.log, c.size, c.frontier, c.note, "
    "c.time FROM (WITH RECURSIVE k(tree) AS (SELECT min(tree) FROM records UNION ALL "
    "SELECT (SELECT min(r.tree) FROM records r WHERE r.tree > k.tree) FROM k WHERE k.tree IS NOT NULL) "
    "SELECT tree FROM k WHERE tree IS NOT NULL UNION SELECT tree FROM checkpoints) k "
    "LEFT JOIN checkpoints c ON c.tree = k.tree ORDER BY k.tree"
)
_LEAVES = "SELECT seq, leaf FROM records WHERE tree = ? AND seq >= ? AND seq < ? ORDER BY seq"
_TILE = (
    "INSERT INTO tiles (tree, level, place, hashes) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (tree, level, place) DO UPDATE SET hashes = excluded.hashes"
)
_FIRST = (
    "INSERT INTO checkpoints (log, size, frontier, note, time, tree) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (tree) DO NOTHING"
)
_NEXT = (
    "UPDATE checkpoints SET log = ?, size = ?, frontier = ?, note = ?, time = ? WHERE tree = ? AND log = ? "
    "AND size = ? AND frontier = ?"
)


class Anchor(NamedTuple):
    """How far a tree was, by an act of the journal."""

    size: int
    root: str  # in hexadecimal


class Standing(msgspec.Struct, frozen=True):
    """A tree, and its newest checkpoint: `size` 0, an empty `log` and note where there is none."""

    tree: str
    leaves: int  # in the store
    log: str = ""
    size: int = 0
    frontier: bytes = Frontier().encode()
    note: bytes = b""
    time: int = 0  # epoch milliseconds

    @property
    def behind(self) -> int:
        """How many leaves have no checkpoint."""
        return self.leaves - self.size

    @property
    def is_full(self) -> bool:
        """Whether a tile is full of which not every leaf has a checkpoint."""
        return self.leaves // WIDTH > self.size // WIDTH

    @property
    def root(self) -> str:
        """The root of the tree of the checkpoint, in hexadecimal."""
        return Frontier.decode(self.frontier).root.hex()


class Growth(msgspec.Struct, frozen=True):
    """A tree with more leaves than its checkpoint says, and the rows of tiles that go with it."""

    of: Standing
    frontier: Frontier
    tiles: tuple[tuple[int, int, bytes], ...]  # level, place, hashes


class BrokenTreeError(Exception):
    """A tree that does not fit: what is wrong, in one sentence. Nothing more of it is signed."""


def origin_of(fleet: str, log: str, tree: str) -> str:
    """What a tree is called in its checkpoints, for ever."""
    return f"agentgov.dev/fleets/{fleet}/{log}/{tree}"


def log_id(tx: Transaction) -> str:
    """What the ledger of this store is called, "" where it has no name yet."""
    return log_of(tx)[0]


def log_of(tx: Transaction) -> tuple[str, int]:
    """What the ledger is called, and since when (epoch milliseconds)."""
    row = tx.one("SELECT id, began FROM logs ORDER BY number DESC LIMIT 1")
    return (str(row[0]), int(row[1])) if row is not None else ("", 0)


def begin_log(tx: Transaction, fresh: str, now_ms: int, *, again: bool = False) -> str:
    """Name the ledger, unless it has a name, or under another name from now on (`again`); its name."""
    if not again and (known := log_id(tx)):
        return known
    tx.run("INSERT INTO logs (number, id, began) SELECT coalesce(max(number), 0) + 1, ?, ? FROM logs", fresh, now_ms)
    return fresh


def checkpoint_of(tx: Transaction, tree: str) -> bytes:
    """The newest signed note of a tree, b"" where there is none."""
    row = tx.one("SELECT note FROM checkpoints WHERE tree = ?", tree)
    return bytes(row[0]) if row is not None else b""


def end_of(tx: Transaction, tree: str) -> int:
    """How many places a tree has: one behind its last record."""
    row = tx.one("SELECT max(seq) FROM records WHERE tree = ?", tree)
    return int(row[0]) + 1 if row is not None and row[0] is not None else 0


def standings(tx: Transaction) -> tuple[Standing, ...]:
    """Every tree, by name."""
    return tuple(_standing(row) for row in tx.all(_STANDINGS))


def grow(tx: Transaction, of: Standing, anchor: Anchor | None = None, most: int = MOST) -> Growth:
    """The next step of a tree. Raises BrokenTreeError; with the last anchor, also where the tree does not have it."""
    old, end = of.size, min(of.leaves, of.size + most)
    if of.leaves < old:
        raise BrokenTreeError(f"{of.tree} has a checkpoint of {old:,} records, and the store has {of.leaves:,}")
    if anchor is not None and old < anchor.size:
        end = min(end, anchor.size)  # so that the tree is compared before it goes on
    rows = tx.all(_LEAVES, of.tree, old, end)
    for expected, (seq, _) in enumerate(rows, old):
        if seq != expected:
            raise BrokenTreeError(f"record {of.tree}/{expected} is missing")
    if len(rows) != end - old:
        raise BrokenTreeError(f"record {of.tree}/{old + len(rows)} is missing")
    hashes = leaf_hashes(leaf for _, leaf in rows)
    frontier = Frontier.decode(of.frontier).extended(hashes)
    growth = Growth(of, frontier, tuple(_tiles(tx, of.tree, old, hashes)))
    if anchor is not None and end == anchor.size and frontier.root.hex() != anchor.root:
        raise BrokenTreeError(_other(of.tree, anchor))
    return growth


def refuse_anchor(tx: Transaction, of: Standing, anchor: Anchor) -> None:
    """BrokenTreeError where the store has not, or cannot have, what was anchored."""
    if of.leaves < anchor.size:
        raise BrokenTreeError(
            f"the journal says that {of.tree} had {anchor.size:,} records, and the store has {of.leaves:,}"
        )
    if of.size >= anchor.size and root_at(tx, of.tree, of.size, anchor.size) != anchor.root:
        raise BrokenTreeError(_other(of.tree, anchor))


def root_at(tx: Transaction, tree: str, size: int, earlier: int) -> str:
    """The root that a tree of that size had when it was smaller, in hexadecimal. Raises BrokenTreeError."""
    try:
        return subtree_root(0, earlier, node_reader(size, tile_reader(tx, tree))).hex()
    except ValueError as error:
        raise BrokenTreeError(f"the hashes of {tree} are not whole: {error}") from error


def forget_lost(tx: Transaction) -> None:
    """Forget the checkpoints that say more records than there are, so that what is left can be signed again."""
    for one in standings(tx):
        if one.leaves < one.size:
            tx.run("DELETE FROM checkpoints WHERE tree = ?", one.tree)
            tx.run("DELETE FROM tiles WHERE tree = ?", one.tree)


def sign_growth(fleet: str, log: str, growth: Growth, key: PublicKey, sign: Sign) -> bytes:
    """The signed note of a tree that has grown."""
    name = origin_of(fleet, log, growth.of.tree)
    frontier = growth.frontier
    return sign_checkpoint(Checkpoint(name, frontier.size, frontier.root), [(VerifierKey.of(name, key), sign)])


def is_signed_by(fleet: str, one: Standing, key: PublicKey) -> bool:
    """Whether a checkpoint names this key: one that was signed by a key before it is signed again."""
    known = VerifierKey.of(origin_of(fleet, one.log, one.tree), key)
    return any((name, signature[:4]) == (known.name, known.id) for name, signature in split_note(one.note)[1])


def keep(tx: Transaction, growth: Growth, log: str, note: bytes, now_ms: int) -> bool:
    """Keep a checkpoint and the tiles under it; False where another process was first."""
    of, size = growth.of, growth.frontier.size
    values = (log, size, growth.frontier.encode(), note, now_ms, of.tree)
    kept = tx.run(_NEXT, *values, of.log, of.size, of.frontier) if of.log else tx.run(_FIRST, *values)
    if kept == 1:
        tx.many(_TILE, [(of.tree, *tile) for tile in growth.tiles])
    return kept == 1


def tile_reader(tx: Transaction, tree: str) -> TileReader:
    """Tiles of hashes out of the store. ValueError for one that is not there, or too short."""

    def read(tile: Tile) -> bytes:
        row = tx.one(
            "SELECT hashes FROM tiles WHERE tree = ? AND level = ? AND place = ?", tree, tile.level, tile.index
        )
        found = bytes(row[0])[: tile.width * HASH] if row is not None else b""
        if len(found) != tile.width * HASH:
            raise ValueError(f"{tile.path} is missing")
        return found

    return read


def anchors_of(anchored: Iterable[Anchored], log: str) -> dict[str, Anchor]:
    """The last anchor of each tree of that ledger."""
    return {one.tree: Anchor(one.size, one.root) for one in anchored if one.log == log}


def held(standing: Iterable[Standing], anchors: Mapping[str, Anchor]) -> Sequence[tuple[Standing, Anchor]]:
    """The trees that were anchored, with their anchors; also those of which the store has nothing."""
    known = {one.tree: one for one in standing}
    return [(known.get(tree) or Standing(tree, 0), anchor) for tree, anchor in anchors.items()]


def _tiles(tx: Transaction, tree: str, old: int, hashes: Sequence[bytes]) -> Iterable[tuple[int, int, bytes]]:
    """What becomes of tiles when hashes are added to a tree of that size, level by level."""
    level, fresh = 0, list(hashes)
    while fresh:
        place, inside = divmod(old >> HEIGHT * level, WIDTH)
        try:
            before = tile_reader(tx, tree)(Tile(level, place, inside)) if inside else b""
        except ValueError as error:
            raise BrokenTreeError(f"the hashes of {tree} are not whole: {error}") from error
        grown, above = before + b"".join(fresh), []
        for start in range(0, len(grown), WIDTH * HASH):
            part = grown[start : start + WIDTH * HASH]
            yield level, place + start // (WIDTH * HASH), part
            if len(part) == WIDTH * HASH:
                above.append(higher(part))
        level, fresh = level + 1, above


def _standing(row: Sequence[Value]) -> Standing:
    tree, leaves, log, size, frontier, note, time = row
    if log is None:
        return Standing(str(tree), int(leaves or 0))
    return Standing(str(tree), int(leaves or 0), str(log), int(size), bytes(frontier), bytes(note), int(time))  # type: ignore[arg-type]


def _other(tree: str, anchor: Anchor) -> str:
    return f"the first {anchor.size:,} records of {tree} are not those that the journal anchored"
