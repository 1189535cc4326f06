"""The routes of live drills: begin one, and end it.

A drill raises no alert: what the drill agent tells meanwhile goes the way of everything that agents tell, and the alert
rules of the fleet find it, or do not. Its alerts are marked, and ask for no act but to be told.
"""

from typing import Annotated

import msgspec

from agentgov.alerts.defaults import effective, is_about
from agentgov.alerts.knowing import known_of
from agentgov.gate.answer import Answer, answered
from agentgov.gate.call import Call
from agentgov.gate.errors import bad_request
from agentgov.gate.rehearsal import LONGEST, Played
from agentgov.gate.route import Route
from agentgov.model.document import Environment
from agentgov.model.names import AgentId, agent_id, is_label
from agentgov.model.playbook import SIGNALS, Fault

_MOST_WORDS = 200


class DrillAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which drill, about which agent, what is practised, what goes wrong, and how many seconds it lasts at most."""

    drill: str
    agent: str
    title: str
    fault: Fault = ""
    environment: Environment = "production"
    seconds: Annotated[int, msgspec.Meta(ge=1, le=LONGEST // 1000)] = 900


class DrillAnswer(msgspec.Struct, frozen=True):
    """A drill that is held: when it began and ends at the latest (epoch milliseconds), and the alert rules that watch
    this agent for what goes wrong."""

    drill: str
    agent: str
    environment: str
    began: int
    until: int
    rules: tuple[str, ...]


class DrillEnd(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The agent that a drill is about, and where."""

    agent: str
    environment: Environment = "production"


class DrillEnded(msgspec.Struct, frozen=True):
    """The drill that was ended, and its alerts with it."""

    drill: str
    agent: str


async def begin(call: Call) -> Answer:
    """Hold a live drill at this gate, until somebody ends it or its time is over."""
    ask: DrillAsk = call.body
    title = " ".join(ask.title.split())[:_MOST_WORDS]
    if not is_label(ask.drill) or not title:
        raise bad_request("name a drill, and what is practised")
    agent = _about(call, ask.agent)
    now_ms = call.now_ms
    labels = known_of(call.fleet, call.gate.terms, agent, ask.environment, stopped=False).labels
    rules = [one for one in effective(call.fleet.governance.alerts) if one.rule.signal == SIGNALS[ask.fault]]
    until = now_ms + ask.seconds * 1000
    played = Played(ask.drill, agent, ask.environment, title.rstrip("."), str(call.person), now_ms, until)
    await call.gate.rehearsals.begin(played)
    watching = tuple(one.name for one in rules if is_about(one, agent, labels))
    return answered(DrillAnswer(ask.drill, *played.where, now_ms, until, watching))


async def end(call: Call) -> Answer:
    """End a drill, and its alerts."""
    ask: DrillEnd = call.body
    where = str(_about(call, ask.agent)), ask.environment
    ended = call.gate.rehearsals.of(where).played
    await call.gate.rehearsals.end(where)
    return answered(DrillEnded(ended.drill, where[0]))


def _about(call: Call, text: str) -> AgentId:
    agent = agent_id(text)
    if agent is None:
        raise bad_request("name the agent that it is about: WORKSPACE/AGENT")
    call.require("drill", agent)
    return agent


ROUTES = (
    Route(
        "POST",
        "/v1/drills",
        "Hold a live drill",
        begin,
        "person",
        body=DrillAsk,
        answers={200: DrillAnswer},
        tag="alerts",
    ),
    Route(
        "POST",
        "/v1/drills/end",
        "End a live drill and its alerts",
        end,
        "person",
        body=DrillEnd,
        answers={200: DrillEnded},
        tag="alerts",
    ),
)
