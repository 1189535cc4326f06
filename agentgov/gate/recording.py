"""What the gate records of people: what they did, and what they read. One entry of the ledger each."""

import secrets

import msgspec

from agentgov.gate.call import Call
from agentgov.model.names import AgentId
from agentgov.runtime import ledger
from agentgov.runtime.ledger import Entry, Receipt
from agentgov.store.port import Transaction


def record(tx: Transaction, entry: Entry, now_ms: int) -> Receipt:
    """Append an entry in the transaction that does what it tells of."""
    return ledger.append(tx, entry, now_ms, secrets.token_bytes(ledger.SALT))


async def record_read(call: Call, what: str, agent: AgentId | None = None) -> None:
    """Record that a person read something, before they are answered."""
    named = str(agent) if agent is not None else ""
    entry = Entry("read", named, str(call.caller), payload=msgspec.json.encode({"read": what}))
    await call.gate.write(lambda tx: record(tx, entry, call.now_ms))
