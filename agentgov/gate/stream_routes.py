"""The route on which agents hear at once that what they run on has changed."""

import re

from agentgov.gate.answer import Answer
from agentgov.gate.call import Call
from agentgov.gate.callers import bearer, caller_of
from agentgov.gate.route import Route

_EVENT = re.compile(r"[0-9a-f]{32}\Z")
MEDIA = "text/event-stream"


async def stream(call: Call) -> Answer:
    """Events for the agent that asks, until it goes away or its token is good no more."""
    gate, caller = call.gate, call.agent_caller
    secret = bearer(call.scope["headers"])
    gate.streams.enter(caller)
    last = call.headers.get("last-event-id", "")

    def still() -> bool:
        return caller_of(gate.tokens, secret, gate.clock()) == caller

    events = gate.streams.follow(caller, last if _EVENT.match(last) else "", still)
    return Answer(200, headers=((b"x-accel-buffering", b"no"),), content_type=MEDIA.encode(), stream=events)


ROUTES = (
    Route(
        "GET",
        "/v1/stream",
        "Server-sent events: ask again (refetchEvaluation), or stop (paused)",
        stream,
        "agent",
        answers={200: None},
        tag="leases",
        media=MEDIA,
    ),
)
