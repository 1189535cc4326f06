"""What the gate knows of an incident beside the journal: when its alerts began, which instances obey, what it did."""

import asyncio
from dataclasses import asdict

import msgspec

from agentgov.gate.answer import Answer, answered
from agentgov.gate.call import Call
from agentgov.gate.recording import record_read
from agentgov.gate.route import Route
from agentgov.gate.routes.incident import IncidentAnswer, agents_of, found_of
from agentgov.incident.impact import Counted, began, impact_lines, impacts_of
from agentgov.incident.obeying import Contained, Obeyed, contained, obeyed
from agentgov.incident.times import times_of
from agentgov.model.incident import Incident
from agentgov.report.incidents import incident_json
from agentgov.store.port import Transaction


class AgentImpact(msgspec.Struct, frozen=True):
    """One agent: while the incident went on, and in the week before, null where nothing was counted then. `lines` say
    it in words."""

    agent: str
    during: Counted
    before: Counted | None
    lines: tuple[str, ...]


class ImpactAnswer(msgspec.Struct, frozen=True):
    """What an incident did from `since` to `until` (epoch milliseconds). `hidden` agents are not for who asks."""

    incident: str
    since: int
    until: int
    agents: tuple[AgentImpact, ...]
    hidden: int


async def incident(call: Call) -> Answer:
    """One, where the person may view one of its agents, and how long it took."""
    found = await asyncio.to_thread(found_of, call)
    await record_read(call, f"incident {found.id}")
    what = await asyncio.to_thread(_contained, call, found)

    def read(tx: Transaction) -> tuple[int, Obeyed | None]:
        return began(tx, found), obeyed(tx, what, found.opened.said_at, call.now_ms)

    first, how_far = await call.gate.read(read)
    last, waiting = (how_far.last, how_far.waiting) if how_far is not None else (0, ())
    times = times_of(found, began=first, last_seen=last, waiting=waiting)
    return answered(IncidentAnswer(incident_json(found), asdict(times), call.fleet.seq, call.fleet.tip))


async def impact(call: Call) -> Answer:
    """What it did to the agents that the person may view, in numbers."""
    found = await asyncio.to_thread(found_of, call)
    await record_read(call, f"impact of incident {found.id}")
    agents = [one for one in agents_of(found) if call.may("view", one)]

    since, until, each = await call.gate.read(lambda tx: impacts_of(tx, found, agents, call.now_ms))
    told = tuple(AgentImpact(one.agent, one.during, one.before, tuple(impact_lines(one))) for one in each)
    return answered(ImpactAnswer(found.id, since, until, told, len(found.agents) - len(agents)))


def _contained(call: Call, found: Incident) -> list[Contained]:
    deployed = {one: call.fleet.deployed(one, "production") for one in agents_of(found)}
    return contained(call.fleet.view, found, deployed, call.now_ms // 1000)


ROUTES = (
    Route(
        "GET",
        "/v1/incidents/{incident}",
        "One incident, and how long it took",
        incident,
        "person",
        answers={200: IncidentAnswer},
        tag="incidents",
    ),
    Route(
        "GET",
        "/v1/incidents/{incident}/impact",
        "What an incident did, in numbers",
        impact,
        "person",
        answers={200: ImpactAnswer},
        tag="incidents",
    ),
)
