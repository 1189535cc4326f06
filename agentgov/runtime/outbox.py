"""Acts on their way into the journal: kept in the store until they stand there, in the order that they were taken.

Each function is work of one transaction. Who appends them is the gate's; an act lands once, by its id, so that several
processes may try, and one that crashed tries again.
"""

from dataclasses import dataclass
from typing import Literal

from agentgov.runtime.control import changed
from agentgov.store.port import Transaction

TOPIC = "outbox"
KEPT = 30 * 86_400_000  # milliseconds that it is known what became of one
State = Literal["queued", "landed", "refused"]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An act that was taken: its text and signatures as JSON, "" where the gate writes it itself."""

    id: str
    kind: str
    by: str
    draft: str = ""
    created: int = 0
    attempts: int = 0
    state: State = "queued"
    landed: int = 0
    said: str = ""


def put(tx: Transaction, one: Outgoing, now_ms: int) -> bool:
    """Take an act; False where it was taken before."""
    taken = tx.run(
        "INSERT INTO outbox (id, kind, by_whom, draft, created, due) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO NOTHING",
        *(one.id, one.kind, one.by, one.draft, now_ms, now_ms),
    )
    if taken:
        changed(tx, TOPIC)
    return taken == 1


def queued(tx: Transaction, now_ms: int, most: int = 100) -> tuple[Outgoing, ...]:
    """What is to be tried now, in order. Behind one that has to wait, nothing is: a resume must not pass its pause."""
    rows = tx.all(
        "SELECT id, kind, by_whom, draft, created, attempts, state, landed, said, due FROM outbox "
        "WHERE state = 'queued' ORDER BY number LIMIT ?",
        most,
    )
    found: list[Outgoing] = []
    for *row, due in rows:
        if due > now_ms:
            break
        found.append(Outgoing(*row))
    return tuple(found)


def find(tx: Transaction, id_: str) -> Outgoing | None:
    """What became of an act."""
    row = tx.one(
        "SELECT id, kind, by_whom, draft, created, attempts, state, landed, said FROM outbox WHERE id = ?", id_
    )
    return Outgoing(*row) if row is not None else None


def pauses_to_land(tx: Transaction) -> dict[str, Outgoing]:
    """Every pause that was taken and does not stand in the journal, by the id of its act."""
    rows = tx.all(
        "SELECT id, kind, by_whom, draft, created, attempts, state, landed, said FROM outbox "
        "WHERE kind = 'pause' AND state <> 'landed' ORDER BY number"
    )
    return {row[0]: Outgoing(*row) for row in rows}


def land(tx: Transaction, id_: str, seq: int) -> None:
    """It stands in the journal."""
    tx.run("UPDATE outbox SET state = 'landed', landed = ?, said = '' WHERE id = ? AND state <> 'landed'", seq, id_)
    changed(tx, TOPIC)


def refuse(tx: Transaction, id_: str, said: str) -> None:
    """The journal does not take it, now or later."""
    tx.run("UPDATE outbox SET state = 'refused', said = ? WHERE id = ? AND state = 'queued'", said, id_)
    changed(tx, TOPIC)


def put_off(tx: Transaction, id_: str, said: str, due: int) -> None:
    """It could not be told; try again at a moment (epoch milliseconds)."""
    tx.run(
        "UPDATE outbox SET attempts = attempts + 1, said = ?, due = ? WHERE id = ? AND state = 'queued'", said, due, id_
    )


def forget(tx: Transaction, now_ms: int) -> None:
    """Forget what became of acts long ago: the journal has them, or never will."""
    tx.run("DELETE FROM outbox WHERE state <> 'queued' AND created < ?", now_ms - KEPT)


def waiting(tx: Transaction) -> tuple[int, int]:
    """How many are queued, and since when the oldest is (epoch milliseconds, 0 for none)."""
    row = tx.one("SELECT COUNT(*), COALESCE(MIN(created), 0) FROM outbox WHERE state = 'queued'")
    assert row is not None
    return row[0], row[1]
