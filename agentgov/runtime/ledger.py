"""The ledger: what was decided, done and read, in trees that nobody can change unseen later.

Each workspace has a tree, and the fleet has one for what concerns no workspace, or several. A record is a leaf of one:
canonical JSON (RFC 8785) of at most 2 kB, with its place in the tree (`seq`, from 0, no gaps, in the order of commits),
and beside it the payload that the leaf commits to: SHA-256 of a random salt and the payload. A payload can be erased
together with its salt, and every proof still holds; whoever has the leaf alone cannot guess it.

Records are appended in the transaction that changes what they tell of: there is neither one without the other. They
stand after the newest one of their tree; a store lets its writers take turns until their commit (`store.postgresql`),
which is what keeps places and commits in one order, and two in one place are refused. Tiles and checkpoints are made of
the leaves in that order, after their commit. There is no counter: PostgreSQL keeps every version of a row that is
updated again and again until the end of a transaction, and walks them all each time.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple, TypedDict

import msgspec

from agentgov.errors import IncompleteError, RefusedError
from agentgov.runtime.subjects import known_index, subject_commitment, subject_index, subject_key
from agentgov.runtime.tiles import WIDTH
from agentgov.runtime.vault import Seal
from agentgov.store.port import Row, Transaction, Value

UNREADABLE = (ValueError, RecursionError)  # what reading raises of a text that is no leaf, or is nested too deep
TOPIC = "ledger"  # told where a tile of a tree is full, so that it is signed at once
LEAF = 2048  # bytes: more than any record needs whose parts are as long as they may be
SALT = 16  # bytes, at least
PAGE = 1000  # records
FLEET = "_fleet"  # the tree of what concerns no workspace, or several; no workspace can have that name
FIRST = "_first"  # what versions before trees recorded in a single order; nothing is added to it

# With `Leaf` in its order, names of `refs` sorted by their bytes and no fractions, this is RFC 8785 to the letter, at a
# thirtieth of the time.
_CANONICAL = msgspec.json.Encoder(order="deterministic")
_NEWEST = (  # max(seq) says the same, and takes PostgreSQL a third longer
    "SELECT asked.column1, (SELECT seq FROM records WHERE tree = asked.column1 ORDER BY seq DESC LIMIT 1) "
    "FROM (?) AS asked"
)
_RECORD = (
    "INSERT INTO records (tree, seq, time, type, agent, actor, tool, subject, purpose, leaf) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_ABOUT_OTHERS = "substr(r.actor, 1, length(r.agent) + 7) <> 'agent:' || r.agent || '@'"  # as the index of actors has it
_AT_FIRST = "SELECT 1 FROM records WHERE tree = ? AND seq = ? AND agent = ? AND time = ?"
_PAYLOAD = "INSERT INTO payloads (tree, seq, time, salt, payload) VALUES (?, ?, ?, ?, ?)"
# The payload of a record `r`: `time` says in which partition it is, 0 where an earlier version wrote it.
BESIDE = "LEFT JOIN payloads p ON p.tree = r.tree AND p.seq = r.seq AND p.time IN (r.time, 0)"


class Entry(msgspec.Struct, frozen=True):
    """What is to be recorded. Names of `refs` are ASCII; what nobody may guess or read belongs into the payload."""

    type: str  # "lease", "action", "permit", "pause", "read", ...
    agent: str  # <workspace>/<name>; "" where it concerns none, or many
    actor: str  # who did it: a person, an agent, the gate
    environment: str = ""
    release: str = ""  # SHA-256 of the closure
    refs: Mapping[str, str] = {}  # ids of what belongs to it: {"permit": ...}; `tool` can be searched for
    payload: bytes = b""
    subject: str = ""  # whom or what it is about; can be searched for, and only digests of it are kept (`subjects`)
    purpose: str = ""  # what it is for; can be searched for, and is in the leaf
    tree: str = ""  # where it stands, unless in the tree of its agent's workspace
    seal: Seal | None = None  # the payload is kept encrypted

    @property
    def workspace(self) -> str:
        """The workspace of the agent, or of the tree."""
        return self.agent.partition("/")[0] or ("" if self.tree.startswith("_") else self.tree)

    @property
    def stands(self) -> str:
        """The tree that it stands in."""
        return self.tree or self.workspace or FLEET

    @property
    def kept(self) -> bytes:
        """What is kept beside the leaf: with a subject there is always something, so that there is a salt."""
        return self.payload or (b"{}" if self.subject else b"")


class Receipt(NamedTuple):
    """Where a record stands."""

    tree: str
    seq: int


@dataclass(frozen=True, slots=True)
class Record:
    """What was recorded."""

    tree: str
    seq: int
    time: int  # epoch milliseconds
    type: str
    agent: str
    actor: str
    leaf: bytes
    payload: bytes | None = None  # None where there is none, where it was erased, or where it was not asked for

    @property
    def content(self) -> dict[str, Any]:
        """The leaf as a value. Raises IncompleteError for what somebody changed until it is none."""
        try:
            return dict(msgspec.json.decode(self.leaf, type=Content))
        except UNREADABLE:
            said = f"what is kept of the record {self.tree}/{self.seq} is no leaf of a ledger"
            raise IncompleteError(said, "agentgov ledger verify") from None


class Content(TypedDict, total=False):
    """A leaf as a value, for who shows it: without what is empty."""

    actor: str
    agent: str
    environment: str
    payload: str
    purpose: str
    refs: dict[str, str]
    release: str
    seq: int
    subject: str
    time: int
    type: str
    workspace: str


class Leaf(msgspec.Struct, omit_defaults=True, kw_only=True, gc=False):
    """The grammar of a leaf, in the order of RFC 8785; what is empty is left out."""

    actor: str = ""
    agent: str = ""
    environment: str = ""
    payload: str = ""
    purpose: str = ""
    refs: Mapping[str, str] = {}
    release: str = ""
    seq: int
    subject: str = ""
    time: int
    type: str
    workspace: str = ""


def append(tx: Transaction, entry: Entry, now_ms: int, salt: bytes) -> Receipt:
    """Record an entry at the end of its tree. Raises RefusedError where the leaf is too long.

    The salt is fresh randomness of 16 bytes or more for each record.
    """
    tree = entry.stands
    seq = _ends(tx, {tree})[tree]
    key = subject_key(tx) if entry.subject else b""
    (entry,) = _sealed(tx, [entry], key, now_ms)
    tx.run(_RECORD, *_row(entry, Receipt(tree, seq), now_ms, salt, key))
    if entry.kept:
        tx.run(_PAYLOAD, tree, seq, now_ms, salt, entry.kept)
    if (seq + 1) % WIDTH == 0:
        tx.tell(TOPIC)
    return Receipt(tree, seq)


def append_all(tx: Transaction, entries: Sequence[Entry], now_ms: int, salts: bytes) -> list[Receipt]:
    """Record entries of any trees, each tree's in the order that they are given in, with a few statements for all.

    `salts` is fresh randomness, 16 bytes for each. Raises RefusedError where a leaf is too long: then none is recorded.
    """
    assert len(salts) >= SALT * len(entries), "each record has a salt of its own"
    trees = [entry.stands for entry in entries]
    starts = _ends(tx, set(trees))
    ends = dict(starts)
    key = subject_key(tx) if any(entry.subject for entry in entries) else b""
    entries = _sealed(tx, entries, key, now_ms)
    receipts, rows, payloads = list[Receipt](), list[tuple[Value, ...]](), list[tuple[Value, ...]]()
    for number, (entry, tree) in enumerate(zip(entries, trees, strict=True)):
        seq = ends[tree]
        ends[tree] = seq + 1
        salt = salts[number * SALT : (number + 1) * SALT]
        rows.append(_row(entry, Receipt(tree, seq), now_ms, salt, key))
        if entry.kept:
            payloads.append((tree, seq, now_ms, salt, entry.kept))
        receipts.append(Receipt(tree, seq))
    tx.many(_RECORD, rows)
    tx.many(_PAYLOAD, payloads)
    if any(ends[tree] // WIDTH > start // WIDTH for tree, start in starts.items()):
        tx.tell(TOPIC)
    return receipts


class Note(msgspec.Struct, frozen=True):
    """An entry by itself, with its time and its salt."""

    entry: Entry
    now_ms: int
    salt: bytes


def note_all(tx: Transaction, notes: Sequence[Note]) -> Sequence[Receipt]:
    """The same for entries that different callers ask for at one moment; `Store.together` does it for all of them."""
    now_ms, salts = max(one.now_ms for one in notes), b"".join(one.salt[:SALT] for one in notes)
    return append_all(tx, [one.entry for one in notes], now_ms, salts)


def tree_at(tx: Transaction, agent: str, seq: int, time: int) -> str:
    """The tree in which an agent's record of that place and moment stands: FIRST where an earlier version made it."""
    return FIRST if tx.one(_AT_FIRST, FIRST, seq, agent, time) is not None else agent.partition("/")[0]


