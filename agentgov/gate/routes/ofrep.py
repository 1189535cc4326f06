"""The gate as OpenFeature's clients see it: OFREP 0.3, single and bulk. Flags are those of `runtime.flags`.

A client of OFREP polls and falls back on defaults of its own, so it is shown as `polled`; how long a value may be used
at most is told as `maxStaleness`, in seconds. What is refused is no value: a flag of an agent that is paused is an
error, and what a client does then is its caller's.
"""

from hashlib import sha256
from typing import Any

import msgspec

from agentgov.gate.call import Call
from agentgov.gate.conditional import has_already
from agentgov.gate.errors import RefusalError
from agentgov.gate.leasing import Signed, journal_header
from agentgov.gate.ofrep_shapes import (
    Bulk,
    BulkFailure,
    Context,
    Evaluation,
    Failure,
    General,
    Success,
    refused,
    stream_at,
)
from agentgov.gate.route import Parameter, Route
from agentgov.runtime.flags import Flag, flag_of, flags_of, value_of

_LONGEST = 512  # characters of a targeting key, and of a flag's key that is told back
_decode = msgspec.json.Decoder(Evaluation).decode
_encode = msgspec.json.Encoder().encode


async def single(call: Call) -> int:
    """One flag."""
    key, caller = call.values["key"][:_LONGEST], call.agent_caller
    flag = flag_of(key)
    if flag is None or flag.agent != caller.agent:
        return await call.reply(404, _encode(Failure(key, "FLAG_NOT_FOUND", f"{caller.agent} has no flag of that key")))
    found = await _evaluate(call)
    if isinstance(found, BulkFailure):
        return await call.reply(400, _encode(Failure(key, found.error_code, found.error_details)))
    said = _say(flag, found)
    status = 200 if isinstance(said, Success) else 400
    return await call.reply(status, _encode(said), (journal_header(call.fleet),))


async def bulk(call: Call) -> int:
    """Every flag of the agent that asks."""
    found = await _evaluate(call)
    if isinstance(found, BulkFailure) and found.error_code in ("PARSE_ERROR", "INVALID_CONTEXT"):
        return await call.reply(400, _encode(found))
    flags = tuple(_say(flag, found) for flag in flags_of(call.agent_caller.agent))
    body = _encode(Bulk(flags, (stream_at(call.gate.tickets.of(call.agent_caller)),)))
    etag = f'"{sha256(body).hexdigest()[:32]}"'.encode("ascii")
    headers = ((b"etag", etag), (b"cache-control", b"private, no-cache"), journal_header(call.fleet))
    if has_already(call.scope["headers"], etag):
        return await call.reply(304, b"", headers, b"")
    return await call.reply(200, body, headers)


async def _evaluate(call: Call) -> Signed | BulkFailure:
    """What the agent gets for the targeting key of the request, written down; or why nothing. RefusalError where it
    cannot be told."""
    context = _context(await call.read())
    if isinstance(context, BulkFailure):
        return context
    leasing, caller = call.gate.leasing, call.agent_caller
    try:
        signed = await leasing.lease(caller, call.fleet, context.targeting_key, call.now_ms)
    except RefusalError as refusal:
        if refusal.status == 503:
            raise
        missing = refusal.rule == "runtime.key" and not context.targeting_key
        return BulkFailure("TARGETING_KEY_MISSING" if missing else "GENERAL", refusal.message)
    await leasing.hand_out(caller, signed, call.now_ms, "polled")
    return signed


def _context(body: bytes) -> Context | BulkFailure:
    try:
        found = _decode(body or b"{}").context or Context()
    except msgspec.ValidationError as error:
        return BulkFailure("INVALID_CONTEXT", f"the context cannot be used: {error}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return BulkFailure("PARSE_ERROR", f"the body cannot be read: {error}")
    if len(found.targeting_key) > _LONGEST or "\0" in found.targeting_key:
        return BulkFailure("INVALID_CONTEXT", f"a targeting key has up to {_LONGEST} characters, and no NUL")
    return found


def _say(flag: Flag, found: Signed | BulkFailure) -> Success | Failure:
    if isinstance(found, BulkFailure):
        return Failure(flag.key, found.error_code, found.error_details)
    lease = found.lease
    value = value_of(lease, flag.part)
    if value is None:
        return Failure(flag.key, "GENERAL", "the prompt is no text")
    reason = "SPLIT" if lease.terms.split else "STATIC"
    return Success(flag.key, value, reason, lease.terms.variant, _metadata(found))


def _metadata(signed: Signed) -> dict[str, Any]:
    lease, release = signed.lease, signed.lease.terms.release
    return {
        "release": release.name,
        "closure": release.closure,
        "mode": lease.terms.mode,
        "level": "polled",
        "ttl": lease.ttl,
        "maxStaleness": lease.hard_expiry,
    }


_REFUSED = dict.fromkeys((401, 403, 413, 415, 429, 500, 503), General)
ROUTES = (
    Route(
        "POST",
        "/ofrep/v1/evaluate/flags/{key...}",
        "OFREP: one flag of the agent that asks",
        single,
        "agent",
        Evaluation,
        {**_REFUSED, 200: Success, 400: Failure, 404: Failure},
        hot=True,
        tag="ofrep",
        refuse=refused,
    ),
    Route(
        "POST",
        "/ofrep/v1/evaluate/flags",
        "OFREP: every flag of the agent that asks",
        bulk,
        "agent",
        Evaluation,
        {**_REFUSED, 200: Bulk, 304: None, 400: BulkFailure},
        query=(
            Parameter("flagConfigEtag", "From the event that made the client ask; not needed here"),
            Parameter("flagConfigLastModified", "From the event that made the client ask; not needed here"),
        ),
        hot=True,
        tag="ofrep",
        refuse=refused,
    ),
)
