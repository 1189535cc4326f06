"""Where a ledger can be read: the store of a gate, or a folder that was exported (docs/ledger.md has its form)."""

import base64
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import TypeVar

import msgspec

from agentgov.errors import IncompleteError
from agentgov.runtime import sequencing
from agentgov.runtime.checkpoints import unverified_checkpoint
from agentgov.runtime.disposals import KINDS, Disposals, disposals
from agentgov.runtime.leaf_check import Page
from agentgov.runtime.ledger import UNREADABLE
from agentgov.runtime.merkle import HASH
from agentgov.runtime.notes import NoteError
from agentgov.runtime.subjects import known_index
from agentgov.runtime.tiles import WIDTH, Tile, TileReader, decode_bundle, tile_at
from agentgov.store.port import Store, Transaction

T = TypeVar("T")
CHECKPOINT, PAYLOADS, ANCHORS = "checkpoint", "payloads", "anchors"
ALL_PAYLOADS = "payloads.jsonl"  # where versions before wrote all of them
_TILES = "SELECT place, hashes FROM tiles WHERE tree = ? AND level = ? AND place >= ? AND place < ?"
_RECORDS = (
    "SELECT seq, leaf, subject, time, type, agent, actor, tool, purpose FROM records "
    "WHERE tree = ? AND seq >= ? AND seq < ?"
)
_NOTHING = (None,) * 9  # the row of a record that is not there
_BLOCK = 16  # tiles that are read together
# By the index of types, of which these are few: `tree = ?` would have every row of a tree looked at.
_TOLD = "SELECT leaf FROM records WHERE tree || '' = ? AND type = ? ORDER BY seq"
_UNSIGNED = "SELECT 1 FROM records WHERE tree = ? AND seq >= ? AND type IN (?, ?) LIMIT 1"
_PAYLOADS = "SELECT seq, salt, payload FROM payloads WHERE tree = ? AND seq >= ? AND seq < ? ORDER BY seq"


class PayloadLine(msgspec.Struct, frozen=True):
    """One line of a file of payloads: the salt in hexadecimal, the payload in base64."""

    seq: int
    salt: str
    payload: str

    @property
    def values(self) -> tuple[int, bytes, bytes]:
        """Place, salt and payload. ValueError where they are not written so."""
        return self.seq, bytes.fromhex(self.salt), base64.b64decode(self.payload, validate=True)


def payload_line(seq: int, salt: bytes, payload: bytes) -> bytes:
    """A line of a file of payloads, without its end."""
    return msgspec.json.encode(PayloadLine(seq, salt.hex(), base64.b64encode(payload).decode()))


