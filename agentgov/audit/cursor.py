"""How far an export has come: the next place of each tree, and the next act. What comes later is exported later, once.

Places are given in the order of commits, so nothing is ever inserted before a cursor.
"""

import msgspec

from agentgov.errors import UsageError

SCHEMA = "agentgov.audit-cursor/1"


class Cursor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is next. `ledger` is what the ledger was called: under another name its places mean something else."""

    schema: str
    fleet: str
    ledger: str = ""
    trees: dict[str, int] = {}
    act: int = 0


def parse_cursor(content: bytes, fleet: str, ledger: str) -> Cursor:
    """The cursor that a file holds. UsageError for anything else, and for one of another fleet or ledger."""
    try:
        found = msgspec.json.decode(content, type=Cursor)
    except ValueError as error:
        raise UsageError(f"the cursor cannot be read: {error}", "without that file the export begins anew") from None
    if found.schema != SCHEMA or found.fleet != fleet:
        raise UsageError("the cursor is of another fleet, or of another version", "name another file")
    if found.ledger and ledger and found.ledger != ledger:
        raise UsageError(
            f"the cursor is of the ledger {found.ledger}, which goes on as {ledger} after records were lost",
            "export what there is anew, beside the old one: name another file",
        )
    return found


def encode_cursor(cursor: Cursor) -> bytes:
    """The file."""
    return msgspec.json.format(msgspec.json.encode(cursor)) + b"\n"
