"""When the newest thing in a store was written: what a backup of it holds, and what came after that is not in it."""

from agentgov.runtime.restoring import COPIED
from agentgov.store.port import Transaction

# What a gate writes while it works, the last one even while no agent does anything. All in epoch milliseconds.
CLOCKS = (
    ("records", "time"),
    ("checkpoints", "time"),
    ("tokens", "created"),
    ("pauses", "since"),
    ("usage_minutes", "minute"),
    ("sensing", "minute"),
)


def newest(tx: Transaction) -> int | None:
    """The newest time that a store tells of, in epoch milliseconds; None where it tells of none. A copy of a file has
    all until it was made."""
    rows = [tx.one(f"SELECT max({column}) FROM {table}") for table, column in CLOCKS]  # noqa: S608 - ours
    rows.append(tx.one("SELECT said FROM marks WHERE name = ?", COPIED))
    times = [int(str(row[0])) for row in rows if row is not None and row[0]]
    return max(times, default=None)
