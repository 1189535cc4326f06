"""The proof of a record out of a store: its leaf, the way to the root, and the checkpoint that signs it."""

from agentgov.errors import RefusedError
from agentgov.runtime.checkpoints import unverified_checkpoint
from agentgov.runtime.ledger import Receipt
from agentgov.runtime.merkle import inclusion_path
from agentgov.runtime.sequencing import checkpoint_of, tile_reader
from agentgov.runtime.tiles import node_reader
from agentgov.runtime.tlog_proof import Proof
from agentgov.store.port import Transaction


def proof_of(tx: Transaction, place: Receipt) -> Proof:
    """That a record stands in its place; the leaf is in the proof's `extra`. RefusedError where it does not, or is not
    signed yet."""
    row = tx.one("SELECT leaf FROM records WHERE tree = ? AND seq = ?", *place)
    if row is None:
        raise RefusedError(f"there is no record {place.tree}/{place.seq}", "agentgov ledger log")
    note = checkpoint_of(tx, place.tree)
    size = unverified_checkpoint(note).size if note else 0
    if place.seq >= size:
        raise RefusedError(f"{place.tree}/{place.seq} is under no checkpoint yet", "a gate signs within a second")
    path = inclusion_path(place.seq, size, node_reader(size, tile_reader(tx, place.tree)))
    return Proof(place.seq, path, note, bytes(row[0]))
