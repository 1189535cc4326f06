"""The route on which agents hear at once that what they run on has changed."""

import re

from agentgov.gate.answer import Answer
from agentgov.gate.call import Call
from agentgov.gate.callers import AgentCaller, Caller, bearer, caller_of
from agentgov.gate.errors import forbidden, store_away, unknown_caller
from agentgov.gate.gate import Gate
from agentgov.gate.route import Parameter, Route

_EVENT = re.compile(r"[0-9a-f]{32}\Z")
MEDIA = "text/event-stream"


async def stream(call: Call) -> Answer:
    """Events for the agent that asks, until it goes away or its token is good no more."""
    gate, secret, ticket = call.gate, bearer(call.scope["headers"]), call.query.get("ticket", "")
    by_ticket = call.caller is None and bool(ticket)

    def who() -> Caller:
        now_ms = gate.clock()
        return _of_ticket(gate, ticket, now_ms) if by_ticket else caller_of(gate.tokens, secret, now_ms)

    caller = who()
    if caller is None:
        raise unknown_caller() if gate.control.is_confirmed else store_away()
    if not isinstance(caller, AgentCaller):
        raise forbidden("gate.caller", "this is for agents, and a person asks", "use the token of an agent")
    gate.streams.enter(caller)
    last = call.headers.get("last-event-id", "")
    last = last if _EVENT.match(last) else ""
    events = gate.streams.follow(caller, last, lambda: who() == caller, tells_why=not by_ticket)
    return Answer(200, headers=((b"x-accel-buffering", b"no"),), content_type=MEDIA.encode(), stream=events)


def _of_ticket(gate: Gate, ticket: str, now_ms: int) -> Caller:
    token = gate.tokens.named(gate.tickets.token(ticket), now_ms)
    if token is None or token.agent is None or token.environment is None:
        return None
    return AgentCaller(token.agent, token.environment, token.id)


ROUTES = (
    Route(
        "GET",
        "/v1/stream",
        "Server-sent events for an agent: ask again (refetchEvaluation), or stop (paused)",
        stream,
        "anyone",
        answers={200: None},
        query=(Parameter("ticket", "From a bulk evaluation, for clients that can send no Authorization"),),
        tag="leases",
        media=MEDIA,
    ),
)
