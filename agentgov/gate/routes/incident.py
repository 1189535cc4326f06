"""Routes for incidents: people who are logged in list and open them. What the gate knows of one is `incident_facts`',
the steps that people take in one are `incident_step`'s.

What the gate signs for somebody names them in the act (`For`), and the law asks for that person's rights.
"""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from agentgov.errors import AgentgovError
from agentgov.gate.answer import Answer, answered
from agentgov.gate.call import Call
from agentgov.gate.errors import RefusalError, forbidden, not_found
from agentgov.gate.incident_acts import Write, take, written
from agentgov.gate.recording import record_read
from agentgov.gate.route import Route
from agentgov.incident.orders import Opening, open_incident
from agentgov.incident.people import playbook_path
from agentgov.model.incident import Incident, is_incident_id
from agentgov.model.names import AgentId, agent_id
from agentgov.report.incidents import incident_json
from agentgov.trust.verbs import who_may

_Fingerprint = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]


class IncidentAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to open; `pause` stops its agents by the same act."""

    agents: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=64)]
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    severity: Annotated[int, msgspec.Meta(ge=1, le=4)] = 3
    alerts: Annotated[tuple[_Fingerprint, ...], msgspec.Meta(max_length=64)] = ()
    pause: Literal["", "stop", "read-only"] = ""
    reason: Annotated[str, msgspec.Meta(max_length=4_000)] = ""


class TakenAnswer(msgspec.Struct, frozen=True):
    """A step that was taken: it is on its way to the journal, and its pauses are obeyed already."""

    incident: str
    act: str
    subject: str


class IncidentsAnswer(msgspec.Struct, frozen=True):
    """Incidents, newest first, as `agentgov incident list` tells them, and of which act of the journal this speaks."""

    incidents: tuple[dict[str, Any], ...]
    seq: int
    tip: str


class IncidentAnswer(msgspec.Struct, frozen=True):
    """One of them. `times` are milliseconds: `detect` from its first alert on, the others from its opening; `obeyed` is
    until the last instance was seen on what is contained, and `waiting` are those that have not heard yet."""

    incident: dict[str, Any]
    times: dict[str, Any]
    seq: int
    tip: str


async def incidents(call: Call) -> Answer:
    """Those of agents that the person may view; `?all=true` with what is closed."""
    everything = call.query.get("all") == "true"
    await record_read(call, "incidents")
    found = await asyncio.to_thread(_seen, call, everything)
    return answered(IncidentsAnswer(tuple(map(incident_json, found)), call.fleet.seq, call.fleet.tip))


async def open_one(call: Call) -> Answer:
    """Open one, and answer once its agents are paused where that is asked."""
    ask: IncidentAsk = call.body
    agents = [_agent(call, text) for text in ask.agents]
    for agent in agents:
        call.require("incident", agent)
        if ask.pause and not call.may("pause", agent, "production"):
            message = f"{call.person} may not pause {agent} in production"
            raise forbidden("gate.forbidden", message, who_may("pause", agent, "production"))
    path = next(filter(None, (playbook_path(call.fleet.view, agent) for agent in agents)), "")
    what = Opening(agents, ask.title, ask.severity, alerts=ask.alerts, playbook=path, mode=ask.pause, asked=call.person)
    now = call.now_ms // 1000
    return await taken(call, lambda view, actor: open_incident(view, actor, what, now=now, reason=ask.reason))


async def taken(call: Call, write: Write) -> Answer:
    """Take a step, and answer once its pauses are obeyed. RefusalError 409 where the law refuses it."""
    try:
        draft = await asyncio.to_thread(written, call.gate, write, call.now_ms)
    except AgentgovError as error:
        raise RefusalError(409, "gate.refused", error.message, "see: agentgov incident list") from error
    await call.gate.write(lambda tx: take(tx, draft, call.now_ms), urgent=True)
    await call.gate.control.refresh()
    call.gate.wake()
    return answered(TakenAnswer(draft.act.get("Incident"), draft.act.id, draft.act.subject), 202)


def _seen(call: Call, everything: bool) -> list[Incident]:
    found = call.fleet.view.state.incidents().values()
    kept = [one for one in found if (everything or one.state not in ("closed", "cancelled")) and _may_see(call, one)]
    return sorted(kept, key=lambda one: -one.opened.seq)


def found_of(call: Call) -> Incident:
    """The incident that a path names, where the person may view one of its agents."""
    text = call.values["incident"]
    found = call.fleet.view.state.incident(text) if is_incident_id(text) else None
    if found is None or not _may_see(call, found):
        raise not_found()
    return found


def workable(call: Call) -> Incident:
    """The incident that a path names, where the person may work on every agent of it."""
    found = found_of(call)
    for agent in agents_of(found):
        call.require("incident", agent)
    return found


def _may_see(call: Call, one: Incident) -> bool:
    return any(call.may("view", agent) for agent in agents_of(one))


def agents_of(one: Incident) -> list[AgentId]:
    """The agents that it is about."""
    return [agent for agent in map(agent_id, one.agents) if agent is not None]


def _agent(call: Call, text: str) -> AgentId:
    found = agent_id(text)
    if found is None or not call.fleet.knows(found):
        raise not_found()
    return found


TAKEN: Mapping[int, type] = {202: TakenAnswer}
ROUTES = (
    Route("GET", "/v1/incidents", "Incidents", incidents, "person", answers={200: IncidentsAnswer}, tag="incidents"),
    Route(
        "POST",
        "/v1/incidents",
        "Open an incident, and pause its agents",
        open_one,
        "person",
        body=IncidentAsk,
        answers=TAKEN,
        tag="incidents",
    ),
)
