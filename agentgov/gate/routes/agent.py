"""Routes for people about agents: what runs where. Each person sees the agents that they may view.

What was not asked for yet is read from git, beside the event loop: nobody else waits for who looks at a whole fleet.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import islice

import msgspec

from agentgov.gate.answer import Answer, answered
from agentgov.gate.call import Call
from agentgov.gate.errors import bad_request, not_found
from agentgov.gate.recording import record_read
from agentgov.gate.route import Parameter, Route
from agentgov.model.document import Environment
from agentgov.model.names import AgentId, agent_id
from agentgov.runtime.deployed import WHOLE, Deployed, Release
from agentgov.runtime.fleet import Fleet

ENVIRONMENTS: tuple[Environment, ...] = ("staging", "production")
PAGE = 500
AFTER = Parameter("after", "From `next` of the page before")


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
    """Agents that the person who asks may view, by id, and of which act of the journal this speaks; `next` is the
    `after` of the page behind it, "" on the last one."""

    agents: Sequence[AgentAnswer]
    seq: int
    tip: str
    next: str


async def agents(call: Call) -> Answer:
    """Agents in scope, page by page."""
    after = after_of(call)
    await record_read(call, "agents")
    return answered(await asyncio.to_thread(_page, call, after))


async def agent(call: Call) -> Answer:
    """One agent."""
    if not call.fleet.knows(call.agent):
        raise not_found()
    await record_read(call, "agent", call.agent)
    return answered(await asyncio.to_thread(agent_answer, call.fleet, call.agent))


def _page(call: Call, after: AgentId | None) -> AgentsAnswer:
    fleet = call.fleet
    shown, behind = page(fleet.agents(), after, lambda one: call.may("view", one))
    fleet.read_ahead(shown)
    return AgentsAnswer([agent_answer(fleet, one) for one in shown], fleet.seq, fleet.tip, behind)


def after_of(call: Call) -> AgentId | None:
    """Behind which agent the page begins that is asked for, None for the first one."""
    text = call.query.get("after", "")
    after = agent_id(text)
    if text and after is None:
        raise bad_request("`after` is the `next` of the page before")
    return after


def page(
    known: Sequence[AgentId], after: AgentId | None, may: Callable[[AgentId], bool], most: int = PAGE
) -> tuple[list[AgentId], str]:
    """The agents behind one, of all in order, that somebody may see; and the last of them, where there are more."""
    seen = list(islice(filter(may, known[bisect_right(known, after) if after is not None else 0 :]), most + 1))
    return seen[:most], str(seen[most - 1]) if len(seen) > most else ""


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
        "GET",
        "/v1/agents",
        "Agents and what of them runs",
        agents,
        "person",
        answers={200: AgentsAnswer},
        query=(AFTER,),
        tag="agents",
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
