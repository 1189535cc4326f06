"""Routes for silences: who holds `silence` on every agent that is meant, where it is meant, may keep its alerts
quiet for a while."""

import msgspec

from agentgov.alerts import silence_rows
from agentgov.alerts.alert import ENVIRONMENT
from agentgov.alerts.silence import LONGEST, MOST, Matcher, Silence, parse_matcher
from agentgov.gate.alert_answers import SilenceAnswer, silence_answer
from agentgov.gate.answer import Answer, answered
from agentgov.gate.call import Call
from agentgov.gate.errors import bad_request, not_found
from agentgov.gate.recording import record_read
from agentgov.gate.route import Route
from agentgov.model.act import clean_reason
from agentgov.model.document import Environment
from agentgov.model.names import AgentId

_MOST_REASON = 2_000  # characters


class SilenceAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to keep quiet (`label=value`, `label!=value`; `*` for any text), until when, and why; moments are epoch
    milliseconds, `since` 0 for now."""

    matchers: tuple[str, ...]
    until: int
    reason: str
    since: int = 0


class SilencesAnswer(msgspec.Struct, frozen=True):
    """Silences, newest first; those that are over as well."""

    silences: tuple[SilenceAnswer, ...]


async def silence(call: Call) -> Answer:
    """Keep alerts quiet."""
    ask: SilenceAsk = call.body
    matchers = _matchers(ask)
    _refuse_times(call, ask)
    for agent in _meant(call, matchers):
        call.require("silence", agent, _where(matchers))
    since = ask.since or call.now_ms
    one = Silence(call.gate.new_id(), matchers, since, ask.until, call.person, ask.reason, call.now_ms)
    await call.gate.write(lambda tx: silence_rows.make(tx, one, str(call.caller)))
    return answered(silence_answer(one, call.now_ms), 201)


async def silences(call: Call) -> Answer:
    """Silences of agents that the person may view."""
    await record_read(call, "silences")
    found = await call.gate.read(silence_rows.every)
    seen = [one for one in found if any(call.may("view", agent) for agent in _meant(call, one.matchers))]
    return answered(SilencesAnswer(tuple(silence_answer(one, call.now_ms) for one in seen)))


async def lift(call: Call) -> Answer:
    """End a silence before its time."""
    id_, who = call.values["id"], call.person
    found = await call.gate.read(lambda tx: silence_rows.find(tx, id_))
    if found is None or not any(call.may("view", agent) for agent in _meant(call, found.matchers)):
        raise not_found()
    for agent in _meant(call, found.matchers):
        call.require("silence", agent, _where(found.matchers))
    lifted = await call.gate.write(lambda tx: silence_rows.lift(tx, id_, str(call.caller), who, call.now_ms))
    if lifted is None:
        raise bad_request("the silence is over already", "agentgov alert silences")
    return answered(silence_answer(lifted, call.now_ms))


def _matchers(ask: SilenceAsk) -> tuple[Matcher, ...]:
    found = [parse_matcher(text) for text in ask.matchers]
    if any(one is None for one in found) or not 0 < len(found) <= MOST:
        raise bad_request(f"a silence has 1 to {MOST} matchers", "write label=value or label!=value, * for any text")
    return tuple(one for one in found if one is not None)


def _refuse_times(call: Call, ask: SilenceAsk) -> None:
    since = ask.since or call.now_ms
    if not call.now_ms < ask.until <= since + LONGEST or since >= ask.until:
        raise bad_request("a silence ends, after 30 days at most", "give the end in epoch milliseconds")
    if not clean_reason(ask.reason) or len(ask.reason) > _MOST_REASON:
        raise bad_request(f"a silence has a reason of at most {_MOST_REASON:,} characters", "say why")


def _meant(call: Call, matchers: tuple[Matcher, ...]) -> list[AgentId | None]:
    """The agents whose alerts it could keep quiet; the whole fleet where it names none, or none that there is."""
    named = [one for one in matchers if one.label in ("agent", "workspace") and one.equal and one.value.strip("*")]
    labels = ({"agent": str(agent), "workspace": agent.workspace} for agent in call.fleet.agents())
    if not named:
        return [None]
    agents = zip(call.fleet.agents(), labels, strict=True)
    return [agent for agent, said in agents if all(one.meets(said) for one in named)] or [None]


def _where(matchers: tuple[Matcher, ...]) -> Environment:
    """The environment that a silence reaches: production, unless it says that it is for staging alone."""
    staging = any(one.label == ENVIRONMENT and one.equal and one.value == "staging" for one in matchers)
    return "staging" if staging else "production"


ROUTES = (
    Route(
        "POST",
        "/v1/silences",
        "Keep alerts quiet for a while",
        silence,
        "person",
        body=SilenceAsk,
        answers={201: SilenceAnswer},
        tag="alerts",
    ),
    Route("GET", "/v1/silences", "Silences", silences, "person", answers={200: SilencesAnswer}, tag="alerts"),
    Route(
        "DELETE",
        "/v1/silences/{id}",
        "End a silence before its time",
        lift,
        "person",
        answers={200: SilenceAnswer},
        tag="alerts",
    ),
)
