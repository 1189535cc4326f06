"""Routes of what agents used: sums for people, counts of sessions for whoever judges canaries, what is quarantined."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from agentgov.gate.answer import Answer, answered
from agentgov.gate.call import Call
from agentgov.gate.errors import bad_request
from agentgov.gate.questions import Question, asked_of
from agentgov.gate.recording import record_read
from agentgov.gate.route import Parameter, Route
from agentgov.gate.routes.agent import AFTER, after_of, page
from agentgov.model.document import ENVIRONMENTS, Environment
from agentgov.model.names import AgentId, agent_id
from agentgov.runtime.count_question import Since, decide_question
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.telemetry import keeping, rollups, sessions
from agentgov.runtime.telemetry.rollups import Line, Sums, total
from agentgov.store.port import Transaction

PAGE = 200  # agents
_DAY = 86_400_000
_LONGEST = 400 * _DAY
_NUMBER = {"type": "integer", "minimum": 0}


class UsageLine(msgspec.Struct, frozen=True):
    """Sums of one model, tool or event of one release. Times in milliseconds; cost in nano-units of `currency`, "" for
    what has no price. `unmeasured` calls told no tokens and `sampled` ones stand for more: then sums are the least."""

    kind: str
    name: str
    closure: str
    variant: str
    currency: str
    calls: int
    errors: int
    unmeasured: int
    unpriced: int
    sampled: int
    input: int
    cached: int
    output: int
    reasoning: int
    cost: int
    mean: int
    p50: int | None
    p95: int | None


class Usage(msgspec.Struct, frozen=True):
    """What one agent used in one environment. `sessions` are those that are over; `bad` of them, by metric."""

    agent: str
    environment: Environment
    sessions: int
    bad: Mapping[str, int]
    totals: Sequence[UsageLine]
    lines: Sequence[UsageLine]


class AsideAnswer(msgspec.Struct, frozen=True):
    """Spans that were counted aside: `unregistered`, `unpriced`, `undeclared-model`. Times in epoch milliseconds."""

    agent: str
    environment: str
    reason: str
    subject: str
    spans: int
    since: int
    last: int


class UsageAnswer(msgspec.Struct, frozen=True):
    """What agents used from `since` to before `until` (epoch milliseconds), by id; `lines` where one agent is asked
    about. `next` is the `after` of the page behind it, "" on the last one; what is quarantined of agents that the fleet
    does not know is on the first."""

    since: int
    until: int
    usage: Sequence[Usage]
    quarantine: Sequence[AsideAnswer]
    next: str = ""


class CountsAnswer(msgspec.Struct, frozen=True):
    """Sessions of a canary and of what runs beside it, as the judge reads them (docs/counts.md)."""

    agents: dict[str, "Counts"]


class Counts(msgspec.Struct, frozen=True):
    """Sessions since a moment, on both sides: `units`, and how many of them are bad by each metric."""

    release: str
    canary: dict[str, int]
    stable: dict[str, int]


async def usage(call: Call) -> Answer:
    """What one agent used, by model, tool and release."""
    await record_read(call, "usage", call.agent)
    return await _usage(call, (call.agent,), "", alone=True)


async def all_usage(call: Call) -> Answer:
    """What every agent used that the person who asks may view, page by page."""
    after = after_of(call)
    await record_read(call, "usage")
    return await _usage(call, *page(call.fleet.agents(), after, lambda one: call.may("view", one), PAGE), alone=False)


async def _usage(call: Call, agents: Sequence[AgentId], behind: str, *, alone: bool) -> Answer:
    since, until = _period(call)
    strangers = not alone and not call.query.get("after") and call.may("view", None)

    def read(tx: Transaction) -> tuple[list[Usage], list[AsideAnswer]]:
        found = [_of_agent(tx, one, where, since, until, alone) for one in agents for where in ENVIRONMENTS]
        aside = list(keeping.read_aside(tx, since, [str(one) for one in agents]))
        if strangers:
            aside += [one for one in keeping.read_all_aside(tx, since) if _strange(call, one.agent)]
        shown = [AsideAnswer(*(getattr(one, name) for name in AsideAnswer.__struct_fields__)) for one in aside]
        return [one for one in found if one.totals or one.sessions], shown

    found, aside = await call.gate.read(read)
    return answered(UsageAnswer(since, until, found, aside, behind))


def _strange(call: Call, agent: str) -> bool:
    """Whether the fleet does not know an agent: only those who see the whole fleet are told of it."""
    known = agent_id(agent)
    return known is None or not call.fleet.knows(known)


def _period(call: Call) -> tuple[int, int]:
    """From when to when, by the query; the last day where it says nothing."""
    told = {}
    for name in ("since", "until"):
        text = call.query.get(name, "")
        if text and not (text.isascii() and text.isdigit() and len(text) < 16):
            raise bad_request(f"{name} is no moment in epoch milliseconds")
        told[name] = int(text) if text else 0
    until = told["until"] or call.now_ms + rollups.MINUTE
    since = told["since"] or until - _DAY
    if not until - _LONGEST <= since < until:
        raise bad_request("the period is empty, or longer than 400 days")
    return since - since % rollups.MINUTE, until


def _of_agent(tx: Transaction, agent: AgentId, where: Environment, since: int, until: int, alone: bool) -> Usage:
    lines = rollups.read(tx, str(agent), where, since, until)
    counted = sessions.counted(tx, str(agent), where, "", since, until)
    number = counted.pop("", 0)
    return Usage(str(agent), where, number, counted, _totals(lines), [_line(one) for one in lines] if alone else [])


def _totals(lines: Sequence[Line]) -> list[UsageLine]:
    """One line for each kind and currency."""
    keys = sorted({(one.kind, one.currency) for one in lines})
    return [
        _line(Line(kind, "", "", "", money, total(one for one in lines if (one.kind, one.currency) == (kind, money))))
        for kind, money in keys
    ]


def _line(one: Line) -> UsageLine:
    sums: Sums = one.sums
    mean = sums.duration // sums.calls if sums.calls > 0 else 0
    told = (sums.calls, sums.errors, sums.unmeasured, sums.unpriced, sums.sampled, sums.input, sums.cached, sums.output)
    times = mean, sums.quantile(0.5), sums.quantile(0.95)
    return UsageLine(
        one.kind, one.name, one.closure, one.variant, one.currency, *told, sums.reasoning, sums.cost, *times
    )


# --- counts --------------------------------------------------------------------------------------------------------


async def counts(call: Call) -> Answer:
    """What a judge would read of one agent now."""
    told = call.query
    since = told.get("since", "")
    if not (since.isascii() and since.isdigit() and len(since) < 13):
        raise bad_request("since is no moment in epoch seconds")
    await record_read(call, "counts", call.agent)
    wanted = Since(call.agent, told.get("release", ""), told.get("stable", ""), int(since))
    return answered(await _counted(call, (wanted,)))


async def asked(call: Call) -> Answer:
    """Tell a reconciler what its canaries are judged on."""
    return answered(await _counted(call, asked_of(call, decide_question)))


async def _counted(call: Call, wanted: Iterable[Since]) -> CountsAnswer:
    """The counts of those whose releases run; of others there are none, which is not zero."""
    known = [(one, *_closures(call.fleet, one)) for one in wanted]

    def read(tx: Transaction) -> dict[str, Counts]:
        found = {}
        for one, canary, stable in known:
            if canary and (stable or not one.stable) and canary != stable:
                sides = [_side(tx, one, closure, call.now_ms) for closure in (canary, stable)]
                found[str(one.agent)] = Counts(one.release, *_filled(*sides))
        return found

    return CountsAnswer(await call.gate.read(read))


def _side(tx: Transaction, one: Since, closure: str, now_ms: int) -> dict[str, int]:
    if not closure:
        return {"units": 0}
    found = sessions.counted(tx, str(one.agent), "production", closure, one.since * 1000, now_ms + rollups.MINUTE)
    return {"units": found.pop("", 0), **found}


def _filled(canary: dict[str, int], stable: dict[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    """Of a side without sessions none was bad, by whatever is measured on the other one."""
    names = [*canary, *stable, "error"]
    return tuple(  # type: ignore[return-value]
        side if side["units"] else dict.fromkeys(names, 0) for side in (canary, stable)
    )


def _closures(fleet: Fleet, one: Since) -> tuple[str, str]:
    """The contents of two releases by name, "" for what does not run in production."""
    deployed = fleet.deployed(one.agent, "production")
    named = {run.name: run.closure for run in (deployed.stable, deployed.canary) if run is not None}
    return named.get(one.release, ""), named.get(one.stable, "")


_QUERY = (
    Parameter("since", "From when, in epoch milliseconds; a day before the end unless said", schema=_NUMBER),
    Parameter("until", "To before when, in epoch milliseconds; now unless said", schema=_NUMBER),
)
ROUTES = (
    Route(
        "GET",
        "/v1/usage",
        "What all agents used",
        all_usage,
        "person",
        answers={200: UsageAnswer},
        query=(*_QUERY, AFTER),
        tag="telemetry",
    ),
    Route(
        "GET",
        "/v1/agents/{workspace}/{name}/usage",
        "What one agent used, by model, tool and release",
        usage,
        "person",
        answers={200: UsageAnswer},
        verb="view",
        query=_QUERY,
        tag="telemetry",
    ),
    Route(
        "GET",
        "/v1/agents/{workspace}/{name}/counts",
        "Sessions of a canary and beside it, as a judge reads them",
        counts,
        "person",
        answers={200: CountsAnswer},
        verb="view",
        query=(
            Parameter("release", "The release that is judged, by name", required=True),
            Parameter("stable", "The release beside it, by name"),
            Parameter("since", "Since when, in epoch seconds", required=True, schema=_NUMBER),
        ),
        tag="telemetry",
    ),
    Route(
        "POST",
        "/v1/counts/asked",
        "Tell a reconciler what its canaries are judged on",
        asked,
        "anyone",
        body=Question,
        answers={200: CountsAnswer},
        tag="telemetry",
    ),
)
