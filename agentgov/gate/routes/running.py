"""Routes of drift: what instances of agents say that they run, and what people see of that."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

import msgspec

from agentgov.gate.answer import Answer, answered
from agentgov.gate.call import Call
from agentgov.gate.errors import bad_request
from agentgov.gate.leasing import deployed_to
from agentgov.gate.recording import record_read
from agentgov.gate.route import Parameter, Route
from agentgov.gate.stops import is_known
from agentgov.model.document import ENVIRONMENTS, Environment
from agentgov.model.names import AgentId
from agentgov.runtime import running
from agentgov.runtime.deployed import Deployed
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.running import Given, Level, Said, Standing, level, standing
from agentgov.store.port import Transaction

PAGE = 500  # instances
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern=r"^[!-~]+$")]
_Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
_Pauses = Annotated[tuple[_Name, ...], msgspec.Meta(max_length=64)]
_Places = Mapping[tuple[AgentId, Environment], tuple[Deployed, tuple[Given, ...]]]
_Heard = Mapping[tuple[str, str], tuple[str, ...]]


class RunningBody(msgspec.Struct, frozen=True):
    """What one instance of an agent runs, and the ids of the pauses that it has heard of."""

    instance: _Name
    closure: _Digest
    release: Annotated[str, msgspec.Meta(max_length=256)] = ""
    acknowledged: _Pauses = ()


class RunningAnswer(msgspec.Struct, frozen=True):
    """Whether that is what the agent may run now."""

    state: Standing
    expected: tuple[str, ...]


class InstanceAnswer(msgspec.Struct, frozen=True):
    """One instance, by its last word; `said` in epoch milliseconds."""

    agent: str
    environment: Environment
    instance: str
    state: Standing
    release: str
    closure: str
    said: int
    acknowledged: tuple[str, ...] = ()


class LevelAnswer(msgspec.Struct, frozen=True):
    """How far the gate reaches the agent in an environment."""

    environment: Environment
    level: Level


class InstancesAnswer(msgspec.Struct, frozen=True):
    """Everything that the instances of an agent said."""

    agent: str
    levels: Sequence[LevelAnswer]
    instances: Sequence[InstanceAnswer]


class FleetAnswer(msgspec.Struct, frozen=True):
    """A page of instances of all agents that the person who asks may view; `next` is "" on the last page."""

    instances: Sequence[InstanceAnswer]
    next: str


async def say_running(call: Call) -> Answer:
    """An instance says what it runs."""
    caller, body = call.agent_caller, call.body
    said = Said(caller.agent, caller.environment, body.instance, body.closure, body.release, call.now_ms)
    deployed = await deployed_to(caller, call.fleet)
    known = [one for one in body.acknowledged if is_known(call.gate, one)]

    def keep(tx: Transaction) -> tuple[Given, ...]:
        running.keep_said(tx, said, known)
        return running.read_given(tx, caller.agent)

    given = await call.gate.write(keep)
    expected = tuple(one.closure for one in (deployed.stable, deployed.canary) if one is not None)
    return answered(RunningAnswer(standing(said, deployed, given, call.now_ms), expected))


async def see_running(call: Call) -> Answer:
    """What the instances of one agent say."""
    agent, now_ms = call.agent, call.now_ms
    await record_read(call, "running", agent)
    said, given, heard = await call.gate.read(lambda tx: _read(tx, agent))
    places = await _places(call.fleet, said, {agent: given})
    instances = [_instance(one, places, now_ms, heard.get((one.environment, one.instance), ())) for one in said]
    levels = [LevelAnswer(one, level(given, one, now_ms)) for one in ENVIRONMENTS]
    return answered(InstancesAnswer(str(agent), levels, instances))


async def see_fleet(call: Call) -> Answer:
    """What the instances of all agents say, page by page; with `state`, those that stand so."""
    await record_read(call, "running")
    after, state = call.query.get("after", ""), call.query.get("state", "")
    if state not in ("", "ok", "drift", "silent"):
        raise bad_request("a state is ok, drift or silent")
    mine, more = await _page(call, after)
    agents = {one.agent for one in mine}
    given = await call.gate.read(lambda tx: {agent: running.read_given(tx, agent) for agent in agents})
    places = await _places(call.fleet, mine, given)
    instances = [_instance(one, places, call.now_ms) for one in mine]
    shown = [one for one in instances if state in ("", one.state)]
    return answered(FleetAnswer(shown, running.place_of(mine[-1]) if more else ""))


async def _page(call: Call, after: str) -> tuple[list[Said], bool]:
    """The next instances of agents in scope, and whether there may be more. No place outside of it is ever told."""
    mine: list[Said] = []
    seen: dict[AgentId, bool] = {}
    while len(mine) < PAGE:
        said = await call.gate.read(lambda tx, place=after: running.read_page(tx, place, PAGE))  # type: ignore[misc]
        for one in said:
            if one.agent not in seen:
                seen[one.agent] = call.may("view", one.agent)
            mine += [one] if seen[one.agent] else []
        if len(said) < PAGE:
            return mine[:PAGE], len(mine) > PAGE
        after = running.place_of(said[-1])
    return mine[:PAGE], True


async def _places(fleet: Fleet, said: Iterable[Said], given: Mapping[AgentId, tuple[Given, ...]]) -> _Places:
    """What runs where something was said, and what was given there."""
    wanted = {(one.agent, one.environment) for one in said}
    return await asyncio.to_thread(lambda: {key: (fleet.deployed(*key), given[key[0]]) for key in wanted})


def _instance(one: Said, places: _Places, now_ms: int, heard: tuple[str, ...] = ()) -> InstanceAnswer:
    deployed, given = places[one.agent, one.environment]
    state = standing(one, deployed, given, now_ms)
    return InstanceAnswer(
        str(one.agent), one.environment, one.instance, state, one.release, one.closure, one.said, heard
    )


def _read(tx: Transaction, agent: AgentId) -> tuple[Sequence[Said], tuple[Given, ...], _Heard]:
    return running.read_said(tx, agent), running.read_given(tx, agent), running.heard_by(tx, agent)


_PATH = "/v1/agents/{workspace}/{name}/running"
ROUTES = (
    Route(
        "POST",
        _PATH,
        "An instance says what it runs, and which pauses it has heard of",
        say_running,
        "agent",
        RunningBody,
        {200: RunningAnswer},
        tag="leases",
    ),
    Route(
        "GET",
        _PATH,
        "What the instances of an agent say that they run",
        see_running,
        "person",
        answers={200: InstancesAnswer},
        verb="view",
        tag="leases",
    ),
    Route(
        "GET",
        "/v1/running",
        "What the instances of all agents say that they run",
        see_fleet,
        "person",
        answers={200: FleetAnswer},
        query=(
            Parameter("state", "Only those that stand so: ok, drift, silent"),
            Parameter("after", "From `next` of the page before"),
        ),
        tag="leases",
    ),
)
