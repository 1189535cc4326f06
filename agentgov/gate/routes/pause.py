"""Routes for pauses: people who are logged in stop agents, at once and also while git is away; everybody sees why."""

import asyncio
import secrets
from collections.abc import Iterable

import msgspec

from agentgov.errors import AgentgovError
from agentgov.gate.answer import Answer, answered
from agentgov.gate.call import Call
from agentgov.gate.errors import RefusalError, bad_request, forbidden, not_found
from agentgov.gate.ordering import pause_act
from agentgov.gate.questions import Question, asked_of
from agentgov.gate.recording import record_read
from agentgov.gate.route import Route
from agentgov.journal.traits import selected
from agentgov.model.act import Act, clean_reason
from agentgov.model.names import AgentId
from agentgov.model.selector import parse_selector
from agentgov.runtime import outbox
from agentgov.runtime.outbox import Outgoing
from agentgov.runtime.pause import Mode, Order
from agentgov.runtime.pause_question import decide_question
from agentgov.runtime.pausing import order_of, take_pause
from agentgov.trust.verbs import who_may

_MOST_REASON = 2_000  # characters


class PauseAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to stop, how, until when (epoch seconds, 0 until somebody resumes them), and why."""

    selector: str
    reason: str
    mode: Mode = "stop"
    until: int = 0


class PauseAnswer(msgspec.Struct, frozen=True):
    """One order; times of the gate are epoch milliseconds. `effective` is when this process obeyed it.

    `journal`: `landed` as act number `act`, `queued`, or `refused` for what `said` says; it is obeyed all the same.
    """

    id: str
    selector: str
    mode: Mode
    by: str
    reason: str
    until: int
    requested: int
    journal: str
    act: int
    said: str = ""
    effective: int = 0


class PausesAnswer(msgspec.Struct, frozen=True):
    """Every order that is obeyed now, oldest first, and of which act of the journal this speaks."""

    pauses: tuple[PauseAnswer, ...]
    seq: int
    tip: str


async def pause(call: Call) -> Answer:
    """Take an order, and answer once it is obeyed."""
    ask: PauseAsk = call.body
    await asyncio.to_thread(_refuse, call, ask)
    act, text = _act(call, ask)
    order = order_of(act, call.person, call.now_ms)
    await call.gate.write(lambda tx: take_pause(tx, order, text, salt=secrets.token_bytes(16)), urgent=True)
    await call.gate.control.refresh()
    call.gate.wake()
    told = pause_answer(order, Outgoing(order.id, "pause", order.by))
    return answered(msgspec.structs.replace(told, effective=call.gate.clock()), 201)


async def pauses(call: Call) -> Answer:
    """Every order that stops an agent which the person may view."""
    gate, fleet = call.gate, call.fleet
    await record_read(call, "pauses")
    sent = await gate.read(outbox.pauses_to_land)
    orders = gate.pauses.all(call.now_ms // 1000)
    seen = await asyncio.to_thread(lambda: [one for one in orders if _may_see(call, one)])
    return answered(PausesAnswer(tuple(pause_answer(one, sent.get(one.id)) for one in seen), fleet.seq, fleet.tip))


class PausedAnswer(msgspec.Struct, frozen=True):
    """Of the agents that were asked about those that are paused, and why."""

    paused: dict[str, str]


async def asked(call: Call) -> Answer:
    """Tell a reconciler who is paused, before it brings anything to real traffic."""
    named, now = asked_of(call, decide_question), call.now_ms // 1000
    stops = {one: call.gate.pauses.of(one, now) for one in named}
    told = {str(one): f"{one} is paused by {stop.by} at the gate" for one, stop in stops.items() if stop is not None}
    return answered(PausedAnswer(told))


def pause_answer(order: Order, sent: Outgoing | None) -> PauseAnswer:
    """An order as it is told, with what became of its act."""
    state = "landed" if order.landed else sent.state if sent is not None else "queued"
    known = (order.id, order.selector, order.mode, order.by, order.reason, order.until, order.since)
    return PauseAnswer(*known, state, order.landed, sent.said if sent is not None and not order.landed else "")


def _refuse(call: Call, ask: PauseAsk) -> None:
    """Refuse what makes no sense, and whoever may not stop every agent that is meant."""
    if parse_selector(ask.selector) is None:
        raise bad_request(
            f"{ask.selector[:100]!r} is no selector",
            "write workspace/agent, workspace/*, label=value, tool:NAME or model:NAME",
        )
    if not clean_reason(ask.reason) or len(ask.reason) > _MOST_REASON:
        raise bad_request(f"a pause has a reason of at most {_MOST_REASON:,} characters", "say why, for those who ask")
    if ask.until and not call.now_ms // 1000 < ask.until < 10**11:
        raise bad_request("`until` is no moment to come, in epoch seconds", "0 pauses until somebody resumes it")
    meant = list(selected(call.fleet.view, ask.selector))
    if one := next((agent for agent in meant if not call.may("pause", agent, "production")), None):
        raise _may_not(call, one, meant)
    if not meant:
        raise not_found()


def _may_not(call: Call, one: AgentId, meant: Iterable[AgentId]) -> RefusalError:
    if call.may("view", one):
        message = f"{call.person} may not pause {one} in production"
        return forbidden("gate.forbidden", message, who_may("pause", one, "production"))
    if any(call.may("view", agent) for agent in meant):
        message = f"{call.person} may not pause every agent that is meant"
        return forbidden("gate.forbidden", message, who_may("pause", None, "production"))
    return not_found()


def _act(call: Call, ask: PauseAsk) -> tuple[Act, str]:
    """The gate's own act on a person's behalf: who asked stands in its reason, for there is no other signature."""
    reason = f"{ask.reason}\n\nAsked of the gate by {call.person}."
    try:
        return pause_act(call.gate, ask.selector, ask.mode, ask.until, reason, call.now_ms)
    except AgentgovError as error:
        raise bad_request(error.message) from error


def _may_see(call: Call, order: Order) -> bool:
    return any(call.may("view", agent) for agent in selected(call.fleet.view, order.selector))


ROUTES = (
    Route(
        "POST",
        "/v1/pauses",
        "Stop the agents of a selector",
        pause,
        "person",
        body=PauseAsk,
        answers={201: PauseAnswer},
        tag="pauses",
    ),
    Route(
        "POST",
        "/v1/pauses/asked",
        "Tell a reconciler who is paused",
        asked,
        "anyone",
        body=Question,
        answers={200: PausedAnswer},
        tag="pauses",
    ),
    Route("GET", "/v1/pauses", "Orders that are obeyed", pauses, "person", answers={200: PausesAnswer}, tag="pauses"),
)
