"""`agentgov ledger export --gate` and `verify --gate`: the trees as a gate serves them, in files like an export.

Nothing is believed: whoever verifies the files does so by the keys and anchors of the clone, and no word of a gate
takes a file away. Payloads stay at the gate. Bundles of leaves take `export`; each file that is read is a record.
"""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from agentgov.cli.context import open_context
from agentgov.cli.gate_client import GateClient, client_of
from agentgov.cli.run_time.ledger_export import Export, place_for, require_same, size_at, write_trees
from agentgov.cli.run_time.ledger_places import Folder, Place
from agentgov.cli.run_time.ledger_verify import spread_over, verify_source
from agentgov.errors import IncompleteError, RefusedError
from agentgov.runtime.checkpoints import unverified_checkpoint
from agentgov.runtime.ledger_sources import CHECKPOINT, FolderSource
from agentgov.runtime.notes import NoteError
from agentgov.runtime.retention import Rules
from agentgov.runtime.tiles import bundles_between, tiles_between

_FILES = "/v1/ledger/files"


def export_from_gate(repo: str, url: str, asked: Export, output: str) -> int:
    """Write every tree that the gate serves, or one, without payloads."""
    view = open_context(repo).view()
    gate = client_of(view, url)
    log, trees = served_trees(gate, asked.tree)
    asked = replace(asked, payloads=False)
    place = place_for(asked, Rules(view.governance.retention), None)
    return write_trees(view, asked, place, log, trees, lambda tree, place: download_tree(gate, tree, place), output)


def verify_at_gate(repo: str, url: str, tree: str, output: str) -> int:
    """Check every tree that the gate serves, or one, read whole before it is checked here."""
    view = open_context(repo).view()
    gate = client_of(view, url)
    log, trees = served_trees(gate, tree)
    with TemporaryDirectory(prefix="agentgov-ledger-") as folder:
        for name in [tree] if tree else trees:
            download_tree(gate, name, Folder(Path(folder)))
        source = FolderSource(Path(folder), payloads=False)
        return verify_source(view, source, log, tree, output, spread_over(source))


def served_trees(gate: GateClient, tree: str) -> tuple[str, tuple[str, ...]]:
    """What the ledger of a gate is called, and its trees that have a checkpoint. RefusedError where these are not all,
    and none of them is asked for by its name: what is not shown cannot be told from what is missing."""
    told = gate.ask("GET", "/v1/ledger/trees")
    names = tuple(str(one["tree"]) for one in told["trees"] if one["signed"])
    if odd := [name for name in names if name in ("", ".", "..") or Path(name).name != name]:
        raise IncompleteError(f"the gate says that a tree is called {odd[0]!r}", "is it the gate of this fleet?")
    if not tree and not told.get("whole", True):
        shown = ", ".join(names) or "none that is signed"
        raise RefusedError(f"the gate shows you only some of its trees: {shown}", "name one with --tree")
    return str(told["ledger"]), names


def download_tree(gate: GateClient, tree: str, place: Place) -> tuple[int, int]:
    """Write what a tree has more than the place; records before and after. The checkpoint is written last."""
    note = gate.fetch(f"{_FILES}/{tree}/{CHECKPOINT}")
    try:
        new, old = unverified_checkpoint(note).size, size_at(place, tree)
    except NoteError as error:
        raise IncompleteError(f"what the gate says is no checkpoint of {tree}: {error.message}") from None
    if old > new:
        raise RefusedError(
            f"there are {old:,} records of {tree} there, and {new:,} at the gate", "agentgov ledger verify --gate URL"
        )
    require_same(place, tree, note)
    for tile in tiles_between(old, new):
        place.write(f"{tree}/{tile.path}", (gate.fetch(f"{_FILES}/{tree}/{tile.path}"),))
    for bundle in bundles_between(old, new):
        try:
            leaves = gate.fetch(f"{_FILES}/{tree}/{bundle.path}")
        except RefusedError as error:
            if error.rule != "gate.not-found":
                raise
            continue  # pruned, or missing: the verifier tells which
        place.write(f"{tree}/{bundle.path}", (leaves,))
    place.write(f"{tree}/{CHECKPOINT}", (note,))
    return old, new
