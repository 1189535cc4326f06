"""How far the gate's ledger was, as the journal keeps it: of each tree the last that a checkpoint said."""

from agentgov.model.document import Document


class Anchored(Document, frozen=True):
    """ledger/<log>/<tree>.yaml: how far a tree of a ledger was, by the act of that number."""

    tree: str
    log: str
    size: int  # records
    root: str  # RFC 6962, in hexadecimal
    signature: str  # of the gate's checkpoint: id of the key and Ed25519, in base64, as a signed note has it
    seq: int = 0
    time: int = 0


def anchored_path(log: str, tree: str) -> str:
    """Where it lies how far a tree of a ledger was."""
    return f"ledger/{log}/{tree}.yaml"
