"""`agentgov ledger export`: the ledger as files that any static server serves and other programs read (tlog-tiles).

What is there already is left alone, so that an export that is run again writes what is new; what was pruned or erased
meanwhile goes.
"""

from collections.abc import Callable, Iterable, Iterator, Set
from contextlib import suppress
from dataclasses import dataclass

from agentgov.cli.context import open_context
from agentgov.cli.ledger_keys import anchors_by_log, origin
from agentgov.cli.ledger_places import Place, place_of
from agentgov.cli.ledger_verify import store_source
from agentgov.cli.options import answer
from agentgov.cli.store_visit import store_url
from agentgov.errors import RefusedError, UsageError
from agentgov.journal.view import View
from agentgov.model.anchored import Anchored
from agentgov.net.objects import Lock, Mode
from agentgov.repo import clock
from agentgov.report.page import Page, Span
from agentgov.runtime.checkpoints import Checkpoint, unverified_checkpoint
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.kept_as import rules_of
from agentgov.runtime.ledger_sources import ANCHORS, CHECKPOINT, PAYLOADS, StoreSource, payload_line
from agentgov.runtime.notes import NoteError
from agentgov.runtime.tiles import WIDTH, Tile, bundles_between, encode_bundle, tiles_between

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Export:
    """What is asked for: where to, which tree ("" for all), whether with payloads, how it is locked there."""

    where: str
    tree: str = ""
    payloads: bool = True
    lock_days: int = 0
    mode: Mode = "governance"
    hold: bool = False


def export_ledger(repo: str, store: str | None, asked: Export, output: str) -> int:
    """Write every tree, or one."""
    view = open_context(repo).view()
    source = store_source(store or store_url(view.state.head.fleet))

    def write(tree: str, place: Place) -> tuple[int, int]:
        return export_tree(source, tree, place, payloads=asked.payloads)

    try:
        withheld = (
            frozenset[str]() if asked.tree else source.read(lambda tx: rules_of(tx, Fleet(view))).privileged_trees()
        )
        return write_trees(view, asked, source.log(), source.trees(), write, output, withheld)
    finally:
        source.close()


def write_trees(
    view: View,
    asked: Export,
    log: str,
    trees: Iterable[str],
    write: Callable[[str, Place], tuple[int, int]],
    output: str,
    withheld: Set[str] = frozenset(),
) -> int:
    """Write what is asked for of these trees, with their anchors, and tell it; `write` one: records before, after."""
    until = clock.now() + asked.lock_days * _DAY if asked.lock_days else 0
    place = place_of(asked.where, Lock(asked.mode, until, asked.hold))
    anchored = anchors_by_log(view).get(log, ())
    page, told = Page(), []
    try:
        for name in [asked.tree] if asked.tree else trees:
            if name in withheld:
                page.line(Span("left out ", "warn"), f"{name}: it has privileged records; --tree {name} exports it")
                continue
            old, new = write(name, place)
            _anchors(place, name, origin(view, log, name), [one for one in anchored if one.tree == name])
            page.line(Span("exported ", "good"), f"{name}: {new:,} records, {new - old:,} of them new")
            told.append({"tree": name, "records": new, "new": new - old})
    except OSError as error:
        raise UsageError(f"{error.filename or asked.where} cannot be written: {error.strerror}") from error
    document = {"schema": "agentgov.ledger-export/1", "folder": asked.where, "locked_until": until or None}
    answer(output, page, document | {"trees": told})
    return 0


def export_tree(source: StoreSource, tree: str, place: Place, *, payloads: bool) -> tuple[int, int]:
    """Write what a tree has more than the place; records before and after. The checkpoint is written last."""
    note = source.checkpoint(tree)
    if not note:
        raise RefusedError(f"{tree} is under no checkpoint yet", "a gate that runs signs within a second")
    new, old = unverified_checkpoint(note).size, size_at(place, tree)
    if old > new:
        raise RefusedError(
            f"there are {old:,} records of {tree} there, and {new:,} in the store", "agentgov ledger verify"
        )
    tiles = source.tiles(tree)
    for tile in tiles_between(old, new):
        place.write(f"{tree}/{tile.path}", (tiles(tile),))
    pruned = min(source.disposals(tree, fresh=True).leaves, new) // WIDTH * WIDTH
    for first in range(0, pruned, WIDTH):
        place.remove(f"{tree}/{Tile('entries', first // WIDTH).path}")
    for bundle in bundles_between(max(old, pruned), new):
        leaves = source.leaves(tree, bundle.first, bundle.end)
        if any(leaf is None for leaf in leaves):
            raise RefusedError(f"records of {tree} from {bundle.first} on are missing", "agentgov ledger verify")
        place.write(f"{tree}/{bundle.path}", (encode_bundle([leaf for leaf in leaves if leaf is not None]),))
    if payloads:
        place.write(f"{tree}/{PAYLOADS}", _payloads(source, tree, new))
    place.write(f"{tree}/{CHECKPOINT}", (note,))
    return old, new


def size_at(place: Place, tree: str) -> int:
    """How many records of a tree a place has."""
    with suppress(NoteError):
        return unverified_checkpoint(place.read(f"{tree}/{CHECKPOINT}") or b"").size
    return 0


def _payloads(source: StoreSource, tree: str, end: int) -> Iterator[bytes]:
    """Every payload that is kept: written whole, since what was erased must not stay in the copy."""
    for first in range(0, end, 4096):
        for seq, salt, payload in source.payloads(tree, first, min(first + 4096, end)):
            yield payload_line(seq, salt, payload) + b"\n"


def _anchors(place: Place, tree: str, origin: str, anchored: Iterable[Anchored]) -> None:
    """The checkpoints that the journal keeps, as the signed notes that they were."""
    for one in anchored:
        signed = Checkpoint(origin, one.size, bytes.fromhex(one.root)).text
        signature = f"\n\N{EM DASH} {origin} {one.signature}\n"
        place.write(f"{tree}/{ANCHORS}/{one.size}", (signed + signature.encode(),))
