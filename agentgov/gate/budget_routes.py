"""Routes for money: agents set it aside and book what they spent, people see how full budgets are.

No answer comes before it is on disk. An agent that is paused gets nothing, by the rows that the transaction sees.
"""

import asyncio
from typing import Annotated

import msgspec

from agentgov.gate.action_routes import Attempt, Key, Named
from agentgov.gate.agent_routes import ENVIRONMENTS
from agentgov.gate.answer import Answer, answered
from agentgov.gate.asking import attempted, conflict, standing
from agentgov.gate.budget_bars import Bars, Budgets
from agentgov.gate.budget_terms import former_of
from agentgov.gate.budgeting import Estimate, wanted
from agentgov.gate.call import Call
from agentgov.gate.errors import bad_request, not_found
from agentgov.gate.recording import record_read
from agentgov.gate.route import Route
from agentgov.model.names import AgentId
from agentgov.model.units import parse_money
from agentgov.runtime import budgets
from agentgov.runtime.buckets import levels
from agentgov.runtime.reservations import Found, Refuse, Release, Request, Reserve, Settle, Spending, State

MOST_TOKENS = 10**9
Tokens = Annotated[int, msgspec.Meta(ge=0, le=MOST_TOKENS)]
Money = Annotated[
    str, msgspec.Meta(pattern="^((0|[1-9][0-9]{0,11})(\\.[0-9]{1,9})? [A-Z]{3})?$", description="0.02 USD")
]
Run = Annotated[str, msgspec.Meta(pattern="^[!-~]{0,64}$", description="Of which run it is part.")]


class ReservationAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The most that a call can cost: a model, its input tokens and its most output tokens, or an amount. `release`:
    which one runs, "" for the stable one."""

    key: Key
    model: Annotated[str, msgspec.Meta(max_length=200)] = ""
    input_tokens: Tokens = 0
    max_output_tokens: Tokens | None = None
    amount: Money = ""
    run: Run = ""
    release: Named = ""
    attempt: Attempt = ""


class SettleTell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was really used. `cached` are those of the input tokens that came from a cache."""

    input_tokens: Tokens | None = None
    cached: Tokens = 0
    output_tokens: Tokens | None = None
    amount: Money = ""


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
    """How full the budgets of agents are."""

    budgets: tuple[Bars, ...]


async def reserve(call: Call) -> Answer:
    """Set money aside, or say which budget has not so much left."""
    gate, ask, now_ms = call.gate, call.body, call.now_ms
    gate.require_control()
    if bool(ask.model) == bool(ask.amount):
        raise bad_request("name a model and its tokens, or an amount")
    tokens = ask.input_tokens, ask.max_output_tokens
    want, reason = wanted(call, Estimate(ask.key, ask.model, *tokens, ask.amount, ask.run, ask.release))
    want = msgspec.structs.replace(want, id=attempted(call, ask.key, ask.attempt))
    if reason is not None:
        return await _decided(call, Refuse(want, reason, now_ms))
    return await _decided(call, Reserve(want, standing(gate, want.agent, now_ms), now_ms), want.id)


async def settle(call: Call) -> Answer:
    """Book what was really spent."""
    id_, spending = call.values["id"], _spending(call.body)
    return await _decided(call, Settle(id_, _caller(call), spending, call.now_ms, _former(call)))


async def release(call: Call) -> Answer:
    """Give back what nothing was spent of."""
    return await _decided(call, Release(call.values["id"], _caller(call), call.now_ms, _former(call)))


async def all_budgets(call: Call) -> Answer:
    """The budgets of all agents in scope."""
    await record_read(call, "budgets")
    return await _shown(call, [one for one in call.fleet.agents() if call.may("view", one)])


async def agent_budgets(call: Call) -> Answer:
    """The budgets that one agent is in."""
    if not call.fleet.knows(call.agent):
        raise not_found()
    await record_read(call, "budget", call.agent)
    return await _shown(call, [call.agent])


async def _shown(call: Call, agents: list[AgentId]) -> Answer:
    places = [(agent, place) for agent in agents for place in ENVIRONMENTS]
    # It reads git where it has to.
    found = await asyncio.to_thread(Budgets, call.fleet, call.gate.terms, places, call.now_ms)
    return answered(BudgetsAnswer(found.told(await call.gate.read(lambda tx: levels(tx, found.names)))))


def _spending(told: SettleTell) -> Spending:
    if told.amount:
        if told.input_tokens is not None or told.output_tokens is not None or told.cached:
            raise bad_request("tell tokens, or an amount")
        amount, currency = parse_money(told.amount)
        return Spending(amount=amount, currency=currency)
    if told.input_tokens is None or told.output_tokens is None:
        raise bad_request("tell input_tokens and output_tokens, or an amount")
    if told.cached > told.input_tokens:
        raise bad_request("what is cached is part of the input")
    return Spending(told.input_tokens, told.cached, told.output_tokens)


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
    told = (one.id, one.state, one.amount, one.actual, one.currency, one.expires, one.record)
    over = limit.message if limit is not None else ""
    receipt = call.gate.ledger.receipt(call.agent_caller.agent)
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
        "GET", "/v1/budgets", "How full budgets are", all_budgets, "person", answers={200: BudgetsAnswer}, tag="budgets"
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
