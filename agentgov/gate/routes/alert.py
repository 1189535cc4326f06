"""Routes for alerts: people see those of agents in their scope, take care of them, end them, and ask who was told.

Acknowledging and ending take `incident` on the agent; an alert about no single agent concerns the whole fleet.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from agentgov.alerts import explaining, notices, standing
from agentgov.alerts.alert import AGENT
from agentgov.alerts.asking import Seen, ask
from agentgov.alerts.defaults import effective
from agentgov.alerts.standing import Standing
from agentgov.gate.alert_answers import AlertAnswer, ExplainedAnswer, alert_answer, explained_answer
from agentgov.gate.answer import Answer, answered
from agentgov.gate.call import Call
from agentgov.gate.errors import RefusalError, bad_request, not_found
from agentgov.gate.recording import record_read
from agentgov.gate.route import Parameter, Route
from agentgov.gate.sense_conditions import known_places
from agentgov.gate.watches.alert import telling
from agentgov.model import guess
from agentgov.model.document import ENVIRONMENTS
from agentgov.model.names import AgentId, agent_id
from agentgov.store.port import Transaction

_MOST = 500  # alerts that are over, of one answer
_DAY = 86_400_000


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing more is to be said."""


class AlertsAnswer(msgspec.Struct, frozen=True):
    """Alerts, those that stand first, each kind oldest first."""

    alerts: tuple[AlertAnswer, ...]


async def listed(call: Call) -> Answer:
    """Alerts that stand; with `days`, those too that ended within as many."""
    days = _days(call)
    await record_read(call, "alerts")
    gate, told = call.gate, telling(call.gate)

    def read(tx: Transaction) -> tuple[list[Standing], Any]:
        looked = notices.look(tx, told, call.now_ms)
        ended = standing.ended_since(tx, call.now_ms - days * _DAY)[-_MOST:] if days else ()
        return [*looked.alerts, *ended], looked.muted

    found, muted = await gate.read(read)
    shown = [one for one in found if call.may("view", _agent(one))]
    return answered(AlertsAnswer(tuple(alert_answer(one, muted.get(one.id)) for one in shown)))


async def shown(call: Call) -> Answer:
    """One alert with all that is known of it."""
    found = await _found(call, "view")
    await record_read(call, "alert", _agent(found))
    return await _explained(call, found)


async def explained(call: Call) -> Answer:
    """Why people were told of an alert, or were not; asked for by its rule and its agent."""
    rule, agent = call.query.get("rule", ""), agent_id(call.query.get("agent", ""))
    if not rule or agent is None:
        raise bad_request("name a rule and an agent", "?rule=NAME&agent=WORKSPACE/NAME")
    call.require("view", agent)
    await record_read(call, "alert", agent)
    found = await call.gate.read(lambda tx: explaining.last_of(tx, rule, str(agent)))
    known = [watch.name for watch in effective(call.fleet.governance.alerts)]
    if found is None and rule not in known:
        hint = f"{guess.question(rule, known)} all of them: agentgov alert rules".lstrip()
        raise RefusalError(404, "gate.not-found", f"there is no alert rule {rule[:63]!r}", hint)
    return await _explained(call, found, await _now(call, rule, agent))


async def _now(call: Call, rule: str, agent: AgentId) -> list[Seen]:
    """What a rule makes of an agent, where anything was heard of it."""
    gate, now_ms = call.gate, call.now_ms
    known = known_places(gate, [(str(agent), one) for one in ENVIRONMENTS], now_ms)
    held = effective(gate.fleet.governance.alerts)
    return await gate.read(lambda tx: ask(tx, held, known, now_ms, rule))


async def acknowledge(call: Call) -> Answer:
    """Take care of an alert: it is not repeated, and whoever pages people is told."""
    found, gate, told = await _found(call, "incident"), call.gate, telling(call.gate)

    def write(tx: Transaction) -> Standing | None:
        one = standing.acknowledge(tx, found.fingerprint, str(call.caller), call.now_ms)
        if one is not None and one.acknowledged == call.now_ms:
            notices.acknowledged(tx, told, one, call.now_ms)
        return one

    one = await gate.write(write)
    if one is None:
        raise not_found()
    return answered(alert_answer(one, None))


async def resolve(call: Call) -> Answer:
    """End an alert; it starts again where its rule still finds it."""
    found = await _found(call, "incident")
    who = str(call.caller)
    one = await call.gate.write(lambda tx: standing.resolve(tx, found.fingerprint, who, call.now_ms))
    if one is None:
        raise not_found()
    return answered(alert_answer(one, None))


async def _found(call: Call, verb: str) -> Standing:
    """The alert that the path names, for whoever has the right; 404 for who may not even see it."""
    found = await call.gate.read(lambda tx: standing.find(tx, call.values["fingerprint"]))
    if found is None or not call.may("view", _agent(found)):
        raise not_found()
    call.require(verb, _agent(found))
    return found


async def _explained(call: Call, one: Standing | None, now: Sequence[Seen] = ()) -> Answer:
    if one is None:
        return answered(explained_answer(None, now))
    told, of = telling(call.gate), one
    found = await call.gate.read(lambda tx: explaining.explain(tx, told, of, call.now_ms))
    return answered(explained_answer(found, now))


def _agent(one: Standing) -> AgentId | None:
    return agent_id(one.alert.label(AGENT))


def _days(call: Call) -> int:
    text = call.query.get("days", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= 90):
        raise bad_request("`days` is a whole number up to 90")
    return int(text)


def _act(place: str, says: str, handler: Any) -> Route:
    path = f"/v1/alerts/{{fingerprint}}/{place}"
    return Route("POST", path, says, handler, "person", body=Nothing, answers={200: AlertAnswer}, tag="alerts")


ROUTES = (
    Route(
        "GET",
        "/v1/alerts",
        "Alerts of agents in scope",
        listed,
        "person",
        answers={200: AlertsAnswer},
        query=(Parameter("days", "Those too that ended within so many days.", schema={"type": "integer"}),),
        tag="alerts",
    ),
    Route(
        "GET",
        "/v1/alerts/explain",
        "Why people were told of an alert, or were not",
        explained,
        "person",
        answers={200: ExplainedAnswer},
        query=(Parameter("rule", "The name of its rule.", True), Parameter("agent", "Its agent.", True)),
        tag="alerts",
    ),
    Route(
        "GET",
        "/v1/alerts/{fingerprint}",
        "One alert, and why people were told of it or were not",
        shown,
        "person",
        answers={200: ExplainedAnswer},
        tag="alerts",
    ),
    _act("acknowledge", "Take care of an alert", acknowledge),
    _act("resolve", "End an alert", resolve),
)
