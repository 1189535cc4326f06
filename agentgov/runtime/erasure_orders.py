"""Orders to erase, signed by as many administrators as Access asks for: one writes it, others sign the same text.

What is signed names the subject by its digest, or the place, with the reason, the fleet and the moment. An order waits
in the store for a week; the last signature that it takes has it carried out, in one transaction. Every signature is
verified again at that moment, so whoever is no administrator any more, or lost their key, does not count. An order is
carried out once: to sign it again erases nothing. What a legal hold keeps is refused when it is asked for, and again
when it would be done.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from agentgov.errors import RefusedError
from agentgov.model.access import Access
from agentgov.runtime.erasure import NAMESPACE, Erased, Erasure, Random, erase, order_text, refuse_held
from agentgov.runtime.ledger import SALT, Entry, Receipt, append
from agentgov.runtime.ledger_shown import place_of
from agentgov.runtime.retention import Rules
from agentgov.store.port import Transaction
from agentgov.trust.identity import Directory
from agentgov.trust.permissions import decide_threshold
from agentgov.trust.sshsig import SignatureError, verify

LASTS = 7 * 86_400_000  # milliseconds that an order waits
_AHEAD = 300_000  # that the clock of whoever signs may be ahead
_FORBIDDEN = "gate.forbidden"
_ORDER = "SELECT id, text, subject, asked, done FROM erasures WHERE id = ?"
_OPEN = "SELECT id, text, subject, asked, done FROM erasures WHERE done = 0 AND asked > ? ORDER BY asked, id"
_SIGNATURES = "SELECT person, signature FROM erasure_signatures WHERE erasure = ? ORDER BY at, person"


class Order(msgspec.Struct, frozen=True):
    """One that waits: what it says, and who signed it so far."""

    id: str
    text: str
    by: str
    reason: str
    subject: str
    record: str
    asked: int  # epoch milliseconds
    ends: int
    signed: tuple[str, ...]
    needed: int


class Electors(msgspec.Struct, frozen=True):
    """Who may order it: people and keys as Access lists them at this moment."""

    access: Access
    directory: Directory

    def signer(self, text: str, signature: str) -> str:
        """The administrator who signed. RefusedError where nobody of them did."""
        try:
            key = verify(signature.encode(), text.encode(), NAMESPACE)
        except (SignatureError, UnicodeEncodeError) as error:
            raise RefusedError(f"the signature does not count: {error}", "sign the order as it is shown") from error
        for who in self.directory.administrators_among((key,)):
            return who
        raise RefusedError("whoever signed does not administer this fleet", "agentgov who administer", rule=_FORBIDDEN)

    @property
    def needed(self) -> int:
        """How many administrators it takes."""
        return self.access.administrators.threshold


def ask(
    tx: Transaction, fleet: str, what: Erasure, at: int, who: Electors, rules: Rules, now_ms: int, random: Random
) -> Erased:
    """Take an order that its writer signed (`what.proof`) at a moment: carried out where one is enough, else it waits.
    RefusedError where the signature, the moment or a legal hold speaks against it."""
    text = order_text(fleet, what, at).decode()
    if who.signer(text, what.proof) != what.by:
        raise RefusedError(f"the order says that {what.by} wrote it, and somebody else signed", "write your own")
    if not now_ms - LASTS < at <= now_ms + _AHEAD:
        raise RefusedError("the order was not written in the last seven days", "write it again")
    refuse_held(tx, what, rules)
    id_ = sha256(text.encode()).hexdigest()
    fresh = tx.run(
        "INSERT INTO erasures (id, text, subject, asked) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
        *(id_, text, what.subject, at),
    )
    if fresh and who.needed > 1:
        _tell(tx, "erasure.ask", what.by, id_, {"reason": what.reason, "order": text}, now_ms, random)
    return _signed(tx, id_, what.by, what.proof, who, rules, now_ms, random)


def sign(tx: Transaction, id_: str, signature: str, who: Electors, rules: Rules, now_ms: int, random: Random) -> Erased:
    """Add the signature of another administrator. RefusedError where it does not count, or nothing waits for it."""
    order = _find(tx, id_, now_ms)
    person = who.signer(order["text"], signature)
    if tx.one("SELECT 1 FROM erasure_signatures WHERE erasure = ? AND person = ?", order["id"], person) is None:
        _tell(tx, "erasure.sign", person, order["id"], {"signature": signature}, now_ms, random)
    return _signed(tx, order["id"], person, signature, who, rules, now_ms, random)


def waiting(tx: Transaction, needed: int, now_ms: int) -> tuple[Order, ...]:
    """The orders that wait, the oldest first."""
    return tuple(_shown(tx, row, needed) for row in tx.all(_OPEN, now_ms - LASTS))


def forget_late(tx: Transaction, now_ms: int) -> int:
    """Forget whom orders were about that nobody carried out in time; how many that was."""
    return tx.run("UPDATE erasures SET subject = '' WHERE subject <> '' AND asked <= ?", now_ms - LASTS)


def _signed(
    tx: Transaction, id_: str, person: str, signature: str, who: Electors, rules: Rules, now_ms: int, random: Random
) -> Erased:
    row = tx.one(_ORDER, id_)
    assert row is not None, "it was put there before"
    if row[4]:
        return Erased(order=id_, signed=_shown(tx, row, who.needed).signed, needed=who.needed)
    tx.run(
        "INSERT INTO erasure_signatures (erasure, person, signature, at) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (erasure, person) DO UPDATE SET signature = excluded.signature",
        *(id_, person, signature, now_ms),
    )
    order = _shown(tx, row, who.needed)
    kept = tuple(_good(tx, order, who))
    signers = tuple(name for name, _ in kept)
    if not decide_threshold(who.access, signers).allowed:
        return Erased(order=id_, signed=signers, needed=who.needed, pending=True)
    place = place_of(order.record) if order.record else None
    what = Erasure(order.by, order.reason, order.subject, place, "".join(one for _, one in kept), order.text, signers)
    done = erase(tx, what, rules, now_ms, random)
    tx.run("UPDATE erasures SET done = ?, subject = '' WHERE id = ?", now_ms, id_)
    return msgspec.structs.replace(done, order=id_, signed=signers, needed=who.needed)


def _good(tx: Transaction, order: Order, who: Electors) -> Iterator[tuple[str, str]]:
    """The signatures that count today."""
    for person, signature in tx.all(_SIGNATURES, order.id):
        try:
            if who.signer(order.text, signature) == person:
                yield str(person), str(signature)
        except RefusedError:
            continue


def _find(tx: Transaction, id_: str, now_ms: int) -> dict[str, Any]:
    """The order that waits under that id, or under its beginning."""
    found = [row for row in tx.all(_OPEN, now_ms - LASTS) if len(id_) >= 8 and str(row[0]).startswith(id_)]
    if len(found) != 1:
        raise RefusedError("no such order waits", "agentgov ledger erase --pending", rule="gate.not-found")
    return {"id": str(found[0][0]), "text": str(found[0][1])}


def _shown(tx: Transaction, row: Sequence[Any], needed: int) -> Order:
    id_, text, subject, asked, _ = row
    said = msgspec.json.decode(text, type=dict[str, Any])
    signed = tuple(str(person) for person, _ in tx.all(_SIGNATURES, id_))
    return Order(
        id_, text, said["by"], said["reason"], subject, said.get("record", ""), asked, asked + LASTS, signed, needed
    )


def _tell(
    tx: Transaction, kind: str, who: str, id_: str, payload: dict[str, str], now_ms: int, random: Random
) -> Receipt:
    entry = Entry(kind, "", who, refs={"order": id_}, payload=msgspec.json.encode(payload, order="sorted"))
    return append(tx, entry, now_ms, random(SALT))
