"""Whether a tree of the ledger is whole: leaves, payloads, hashes, its signed checkpoint, what the journal anchored.

Decides from what a source says, wherever that lies (`ledger_sources`). Every flaw names the first record that it is
about. What is after the checkpoint is not signed yet: it is read all the same, and told apart. What was pruned or
erased is missing with a record that says so (`disposals`); what is missing without one is a flaw. Stretches of leaves
are judged each by itself, so that several processes can share them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

import msgspec

from agentgov.runtime.checkpoints import Checkpoint, open_checkpoint, unverified_checkpoint
from agentgov.runtime.disposals import Disposals
from agentgov.runtime.leaf_check import Flaw, Page, is_payload_of, misfiled, payload_flaw, sound, verify_range
from agentgov.runtime.merkle import HASH, subtree_root
from agentgov.runtime.notes import NoteError, VerifierKey
from agentgov.runtime.tiles import HEIGHT, WIDTH, TileReader, higher, node_reader, tile_at

STRETCH = 1024  # leaves; a whole number of tiles
_COMMITS = b'"payload":"'
_UNTOLD = "its payload is missing, and no record says that it was disposed of"


class Source(Protocol):
    """Where trees are read."""

    def checkpoint(self, tree: str) -> bytes:
        """The newest signed note of a tree, b"" where there is none."""

    def end(self, tree: str) -> int:
        """How many places the tree has, those without a checkpoint too."""

    def page(self, tree: str, first: int, end: int) -> Page:
        """The leaves in these places, and what they are searched for by."""

    def payloads(self, tree: str, first: int, end: int) -> Iterable[tuple[int, bytes, bytes]]:
        """Place, salt and payload of what is kept for these places."""

    def tiles(self, tree: str) -> TileReader:
        """The tiles of hashes; ValueError for one that is not there."""

    def disposals(self, tree: str, *, fresh: bool = False) -> Disposals:
        """What the tree says of what it lacks: by what was read before, or as it is now."""

    @property
    def whole(self) -> bool:
        """Whether every payload should be here that nothing says is gone; an export may leave them out."""


class Anchor(NamedTuple):
    """What an act of the journal says of a tree."""

    act: int
    size: int
    root: str


class Stretch(msgspec.Struct, frozen=True):
    """What was found in a stretch of leaves."""

    flaws: tuple[Flaw, ...] = ()
    payloads: int = 0  # that are kept
    erased: int = 0  # that leaves commit to, and that are not
    pruned: int = 0  # leaves of which the hash is left


class Checked(msgspec.Struct, frozen=True):
    """What was found in a tree."""

    tree: str
    leaves: int
    signed: int  # under the checkpoint
    anchored: int  # the most that the journal says
    payloads: int
    erased: int
    pruned: int
    flaws: tuple[Flaw, ...]


Each = Callable[[Sequence[tuple[str, int, int, int]]], Iterable[Stretch]]


def check_tree(
    source: Source, tree: str, keys: Sequence[VerifierKey], origin: str, anchors: Sequence[Anchor], each: Each
) -> Checked:
    """Everything about a tree. `each` has stretches (tree, first, end, size of the signed tree) judged, in order."""
    checkpoint, flaws = _checkpoint(source, tree, keys, origin)
    end, size = source.end(tree), checkpoint.size if checkpoint is not None else 0
    if end < size:
        flaws.append(Flaw(end, f"the checkpoint is of {size:,} records, and there are {end:,}"))
    found = list(each(list(_stretches(tree, size, max(end, size)))))
    flaws += [flaw for stretch in found for flaw in stretch.flaws]
    tiles = lru_cache(maxsize=WIDTH)(source.tiles(tree))
    if checkpoint is not None and size:
        flaws += _hashes(tiles, checkpoint)
    flaws += _anchors(tiles, size, anchors)
    return Checked(
        tree,
        end,
        size,
        max((one.size for one in anchors), default=0),
        sum(one.payloads for one in found),
        sum(one.erased for one in found),
        sum(one.pruned for one in found),
        tuple(sorted(flaws, key=lambda flaw: flaw.seq)),
    )


def check_stretch(source: Source, tree: str, first: int, end: int, size: int) -> Stretch:
    """A stretch of leaves, either all under the checkpoint of that size or all after it, with their payloads."""
    page, payloads = source.page(tree, first, end), list(source.payloads(tree, first, end))
    flaws: list[Flaw] = []
    row: bytes | None = None
    if first < size:
        try:
            row = _row(source.tiles(tree), first, end, size)
        except ValueError as error:
            flaws.append(Flaw(first, str(error)))
    kept, said = {seq for seq, _, _ in payloads}, sound(tree, first, page, row)
    if said is not None:
        lost = [one.seq for one in said if one.payload and one.seq not in kept]
    else:
        lost = [seq for seq, leaf in enumerate(page.leaves, first) if leaf and seq not in kept and _COMMITS in leaf]
    untold = _untold(source.disposals(tree), page.leaves, first, size, lost, whole=source.whole)
    if untold:  # somebody may be pruning at this moment
        untold = _untold(source.disposals(tree, fresh=True), page.leaves, first, size, lost, whole=source.whole)
    flaws += untold
    if said is None:
        flaws += _misfits(tree, first, page, row)
    for seq, salt, payload in payloads:
        if said is None or not is_payload_of(said[seq - first], salt, payload):
            flaw = _payload(seq, page.leaves[seq - first], salt, payload)
            flaws += [flaw] if flaw is not None else []
    return Stretch(tuple(flaws), len(kept), len(lost), page.leaves.count(None))


def _misfits(tree: str, first: int, page: Page, row: bytes | None) -> Iterator[Flaw]:
    """The first leaf that is not what it was, and what is found by other words than it says."""
    hashes = None if row is None else [row[at : at + HASH] for at in range(0, len(row), HASH)]
    fit = verify_range(first, page.leaves, hashes)
    gap = next((seq for seq, leaf in enumerate(page.leaves, first) if leaf is None), None)
    if isinstance(fit, Flaw) and fit.seq != gap:  # without hashes every gap is one
        yield fit
    yield from misfiled(tree, first, page)


def _untold(
    gone: Disposals, leaves: Sequence[bytes | None], first: int, size: int, lost: Sequence[int], *, whole: bool
) -> list[Flaw]:
    """What is missing though nothing says that it was disposed of: the first leaf, and every payload."""
    pruned = min(gone.leaves, size)
    gap = next((at for at, leaf in enumerate(leaves, first) if leaf is None and at >= pruned), None)
    flaws = [] if gap is None else [Flaw(gap, "the record is missing, and none says that it was pruned")]
    return flaws + [Flaw(at, _UNTOLD) for at in lost if whole and not _explained(gone, leaves[at - first])]


def _explained(gone: Disposals, leaf: bytes | None) -> bool:
    try:
        return leaf is not None and gone.explains(leaf)
    except (ValueError, TypeError):
        return True  # what cannot be read is told by another flaw


def _payload(seq: int, leaf: bytes | None, salt: bytes, payload: bytes) -> Flaw | None:
    if leaf is None:
        return Flaw(seq, "there is a payload, and no leaf")
    try:
        return payload_flaw(seq, leaf, salt, payload)
    except (ValueError, AssertionError):
        return Flaw(seq, "the payload is not the one the leaf commits to")


def _checkpoint(
    source: Source, tree: str, keys: Sequence[VerifierKey], origin: str
) -> tuple[Checkpoint | None, list[Flaw]]:
    note = source.checkpoint(tree)
    if not note:
        return None, []
    try:
        return open_checkpoint(note, keys, origin), []
    except NoteError as error:
        flaws = [Flaw(0, f"the checkpoint does not hold: {error.message}")]
    try:
        return unverified_checkpoint(note), flaws
    except NoteError:
        return None, flaws


def _stretches(tree: str, size: int, end: int) -> Iterator[tuple[str, int, int, int]]:
    """Stretches that begin where tiles do, and of which none is on both sides of the checkpoint."""
    for start, stop in ((0, size), (size, end)):
        first = start
        while first < stop:
            last = min(first - first % STRETCH + STRETCH, stop)
            yield tree, first, last, size
            first = last


def _row(tiles: TileReader, first: int, end: int, size: int) -> bytes:
    """The hashes of leaves, out of the lowest tiles, one after the other."""
    found = b"".join(tiles(tile_at(0, index, size)) for index in range(first // WIDTH, -(-end // WIDTH)))
    return found[first % WIDTH * HASH :][: (end - first) * HASH]


def _hashes(tiles: TileReader, checkpoint: Checkpoint) -> Iterator[Flaw]:
    """Whether each tile is what the ones below it hash to, and all of them what was signed."""
    size, level = checkpoint.size, 0
    while size >> HEIGHT * (level + 1):
        for index in range(size >> HEIGHT * (level + 1)):
            first = index << HEIGHT * (level + 1)
            try:
                above = tiles(tile_at(level + 1, index // WIDTH, size))
                stored = above[index % WIDTH * HASH :][:HASH]
                if higher(tiles(tile_at(level, index, size))) != stored:
                    yield Flaw(first, f"the hash of {WIDTH ** (level + 1):,} records from here is another")
            except ValueError as error:
                yield Flaw(first, str(error))
        level += 1
    try:
        if subtree_root(0, size, node_reader(size, tiles)) != checkpoint.root:
            yield Flaw(0, f"the hashes of {size:,} records do not lead to the root that was signed")
    except ValueError as error:
        yield Flaw(0, str(error))


def _anchors(tiles: TileReader, size: int, anchors: Sequence[Anchor]) -> Iterator[Flaw]:
    for one in anchors:
        if one.size > size:
            said = f"act {one.act} of the journal anchored {one.size:,} records, and {size:,} are under a checkpoint"
            yield Flaw(size, said)
            continue
        try:
            root = subtree_root(0, one.size, node_reader(size, tiles)).hex()
        except ValueError as error:
            yield Flaw(0, str(error))
            continue
        if root != one.root:
            yield Flaw(0, f"the first {one.size:,} records are not those that act {one.act} of the journal anchored")
