"""What a gate serves of its ledger, brought here as files and as a store that lasts as long as it is read.

The files are those that `ledger verify --gate` checks, by the keys and anchors of the clone. The store is filled from
them and holds nothing else, so whatever reads a store reads what a gate gave: no payloads, no index of subjects, and of
retention classes those that agents have today. Trees that the gate does not give to whoever asks are named. The gate
records each file that is read.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import NamedTuple

import msgspec

from agentgov.cli.gate_client import GateClient, client_of
from agentgov.cli.run_time.ledger_download import download_tree, served_trees
from agentgov.cli.run_time.ledger_places import Folder
from agentgov.errors import RefusedError
from agentgov.journal.view import View
from agentgov.runtime.kept_as import UpTo, note_classes, unnoted
from agentgov.runtime.ledger import UNREADABLE, Leaf
from agentgov.runtime.ledger_sources import FolderSource
from agentgov.runtime.merkle import Frontier
from agentgov.runtime.sequencing import begin_log
from agentgov.runtime.tiles import tiles_between
from agentgov.store.open import open_store
from agentgov.store.port import Store, Value

_PAGE = 4096
_RECORD = (
    "INSERT INTO records (tree, seq, time, type, agent, actor, tool, subject, purpose, leaf) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, '', ?, ?)"
)
_TILE = "INSERT INTO tiles (tree, level, place, hashes) VALUES (?, ?, ?, ?)"
_CHECKPOINT = "INSERT INTO checkpoints (tree, log, size, frontier, note, time) VALUES (?, ?, ?, ?, ?, 0)"


class Copy(NamedTuple):
    """A ledger as a gate gave it: its name, its files, the store that has the same, and the trees that it kept back."""

    log: str
    source: FolderSource
    url: str
    withheld: tuple[str, ...]


@contextmanager
def copied(view: View, gate: str | None, tree: str = "") -> Iterator[Copy]:
    """Bring everything that the gate gives to whoever is logged in, or one tree. RefusedError where that is nothing."""
    client = client_of(view, gate)
    log, served = served_trees(client, tree)
    if tree and tree not in served:
        raise RefusedError(f"the gate serves no tree {tree}", f"it has: {', '.join(served) or 'none that is signed'}")
    with TemporaryDirectory(prefix="agentgov-gate-") as folder:
        files = Path(folder) / "files"
        files.mkdir()
        withheld = tuple(_download(client, [tree] if tree else served, files, named=bool(tree)))
        source, url = FolderSource(files, payloads=False), f"sqlite:///{folder}/copy.db"
        store = open_store(url, serving=False)
        try:
            store.write(lambda tx: begin_log(tx, log, 0)).result()
            for name in source.trees():
                _fill(store, source, log, name)
            classes = unnoted(view, UpTo())
            store.write(lambda tx: note_classes(tx, classes, 0)).result()
        finally:
            store.close()
        yield Copy(log, source, url, withheld)


def _download(client: GateClient, trees: Sequence[str], files: Path, *, named: bool) -> Iterator[str]:
    """The trees that were not given."""
    given = 0
    for name in trees:
        try:
            download_tree(client, name, Folder(files))
            given += 1
        except RefusedError as error:
            if error.rule != "gate.forbidden" or named or (not given and name == trees[-1]):
                raise
            rmtree(files / name, ignore_errors=True)
            yield name


def _fill(store: Store, source: FolderSource, log: str, tree: str) -> None:
    """Write a tree into the store. What is not there, or reads as no leaf, is left out: whoever verifies finds it."""
    size, tiles = source.end(tree), source.tiles(tree)
    for first in range(0, size, _PAGE):
        rows = list(_rows(tree, first, source.leaves(tree, first, min(first + _PAGE, size))))
        store.write(lambda tx, rows=rows: tx.many(_RECORD, rows)).result()  # type: ignore[misc]
    hashes: list[tuple[Value, ...]] = []
    for tile in tiles_between(0, size):
        with suppress(ValueError):
            assert tile.level != "entries", "tiles of hashes"
            hashes.append((tree, tile.level, tile.index, tiles(tile)))
    note = source.checkpoint(tree)
    store.write(lambda tx: tx.many(_TILE, hashes)).result()
    store.write(lambda tx: tx.run(_CHECKPOINT, tree, log, size, Frontier().encode(), note)).result()


def _rows(tree: str, first: int, leaves: Sequence[bytes | None]) -> Iterator[tuple[Value, ...]]:
    for seq, leaf in enumerate(leaves, first):
        with suppress(*UNREADABLE):
            if leaf is not None:
                said = msgspec.json.decode(leaf, type=Leaf)
                tool = said.refs.get("tool", "")
                yield tree, seq, said.time, said.type, said.agent, said.actor, tool, said.purpose, leaf
