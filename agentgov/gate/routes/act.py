"""Routes for acts that people signed: the gate judges them, keeps them, and brings them to the journal.

The signatures say who acts, so no token is asked for; a forged or foreign act is refused before anything is kept. So
people on call need no right to push, and what they signed waits here while git is away.
"""

import asyncio
import secrets
from typing import Annotated, Literal

import msgspec

from agentgov.errors import AgentgovError
from agentgov.gate.answer import Answer, answered
from agentgov.gate.call import Call
from agentgov.gate.errors import RefusalError, bad_request, cannot_tell, not_found
from agentgov.gate.route import Route
from agentgov.journal.appending import judge_draft
from agentgov.journal.authority import refuse_signers, who_may
from agentgov.journal.draft import Draft
from agentgov.journal.draft_text import read_draft
from agentgov.journal.entry import signers_of
from agentgov.model.act import ActError, made_at, render
from agentgov.model.acts_table import ACTS
from agentgov.model.transitions import Refusal
from agentgov.runtime import outbox
from agentgov.runtime.outbox import Outgoing
from agentgov.runtime.pause import Pauses
from agentgov.runtime.pausing import order_of, take_act, take_pause, take_step
from agentgov.store.port import Transaction

KINDS = frozenset(
    ("promote", "abort", "withdraw", "retire", "hold", "clear", "rollback", "pause", "resume", "revoke", "incident")
)  # what people say from afar; whatever comes with files or rests on a clone is appended from one
assert ACTS.keys() > KINDS, "every kind that is relayed is a kind"
_WHO = ("authority", "signature", "access")  # families of rules about who signed
_LATEST_MS = 300_000  # how far ahead of the gate's clock an act may have been written
_WAIT = 5.0  # seconds that the caller waits for the journal
_LOOK = 0.05
_Armour = Annotated[str, msgspec.Meta(max_length=16_384)]


class SignedAct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An act with the signatures of everybody who acts, as `--draft` writes it."""

    text: str
    signatures: Annotated[tuple[_Armour, ...], msgspec.Meta(min_length=1, max_length=16)]
    schema: Literal["agentgov.draft/1"] = "agentgov.draft/1"


class ActAnswer(msgspec.Struct, frozen=True):
    """What became of an act: `landed` as act number `seq` of the journal, `queued` for it, or `refused` by it.

    `effective`: whether this gate serves the journal with it. `lifted`: orders that ended here at once, because the
    journal never had them.
    """

    id: str
    kind: str
    journal: str
    seq: int = 0
    effective: bool = False
    said: str = ""
    lifted: tuple[str, ...] = ()


async def relay(call: Call) -> Answer:
    """Take a signed act, and wait a little for the journal to have it; to send it again is to have sent it once."""
    body: SignedAct = call.body
    text = msgspec.json.encode(body).decode()
    try:
        draft = read_draft(text)
    except ActError as error:
        raise bad_request(f"this is no signed act: {error}", "write one with --draft FILE") from error
    if draft.act.kind not in KINDS or not draft.act.is_personal:
        what = f"an act of kind {draft.act.kind} by {draft.act.actor} is not relayed"
        raise bad_request(what, "append it from a clone")
    known = await call.gate.read(lambda tx: outbox.find(tx, draft.act.id))
    if known is not None and known.draft == text:
        return _answer(call, await _became(call, known.id))
    await asyncio.to_thread(_refuse, call, draft)
    lifted = await call.gate.write(lambda tx: _take(tx, draft, text, call.now_ms))
    await call.gate.control.refresh()
    call.gate.wake()
    return _answer(call, await _became(call, draft.act.id), lifted)


async def act(call: Call) -> Answer:
    """What became of an act that the gate took. Whoever knows its id may know that."""
    found = await call.gate.read(lambda tx: outbox.find(tx, call.values["id"]))
    if found is None:
        raise not_found()
    return answered(_told(call, found))


def _take(tx: Transaction, draft: Draft, text: str, now_ms: int) -> tuple[str, ...]:
    act, salt = draft.act, secrets.token_bytes(16)
    if act.kind == "pause":
        take_pause(tx, order_of(act, act.actor_id, now_ms), text, salt=salt)
        return ()
    if act.kind == "incident":
        take_step(tx, act, text, now_ms, salt=salt)
        return ()
    return take_act(tx, act, text, now_ms, salt=salt)


def _refuse(call: Call, draft: Draft) -> None:
    """Refuse an act that is not signed by who may, or that does not hold on the journal as it is served."""
    gate, view = call.gate, call.fleet.view
    if made_at(draft.act.id) > call.now_ms + _LATEST_MS:
        raise bad_request("the act was written ahead of the gate's clock", "look at the clock of your machine")
    try:
        outcome = judge_draft(view, draft, gate.actor.appender, call.now_ms // 1000)
    except AgentgovError as error:
        raise cannot_tell("gate.unknown", error.message) from error
    if isinstance(outcome, Refusal) and not _ends_here(gate.pauses, draft, outcome):
        of_who = outcome.code.partition(".")[0] in _WHO or outcome.code == "journal.stranger"
        incident = draft.act.get("Incident")
        see = f"see: agentgov incident show {incident}" if incident else "see: agentgov status"
        hint = who_may(view, draft.act) if of_who else see
        raise RefusalError(403 if of_who else 409, outcome.code, outcome.message, hint)


def _ends_here(pauses: Pauses, draft: Draft, refusal: Refusal) -> bool:
    """Whether it lifts orders that only the store has, signed by who may: the journal has nothing to lift."""
    if draft.act.kind != "resume" or refusal.code != "pause.none":
        return False
    signers = signers_of(render(draft.act), draft.signatures, pauses.view.directory)
    if isinstance(signers, Refusal) or refuse_signers(pauses.view, draft.act, signers) is not None:
        return False
    return any(one.selector == draft.act.get("Selector") for one in pauses.waiting)


async def _became(call: Call, act_id: str) -> Outgoing:
    deadline = asyncio.get_running_loop().time() + _WAIT
    while True:
        found = await call.gate.read(lambda tx: outbox.find(tx, act_id))
        assert found is not None, "it was put there before"
        served = found.state == "refused" or 0 < found.landed <= call.gate.fleet.seq
        if served or asyncio.get_running_loop().time() > deadline:
            return found
        await asyncio.sleep(_LOOK)


def _answer(call: Call, one: Outgoing, lifted: tuple[str, ...] = ()) -> Answer:
    return answered(_told(call, one, lifted), {"landed": 201, "queued": 202, "refused": 409}[one.state])


def _told(call: Call, one: Outgoing, lifted: tuple[str, ...] = ()) -> ActAnswer:
    effective = 0 < one.landed <= call.gate.fleet.seq
    return ActAnswer(one.id, one.kind, one.state, one.landed, effective, one.said, lifted)


ROUTES = (
    Route(
        "POST",
        "/v1/acts",
        "Relay an act that people signed",
        relay,
        "anyone",
        body=SignedAct,
        answers={201: ActAnswer, 202: ActAnswer, 409: ActAnswer},
        tag="acts",
    ),
    Route(
        "GET",
        "/v1/acts/{id}",
        "What became of an act",
        act,
        "anyone",
        answers={200: ActAnswer},
        tag="acts",
    ),
)
