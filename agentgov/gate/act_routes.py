"""The route by which signed acts come in from people who cannot, or need not, push to the journal themselves."""

import asyncio
from typing import Annotated, Literal

import msgspec

from agentgov.errors import RefusedError, UsageError
from agentgov.gate.answer import Answer, answered
from agentgov.gate.call import Call
from agentgov.gate.errors import bad_request
from agentgov.gate.recording import record
from agentgov.gate.relay import refusal_of, relayed
from agentgov.gate.route import Route
from agentgov.journal.view import View
from agentgov.model.names import agent_id
from agentgov.runtime.ledger import Entry

_LONGEST = 5.0  # seconds that an answer waits for the gate to serve what it appended
_Armour = Annotated[str, msgspec.Meta(max_length=16_384)]


class SignedAct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An act with the signatures of everybody who acts, as `--draft` writes it."""

    text: str
    signatures: Annotated[tuple[_Armour, ...], msgspec.Meta(min_length=1, max_length=16)]
    schema: Literal["agentgov.draft/1"] = "agentgov.draft/1"


class ActAnswer(msgspec.Struct, frozen=True):
    """An act that stands in the journal. `effective`: whether this gate serves it already."""

    id: str
    kind: str
    actor: str
    subject: str
    commit: str
    seq: int
    effective: bool


async def relay_act(call: Call) -> Answer:
    """Append a signed act; to send it again is to have sent it once."""
    body: SignedAct = call.body
    try:
        draft = relayed(body.text, body.signatures)
    except UsageError as error:
        raise bad_request(error.message, error.hint or "write it with --draft FILE") from None
    try:
        view = await call.gate.relay.append(lambda _: [draft])
    except RefusedError as error:
        raise refusal_of(draft.act, error) from None
    act = draft.act
    commit = view.memory.line.commit_of(act.id, view.tip) or view.tip
    agent = act.get("Agent")
    named = agent if agent_id(agent) is not None else ""
    entry = Entry("act", named, str(call.caller), refs={"act": act.id}, payload=act.subject.encode()[:4096])
    await call.gate.write(lambda tx: record(tx, entry, call.now_ms))
    effective = await _served(call, view)
    return answered(ActAnswer(act.id, act.kind, act.actor, act.subject, commit, view.state.head.seq, effective), 201)


async def _served(call: Call, view: View) -> bool:
    """Wait, not for long, until the gate serves that state or a later one."""
    gate, seq = call.gate, view.state.head.seq
    gate.wake()
    loop = asyncio.get_running_loop()
    until = loop.time() + _LONGEST
    while gate.fleet.seq < seq and loop.time() < until:
        await asyncio.sleep(0.02)
    return gate.fleet.seq >= seq


ROUTES = (
    Route("POST", "/v1/acts", "Relay a signed act", relay_act, "person", SignedAct, {201: ActAnswer}, tag="acts"),
)
