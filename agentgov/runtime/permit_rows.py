"""A permit as it is stored, and the record that each change of it leaves in the ledger, in the same transaction."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Literal

import msgspec

from agentgov.model.document import Environment
from agentgov.runtime import deliveries, quotas, tool_money
from agentgov.runtime.calls import Needs
from agentgov.runtime.ledger import Entry, append
from agentgov.runtime.tool_money import Ended
from agentgov.store.port import Row, Transaction, Value

State = Literal["pending", "approved", "consumed", "denied", "expired"]
STATES: tuple[State, ...] = ("pending", "approved", "consumed", "denied", "expired")
OPEN: tuple[State, ...] = ("pending", "approved")
COLUMNS = (
    "id, agent, environment, permit_key, state, tool, release_name, closure, binding, policy, subject, needs, shown, "
    "demands, asked, expires, decided, consumed, outcome, record"
)


class Permit(msgspec.Struct, frozen=True):
    """One row of `permits`; times are epoch milliseconds, 0 for what has not happened."""

    id: str
    agent: str
    environment: Environment
    key: str
    state: State
    tool: str
    release: str
    closure: str
    binding: str
    policy: str
    subject: str
    needs: Needs | None  # None where nobody was asked
    shown: str  # JSON
    demands: tuple[quotas.Taken, ...]
    asked: int
    expires: int
    decided: int
    consumed: int
    outcome: str
    record: int

    def at(self, now_ms: int) -> State:
        """Its state at a moment: what is over is expired, also before anybody wrote that down."""
        return "expired" if self.state in OPEN and self.expires <= now_ms else self.state


def permit_of(row: Row) -> Permit:
    """A row of COLUMNS as a permit."""
    values = list(row)
    values[11] = msgspec.json.decode(row[11], type=Needs) if row[11] else None
    values[13] = quotas.read(row[13])
    return Permit(*values)


def find(tx: Transaction, id_: str) -> Permit | None:
    """The permit with that id."""
    row = tx.one(f"SELECT {COLUMNS} FROM permits WHERE id = ?", id_)  # noqa: S608 - our own words
    return permit_of(row) if row is not None else None


def lock(tx: Transaction, id_: str) -> Permit | None:
    """The permit with that id, which nobody else changes until the transaction ends."""
    return find(tx, id_) if tx.run("UPDATE permits SET votes = votes + 1 WHERE id = ?", id_) == 1 else None


def close(tx: Transaction, permit: Permit, state: State, now_ms: int) -> bool:
    """End an open permit in some way, if it still is open: what it took is given back, what people saw is forgotten."""
    ended = tx.run(
        "UPDATE permits SET state = ?, decided = CASE WHEN decided = 0 THEN ? ELSE decided END, shown = '' "
        "WHERE id = ? AND state IN ('pending', 'approved')",
        *(state, now_ms, permit.id),
    )
    if ended != 1:
        return False
    quotas.give_back(tx, permit.demands)
    tool_money.end(tx, [Ended(permit.id, (permit.agent, permit.environment), spent=False)], now_ms)
    if permit.needs is not None:
        tell(tx, permit.id, state, now_ms)
    return True


def tell(tx: Transaction, id_: str, state: State, now_ms: int) -> None:
    """Have people told what a permit that they are asked for is now, under one id for each."""
    own = id_ if state == "pending" else sha256(f"{id_}\0{state}".encode()).hexdigest()[:32]
    deliveries.put(tx, own, deliveries.PERMITS, id_, state, "", now_ms, held=True)


def row_of(permit: Permit) -> tuple[Value, ...]:
    """A permit as a row of COLUMNS."""
    values = list(msgspec.structs.astuple(permit))
    values[11] = msgspec.json.encode(permit.needs).decode() if permit.needs is not None else ""
    values[13] = quotas.written(permit.demands)
    return tuple(values)


def record(
    tx: Transaction,
    type_: str,
    permit: Permit,
    actor: str,
    payload: Mapping[str, Any],
    now_ms: int,
    salt: bytes,
    refs: Mapping[str, str] | None = None,
) -> int:
    """Write down what happened to a permit; its place in its workspace's ledger."""
    return append(tx, entry_of(type_, permit, actor, payload, refs), now_ms, salt).seq


def entry_of(
    type_: str, permit: Permit, actor: str, payload: Mapping[str, Any], more: Mapping[str, str] | None = None
) -> Entry:
    """What the ledger says of what happened to a permit; `more` stands beside its references."""
    refs = {**(more or {}), "binding": permit.binding, "permit": permit.id, "tool": permit.tool}
    body = msgspec.json.encode(payload, order="sorted") if payload else b""
    return Entry(type_, permit.agent, actor, permit.environment, permit.closure, refs, body, subject=permit.subject)
