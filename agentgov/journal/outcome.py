"""What an act changes where it holds: records, raw files beside them, and the tree of authorised contents.

Says nothing of whether it holds; `judge` and the modules of its table do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agentgov.journal.records import to_bytes
from agentgov.model.state import Changes

if TYPE_CHECKING:
    from agentgov.journal.authorise import Advance


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an act changes: records, raw files beside them, and the tree of authorised contents where it moves."""

    changes: Changes
    files: Mapping[str, bytes] = field(default_factory=dict)
    advance: "Advance | None" = None


def contents(outcome: Outcome) -> dict[str, bytes | None]:
    """The files that an outcome writes into the journal's tree, or removes from it (None), by path."""
    wanted: dict[str, bytes | None] = dict(outcome.files)
    for path, record in outcome.changes.items():
        wanted[path] = to_bytes(record) if record is not None else None
    return wanted
