"""`agentgov ledger export`: the ledger as files that any static server serves and other programs read (tlog-tiles).

What is there already is left alone, so that an export that is run again writes what is new; what was pruned or erased
meanwhile goes.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

from agentgov.cli.context import open_context
from agentgov.cli.options import answer
from agentgov.cli.run_time.ledger_keys import anchors_by_log, keys_of, origin
from agentgov.cli.run_time.ledger_locks import NOTHING_LOCKED, LockedBucket, Locks, note_locks
from agentgov.cli.run_time.ledger_places import Place, place_of
from agentgov.cli.run_time.ledger_verify import store_source
from agentgov.cli.run_time.store_visit import store_url, visit_at
from agentgov.errors import RefusedError, UsageError
from agentgov.journal.view import View
from agentgov.model.anchored import Anchored
from agentgov.net.objects import NO_LOCK, Mode, Objects
from agentgov.repo import clock
from agentgov.report.page import Page, Span
from agentgov.runtime.checkpoints import Checkpoint, unverified_checkpoint
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.kept_as import rules_of
from agentgov.runtime.ledger_sources import ALL_PAYLOADS, ANCHORS, CHECKPOINT, PAYLOADS, StoreSource, payload_line
from agentgov.runtime.locking import Term, payload_files
from agentgov.runtime.merkle import subtree_root
from agentgov.runtime.notes import NoteError
from agentgov.runtime.retention import Rules
from agentgov.runtime.tiles import WIDTH, Tile, bundles_between, encode_bundle, node_reader, tiles_between

NOTHING: Mapping[str, str] = MappingProxyType({})
_TRIES, _WAIT = 4, 0.5  # and seconds between them
_PAGE, _CHUNK = 4096, 1 << 20  # records, bytes


class _UnsignedError(RefusedError):
    """What was disposed of is told by a record that no checkpoint covers yet."""


@dataclass(frozen=True, slots=True)
class Export:
    """What is asked for: where to, which tree ("" for all), whether with payloads, how it is locked there."""

    where: str
    tree: str = ""
    payloads: bool = True
    lock_days: int = 0
    mode: Mode = "governance"
    hold: bool = False
    relock: bool = False
    by_class: bool = True


def export_ledger(repo: str, store: str | None, asked: Export, output: str) -> int:
    """Write every tree, or one."""
    view = open_context(repo).view()
    url = store or store_url(view.state.head.fleet)
    source = store_source(url)

    def write(tree: str, place: Place) -> tuple[int, int]:
        return export_signed(source, tree, place, rules if asked.payloads else None)

    try:
        rules = source.read(lambda tx: rules_of(tx, Fleet(view)))
        place = place_for(asked, rules, source)
        _record(view, url, asked)
        withheld = {} if asked.tree else _withheld(source, rules)
        return write_trees(view, asked, place, source.log(), source.trees(), write, output, withheld)
    finally:
        source.close()


def _withheld(source: StoreSource, rules: Rules) -> Mapping[str, str]:
    """The trees that are left out unless they are named, and why."""
    unsigned = (tree for tree in source.trees() if not source.checkpoint(tree))
    found = dict.fromkeys(unsigned, "it is under no checkpoint yet; a gate that runs signs it")
    return found | {tree: f"it has privileged records; --tree {tree} exports it" for tree in rules.privileged_trees()}


def _record(view: View, url: str, asked: Export) -> None:
    """That records were read for this."""
    query = {"where": asked.where, "tree": asked.tree, "payloads": asked.payloads}
    with visit_at(view, url) as visit:
        visit.note_read({"read": "ledger-export", "query": {name: value for name, value in query.items() if value}})


def place_for(asked: Export, rules: Rules, source: StoreSource | None) -> Place:
    """Where it goes; to a bucket that locks as it should."""
    by = rules if asked.by_class else None
    locks = Locks(asked.mode, asked.lock_days, asked.hold, clock.now(), by, source)
    place = place_of(asked.where, locked=locks.asked)
    if not isinstance(place, Objects):
        return place
    return LockedBucket(place, locks if place.locks is not None else NOTHING_LOCKED)


def write_trees(
    view: View,
    asked: Export,
    place: Place,
    log: str,
    trees: Iterable[str],
    write: Callable[[str, Place], tuple[int, int]],
    output: str,
    withheld: Mapping[str, str] = NOTHING,
) -> int:
    """Write what is asked for of these trees, with their anchors, and tell it; `write` one: records before, after."""
    anchored = anchors_by_log(view).get(log, ())
    page, told = Page(), list[dict[str, object]]()
    chosen = [asked.tree] if asked.tree else list(trees)
    try:
        if not asked.payloads:
            _refuse_payloads(asked, place, chosen)
        for name in chosen:
            if name in withheld:
                page.line(Span("left out ", "warn"), f"{name}: {withheld[name]}")
                continue
            old, new = write(name, place)
            _anchors(place, name, origin(view, log, name), [one for one in anchored if one.tree == name])
            page.line(Span("exported ", "good"), f"{name}: {new:,} records, {new - old:,} of them new")
            with suppress(RefusedError):  # of a fleet without a gate
                for key in keys_of(view, origin(view, log, name)):
                    page.line(Span(f"  by the key {key}", "dim"))
            if isinstance(place, LockedBucket):
                place.lock_again(name, old, everything=asked.relock)
            told.append({"tree": name, "records": new, "new": new - old})
    except OSError as error:
        raise UsageError(f"{error.filename or asked.where} cannot be written: {error.strerror}") from error
    until = 0
    if isinstance(place, LockedBucket):
        note_locks(page, place)
        until = max((one.until for one in place.locked.values()), default=0)
        for one in told:
            lock = place.locked.get(str(one["tree"]), NO_LOCK)
            one |= {"locked_until": lock.until or None, "held": lock.hold}
    document = {"schema": "agentgov.ledger-export/1", "folder": asked.where, "locked_until": until or None}
    answer(output, page, document | {"trees": told})
    return 0


def _refuse_payloads(asked: Export, place: Place, trees: Iterable[str]) -> None:
    """Nothing is written beside payloads of an earlier export: what is erased or pruned would stay in them."""
    for tree in trees:
        if place.names(f"{tree}/{PAYLOADS}") or place.read(f"{tree}/{ALL_PAYLOADS}") is not None:
            raise UsageError(
                f"{asked.where} has payloads of {tree} by an earlier export, which one without them would not keep up",
                f"take {tree}/{PAYLOADS} and {tree}/{ALL_PAYLOADS} away there, or name another place",
            )


def export_tree(source: StoreSource, tree: str, place: Place, rules: Rules | None) -> tuple[int, int]:
    """Write what a tree has more than the place, with payloads where there are rules to lay them out by; records before
    and after. The checkpoint is written last."""
    note = source.checkpoint(tree)
    if not note:
        raise RefusedError(f"{tree} is under no checkpoint yet", "a gate that runs signs within a second")
    new, old = unverified_checkpoint(note).size, size_at(place, tree)
    if old > new:
        raise RefusedError(
            f"there are {old:,} records of {tree} there, and {new:,} in the store", "agentgov ledger verify"
        )
    tiles = source.tiles(tree)
    require_same(place, tree, note, lambda size: subtree_root(0, size, node_reader(new, tiles)))
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
    if rules is not None:
        _payloads(source, tree, new, place, rules)
        if source.disposes_after(tree, new):
            said = "payloads were disposed of, and the record that says so is under no checkpoint yet"
            raise _UnsignedError(f"{tree}: {said}", "a gate that runs signs within a second: export again")
    place.write(f"{tree}/{CHECKPOINT}", (note,))
    return old, new


def require_same(place: Place, tree: str, note: bytes, root: Callable[[int], bytes] | None = None) -> None:
    """Nothing is written over another ledger: what is there goes on in this one, as far as its checkpoint says. `root`
    is that of the first so many records, where it can be told."""
    with suppress(NoteError):
        there = unverified_checkpoint(place.read(f"{tree}/{CHECKPOINT}") or b"")
        said = unverified_checkpoint(note)
        if there.origin != said.origin or (root is not None and there.size and root(there.size) != there.root):
            hint = "agentgov ledger verify; an export of another ledger goes into another place"
            raise RefusedError(f"what is there of {tree} is not the beginning of this ledger", hint)


def export_signed(source: StoreSource, tree: str, place: Place, rules: Rules | None) -> tuple[int, int]:
    """The same, with a little patience for a gate that is to sign what was disposed of a moment ago."""
    for waits in range(_TRIES, -1, -1):
        try:
            return export_tree(source, tree, place, rules)
        except _UnsignedError:
            if not waits:
                raise
            time.sleep(_WAIT)
    raise AssertionError("the last try answers or raises")


def size_at(place: Place, tree: str) -> int:
    """How many records of a tree a place has."""
    with suppress(NoteError):
        return unverified_checkpoint(place.read(f"{tree}/{CHECKPOINT}") or b"").size
    return 0


def _payloads(source: StoreSource, tree: str, end: int, place: Place, rules: Rules) -> None:
    """Every payload that is kept, each file whole: what was erased must not stay in the copy."""
    now_ms, terms = clock.now() * 1000, dict[str, Term]()
    with TemporaryDirectory(prefix="agentgov-ledger-") as folder:
        for first in range(0, end, _PAGE):
            last = min(first + _PAGE, end)
            page = partial(payload_files, tree=tree, first=first, end=last, rules=rules, now_ms=now_ms)
            for name, (rows, term) in source.read(page).items():
                terms[name] = terms.get(name, Term()) | term
                with (Path(folder) / name).open("ab") as file:
                    file.writelines(payload_line(*row) + b"\n" for row in rows)
        for name, term in sorted(terms.items()):
            with (Path(folder) / name).open("rb") as file:
                place.write(f"{tree}/{PAYLOADS}/{name}", iter(partial(file.read, _CHUNK), b""), term)
    for name in place.names(f"{tree}/{PAYLOADS}"):
        if name not in terms:
            place.remove(f"{tree}/{PAYLOADS}/{name}")
    place.remove(f"{tree}/{ALL_PAYLOADS}")


def _anchors(place: Place, tree: str, origin: str, anchored: Iterable[Anchored]) -> None:
    """The checkpoints that the journal keeps, as the signed notes that they were."""
    for one in anchored:
        signed = Checkpoint(origin, one.size, bytes.fromhex(one.root)).text
        signature = f"\n\N{EM DASH} {origin} {one.signature}\n"
        place.write(f"{tree}/{ANCHORS}/{one.size}", (signed + signature.encode(),))