class StoreSource:
    """The store, opened by each process when it is asked for the first time: a fork cannot use its parent's."""

    def __init__(self, opens: Callable[[], Store]) -> None:
        self._opens = opens
        self._opened: tuple[int, Store] | None = None  # by which process
        self._disposals: dict[str, Disposals] = {}

    def close(self) -> None:
        """Let go; what is asked for later opens it again."""
        if self._opened is not None and self._opened[0] == os.getpid():
            self._opened[1].close()
        self._opened = None

    def log(self) -> str:
        """What the ledger is called."""
        return self.read(sequencing.log_id)

    def trees(self) -> tuple[str, ...]:
        """Every tree that has a record."""
        return tuple(one.tree for one in self.read(sequencing.standings))

    def checkpoint(self, tree: str) -> bytes:
        """The newest signed note of a tree."""
        return self.read(lambda tx: sequencing.checkpoint_of(tx, tree))

    def end(self, tree: str) -> int:
        """How many places the tree has."""
        return self.read(lambda tx: sequencing.end_of(tx, tree))

    def leaves(self, tree: str, first: int, end: int) -> Sequence[bytes | None]:
        """The leaves in these places."""
        return self.page(tree, first, end).leaves

    def page(self, tree: str, first: int, end: int) -> Page:
        """The leaves in these places, and what they are searched for by."""
        # They come in their order already, or nearly: a database that is asked to sort them copies every leaf.
        rows = sorted(self.read(lambda tx: tx.all(_RECORDS, tree, first, end)), key=itemgetter(0))
        if len(rows) != end - first:
            found = {row[0]: row for row in rows}
            rows = [found.get(seq, _NOTHING) for seq in range(first, end)]
        _, leaves, subjects, *filed = map(list, zip(*rows, strict=True))
        return Page(leaves, tuple(filed), subjects)

    def payloads(self, tree: str, first: int, end: int) -> Iterable[tuple[int, bytes, bytes]]:
        """What is kept for these places."""
        rows = self.read(lambda tx: tx.all(_PAYLOADS, tree, first, end))
        return [(int(seq), bytes(salt), bytes(payload)) for seq, salt, payload in rows]

    def tiles(self, tree: str) -> TileReader:
        """The tiles of hashes, of which neighbours are read together."""

        @lru_cache(maxsize=8)
        def near(level: int, block: int) -> dict[int, bytes]:
            bounds = block * _BLOCK, (block + 1) * _BLOCK
            rows = self.read(lambda tx: tx.all(_TILES, tree, level, *bounds))
            return {int(place): bytes(hashes) for place, hashes in rows}

        def read(tile: Tile) -> bytes:
            assert tile.level != "entries", "leaves are asked for as leaves"
            found = near(tile.level, tile.index // _BLOCK).get(tile.index, b"")[: tile.width * HASH]
            if len(found) != tile.width * HASH:
                raise ValueError(f"{tile.path} is missing")
            return found

        return read

    def whole(self, tree: str) -> bool:
        """A store has every payload that nothing says is gone."""
        return True

    def disposals(self, tree: str, *, fresh: bool = False) -> Disposals:
        """What the tree says of what it lacks."""
        if fresh or tree not in self._disposals:
            self._disposals[tree] = disposals(self.told(tree))
        return self._disposals[tree]

    def told(self, tree: str) -> Sequence[bytes]:
        """The leaves that say what was disposed of."""
        rows = [row for kind in KINDS for row in self.read(lambda tx, kind=kind: tx.all(_TOLD, tree, kind))]  # type: ignore[misc]
        return [bytes(leaf) for (leaf,) in rows]

    def index_of(self, subject: str) -> str:
        """The digest that records about a subject are found by."""
        return self.read(lambda tx: known_index(tx, subject))

    def disposes_after(self, tree: str, end: int) -> bool:
        """Whether something was disposed of and what says so stands from that place on."""
        return self.read(lambda tx: tx.one(_UNSIGNED, tree, end, *KINDS)) is not None

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Some work on the store."""
        if self._opened is None or self._opened[0] != os.getpid():
            self._opened = os.getpid(), self._opens()
        return self._opened[1].read(work).result()


class FolderSource:
    """A folder with a folder for each tree."""

    index_of = None  # in a folder nothing is found by its subject

    def __init__(self, folder: Path, *, payloads: bool = True) -> None:
        """`payloads`: whether they are to be there, too."""
        self._folder, self._with_payloads = folder, payloads
        self._payloads: dict[str, dict[int, tuple[bytes, bytes]]] = {}
        self._hashes: dict[str, int] = {}  # how many there are in the lowest tiles, of trees that were asked for
        self._disposals: dict[str, Disposals] = {}

    def trees(self) -> tuple[str, ...]:
        """Every tree that was exported. IncompleteError where there is no such folder."""
        if not self._folder.is_dir():
            raise IncompleteError(f"{self._folder} is no folder", "name what `agentgov ledger export` wrote")
        return tuple(sorted(path.name for path in self._folder.iterdir() if (path / CHECKPOINT).is_file()))

    def checkpoint(self, tree: str) -> bytes:
        """The signed note."""
        return self._bytes(tree, CHECKPOINT) or b""

    def end(self, tree: str) -> int:
        """How many leaves were exported: those under the checkpoint, at most as many as there are hashes of."""
        try:
            size = unverified_checkpoint(self.checkpoint(tree)).size
        except NoteError:
            return 0
        if tree not in self._hashes:
            files = (self._folder / tree / "tile/0").rglob("[!.]*")
            self._hashes[tree] = sum(min(one.stat().st_size // HASH, WIDTH) for one in files if one.is_file())
        return min(size, self._hashes[tree])

    def leaves(self, tree: str, first: int, end: int) -> Sequence[bytes | None]:
        """The leaves in these places; what does not read as a bundle is not there."""
        size, found = self.end(tree), list[bytes | None]()
        for index in range(first // WIDTH, -(-end // WIDTH)):
            tile = tile_at("entries", index, size)
            raw = self._bytes(tree, tile.path)
            if raw is None:
                found += [None] * tile.width
                continue
            try:
                found += decode_bundle(raw, tile.width)
            except ValueError:
                found += [b""] * tile.width  # which is the leaf of no record
        return found[first % WIDTH :][: end - first]

    def page(self, tree: str, first: int, end: int) -> Page:
        """The leaves in these places; in a folder nothing is searched for."""
        return Page(self.leaves(tree, first, end))

    def payloads(self, tree: str, first: int, end: int) -> Iterator[tuple[int, bytes, bytes]]:
        """What was exported for these places. IncompleteError for a line that is none."""
        if tree not in self._payloads:
            self._payloads[tree] = dict(self._lines(tree))
        known = self._payloads[tree]
        return ((seq, *known[seq]) for seq in range(first, end) if seq in known)

    def _lines(self, tree: str) -> Iterator[tuple[int, tuple[bytes, bytes]]]:
        folder, end, known = self._folder / tree, self.end(tree), set[int]()
        for path in (folder / ALL_PAYLOADS, *sorted((folder / PAYLOADS).glob("[!.]*"))):
            before, name = -1, str(path.relative_to(folder))
            for number, line in enumerate((self._bytes(tree, name) or b"").splitlines(), 1):
                try:
                    told = msgspec.json.decode(line, type=PayloadLine)
                    seq, salt, payload = told.values
                    if not before < seq < end or seq in known or payload_line(*told.values) != line:
                        raise ValueError("it is out of order, there twice, or not written as payloads are")
                    before = seq
                    known.add(seq)
                except UNREADABLE as error:
                    raise IncompleteError(f"{path}, line {number}: {error}", "export it again") from None
                yield seq, (salt, payload)

    def tiles(self, tree: str) -> TileReader:
        """The tiles of hashes."""

        def read(tile: Tile) -> bytes:
            raw = self._bytes(tree, tile.path)
            if raw is None:
                raise ValueError(f"{tile.path} is missing")
            return raw

        return read

    def whole(self, tree: str) -> bool:
        """Whether payloads are to be there."""
        return self._with_payloads

    def disposals(self, tree: str, *, fresh: bool = False) -> Disposals:
        """What the tree says of what it lacks; files do not change."""
        del fresh
        if tree not in self._disposals:
            self._disposals[tree] = disposals(self.told(tree))
        return self._disposals[tree]

    def told(self, tree: str) -> Sequence[bytes]:
        """The leaves that say what was disposed of, and perhaps some that only look so."""
        words = [f'"type":"{kind}"'.encode() for kind in KINDS]
        leaves = (leaf for leaf in self.leaves(tree, 0, self.end(tree)) if leaf is not None)
        return [leaf for leaf in leaves if any(word in leaf for word in words)]

    def _bytes(self, tree: str, name: str) -> bytes | None:
        path = self._folder / tree / name
        try:
            if path.exists() and not path.is_file():  # of a pipe or a device nothing would ever come
                raise IncompleteError(f"{path} cannot be read: it is no file")
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise IncompleteError(f"{path} cannot be read: {error.strerror}") from error
