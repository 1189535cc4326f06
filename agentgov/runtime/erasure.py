"""Erases what the ledger keeps of one subject, or beside one record: payload, salt and key are gone, the proofs hold.

Everything happens in one transaction: payloads and salts go, so that the commitments of the leaves can be opened by
nobody; the subject's data keys are destroyed, so that copies of what they encrypted cannot be read either; the index
forgets the subject, and so do sums of money; permits that are over forget whom they were for; and a record says which
places were redacted, by whom and why. A crash leaves all of it or nothing, and to erase again finds nothing left. What
a legal hold is about is not erased, not even in part.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from hashlib import sha256

import msgspec

from agentgov.errors import RefusedError
from agentgov.runtime import spent_about
from agentgov.runtime.disposals import places
from agentgov.runtime.ledger import BESIDE, SALT, Entry, Receipt, append_all
from agentgov.runtime.retention import REDACTED, Rules
from agentgov.runtime.subjects import known_index
from agentgov.store.port import Row, Transaction

_ROWS = f"SELECT r.tree, r.seq, r.agent, r.type, r.time, r.tool, r.subject, p.seq FROM records r {BESIDE} WHERE "  # noqa: S608 - ours
_OF_SUBJECT = _ROWS + "r.subject = ? AND r.subject <> '' ORDER BY r.tree, r.seq"
_OF_RECORD = _ROWS + "r.tree = ? AND r.seq = ?"
_OVER = "state NOT IN ('pending', 'approved')"
NAMESPACE = "agentgov-erasure"  # of signatures (SSHSIG) of orders
Random = Callable[[int], bytes]


class Erasure(msgspec.Struct, frozen=True):
    """What is to be erased, on whose word and why. Either a subject or a place."""

    by: str
    reason: str
    subject: str = ""
    place: Receipt | None = None
    proof: str = ""  # the signatures of who says so, one after the other
    order: str = ""  # the text that they signed
    signers: tuple[str, ...] = ()


class Erased(msgspec.Struct, frozen=True):
    """What was erased; nothing where nothing was left, or where the order waits for more administrators."""

    payloads: int = 0
    keys: int = 0
    permits: int = 0
    waiting: int = 0  # that people are still asked about: once they are over, erasing again has them forget
    records: tuple[str, ...] = ()  # that say so
    order: str = ""  # the id of the order that was signed
    signed: tuple[str, ...] = ()  # by whom, so far
    needed: int = 1  # how many administrators it takes
    pending: bool = False  # not carried out yet


def order_text(fleet: str, what: Erasure, now_ms: int) -> bytes:
    """What who orders it signs. The name of the subject is in it by its digest alone."""
    of = {"record": f"{what.place.tree}/{what.place.seq}"} if what.place is not None else {}
    of |= {"subject": sha256(what.subject.encode()).hexdigest()} if what.subject else {}
    return msgspec.json.encode(
        {"by": what.by, "fleet": fleet, "reason": what.reason, "time": now_ms} | of, order="sorted"
    )


def erase(tx: Transaction, what: Erasure, rules: Rules, now_ms: int, random: Random) -> Erased:
    """Erase. RefusedError where a legal hold keeps any of it, or there is no such record."""
    index = known_index(tx, what.subject) if what.subject else ""
    rows = refuse_held(tx, what, rules)
    gone: dict[str, list[int]] = defaultdict(list)
    for tree, seq, *_, kept in rows:
        if kept is not None:
            gone[tree].append(seq)
    pairs = [(tree, seq) for tree, seqs in gone.items() for seq in seqs]
    tx.many("DELETE FROM payloads WHERE tree = ? AND seq = ?", pairs)
    tx.many("UPDATE records SET subject = '' WHERE tree = ? AND seq = ?", [(tree, seq) for tree, seq, *_ in rows])
    keys = tx.run("DELETE FROM data_keys WHERE subject = ?", index) if index else 0
    _forget_money(tx, what, rows)
    permits, waiting = _permits(tx, what, [(str(row[0]), row[1], row[2]) for row in rows])
    if not pairs and not keys and not permits:
        return Erased(waiting=waiting)
    entries = _told(what, gone)
    receipts = append_all(tx, entries, now_ms, random(SALT * len(entries)))
    said = tuple(f"{one.tree}/{one.seq}" for one in receipts)
    return Erased(len(pairs), keys, permits, waiting, said)


def _forget_money(tx: Transaction, what: Erasure, rows: Sequence[Row]) -> None:
    """Have reservations forget whom they were about; of a single record, the one that it is the request of."""
    if what.subject:
        spent_about.forget_subject(tx, what.subject)
        return
    for _, seq, agent, kind, *_ in rows:
        if kind == "budget.reserve":
            tx.run("UPDATE reservations SET subject = '' WHERE agent = ? AND record = ? AND subject <> ''", agent, seq)


def refuse_held(tx: Transaction, what: Erasure, rules: Rules) -> Sequence[Row]:
    """The records that it is about: tree, place, agent, type, time, tool, subject, and the place of the payload or
    None. RefusedError where a legal hold keeps any of them, or there is no such record."""
    index = known_index(tx, what.subject) if what.subject else ""
    rows = tx.all(_OF_SUBJECT, index) if what.place is None else tx.all(_OF_RECORD, *what.place)
    if what.place is not None and not rows:
        message = f"there is no record {what.place.tree}/{what.place.seq}"
        raise RefusedError(message, "agentgov ledger log", rule="gate.not-found")
    _refuse_held([(str(row[0]), row[1], rules.of(*row[2:7]).hold) for row in rows])
    return rows


def _refuse_held(found: Sequence[tuple[str, int, str]]) -> None:
    held = [(tree, seq, hold) for tree, seq, hold in found if hold]
    if held:
        names = ", ".join(sorted({hold for *_, hold in held}))
        places_ = ", ".join(f"{tree}/{seq}" for tree, seq, _ in held[:5]) + (" and more" if len(held) > 5 else "")
        message = f"the legal hold {names} keeps {len(held):,} of these records ({places_}): nothing is erased"
        raise RefusedError(message, "it ends by a change of governance/retention.yaml", rule="gate.held")


def _permits(tx: Transaction, what: Erasure, rows: Sequence[tuple[str, int, str]]) -> tuple[int, int]:
    """Have permits forget; how many, and how many cannot yet."""
    clean = "UPDATE permits SET subject = '', shown = '' WHERE (subject <> '' OR shown <> '') AND "
    if what.place is None:
        done = tx.run(f"{clean} subject = ? AND {_OVER}", what.subject)
        row = tx.one("SELECT count(*) FROM permits WHERE subject = ?", what.subject)
        return done, int(row[0]) if row is not None else 0
    ((_, seq, agent),) = rows
    done = tx.run(f"{clean} agent = ? AND record = ? AND {_OVER}", agent, seq)
    row = tx.one(
        "SELECT count(*) FROM permits WHERE (subject <> '' OR shown <> '') AND agent = ? AND record = ?", agent, seq
    )
    return done, int(row[0]) if row is not None else 0


def _told(what: Erasure, gone: dict[str, list[int]]) -> list[Entry]:
    """Records of which places of which trees were redacted; where there was none, one in the tree of the fleet."""
    said = {"by": what.by, "of": "subject" if what.place is None else "record", "reason": what.reason}
    said |= {"signature": what.proof} if what.proof else {}
    said |= {"order": what.order, "signers": ", ".join(what.signers)} if what.order else {}
    payload = msgspec.json.encode(said, order="sorted")
    entries = [
        Entry(REDACTED, "", what.by, refs={"records": text}, payload=payload, tree=tree)
        for tree, seqs in gone.items()
        for text in places(seqs)
    ]
    return entries or [Entry(REDACTED, "", what.by, payload=payload)]
