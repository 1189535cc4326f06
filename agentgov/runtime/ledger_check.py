"""Whether a tree of the ledger is whole: leaves, payloads, hashes, its signed checkpoint, what the journal anchored.

Decides from what a source says, wherever that lies (`ledger_sources`). Every flaw names the first record that it is
about. What is after the checkpoint is not signed yet: it is read all the same, and told apart. What was pruned or
erased is missing with a record that says so (`disposals`); what is missing without one is a flaw. Stretches of leaves
are judged each by itself, so that several processes can share them.
"""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

import msgspec

from agentgov.model.anchored import Anchored
from agentgov.runtime.checkpoints import Checkpoint, open_checkpoint, unverified_checkpoint
from agentgov.runtime.disposals import Disposals, places
from agentgov.runtime.leaf_check import Flaw, Page, is_payload_of, misfiled, payload_flaw, sound, unfound, verify_range
from agentgov.runtime.ledger import UNREADABLE
from agentgov.runtime.merkle import HASH, subtree_root
from agentgov.runtime.notes import NoteError, VerifierKey
from agentgov.runtime.tiles import HEIGHT, WIDTH, TileReader, higher, node_reader, tile_at

STRETCH = 4096  # leaves; a whole number of tiles, as many as a store reads together
_COMMITS = b'"payload":"'


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

    def whole(self, tree: str) -> bool:
        """Whether every payload is to be here that nothing says is gone; an export may leave all of them out."""


class Stretch(msgspec.Struct, frozen=True):
    """What was found in a stretch of leaves."""

    flaws: tuple[Flaw, ...] = ()
    payloads: int = 0  # that are kept
    erased: int = 0  # that leaves commit to, and that records say were disposed of
    left_out: int = 0  # that are not here, and nothing says why
    untold: tuple[int, ...] = ()  # the places of these, where payloads are to be here
    aged: Mapping[str, int] = {}  # how many of the erased were pruned, as far as records say, by agent
    pruned: int = 0  # leaves of which the hash is left


class Checked(msgspec.Struct, frozen=True):
    """What was found in a tree."""

    tree: str
    leaves: int
    signed: int  # under the checkpoint
    anchored: int  # the most that the journal says
    payloads: int
    erased: int
    left_out: int
    pruned: int
    flaws: tuple[Flaw, ...]
    untold: tuple[Flaw, ...] = ()  # disposals of which it cannot be told whether governance allowed them


class Tree(NamedTuple):
    """A tree that is to be checked: its name, who may have signed it under which name, what the journal says of it."""

    name: str
    keys: Sequence[VerifierKey]
    origin: str
    anchors: Sequence[Anchored] = ()


Place = tuple[str, int, int, int]  # a stretch: tree, first, end, size of the signed tree
Each = Callable[[Sequence[Place]], Iterable[Stretch]]


def check_trees(source: Source, trees: Sequence[Tree], each: Each) -> list[Checked]:
    """Everything about trees. `each` has stretches of all of them judged, and answers in their order."""
    signed = [(_checkpoint(source, tree), source.end(tree.name)) for tree in trees]
    places: list[Place] = []
    for tree, ((checkpoint, _), end) in zip(trees, signed, strict=True):
        size = checkpoint.size if checkpoint is not None else 0
        places += _stretches(tree.name, size, end)
    begin = {tree.name: source.disposals(tree.name).leaves for tree in trees}
    places.sort(key=lambda place: place[1])  # trees grow side by side, so these are neighbours in a store
    found: dict[str, list[Stretch]] = {tree.name: [] for tree in trees}
    for place, stretch in zip(places, each(places), strict=True):
        found[place[0]].append(stretch)
    return [
        _checked(source, tree, checkpoint, end, [*flaws, *_uncounted(source, tree, found, begin)], found[tree.name])
        for tree, ((checkpoint, flaws), end) in zip(trees, signed, strict=True)
    ]


