"""Routes of leases: what an agent runs on, what its instances say that they run, and what people see of that."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec

from agentgov.gate.answer import Answer, answered
from agentgov.gate.call import Call
from agentgov.gate.conditional import has_already
from agentgov.gate.errors import bad_request
from agentgov.gate.leasing import deployed_to, journal_header
from agentgov.gate.route import Parameter, Route
from agentgov.gate.stops import is_known
from agentgov.model.document import ENVIRONMENTS, Environment
from agentgov.model.names import AgentId
from agentgov.runtime import running
from agentgov.runtime.running import Level, Said, Standing, level, standing
from agentgov.store.port import Transaction

LONGEST = 512  # characters of a sticky key, and of a release
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern=r"^[!-~]+$")]
_Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
_Asked = Mapping[Environment, Mapping[str, int]]
_Heard = Mapping[tuple[str, str], tuple[str, ...]]
_Pauses = Annotated[tuple[_Name, ...], msgspec.Meta(max_length=64)]


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

    environment: Environment
    instance: str
    state: Standing
    release: str
    closure: str
    said: int
    acknowledged: tuple[str, ...]


class LevelAnswer(msgspec.Struct, frozen=True):
    """How far the gate reaches the agent in an environment."""

    environment: Environment
    level: Level


class InstancesAnswer(msgspec.Struct, frozen=True):
    """Everything that the instances of an agent said."""

    agent: str
    levels: Sequence[LevelAnswer]
    instances: Sequence[InstanceAnswer]


async def lease(call: Call) -> int:
    """The lease of the agent that asks, for a sticky key, or for the release that its run began on."""
    gate, caller, fleet = call.gate, call.agent_caller, call.fleet
    key, pinned = (_short(call.query.get(name, ""), name) for name in ("key", "release"))
    signed = await gate.leasing.lease(caller, fleet, key, call.now_ms, pinned)
    await gate.leasing.hand_out(caller, signed, call.now_ms, "enforced")
    headers = (*signed.headers, journal_header(fleet))
    if has_already(call.scope["headers"], headers[0][1]):
        return await call.reply(304, b"", headers, b"")
    return await call.reply(200, signed.lease.body, headers)


async def say_running(call: Call) -> Answer:
    """An instance says what it runs."""
    caller, body = call.agent_caller, call.body
    said = Said(caller.agent, caller.environment, body.instance, body.closure, body.release, call.now_ms)
    deployed = await deployed_to(caller, call.fleet)
    known = [one for one in body.acknowledged if is_known(call.gate, one)]
    await call.gate.write(lambda tx: running.keep_said(tx, said, known))
    expected = tuple(one.closure for one in (deployed.stable, deployed.canary) if one is not None)
    return answered(RunningAnswer(standing(said, deployed, call.now_ms), expected))


async def see_running(call: Call) -> Answer:
    """What the instances of an agent say, for people."""
    agent, fleet, now_ms = call.agent, call.fleet, call.now_ms
    said, asked, heard = await call.gate.read(lambda tx: _read(tx, agent))
    deployed = {one: await asyncio.to_thread(fleet.deployed, agent, one) for one in ENVIRONMENTS}
    instances = [
        InstanceAnswer(
            one.environment,
            one.instance,
            standing(one, deployed[one.environment], now_ms),
            one.release,
            one.closure,
            one.said,
            heard.get((one.environment, one.instance), ()),
        )
        for one in said
    ]
    levels = [LevelAnswer(one, level(asked.get(one, {}), now_ms)) for one in ENVIRONMENTS]
    return answered(InstancesAnswer(str(agent), levels, instances))


def _read(tx: Transaction, agent: AgentId) -> tuple[Sequence[Said], _Asked, _Heard]:
    return running.read_said(tx, agent), running.read_asked(tx, agent), running.heard_by(tx, agent)


def _short(text: str, name: str) -> str:
    if len(text) > LONGEST:
        raise bad_request(f"the {name} is longer than {LONGEST} characters")
    return text


_OF_AGENT = "/v1/agents/{workspace}/{name}"
ROUTES = (
    Route(
        "GET",
        f"{_OF_AGENT}/lease",
        "What the agent runs on, signed by the gate",
        lease,
        "agent",
        answers={200: dict[str, Any], 304: None},
        query=(
            Parameter("key", "The sticky key: decides while a canary takes a share of the traffic"),
            Parameter("release", "The name or tag of the release that a run began on, which it may keep"),
        ),
        hot=True,
        tag="leases",
    ),
    Route(
        "POST",
        f"{_OF_AGENT}/running",
        "An instance says what it runs, and which pauses it has heard of",
        say_running,
        "agent",
        RunningBody,
        {200: RunningAnswer},
        tag="leases",
    ),
    Route(
        "GET",
        f"{_OF_AGENT}/running",
        "What the instances of an agent say that they run",
        see_running,
        "person",
        answers={200: InstancesAnswer},
        verb="view",
        tag="leases",
    ),
)
