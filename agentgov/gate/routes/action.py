"""Routes for agents that act: may I use this tool now, and what came of it. No answer comes before it is on disk."""

from typing import Annotated, Any, Literal

import msgspec

from agentgov.gate.answer import Answer
from agentgov.gate.answer import answered as as_json
from agentgov.gate.asking import asked, conflict, rulebook, salt, standing
from agentgov.gate.call import Call
from agentgov.gate.errors import bad_request, not_found
from agentgov.gate.route import Route
from agentgov.model.told import Purpose, Refs, Subject
from agentgov.model.verdict import Reason
from agentgov.runtime import calls
from agentgov.runtime.action_requests import Answered, Asked, Refusal, Request, decide
from agentgov.runtime.ask_fields import Attempt, Key, Named
from agentgov.runtime.permit_ends import Outcome, Told, tell_outcomes
from agentgov.runtime.reservations import Wanted

PermitId = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
_decode: "msgspec.json.Decoder[ActionAsk]"


class ActionAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One use of a tool. `subject`: for whom; `release`: which one runs, "" for the stable one; `purpose`: what it is
    for; `refs`: the caller's own records that it belongs to."""

    tool: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    args: dict[str, Any]
    key: Key
    subject: Subject = ""
    release: Named = ""
    attempt: Attempt = ""
    purpose: Purpose = ""
    refs: Refs = {}


class Why(msgspec.Struct, frozen=True):
    """One reason of a decision."""

    rule: str
    effect: Literal["note", "allow", "unknown", "deny"]
    message: str


class PermitRef(msgspec.Struct, frozen=True):
    """The permit that a decision made; `expires` in epoch milliseconds."""

    id: str
    state: str
    expires: int


class ActionAnswer(msgspec.Struct, frozen=True):
    """What was decided: go on, do not, or wait for people and use the permit then. `record` is its place in
    the tree of the ledger, of which `signed` records are under the newest checkpoint; `again`: the key was used before,
    by another attempt, so that it may have happened already."""

    decision: Literal["allow", "deny", "ask"]
    reasons: tuple[Why, ...]
    permit: PermitRef | None
    record: int
    again: bool = False
    tree: str = ""
    signed: int = 0


class OutcomeTell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What came of a permit that was used: well, or not; `done` is false where nothing of it happened at all."""

    permit: PermitId
    ok: bool
    done: bool = True
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""


class OutcomeAnswer(msgspec.Struct, frozen=True):
    """The outcome that counts."""

    permit: str
    outcome: str


_decode = msgspec.json.Decoder(ActionAsk)
_encode = msgspec.json.Encoder().encode


async def act(call: Call) -> int:
    """Decide about one use of a tool."""
    gate = call.gate
    gate.require_control()
    try:
        ask = _decode.decode(await call.read())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise bad_request(f"the body does not fit: {error}") from None
    who, run = call.agent_caller, ask.refs.get("session", "") or ask.refs.get("run", "")
    where = str(who.agent), who.environment
    noticing = gate.rehearsals.of(where).noticing if call.is_drill else gate.noticed
    book = rulebook(call, ask.release)
    if isinstance(book, Reason):
        found = await _refused(call, ask, book)
    else:
        action = calls.Call(ask.tool, ask.args, ask.subject, ask.purpose, ask.refs)
        found = await _request(call, asked(call, book, ask.key, action, ask.attempt))
    if found.reasons and found.reasons[0].rule == "action.key":
        raise conflict(found.reasons[0])
    beside = call.fleet.deployed(who.agent, who.environment).canary
    canary = beside.closure if beside is not None and not isinstance(book, Reason) and book.release == beside else ""
    noticing.call(where, ask.tool, ask.args, run, found.decision == "deny", call.now_ms, canary)
    return await call.reply(200, _encode(await action_answer(call, found)))


async def outcome(call: Call) -> Answer:
    """Take down what came of a permit."""
    told: OutcomeTell = call.body
    what: Outcome = "done" if told.ok else "failed" if told.done else "not-done"
    if told.ok and not told.done:
        raise bad_request("what went well was done")
    who = call.agent_caller
    caller, now_ms, salted = (str(who.agent), who.environment), call.now_ms, salt()
    permit, verdict = await call.gate.together(
        tell_outcomes, Told(told.permit, caller, what, told.note, now_ms, salted)
    )
    if permit is None:
        raise not_found()
    if (offence := verdict.first_offence) is not None:
        raise conflict(offence)
    call.gate.budget_alerts.booked(who.agent, who.environment)
    return as_json(OutcomeAnswer(permit.id, what))


async def action_answer(call: Call, found: Answered) -> ActionAnswer:
    """A decision as it is told."""
    permit = found.permit
    ref = PermitRef(permit.id, permit.state, permit.expires) if permit is not None else None
    kept = call.gate.ledger
    receipt = kept.receipt(call.agent_caller.agent)
    if found.again and permit is not None:
        receipt = await kept.receipt_of(call.gate, permit.agent, found.record, permit.asked)
    reasons = reasons_of(found.reasons)
    return ActionAnswer(found.decision, reasons, ref, found.record, found.again, *receipt)  # type: ignore[arg-type]


def reasons_of(reasons: tuple[Reason, ...]) -> tuple[Why, ...]:
    """Reasons as they are told."""
    return tuple(Why(one.rule, one.effect.name.lower(), one.message) for one in reasons)  # type: ignore[arg-type]


async def _request(call: Call, request: Asked) -> Answered:
    """What is decided together with all that others ask at this moment, once it is on disk."""
    gate, now_ms = call.gate, call.now_ms
    paused = standing(gate, request.agent, now_ms)
    found: Answered = await gate.together(decide, Request(request, paused, now_ms, salt()))
    limit = next((one for one in found.reasons if one.rule in ("budget.exceeded", "budget.over")), None)
    if limit is not None and isinstance(request.money, Wanted):
        await gate.budget_alerts.reached(request.money, limit.subject, now_ms)
    if found.permit is not None and found.permit.id == request.id:  # made now, or by this attempt a moment ago
        return msgspec.structs.replace(found, again=False)
    return found


async def _refused(call: Call, ask: ActionAsk, reason: Reason) -> Answered:
    """A denial where no release is there whose rules could be asked; recorded like every other."""
    who = call.agent_caller
    refusal = Refusal(str(who.agent), who.environment, ask.tool, reason, call.now_ms, salt(), ask.subject, ask.purpose)
    found: Answered = await call.gate.together(decide, refusal)
    return found


ROUTES = (
    Route(
        "POST",
        "/v1/agents/{workspace}/{name}/actions",
        "May the agent use this tool now",
        act,
        "agent",
        body=ActionAsk,
        answers={200: ActionAnswer},
        tag="actions",
        hot=True,
    ),
    Route(
        "POST",
        "/v1/agents/{workspace}/{name}/outcomes",
        "What came of a permit that was used",
        outcome,
        "agent",
        body=OutcomeTell,
        answers={200: OutcomeAnswer},
        tag="actions",
    ),
)