def leaf(entry: Entry, seq: int, now_ms: int, salt: bytes) -> bytes:
    """The leaf of an entry: canonical JSON, without what is empty. Raises RefusedError where it is too long."""
    encoded = _CANONICAL.encode(
        Leaf(
            actor=entry.actor,
            agent=entry.agent,
            environment=entry.environment,
            payload=commitment(salt, entry.kept) if entry.kept else "",
            purpose=entry.purpose,
            refs=entry.refs,
            release=entry.release,
            seq=seq,
            subject=subject_commitment(salt, entry.subject),
            time=now_ms,
            type=entry.type,
            workspace=entry.workspace,
        )
    )
    if len(encoded) > LEAF:
        raise RefusedError(f"the record of this {entry.type} would have {len(encoded)} bytes, and 2 kB is the limit")
    assert all(map(str.isascii, entry.refs)), "names beyond ASCII are sorted in another way"
    return encoded


def commitment(salt: bytes, payload: bytes) -> str:
    """What a leaf says of its payload: the SHA-256 of the salt and the payload, in hexadecimal."""
    assert len(salt) >= SALT, "a short salt can be guessed"
    return sha256(salt + payload).hexdigest()


def read(
    tx: Transaction,
    *,
    tree: str = "",
    agent: str = "",
    kind: str = "",
    actor: str = "",
    tool: str = "",
    subject: str = "",
    purpose: str = "",
    since: int = 0,
    until: int = 0,
    before: Receipt | None = None,
    limit: int = 100,
    payloads: bool = False,
) -> tuple[Record, ...]:
    """The last records that match, newest last; of one moment, by tree and place. `since` (inclusive) and `until`
    (exclusive, 0 for none) are times; `before` is the first record of the page that was read last: the page before it
    is answered, nothing where there is no such record."""
    asked: dict[str, Value] = {"r.time >= ?": since}
    named = {"tree": tree, "agent": agent, "type": kind, "tool": tool, "purpose": purpose}
    named["subject"] = known_index(tx, subject) if subject else ""
    # What an index leaves out has to be said to be left out: no database knows what `?` will be.
    asked |= {f"r.{column} = ? AND r.{column} <> ''": value for column, value in named.items() if value}
    asked |= {"r.time < ?": until} if until else {}
    where, values = " AND ".join(asked), list(asked.values())
    if before is not None:
        (time,) = tx.one("SELECT time FROM records WHERE tree = ? AND seq = ?", *before) or (0,)
        where, values = f"{where} AND (r.time, r.tree, r.seq) < (?, ?, ?)", [*values, time, *before]
    columns, tables = "r.tree, r.seq, r.time, r.type, r.agent, r.actor, r.leaf", "records r"
    if payloads:
        columns = f"{columns}, p.payload"
        tables = f"{tables} {BESIDE}"
    order = "ORDER BY r.time DESC, r.tree DESC, r.seq DESC"
    rows, most = list[Row](), min(limit, PAGE)
    for by, more in _by(actor):
        sql = f"SELECT {columns} FROM {tables} WHERE {where}{by} {order} LIMIT ?"  # noqa: S608 - our own words
        rows += tx.all(sql, *values, *more, most)
    rows.sort(key=lambda row: (row[2], row[0], row[1]))
    return tuple(Record(*row) for row in rows[-most:])


