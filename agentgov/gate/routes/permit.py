"""Routes for permits: people see and decide those of agents in their scope, agents look at their own and use them.

Whoever a rule names may see and decide a permit without any other right on the agent, and nobody else may decide. When
a person who may decide first sees a permit is written down, because how people decide is looked at, too.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from agentgov.gate.answer import Answer, answered
from agentgov.gate.asking import agent_of, asked, conflict, electorate, owner_of, rulebook, salt, standing
from agentgov.gate.call import Call
from agentgov.gate.callers import AgentCaller
from agentgov.gate.errors import RefusalError, bad_request, not_found
from agentgov.gate.recording import record_read
from agentgov.gate.route import Parameter, Route
from agentgov.gate.routes.action import ActionAnswer, action_answer
from agentgov.model.names import agent_id
from agentgov.model.told import Subject
from agentgov.model.verdict import Reason
from agentgov.runtime import calls, permits
from agentgov.runtime.ask_fields import Named
from agentgov.runtime.calls import Needs, Question
from agentgov.runtime.permit_listing import NEWEST, PAGE, Habit, Place, Voice, decided, habits, listed, voices
from agentgov.runtime.permit_rows import STATES, Permit, State, find
from agentgov.runtime.permit_votes import MOST_REASON, decide_voter, missing, see, vote
from agentgov.store.port import Transaction

_ID = 32
_MOST_PAGES = 20  # that are looked through for one answer
_DAY = 86_400_000
_MOST_DAYS = 400
_A_PLACE = re.compile(r"([0-9]{1,15})(?:\.([0-9a-f]{32}))?")


class PermitAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """One permit; times are epoch milliseconds, 0 for what has not happened. `missing` is who still has to agree, `may`
    whether the person who asks may decide now. `show` is what the rule wants people to see, while it is open."""

    id: str
    state: State
    agent: str
    environment: str
    tool: str
    release: str
    closure: str
    binding: str
    subject: str
    needs: Needs | None
    show: Any
    asked: int
    expires: int
    decided: int
    consumed: int
    outcome: str
    record: int
    voices: tuple[Voice, ...] = ()
    missing: tuple[Question, ...] = ()
    may: bool = False


class PermitsAnswer(msgspec.Struct, frozen=True):
    """Some permits, newest first; `next` is the `before` of the page behind it, "" where there is none."""

    permits: Sequence[PermitAnswer]
    next: str


class Decide(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why somebody decides as they do."""

    reason: Annotated[str, msgspec.Meta(max_length=MOST_REASON)] = ""


