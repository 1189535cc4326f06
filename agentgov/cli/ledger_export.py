"""`agentgov ledger export`: the ledger as files that any static server serves and other programs read (tlog-tiles).

What is there already is left alone, so that an export that is run again writes what is new; what was pruned or erased
meanwhile goes.
"""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from agentgov.cli.context import open_context
from agentgov.cli.ledger_keys import anchors_by_log, origin
from agentgov.cli.ledger_verify import store_source
from agentgov.cli.options import answer
from agentgov.cli.store_visit import store_url
from agentgov.errors import RefusedError, UsageError
from agentgov.model.anchored import Anchored
from agentgov.report.page import Page, Span
from agentgov.runtime.checkpoints import Checkpoint, unverified_checkpoint
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.kept_as import rules_of
from agentgov.runtime.ledger_sources import ANCHORS, CHECKPOINT, PAYLOADS, StoreSource, payload_line
from agentgov.runtime.notes import NoteError
from agentgov.runtime.tiles import WIDTH, Tile, bundles_between, encode_bundle, tiles_between


def export_ledger(repo: str, store: str | None, folder: Path, tree: str, payloads: bool, output: str) -> int:
    """Write every tree, or one."""
    view = open_context(repo).view()
    source = store_source(store or store_url(view.state.head.fleet))
    page, told = Page(), []
    try:
        log = source.log()
        anchored = anchors_by_log(view).get(log, ())
        withheld = frozenset[str]() if tree else source.read(lambda tx: rules_of(tx, Fleet(view))).privileged_trees()
        for name in [tree] if tree else source.trees():
            if name in withheld:
                page.line(Span("left out ", "warn"), f"{name}: it has privileged records; --tree {name} exports it")
                continue
            old, new = export_tree(source, name, folder / name, payloads=payloads)
            _anchors(folder / name / ANCHORS, origin(view, log, name), [one for one in anchored if one.tree == name])
            page.line(Span("exported ", "good"), f"{name}: {new:,} records, {new - old:,} of them new")
            told.append({"tree": name, "records": new, "new": new - old})
    except OSError as error:
        raise UsageError(f"{error.filename or folder} cannot be written: {error.strerror}") from error
    finally:
        source.close()
    answer(output, page, {"schema": "agentgov.ledger-export/1", "folder": str(folder), "trees": told})
    return 0


def export_tree(source: StoreSource, tree: str, folder: Path, *, payloads: bool) -> tuple[int, int]:
    """Write what a tree has more than the folder; records before and after. The checkpoint is written last."""
    note = source.checkpoint(tree)
    if not note:
        raise RefusedError(f"{tree} is under no checkpoint yet", "a gate that runs signs within a second")
    new, old = unverified_checkpoint(note).size, 0
    with suppress(FileNotFoundError, NoteError):
        old = unverified_checkpoint((folder / CHECKPOINT).read_bytes()).size
    if old > new:
        raise RefusedError(f"{folder} has {old:,} records of {tree}, and the store {new:,}", "agentgov ledger verify")
    tiles = source.tiles(tree)
    for tile in tiles_between(old, new):
        _write(folder / tile.path, tiles(tile))
    pruned = min(source.disposals(tree, fresh=True).leaves, new) // WIDTH * WIDTH
    for first in range(0, pruned, WIDTH):
        (folder / Tile("entries", first // WIDTH).path).unlink(missing_ok=True)
    for bundle in bundles_between(max(old, pruned), new):
        leaves = source.leaves(tree, bundle.first, bundle.end)
        if any(leaf is None for leaf in leaves):
            raise RefusedError(f"records of {tree} from {bundle.first} on are missing", "agentgov ledger verify")
        _write(folder / bundle.path, encode_bundle([leaf for leaf in leaves if leaf is not None]))
    if payloads:
        _payloads(source, tree, folder, new)
    _write(folder / CHECKPOINT, note)
    return old, new


def _payloads(source: StoreSource, tree: str, folder: Path, end: int) -> None:
    """Every payload that is kept: written whole, since what was erased must not stay in the copy."""
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f".{PAYLOADS}"
    with fresh.open("wb") as file:
        for first in range(0, end, 4096):
            for seq, salt, payload in source.payloads(tree, first, min(first + 4096, end)):
                file.write(payload_line(seq, salt, payload) + b"\n")
    fresh.replace(folder / PAYLOADS)


def _anchors(folder: Path, origin: str, anchored: Iterable[Anchored]) -> None:
    """The checkpoints that the journal keeps, as the signed notes that they were."""
    for one in anchored:
        text = Checkpoint(origin, one.size, bytes.fromhex(one.root)).text
        _write(folder / f"{one.size}", text + f"\n\N{EM DASH} {origin} {one.signature}\n".encode())


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}")
    fresh.write_bytes(content)
    fresh.replace(path)