def _by(actor: str) -> Iterator[tuple[str, tuple[Value, ...]]]:
    """Conditions which together find what somebody did; what agents did about themselves by the index of agents."""
    if not actor:
        yield "", ()
        return
    yield f" AND r.actor = ? AND {_ABOUT_OTHERS}", (actor,)
    kind, _, name = actor.partition(":")
    if kind == "agent":
        yield " AND r.actor = ? AND r.agent = ? AND r.agent <> ''", (actor, name.partition("@")[0])


def _ends(tx: Transaction, trees: Iterable[str]) -> dict[str, int]:
    """The place of the next record in each tree."""
    rows = tx.among(_NEWEST, [(tree,) for tree in trees])
    return {tree: 0 if newest is None else newest + 1 for tree, newest in rows}


def _sealed(tx: Transaction, entries: Sequence[Entry], key: bytes, now_ms: int) -> Sequence[Entry]:
    """The same, with payloads in envelopes where they are to be."""
    wanted = [(entry, entry.seal) for entry in entries if entry.seal is not None]
    if not wanted:
        return entries
    vault = wanted[0][1].vault
    owned = [((seal.name, subject_index(key, entry.subject)), entry.kept) for entry, seal in wanted]
    envelopes = iter(vault.seal(tx, owned, now_ms))
    return [
        entry if entry.seal is None else msgspec.structs.replace(entry, payload=next(envelopes)) for entry in entries
    ]


def _row(entry: Entry, place: Receipt, now_ms: int, salt: bytes, key: bytes) -> tuple[Value, ...]:
    """The row of a record; `key` is that of subjects, needed where it has one."""
    found, subject = leaf(entry, place.seq, now_ms, salt), subject_index(key, entry.subject)
    tool = entry.refs.get("tool", "")
    return *place, now_ms, entry.type, entry.agent, entry.actor, tool, subject, entry.purpose, found
