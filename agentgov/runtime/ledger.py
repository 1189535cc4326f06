"""The ledger, first form: what was decided, done and read, in an order that nobody can change unseen later.

A record is a leaf: canonical JSON (RFC 8785) of at most 1 kB, with its place in the tree (`seq`, from 0, no gaps, in
the order of commits), and beside it the payload that the leaf commits to: SHA-256 of a random salt and the payload. A
payload can be erased together with its salt, and every proof still holds; whoever has the leaf alone cannot guess it.

A record is appended in the transaction that changes what it tells of: there is neither one without the other. It stands
after the newest one; a store lets its writers take turns until their commit (`store.postgresql`), which is what keeps
places and commits in one order, and two in one place are refused. Merkle tree, tiles and checkpoints are built from the
leaves in that order, by whoever reads them after their commit. There is no counter: PostgreSQL keeps every version of a
row that is updated again and again until the end of a transaction, and walks them all each time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import msgspec

from agentgov.errors import RefusedError
from agentgov.store.port import Transaction, Value

LEAF = 1024  # bytes
SALT = 16  # bytes, at least
PAGE = 1000  # records

# Sorted by the bytes of ASCII names and without fractions, this is RFC 8785 to the letter, at a thirtieth of the time.
_CANONICAL = msgspec.json.Encoder(order="sorted")
_PLACE = "SELECT max(seq) FROM records"
_RECORD = "INSERT INTO records (seq, time, type, agent, actor, leaf) VALUES (?, ?, ?, ?, ?, ?)"
_PAYLOAD = "INSERT INTO payloads (seq, salt, payload) VALUES (?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be recorded. Names of `refs` are ASCII; what nobody may guess or read belongs into the payload."""

    type: str  # "lease", "action", "permit", "pause", "read", ...
    agent: str  # <workspace>/<name>; "" where it concerns none, or many
    actor: str  # who did it: a person, an agent, the gate
    environment: str = ""
    release: str = ""  # SHA-256 of the closure
    refs: Mapping[str, str] = field(default_factory=dict)  # ids of what belongs to it: {"permit": ...}
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class Record:
    """What was recorded."""

    seq: int
    time: int  # epoch milliseconds
    type: str
    agent: str
    actor: str
    leaf: bytes
    payload: bytes | None = None  # None where there is none, where it was erased, or where it was not asked for

    @property
    def content(self) -> dict[str, Any]:
        """The leaf as a value."""
        return msgspec.json.decode(self.leaf, type=dict[str, Any])


def append(tx: Transaction, entry: Entry, now_ms: int, salt: bytes) -> int:
    """Record an entry at the end of the tree, and answer its place. Raises RefusedError where the leaf is too long.

    The salt is fresh randomness of 16 bytes or more for each record.
    """
    (newest,) = tx.one(_PLACE) or (None,)
    seq: int = 0 if newest is None else newest + 1
    record = leaf(entry, seq, now_ms, salt)
    tx.run(_RECORD, seq, now_ms, entry.type, entry.agent, entry.actor, record)
    if entry.payload:
        tx.run(_PAYLOAD, seq, salt, entry.payload)
    return seq


def leaf(entry: Entry, seq: int, now_ms: int, salt: bytes) -> bytes:
    """The leaf of an entry: canonical JSON, without what is empty. Raises RefusedError where it is too long."""
    fields: dict[str, Any] = {
        "actor": entry.actor,
        "agent": entry.agent,
        "environment": entry.environment,
        "payload": commitment(salt, entry.payload) if entry.payload else "",
        "refs": entry.refs,
        "release": entry.release,
        "type": entry.type,
        "workspace": entry.agent.partition("/")[0],
    }
    known: dict[str, Any] = {name: value for name, value in fields.items() if value}
    encoded = _CANONICAL.encode(known | {"seq": seq, "time": now_ms})
    if len(encoded) > LEAF:
        raise RefusedError(f"the record of this {entry.type} would have {len(encoded)} bytes, and 1 kB is the limit")
    assert all(name.isascii() for name in entry.refs), "names beyond ASCII are sorted in another way"
    return encoded


def commitment(salt: bytes, payload: bytes) -> str:
    """What a leaf says of its payload: the SHA-256 of the salt and the payload, in hexadecimal."""
    assert len(salt) >= SALT, "a short salt can be guessed"
    return sha256(salt + payload).hexdigest()


def read(
    tx: Transaction,
    *,
    agent: str = "",
    kind: str = "",
    actor: str = "",
    since: int = 0,
    before: int | None = None,
    limit: int = 100,
    payloads: bool = False,
) -> tuple[Record, ...]:
    """The last records that match, newest last. `since` is a time, `before` the place of the first record of the page
    that was read last: the page before it is answered."""
    asked: dict[str, Value] = {"r.seq >= ?": 0}
    asked |= {"r.agent = ?": agent} if agent else {}
    asked |= {"r.type = ?": kind} if kind else {}
    asked |= {"r.actor = ?": actor} if actor else {}
    asked |= {"r.time >= ?": since} if since else {}
    asked |= {"r.seq < ?": before} if before is not None else {}
    columns, tables = "r.seq, r.time, r.type, r.agent, r.actor, r.leaf", "records r"
    if payloads:
        columns, tables = f"{columns}, p.payload", f"{tables} LEFT JOIN payloads p ON p.seq = r.seq"
    sql = f"SELECT {columns} FROM {tables} WHERE {' AND '.join(asked)} ORDER BY r.seq DESC LIMIT ?"  # noqa: S608 - ours
    return tuple(Record(*row) for row in reversed(tx.all(sql, *asked.values(), min(limit, PAGE))))
