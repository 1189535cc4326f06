"""The routes by which administrators have the ledger forget a subject, or what lies beside one record.

Where Access asks for several administrators, whoever asks signs the order, it waits, and others sign the same text; the
signature says who agrees, whoever's login brings it. Where one is enough, their login is.
"""

import asyncio
import secrets
from collections.abc import Callable
from typing import Annotated

import msgspec

from agentgov.errors import RefusedError
from agentgov.gate.answer import Answer, answered
from agentgov.gate.call import Call
from agentgov.gate.errors import RefusalError, bad_request, not_found
from agentgov.gate.recording import record
from agentgov.gate.route import Route
from agentgov.runtime.erasure import Erased, Erasure, erase
from agentgov.runtime.erasure_orders import Electors, Order, ask, sign, waiting
from agentgov.runtime.kept_as import note_classes, noted_upto, rules_of, unnoted
from agentgov.runtime.ledger import Entry
from agentgov.runtime.ledger_shown import place_of
from agentgov.runtime.retention import Rules
from agentgov.store.port import Transaction


class EraseAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be erased: everything about a `subject`, or what lies beside a `record` (support/12). The reason is
    recorded, so it names nobody."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
    subject: Annotated[str, msgspec.Meta(max_length=128, pattern="^[^\\x00-\\x1f\\x7f]*$")] = ""
    record: Annotated[str, msgspec.Meta(max_length=100)] = ""
    time: int = 0  # epoch milliseconds at which the order was written that the signature is under
    signature: Annotated[str, msgspec.Meta(max_length=16_384)] = ""


class SignAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The signature of another administrator (SSHSIG, namespace `agentgov-erasure`) under the text of an order."""

    signature: Annotated[str, msgspec.Meta(min_length=1, max_length=16_384)]


class OrdersAnswer(msgspec.Struct, frozen=True):
    """Orders that wait for more signatures, the oldest first."""

    orders: tuple[Order, ...]


async def erasures(call: Call) -> Answer:
    """Erase, in one transaction with the record of it; or have the order wait for more administrators."""
    asked: EraseAsk = call.body
    call.require("administer", None)
    if bool(asked.subject) == bool(asked.record):
        raise bad_request("name a subject or a record, and not both")
    try:
        place = place_of(asked.record) if asked.record else None
    except ValueError as error:
        raise bad_request(str(error)) from None
    who, fleet, now_ms = _electors(call), call.fleet, call.now_ms
    if not asked.signature:
        if who.needed > 1:
            message = f"erasing takes {who.needed} administrators here, each with a signature"
            raise RefusalError(409, "gate.refused", message, "agentgov ledger erase signs, and so do the others")
        what = Erasure(str(call.caller), asked.reason, asked.subject, place)
        return await _done(call, lambda tx, rules: erase(tx, what, rules, now_ms, secrets.token_bytes))
    signed, id_, at = Erasure(call.person, asked.reason, asked.subject, place, asked.signature), fleet.id, asked.time
    return await _done(call, lambda tx, rules: ask(tx, id_, signed, at, who, rules, now_ms, secrets.token_bytes))


async def orders(call: Call) -> Answer:
    """What waits. Reading it is recorded: it names subjects."""
    call.require("administer", None)
    needed, now_ms = _electors(call).needed, call.now_ms
    found = await call.gate.read(lambda tx: waiting(tx, needed, now_ms))
    entry = Entry("read", "", str(call.caller), payload=msgspec.json.encode({"read": "erasures"}))
    await call.gate.write(lambda tx: record(tx, entry, now_ms))
    return answered(OrdersAnswer(found))


async def signatures(call: Call) -> Answer:
    """Add a signature, and erase where it is the last that it takes."""
    call.require("administer", None)
    id_, signature, who, now_ms = call.values["id"], call.body.signature, _electors(call), call.now_ms
    return await _done(call, lambda tx, rules: sign(tx, id_, signature, who, rules, now_ms, secrets.token_bytes))


def _electors(call: Call) -> Electors:
    return Electors(call.fleet.governance.access, call.fleet.directory)


async def _done(call: Call, work: Callable[[Transaction, Rules], Erased]) -> Answer:
    fleet, now_ms = call.fleet, call.now_ms
    classes = await asyncio.to_thread(unnoted, fleet.view, await call.gate.read(noted_upto))

    def noted(tx: Transaction) -> Erased:
        note_classes(tx, classes, now_ms)
        return work(tx, rules_of(tx, fleet))

    try:
        found = await call.gate.write(noted)
    except RefusedError as error:
        if error.rule == "gate.not-found":
            raise not_found() from None
        rule = error.rule or "gate.refused"
        raise RefusalError(403 if rule == "gate.forbidden" else 409, rule, error.message, error.hint) from None
    return answered(found, 202 if found.pending else 200)


ROUTES = (
    Route(
        "POST",
        "/v1/ledger/erasures",
        "Erase what the ledger keeps of a subject, or beside a record",
        erasures,
        "person",
        body=EraseAsk,
        answers={200: Erased, 202: Erased},
        tag="ledger",
    ),
    Route(
        "GET",
        "/v1/ledger/erasures",
        "Orders to erase that wait for more administrators",
        orders,
        "person",
        answers={200: OrdersAnswer},
        tag="ledger",
    ),
    Route(
        "POST",
        "/v1/ledger/erasures/{id}/signatures",
        "Sign an order to erase that somebody else wrote",
        signatures,
        "person",
        body=SignAsk,
        answers={200: Erased, 202: Erased},
        tag="ledger",
    ),
)
