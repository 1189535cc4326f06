"""`agentgov ledger verify`: is everything there that was ever recorded, and is it what it was?

Leaves and payloads are read by all processors; what is found is decided in `runtime.ledger_check`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from agentgov.cli.context import open_context
from agentgov.cli.ledger_keys import anchors_by_log, anchors_of, keys_of, origin
from agentgov.cli.ledger_places import brought
from agentgov.cli.options import answer
from agentgov.cli.processes import spread
from agentgov.cli.store_visit import store_url
from agentgov.errors import IncompleteError
from agentgov.journal.view import View
from agentgov.model.anchored import Anchored
from agentgov.report.page import Page, Span
from agentgov.runtime.checkpoints import unverified_checkpoint
from agentgov.runtime.ledger_check import Checked, Source, Stretch, check_stretch, check_tree
from agentgov.runtime.ledger_sources import FolderSource, StoreSource
from agentgov.runtime.notes import NoteError

Places = Sequence[tuple[str, int, int, int]]


def verify_ledger(repo: str, store: str | None, folder: str | None, tree: str, output: str) -> int:
    """Check every tree, or one; 1 where something does not hold."""
    view = open_context(repo).view()
    source: FolderSource | StoreSource
    if folder is not None:
        with brought(folder) as here:
            source = FolderSource(here)
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
        return spread(partial(_judge, source), places, lambda _: None)

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
    checked = []
    for name in trees:
        said = origin(view, log, name)
        checked.append(check_tree(source, name, keys_of(view, said), said, anchors_of(here, name), each))
    others = {name: last(found) for name, found in anchored.items() if name != log}
    return _tell(log, checked, others, output)


def last(anchored: Iterable[Anchored]) -> Mapping[str, Anchored]:
    """The last anchor of each tree."""
    return {one.tree: one for one in anchored}


def _tell(log: str, checked: Sequence[Checked], others: Mapping[str, Mapping[str, Anchored]], output: str) -> int:
    """`others` are ledgers that went before: what the journal says of them, and this store cannot show any more."""
    page = Page()
    for one in checked:
        unsigned = f", {one.leaves - one.signed:,} not signed yet" if one.leaves > one.signed else ""
        erased = f" ({one.erased:,} erased)" if one.erased else ""
        unsigned += f", {one.pruned:,} of them pruned" if one.pruned else ""
        page.line(
            Span("holds  " if not one.flaws else "BROKEN ", "good" if not one.flaws else "bad"),
            f"{one.tree}: {one.leaves:,} records{unsigned}, {one.anchored:,} anchored, ",
            f"{one.payloads:,} payloads{erased}",
        )
        for flaw in one.flaws:
            page.line(Span(f"       {one.tree}/{flaw.seq}  ", "dim"), flaw.message)
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
        "holds": not any(one.flaws for one in checked),
        "trees": [_json(one) for one in checked],
        "before": [
            {"ledger": name, "tree": tree, "records": one.size, "act": one.seq}
            for name, trees in sorted(others.items())
            for tree, one in sorted(trees.items())
        ],
    }
    answer(output, page, document)
    return int(any(one.flaws for one in checked))


def _json(one: Checked) -> dict[str, Any]:
    return {
        "tree": one.tree,
        "records": one.leaves,
        "signed": one.signed,
        "anchored": one.anchored,
        "payloads": one.payloads,
        "erased": one.erased,
        "pruned": one.pruned,
        "flaws": [{"seq": flaw.seq, "message": flaw.message} for flaw in one.flaws],
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