class Consume(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The call that is about to happen, exactly as it was asked for."""

    args: dict[str, Any]
    subject: Subject = ""
    release: Named = ""


class StatisticsAnswer(msgspec.Struct, frozen=True):
    """How people decide, of agents in the scope of who asks; `quick` counts what took less than so many seconds."""

    days: int
    people: tuple[Habit, ...]


async def list_permits(call: Call) -> Answer:
    """Permits that the person may see."""
    state, before = _state(call.query.get("state", "")), _place(call.query.get("before", ""))
    await record_read(call, "permits")
    found: list[PermitAnswer] = []
    for _ in range(_MOST_PAGES):
        page = await call.gate.read(lambda tx: listed(tx, state, call.now_ms, before))  # noqa: B023
        seen = [one for one in page if _may_see(call, one)]
        found += [_told(call, one) for one in seen]
        if len(page) < PAGE:
            return answered(PermitsAnswer(found, ""))
        before = page[-1].asked, page[-1].id
        if len(found) >= PAGE:
            break
    return answered(PermitsAnswer(found, f"{before[0]}.{before[1]}"))


async def show_permit(call: Call) -> Answer:
    """One permit, with what was said about it."""
    permit = await _seen(call)
    may = False
    if not isinstance(call.caller, AgentCaller):
        await record_read(call, "permit", agent_of(permit))
        may = _may_decide(call, permit)
    if may and permit.at(call.now_ms) == "pending":
        await call.gate.write(lambda tx: see(tx, permit.id, call.person, call.now_ms))
    return answered(await call.gate.read(lambda tx: _whole(tx, call, permit, may)))


async def approve(call: Call) -> Answer:
    """Say yes."""
    return await _decide(call, "approve")


async def deny(call: Call) -> Answer:
    """Say no."""
    return await _decide(call, "deny")


async def consume(call: Call) -> Answer:
    """Use a permit for the call that it is for."""
    call.gate.require_control()
    body: Consume = call.body
    permit, who = await _seen(call), call.agent_caller
    book = rulebook(call, body.release or permit.closure)
    if isinstance(book, Reason):
        book = rulebook(call, "")
    if isinstance(book, Reason):
        raise conflict(book)
    use = asked(call, book, "", calls.Call(permit.tool, body.args, body.subject))
    paused, members = standing(call.gate, who.agent, call.now_ms), electorate(call, who.agent, who.environment)
    salted = salt()
    found = await call.gate.write(lambda tx: permits.consume(tx, permit.id, use, paused, members, call.now_ms, salted))
    return answered(await action_answer(call, found))


async def statistics(call: Call) -> Answer:
    """How people decide."""
    days = _number(call, "days", 30)
    if not 0 < days <= _MOST_DAYS:
        raise bad_request(f"`days` is a number from 1 to {_MOST_DAYS}")
    await record_read(call, "permit statistics")
    rows = await call.gate.read(lambda tx: decided(tx, call.now_ms - days * _DAY))
    seen = {name: (one := agent_id(name)) is not None and call.may("view", one) for name in {row[0] for row in rows}}
    return answered(StatisticsAnswer(days, habits(row for row in rows if seen[row[0]])))


async def _decide(call: Call, decision: str) -> Answer:
    call.gate.require_control()
    permit, body = await _seen(call), call.body
    reason = " ".join(body.reason.split())
    owner, members, salted = owner_of(call, permit), electorate(call, agent_of(permit), permit.environment), salt()
    found, verdict = await call.gate.write(
        lambda tx: vote(tx, permit.id, call.person, decision, reason, owner, members, call.now_ms, salted)
    )
    if (offence := verdict.first_offence) is not None:
        status = 409 if offence.rule == "permit.closed" else 403
        raise RefusalError(status, offence.rule, offence.message, f"agentgov action show {permit.id}")
    now_is = found or permit
    return answered(await call.gate.read(lambda tx: _whole(tx, call, now_is, may=False)))


async def _seen(call: Call) -> Permit:
    """The permit of the path, if the caller may see it: 404 otherwise."""
    id_ = call.values["id"]
    permit = await call.gate.read(lambda tx: find(tx, id_)) if len(id_) == _ID else None
    if permit is None or not _may_see(call, permit):
        raise not_found()
    return permit


def _may_see(call: Call, permit: Permit) -> bool:
    caller = call.caller
    if isinstance(caller, AgentCaller):
        return (str(caller.agent), caller.environment) == (permit.agent, permit.environment)
    return call.may("view", agent_of(permit)) or _may_decide(call, permit)


def _may_decide(call: Call, permit: Permit) -> bool:
    members = electorate(call, agent_of(permit), permit.environment)
    return decide_voter(permit, call.person, owner_of(call, permit), members).allowed


def _whole(tx: Transaction, call: Call, permit: Permit, may: bool) -> PermitAnswer:
    members = electorate(call, agent_of(permit), permit.environment)
    lacking = missing(tx, permit.id, permit.needs, members) if permit.needs is not None else ()
    told = _told(call, permit)
    lacking = lacking if told.state == "pending" else ()
    return msgspec.structs.replace(told, voices=voices(tx, permit.id), missing=lacking, may=may)


def _told(call: Call, permit: Permit) -> PermitAnswer:
    return PermitAnswer(
        id=permit.id,
        state=permit.at(call.now_ms),
        agent=permit.agent,
        environment=permit.environment,
        tool=permit.tool,
        release=permit.release,
        closure=permit.closure,
        binding=permit.binding,
        subject=permit.subject,
        needs=permit.needs,
        show=msgspec.json.decode(permit.shown) if permit.shown else None,
        asked=permit.asked,
        expires=permit.expires,
        decided=permit.decided,
        consumed=permit.consumed,
        outcome=permit.outcome,
        record=permit.record,
    )


def _state(text: str) -> State | None:
    if not text:
        return None
    found = next((state for state in STATES if state == text), None)
    if found is None:
        raise bad_request(f"`state` is one of: {', '.join(STATES)}")
    return found


def _place(text: str) -> Place:
    """What `next` told, or a moment, of whose permits none comes; "" for the beginning of the list."""
    if not text:
        return NEWEST
    found = _A_PLACE.fullmatch(text)
    if found is None:
        raise bad_request("`before` is the `next` of another page, or epoch milliseconds")
    return int(found[1]), found[2] or ""


def _number(call: Call, name: str, default: int) -> int:
    text = call.query.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise bad_request(f"`{name}` is a whole number")
    return int(text)


_STATE = Parameter("state", "In which state", schema={"type": "string", "enum": list(STATES)})
_BEFORE = Parameter(
    "before",
    "The `next` of the page before, or epoch milliseconds: what was asked for earlier",
    schema={"type": "string", "pattern": f"^{_A_PLACE.pattern}$"},
)
_DAYS = Parameter("days", "How far back", schema={"type": "integer", "minimum": 1, "maximum": _MOST_DAYS})
_ONE = "/v1/permits/{id}"

ROUTES = (
    Route(
        "GET",
        "/v1/permits",
        "Permits that people are asked for",
        list_permits,
        "person",
        answers={200: PermitsAnswer},
        query=(_STATE, _BEFORE),
        tag="permits",
    ),
    Route(
        "GET",
        "/v1/permits/statistics",
        "How people decide",
        statistics,
        "person",
        answers={200: StatisticsAnswer},
        query=(_DAYS,),
        tag="permits",
    ),
    Route("GET", _ONE, "One permit", show_permit, "either", answers={200: PermitAnswer}, tag="permits"),
    Route(
        "POST",
        f"{_ONE}/approve",
        "Say yes",
        approve,
        "person",
        body=Decide,
        answers={200: PermitAnswer},
        tag="permits",
    ),
    Route("POST", f"{_ONE}/deny", "Say no", deny, "person", body=Decide, answers={200: PermitAnswer}, tag="permits"),
    Route(
        "POST",
        f"{_ONE}/consume",
        "Use a permit, once",
        consume,
        "agent",
        body=Consume,
        answers={200: ActionAnswer},
        tag="permits",
    ),
)
