"""`agentgov ledger verify`: is everything there that was ever recorded, and is it what it was?

Leaves and payloads are read by all processors; what is found is decided in `runtime.ledger_check`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from agentgov.cli.context import open_context
from agentgov.cli.options import answer
from agentgov.cli.processes import spread
from agentgov.cli.run_time.ledger_governed import Times, governed_disposals
from agentgov.cli.run_time.ledger_keys import anchors_by_log, keys_of, origin
from agentgov.cli.run_time.ledger_places import brought
from agentgov.cli.run_time.store_visit import store_url
from agentgov.errors import IncompleteError
from agentgov.journal.view import View
from agentgov.model.anchored import Anchored
from agentgov.report.page import Page, Span
from agentgov.runtime.checkpoints import unverified_checkpoint
from agentgov.runtime.ledger_check import Checked, Place, Source, Stretch, Tree, check_stretch, check_trees
from agentgov.runtime.ledger_sources import FolderSource, StoreSource
from agentgov.runtime.notes import NoteError

Places = Sequence[Place]
_WEIGHT = 20  # as much work as so many small files a stretch of leaves is


def verify_ledger(
    repo: str, store: str | None, folder: str | None, tree: str, output: str, *, payloads: bool = True
) -> int:
    """Check every tree, or one; 1 where something does not hold. `payloads`: they are to be in the folder, too."""
    view = open_context(repo).view()
    source: FolderSource | StoreSource
    if folder is not None:
        with brought(folder) as here:
            source = FolderSource(here, payloads=payloads)
            return verify_source(view, source, _log_of(source), tree, output, spread_over(source))
    source = store_source(store or store_url(view.state.head.fleet))
    try:
        return verify_source(view, source, source.log(), tree, output, spread_over(source, source.close))
    finally:
        source.close()


def store_source(url: str) -> StoreSource:
    """A store to be read."""
    from agentgov.store.open import open_existing

    return StoreSource(lambda: open_existing(url))


def spread_over(source: Source, before: Callable[[], object] = int) -> Callable[[Places], Iterable[Stretch]]:
    """How stretches are judged: by all processors. `before` makes a fork safe."""

    def each(places: Places) -> Iterable[Stretch]:
        before()
        return spread(partial(_judge, source), places, lambda _: None, weight=_WEIGHT)

    return each


def _judge(source: Source, places: Places) -> list[Stretch]:
    return [check_stretch(source, *place) for place in places]


def verify_source(
    view: View,
    source: FolderSource | StoreSource,
    log: str,
    tree: str,
    output: str,
    each: Callable[[Places], Iterable[Stretch]],
) -> int:
    """Check what is read somewhere as the ledger of that name, and tell it."""
    anchored = anchors_by_log(view)
    here = anchored.get(log, ())
    trees = [tree] if tree else sorted({*source.trees(), *(one.tree for one in here)})
    wanted = [tree_of(view, log, name, here) for name in trees]
    times = Times(view)
    checked = [_governed(times, source, *pair) for pair in zip(wanted, check_trees(source, wanted, each), strict=True)]
    others = {name: last(found) for name, found in anchored.items() if name != log}
    return _tell(log, checked, others, output)


def _governed(times: Times, source: FolderSource | StoreSource, tree: Tree, found: Checked) -> Checked:
    """The same with what governance says of the disposals."""
    against, untold = governed_disposals(times, source, tree.name, tree.anchors)
    flaws = tuple(sorted((*found.flaws, *against), key=lambda flaw: flaw.seq))
    return msgspec.structs.replace(found, flaws=flaws, untold=untold)


def tree_of(view: View, log: str, name: str, anchored: Sequence[Anchored]) -> Tree:
    """A tree of a ledger, by what the journal says of it."""
    said = origin(view, log, name)
    return Tree(name, keys_of(view, said), said, tuple(one for one in anchored if one.tree == name))


def last(anchored: Iterable[Anchored]) -> Mapping[str, Anchored]:
    """The last anchor of each tree."""
    return {one.tree: one for one in anchored}


def _tell(log: str, checked: Sequence[Checked], others: Mapping[str, Mapping[str, Anchored]], output: str) -> int:
    """`others` are ledgers that went before: what the journal says of them, and this store cannot show any more."""
    page = Page()
    for one in checked:
        unsigned = f", {one.leaves - one.signed:,} not signed yet" if one.leaves > one.signed else ""
        gone = [f"{one.erased:,} erased"] if one.erased else []
        gone += [f"{one.left_out:,} left out"] if one.left_out else []
        told = f" ({', '.join(gone)})" if gone else ""
        unsigned += f", {one.pruned:,} of them pruned" if one.pruned else ""
        good = Span("holds  ", "good") if not one.untold else Span("UNKNOWN", "warn")
        page.line(
            Span("BROKEN ", "bad") if one.flaws else good,
            f"{one.tree}: {one.leaves:,} records{unsigned}, {one.anchored:,} anchored, ",
            f"{one.payloads:,} payloads{told}",
        )
        for flaw in one.flaws:
            page.line(Span(f"       {one.tree}/{flaw.seq}  ", "dim"), flaw.message)
        for flaw in one.untold:
            page.line(Span(f"       {one.tree}/{flaw.seq}  ", "dim"), Span("unknown: ", "warn"), flaw.message)
        if one.flaws and one.left_out and not one.payloads:
            page.line(Span("       no payload is here at all: --no-payloads, where the export was to have none", "dim"))
    if not checked:
        page.line("there are no records")
    for name, trees in sorted(others.items()):
        for tree, anchor in sorted(trees.items()):
            page.line(
                Span("before  ", "warn"), f"{tree} had {anchor.size:,} records as ledger {name} (act {anchor.seq})"
            )
    document = {
        "schema": "agentgov.ledger-verify/1",
        "ledger": log or None,
        "holds": not any(one.flaws or one.untold for one in checked),
        "trees": [_json(one) for one in checked],
        "before": [
            {"ledger": name, "tree": tree, "records": one.size, "act": one.seq}
            for name, trees in sorted(others.items())
            for tree, one in sorted(trees.items())
        ],
    }
    answer(output, page, document)
    if any(one.flaws for one in checked):
        return 1
    return IncompleteError.exit_code if any(one.untold for one in checked) else 0


def _json(one: Checked) -> dict[str, Any]:
    return {
        "tree": one.tree,
        "records": one.leaves,
        "signed": one.signed,
        "anchored": one.anchored,
        "payloads": one.payloads,
        "erased": one.erased,
        "left_out": one.left_out,
        "pruned": one.pruned,
        "flaws": [{"seq": flaw.seq, "message": flaw.message} for flaw in one.flaws],
        "unknown": [{"seq": flaw.seq, "message": flaw.message} for flaw in one.untold],
    }


def _log_of(source: FolderSource) -> str:
    """The name of the ledger, by what its checkpoints say; they are verified under it later."""
    for tree in source.trees():
        try:
            name = unverified_checkpoint(source.checkpoint(tree)).origin
        except NoteError:
            continue
        return name.split("/")[-2] if name.count("/") > 1 else ""
    raise IncompleteError(
        "there is no checkpoint of any tree in this folder", "name what `agentgov ledger export` wrote"
    )
