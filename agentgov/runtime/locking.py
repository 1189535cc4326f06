"""How long a copy of records has to be locked where nobody can delete it: as long as their classes keep them.

A file is locked until the last record in it may go, and held where a legal hold is about any of them. So payloads lie
apart by month and by how long they are kept: none is locked a month longer than it is kept, nor held with others.
Hashes and checkpoints outlive the records that they prove, so they are locked by the longest period of all. What is
kept for ever, since nobody said for how long, is locked by the longest period, too: no lock lasts for ever. Reads only.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from agentgov.model.units import format_duration
from agentgov.runtime.retention import Kept, Rules
from agentgov.store.port import Transaction

_RECORDS = "SELECT agent, type, time, tool, subject FROM records WHERE tree = ? AND seq >= ? AND seq < ?"
_PAYLOADS = (
    "SELECT p.seq, p.salt, p.payload, r.agent, r.type, r.time, r.tool, r.subject FROM payloads p "
    "JOIN records r ON r.tree = p.tree AND r.seq = p.seq "
    "WHERE p.tree = ? AND p.seq >= ? AND p.seq < ? ORDER BY p.seq"
)
_DAY = 86_400_000
Payload = tuple[int, bytes, bytes]  # place, salt, content


class Term(NamedTuple):
    """Until when a copy is locked, in epoch milliseconds, 0 for not at all; and whether a legal hold is on it."""

    until: int = 0
    held: bool = False

    def __or__(self, other: "Term") -> "Term":
        return Term(max(self.until, other.until), self.held or other.held)


def term_of_records(tx: Transaction, tree: str, first: int, end: int, rules: Rules, now_ms: int) -> Term:
    """How long a copy of these records is locked."""
    term = Term()
    for row in tx.all(_RECORDS, tree, first, end):
        kept = rules.of(*row)
        term |= _term(kept, kept.leaf, row[2], rules, now_ms)
    return term


def payload_files(
    tx: Transaction, tree: str, first: int, end: int, rules: Rules, now_ms: int
) -> Mapping[str, tuple[Sequence[Payload], Term]]:
    """The payloads beside these records by the file that they lie in, and how long a copy of those is locked."""
    files, last = defaultdict[str, list[Payload]](list), dict[str, tuple[int, Kept]]()
    for seq, salt, payload, *row in tx.all(_PAYLOADS, tree, first, end):
        kept, time = rules.of(*row), row[2]
        name = _file(time // _DAY, kept.payload, bool(kept.hold))
        files[name].append((int(seq), bytes(salt), bytes(payload)))
        if name not in last or last[name][0] < time:
            last[name] = time, kept
    terms = {name: _term(kept, kept.payload, time, rules, now_ms) for name, (time, kept) in last.items()}
    return {name: (rows, terms[name]) for name, rows in files.items()}


def term_of_proofs(rules: Rules, now_ms: int) -> Term:
    """How long hashes and checkpoints are locked."""
    return Term(now_ms + rules.longest if rules.longest else 0)


def _term(kept: Kept, period: int | None, time: int, rules: Rules, now_ms: int) -> Term:
    if period is None:
        return Term(now_ms + rules.longest if rules.longest else 0, bool(kept.hold))
    return Term(time + period if time + period > now_ms else 0, bool(kept.hold))


@lru_cache(maxsize=4096)
def _file(day: int, period: int | None, held: bool) -> str:
    month = datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m")
    kept = "always" if period is None else format_duration(period // 1000)
    return f"{month}.{kept}{'.held' if held else ''}.jsonl"
