"""Routes for people about agents: what runs where. Each person sees the agents that they may view."""

from collections.abc import Sequence

import msgspec

from agentgov.gate.answer import Answer, answered
from agentgov.gate.call import Call
from agentgov.gate.errors import not_found
from agentgov.gate.recording import record_read
from agentgov.gate.route import Route
from agentgov.model.document import Environment
from agentgov.model.names import AgentId
from agentgov.runtime.deployed import WHOLE, Deployed, Release
from agentgov.runtime.fleet import Fleet

ENVIRONMENTS: tuple[Environment, ...] = ("staging", "production")


class Running(msgspec.Struct, frozen=True):
    """One release that has traffic; `share` from 0 to 1."""

    release: str
    closure: str
    share: float


class Place(msgspec.Struct, frozen=True):
    """One agent in one environment; `refused` says why nothing may run there."""

    environment: Environment
    stable: Running | None = None
    canary: Running | None = None
    refused: tuple[str, ...] = ()


class AgentAnswer(msgspec.Struct, frozen=True):
    """One agent, everywhere."""

    id: str
    places: tuple[Place, ...]


class AgentsAnswer(msgspec.Struct, frozen=True):
    """Every agent that the person who asks may view, and of which act of the journal this speaks."""

    agents: Sequence[AgentAnswer]
    seq: int
    tip: str


async def agents(call: Call) -> Answer:
    """All agents in scope."""
    fleet = call.fleet
    await record_read(call, "agents")
    seen = [one for one in fleet.agents() if call.may("view", one)]
    return answered(AgentsAnswer([agent_answer(fleet, one) for one in seen], fleet.seq, fleet.tip))


async def agent(call: Call) -> Answer:
    """One agent."""
    if call.agent not in set(call.fleet.agents()):
        raise not_found()
    await record_read(call, "agent", call.agent)
    return answered(agent_answer(call.fleet, call.agent))


def agent_answer(fleet: Fleet, agent: AgentId) -> AgentAnswer:
    """What of an agent runs where."""
    return AgentAnswer(str(agent), tuple(_place(fleet.deployed(agent, one)) for one in ENVIRONMENTS))


def _place(deployed: Deployed) -> Place:
    stable = _running(deployed.stable, WHOLE - deployed.share)
    canary = _running(deployed.canary, deployed.share)
    return Place(deployed.environment, stable, canary, tuple(one.message for one in deployed.refused))


def _running(release: Release | None, share: int) -> Running | None:
    return Running(release.name, release.closure, share / WHOLE) if release is not None else None


ROUTES = (
    Route(
        "GET", "/v1/agents", "Agents and what of them runs", agents, "person", answers={200: AgentsAnswer}, tag="agents"
    ),
    Route(
        "GET",
        "/v1/agents/{workspace}/{name}",
        "One agent and what of it runs",
        agent,
        "person",
        answers={200: AgentAnswer},
        verb="view",
        tag="agents",
    ),
)
