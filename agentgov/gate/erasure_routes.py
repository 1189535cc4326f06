"""The route by which an administrator has the ledger forget a subject, or what lies beside one record."""

import asyncio
import secrets
from typing import Annotated

import msgspec

from agentgov.errors import RefusedError
from agentgov.gate.answer import Answer, answered
from agentgov.gate.call import Call
from agentgov.gate.errors import RefusalError, bad_request, not_found
from agentgov.gate.route import Route
from agentgov.runtime.erasure import Erased, Erasure, erase
from agentgov.runtime.kept_as import classes_of, note_classes, rules_of
from agentgov.runtime.ledger_shown import place_of
from agentgov.store.port import Transaction


class EraseAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be erased: everything about a `subject`, or what lies beside a `record` (support/12). The reason is
    recorded, so it names nobody."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
    subject: Annotated[str, msgspec.Meta(max_length=128, pattern="^[^\\x00-\\x1f\\x7f]*$")] = ""
    record: Annotated[str, msgspec.Meta(max_length=100)] = ""


async def erasures(call: Call) -> Answer:
    """Erase, in one transaction with the record of it."""
    asked: EraseAsk = call.body
    call.require("administer", None)
    if bool(asked.subject) == bool(asked.record):
        raise bad_request("name a subject or a record, and not both")
    try:
        place = place_of(asked.record) if asked.record else None
    except ValueError as error:
        raise bad_request(str(error)) from None
    what = Erasure(str(call.caller), asked.reason, asked.subject, place)
    fleet, now_ms = call.fleet, call.now_ms
    classes = await asyncio.to_thread(classes_of, fleet)

    def work(tx: Transaction) -> Erased:
        note_classes(tx, classes, now_ms)
        return erase(tx, what, rules_of(tx, fleet), now_ms, secrets.token_bytes)

    try:
        return answered(await call.gate.write(work))
    except RefusedError as error:
        if error.rule != "gate.held":
            raise not_found() from None
        raise RefusalError(409, "gate.held", error.message, error.hint) from None


ROUTES = (
    Route(
        "POST",
        "/v1/ledger/erasures",
        "Erase what the ledger keeps of a subject, or beside a record",
        erasures,
        "person",
        body=EraseAsk,
        answers={200: Erased},
        tag="ledger",
    ),
)