def _checked(
    source: Source, tree: Tree, checkpoint: Checkpoint | None, end: int, flaws: list[Flaw], found: Sequence[Stretch]
) -> Checked:
    """What was found in a tree, and whether its hashes lead to what was signed and anchored."""
    size = checkpoint.size if checkpoint is not None else 0
    if end < size:
        flaws.append(Flaw(end, f"the checkpoint is of {size:,} records, and there are {end:,}"))
    flaws += [flaw for stretch in found for flaw in stretch.flaws]
    if untold := [seq for stretch in found for seq in stretch.untold]:
        flaws.append(_untold(untold))
    tiles = lru_cache(maxsize=WIDTH)(source.tiles(tree.name))
    if checkpoint is not None and 0 < size <= end:
        flaws += _hashes(tiles, checkpoint)
    flaws += _anchors(tiles, size, tree.anchors)
    return Checked(
        tree.name,
        end,
        size,
        max((one.size for one in tree.anchors), default=0),
        sum(one.payloads for one in found),
        sum(one.erased for one in found),
        sum(one.left_out for one in found),
        sum(one.pruned for one in found),
        tuple(sorted(flaws, key=lambda flaw: flaw.seq)),
    )


def check_stretch(source: Source, tree: str, first: int, end: int, size: int) -> Stretch:
    """A stretch of leaves, either all under the checkpoint of that size or all after it, with their payloads."""
    page, payloads = source.page(tree, first, end), list(source.payloads(tree, first, end))
    flaws: list[Flaw] = []
    row: bytes | None = None
    if first < size:
        tiles = lru_cache(maxsize=STRETCH // WIDTH + 1)(source.tiles(tree))
        try:
            row = _row(tiles, first, end, size)
        except ValueError as error:
            flaws.append(Flaw(first, str(error)))
        flaws += _hashed(tiles, 0, range(first // WIDTH, end // WIDTH), size)
    kept, said = {seq for seq, _, _ in payloads}, sound(tree, first, page, row)
    if said is not None:
        lost = [one.seq for one in said if one.payload and one.seq not in kept]
    else:
        lost = [seq for seq, leaf in enumerate(page.leaves, first) if leaf and seq not in kept and _COMMITS in leaf]
    whole = source.whole(tree)
    gaps, left_out, aged = _missing(source.disposals(tree), page.leaves, first, size, lost)
    if gaps or (left_out and whole):  # somebody may be pruning at this moment
        gaps, left_out, aged = _missing(source.disposals(tree, fresh=True), page.leaves, first, size, lost)
    flaws += gaps
    if said is not None:
        flaws += unfound(first, said, page.subjects, kept)
    else:
        flaws += _misfits(tree, first, page, row, kept)
    for seq, salt, payload in payloads:
        if said is None or not is_payload_of(said[seq - first], salt, payload):
            flaw = _payload(seq, page.leaves[seq - first], salt, payload)
            flaws += [flaw] if flaw is not None else []
    untold = left_out if whole else ()
    erased, pruned = len(lost) - len(left_out), page.leaves.count(None)
    return Stretch(tuple(flaws), len(kept), erased, len(left_out), untold, aged if whole else {}, pruned)


def _misfits(tree: str, first: int, page: Page, row: bytes | None, kept: Container[int]) -> Iterator[Flaw]:
    """The first leaf that is not what it was, and what is found by other words than it says."""
    hashes = None if row is None else [row[at : at + HASH] for at in range(0, len(row), HASH)]
    fit = verify_range(first, page.leaves, hashes)
    gap = next((seq for seq, leaf in enumerate(page.leaves, first) if leaf is None), None)
    if isinstance(fit, Flaw) and fit.seq != gap:  # without hashes every gap is one
        yield fit
    yield from misfiled(tree, first, page, kept)


def _missing(
    gone: Disposals, leaves: Sequence[bytes | None], first: int, size: int, lost: Sequence[int]
) -> tuple[list[Flaw], tuple[int, ...], Mapping[str, int]]:
    """What is missing though nothing says that it was disposed of: the first leaf, and the places of payloads; and how
    many payloads of each agent are among those that were pruned."""
    pruned = min(gone.leaves, size)
    gap = next((at for at, leaf in enumerate(leaves, first) if leaf is None and at >= pruned), None)
    flaws = [] if gap is None else [Flaw(gap, "the record is missing, and none says that it was pruned")]
    left_out, aged = list[int](), Counter[str]()
    for at in lost:
        explained, agent = _explained(gone, leaves[at - first])
        if not explained:
            left_out.append(at)
        elif agent is not None and at >= gone.leaves:
            aged[agent] += 1
    return flaws, tuple(left_out), aged


def _untold(seqs: Sequence[int]) -> Flaw:
    """One flaw for all payloads of a tree: where a file of them is missing, those are many."""
    if len(seqs) == 1:
        return Flaw(seqs[0], "its payload is missing, and no record says that it was disposed of")
    told, *more = places(seqs)
    said = f"{len(seqs):,} payloads are missing, and no record says that they were disposed of"
    return Flaw(seqs[0], f"{said}: {told}{' and more' if more else ''}")


def _uncounted(
    source: Source, tree: Tree, found: Mapping[str, Sequence[Stretch]], begin: Mapping[str, int]
) -> Iterator[Flaw]:
    """The agents of which more payloads are missing than were pruned: what a hold kept went together with the rest.
    `begin` is where the leaves began before anything was looked at, since somebody may prune meanwhile."""
    aged = Counter[str]()
    for stretch in found[tree.name]:
        aged.update(stretch.aged)
    gone = source.disposals(tree.name, fresh=True) if aged else Disposals()
    for agent, count in sorted(aged.items()):
        told = gone.count(agent, begin[tree.name])
        if count > told:
            said = f"{count:,} payloads of {agent or 'no agent'} are missing, and {told:,} were pruned"
            yield Flaw(min(one.first for one in gone.pruned[agent]), f"{said}: others went without a record")


def _explained(gone: Disposals, leaf: bytes | None) -> tuple[bool, str | None]:
    try:
        return gone.explains(leaf) if leaf is not None else (False, None)
    except (*UNREADABLE, TypeError):
        return True, None  # what cannot be read is told by another flaw


def _payload(seq: int, leaf: bytes | None, salt: bytes, payload: bytes) -> Flaw | None:
    if leaf is None:
        return Flaw(seq, "there is a payload, and no leaf")
    try:
        return payload_flaw(seq, leaf, salt, payload)
    except (*UNREADABLE, AssertionError):
        return Flaw(seq, "the payload is not the one the leaf commits to")


def _checkpoint(source: Source, tree: Tree) -> tuple[Checkpoint | None, list[Flaw]]:
    note = source.checkpoint(tree.name)
    if not note:
        return None, []
    try:
        return open_checkpoint(note, tree.keys, tree.origin), []
    except NoteError as error:
        flaws = [Flaw(0, f"the checkpoint does not hold: {error.message}")]
    try:
        return unverified_checkpoint(note), flaws
    except NoteError:
        return None, flaws


def _stretches(tree: str, size: int, end: int) -> Iterator[Place]:
    """Stretches that begin where tiles do, and of which none is on both sides of the checkpoint. A checkpoint is not
    believed to be of more records than there are: it may be anybody's."""
    for start, stop in ((0, min(size, end)), (size, end)):
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
    """Whether each tile is what the ones below it hash to, and all of them what was signed. Of the lowest tiles, which
    are nearly all of them, those tell who judge their leaves."""
    size, level = checkpoint.size, 1
    while full := size >> HEIGHT * (level + 1):
        yield from _hashed(tiles, level, range(full), size)
        level += 1
    try:
        if subtree_root(0, size, node_reader(size, tiles)) != checkpoint.root:
            yield Flaw(0, f"the hashes of {size:,} records do not lead to the root that was signed")
    except ValueError as error:
        yield Flaw(0, str(error))


def _hashed(tiles: TileReader, level: int, full: Iterable[int], size: int) -> Iterator[Flaw]:
    """The full tiles of a level that are not what the tile above them says."""
    for index in full:
        first = index << HEIGHT * (level + 1)
        try:
            above = tiles(tile_at(level + 1, index // WIDTH, size))
            stored = above[index % WIDTH * HASH :][:HASH]
            if higher(tiles(tile_at(level, index, size))) != stored:
                yield Flaw(first, f"the hash of {WIDTH ** (level + 1):,} records from here is another")
        except ValueError as error:
            yield Flaw(first, str(error))


def _anchors(tiles: TileReader, size: int, anchors: Sequence[Anchored]) -> Iterator[Flaw]:
    for one in anchors:
        if one.size > size:
            said = f"act {one.seq} of the journal anchored {one.size:,} records, and {size:,} are under a checkpoint"
            yield Flaw(size, said)
            continue
        try:
            root = subtree_root(0, one.size, node_reader(size, tiles)).hex()
        except ValueError as error:
            yield Flaw(0, str(error))
            continue
        if root != one.root:
            yield Flaw(0, f"the first {one.size:,} records are not those that act {one.seq} of the journal anchored")
