"""Routes for money: agents set it aside and book what they spent, people see how full budgets are.

No answer comes before it is on disk. An agent that is paused gets nothing, by the rows that the transaction sees.
"""

import asyncio

import msgspec

from agentgov.gate.answer import Answer, answered
from agentgov.gate.asking import attempted, conflict, standing
from agentgov.gate.budget_bars import Bars, Budgets
from agentgov.gate.call import Call
from agentgov.gate.errors import bad_request, not_found
from agentgov.gate.recording import record_read
from agentgov.gate.route import Route
from agentgov.gate.routes.agent import AFTER, ENVIRONMENTS, after_of, page
from agentgov.model.names import AgentId
from agentgov.runtime import budgets
from agentgov.runtime.buckets import levels
from agentgov.runtime.budgeting import Spender, wanted
from agentgov.runtime.known_terms import former_of
from agentgov.runtime.money_requests import ReservationAsk, SettleTell
from agentgov.runtime.reservations import Found, Refuse, Release, Request, Reserve, Settle, State

PAGE = 200  # agents


class ReleaseTell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing more is to be said."""


class ReservationAnswer(msgspec.Struct, frozen=True):
    """Money that is set aside, or was: `amount` and what is booked, `actual`, in nano-units; `expires` in epoch
    milliseconds; `record` is its place in the tree of the ledger, of which `signed` records are under the newest
    checkpoint; `again`: the key was used before, by another attempt, so that it may be spent; `over`: more than is left
    was set aside, of a budget that only tells."""

    id: str
    state: State
    amount: int
    actual: int
    currency: str
    expires: int
    record: int
    again: bool = False
    over: str = ""
    tree: str = ""
    signed: int = 0


class BudgetsAnswer(msgspec.Struct, frozen=True):
    """How full the budgets of agents are, by id; `next` is the `after` of the page behind it, "" on the last one."""

    budgets: tuple[Bars, ...]
    next: str = ""


async def reserve(call: Call) -> Answer:
    """Set money aside, or say which budget has not so much left."""
    gate, ask, now_ms = call.gate, call.body, call.now_ms
    gate.require_control()
    try:
        estimate = ask.estimate
    except ValueError as error:
        raise bad_request(str(error)) from None
    who = call.agent_caller
    spender = Spender(call.fleet, gate.terms, who.agent, who.environment)
    id_ = attempted(call, "reservation", ask.key, ask.attempt)
    want, reason = wanted(spender, estimate, id_, now_ms)
    want = ask.about(want)
    if reason is not None:
        return await _decided(call, Refuse(want, reason, now_ms))
    return await _decided(call, Reserve(want, standing(gate, want.agent, now_ms), now_ms), want.id)


async def settle(call: Call) -> Answer:
    """Book what was really spent."""
    try:
        spending = call.body.spending
    except ValueError as error:
        raise bad_request(str(error)) from None
    return await _decided(call, Settle(call.values["id"], _caller(call), spending, call.now_ms, _former(call)))


async def release(call: Call) -> Answer:
    """Give back what nothing was spent of."""
    return await _decided(call, Release(call.values["id"], _caller(call), call.now_ms, _former(call)))


async def all_budgets(call: Call) -> Answer:
    """The budgets of all agents in scope, page by page."""
    after = after_of(call)
    await record_read(call, "budgets")
    # Each agent has a dozen bars: a page of them is small enough to be read, kept and sent at once.
    return await _shown(call, *page(call.fleet.agents(), after, lambda one: call.may("view", one), PAGE))


async def agent_budgets(call: Call) -> Answer:
    """The budgets that one agent is in."""
    if not call.fleet.knows(call.agent):
        raise not_found()
    await record_read(call, "budget", call.agent)
    return await _shown(call, [call.agent])


async def _shown(call: Call, agents: list[AgentId], behind: str = "") -> Answer:
    places = [(agent, place) for agent in agents for place in ENVIRONMENTS]
    # It reads git where it has to.
    found = await asyncio.to_thread(Budgets, call.fleet, call.gate.terms, places, call.now_ms)
    inside = await call.gate.read(lambda tx: levels(tx, found.names))
    return answered(BudgetsAnswer(found.told(inside), behind))


def _caller(call: Call) -> tuple[str, str]:
    who = call.agent_caller
    return str(who.agent), who.environment


def _former(call: Call) -> tuple[str, ...]:
    return former_of(call.fleet, call.agent_caller.agent, call.agent_caller.environment)


async def _decided(call: Call, request: Request, made: str = "") -> Answer:
    """What is decided together with all that others ask at this moment, once it is on disk; `made` is the id of the
    reservation that this attempt makes."""
    found: Found = await call.gate.together(budgets.decide, request)
    one, verdict = found
    limit = next((reason for reason in verdict.reasons if reason.rule in ("budget.exceeded", "budget.over")), None)
    if limit is not None and isinstance(request, Reserve):
        await call.gate.budget_alerts.reached(request.wanted, limit.subject, call.now_ms)
    offence = verdict.first_offence
    if offence is not None:
        raise not_found() if offence.rule == "budget.unknown" else conflict(offence)
    assert one is not None, "what is allowed is there"
    call.gate.budget_alerts.booked(call.agent_caller.agent, one.environment, one.day)
    if isinstance(request, Settle):
        call.gate.budget_alerts.settled(call.agent_caller.agent, one.environment, one.amount)
    told = (one.id, one.state, one.amount, one.actual, one.currency, one.expires, one.record)
    over = limit.message if limit is not None else ""
    receipt = await call.gate.ledger.receipt_of(call.gate, one.agent, one.record, one.asked)
    return answered(ReservationAnswer(*told, made not in ("", one.id), over, *receipt))


_OF_AGENT = "/v1/agents/{workspace}/{name}/reservations"
_ANSWERS = {200: ReservationAnswer}

ROUTES = (
    Route(
        "POST",
        _OF_AGENT,
        "Set money aside",
        reserve,
        "agent",
        body=ReservationAsk,
        answers=_ANSWERS,
        tag="budgets",
    ),
    Route(
        "POST",
        f"{_OF_AGENT}/{{id}}/settle",
        "Book what was spent",
        settle,
        "agent",
        body=SettleTell,
        answers=_ANSWERS,
        tag="budgets",
    ),
    Route(
        "POST",
        f"{_OF_AGENT}/{{id}}/release",
        "Give back what was not spent",
        release,
        "agent",
        body=ReleaseTell,
        answers=_ANSWERS,
        tag="budgets",
    ),
    Route(
        "GET",
        "/v1/budgets",
        "How full budgets are",
        all_budgets,
        "person",
        answers={200: BudgetsAnswer},
        query=(AFTER,),
        tag="budgets",
    ),
    Route(
        "GET",
        "/v1/budgets/{workspace}/{name}",
        "The budgets that one agent is in",
        agent_budgets,
        "person",
        answers={200: BudgetsAnswer},
        verb="view",
        tag="budgets",
    ),
)
