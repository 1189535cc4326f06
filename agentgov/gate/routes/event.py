"""The route of events: what an agent tells of a session that no span says, such as that it was no help."""

import asyncio
from typing import Annotated

import msgspec

from agentgov.gate.answer import Answer, answered
from agentgov.gate.asking import salt
from agentgov.gate.call import Call
from agentgov.gate.leasing import deployed_to
from agentgov.gate.route import Route
from agentgov.model.told import MOST_EVENTS, EventTell
from agentgov.runtime.telemetry.attributing import kept_of, scope_of
from agentgov.runtime.telemetry.events import taken_down, tell
from agentgov.runtime.vault import seal_of


class EventsTell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Events, in their order."""

    events: Annotated[tuple[EventTell, ...], msgspec.Meta(min_length=1, max_length=MOST_EVENTS)]


class EventsAnswer(msgspec.Struct, frozen=True):
    """How many were new, and the place of each in the ledger, in the order that they were told."""

    new: int
    records: tuple[int, ...]


async def events(call: Call) -> Answer:
    """Take down what an agent tells."""
    told: EventsTell = call.body
    caller, gate, now_ms = call.agent_caller, call.gate, call.now_ms
    deployed = await deployed_to(caller, call.fleet)
    where = str(caller.agent), caller.environment
    scope = scope_of(*where)
    found = []
    for one in told.events:
        ran = kept_of(deployed, one.release, call.fleet.governance.prices)
        seal = seal_of(gate.settings.vault, ran.audit) if ran.audit is not None else None
        found.append(taken_down(one, ran, salt(), seal))
    if call.is_drill:
        played = gate.rehearsals.of(where)
        return answered(EventsAnswer(*await asyncio.to_thread(played.tell, scope, str(caller), found, now_ms)))
    new, records = await gate.write(lambda tx: tell(tx, where, scope, str(caller), found, now_ms))
    return answered(EventsAnswer(new, records))


ROUTES = (
    Route(
        "POST",
        "/v1/events",
        "Take down what an agent tells of its sessions",
        events,
        "agent",
        body=EventsTell,
        answers={200: EventsAnswer},
        tag="telemetry",
    ),
)
