"""The route of events: what an agent tells of a session that no span says, such as that it was no help."""

from typing import Annotated

import msgspec

from agentgov.gate.action_routes import Purpose, Refs, Subject
from agentgov.gate.answer import Answer, answered
from agentgov.gate.asking import salt
from agentgov.gate.call import Call
from agentgov.gate.leasing import deployed_to
from agentgov.gate.route import Route
from agentgov.runtime.telemetry.attributing import kept_of, scope_of
from agentgov.runtime.telemetry.events import Event, tell
from agentgov.runtime.vault import seal_of

MOST = 100  # events of a request
_Metric = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")]
_Short = Annotated[str, msgspec.Meta(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Fact = _Short | bool | Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)] | float


class EventTell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One event. `key`: the caller's own, once for each event; `session`: as spans call it (session.id,
    gen_ai.conversation.id, or the trace id); `bad`: whether the session is bad by a metric; `over`: it has ended;
    `subject`, `purpose`, `refs`: whom it is about, what it is for, the caller's own records, as of actions."""

    key: Annotated[str, msgspec.Meta(pattern="^[!-~]{1,128}$")]
    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9._-]{0,63}$")]
    session: Annotated[str, msgspec.Meta(pattern="^[^\\x00-\\x1f\\x7f]{0,128}$")] = ""
    release: Annotated[str, msgspec.Meta(pattern="^[!-~]{0,300}$")] = ""
    bad: Annotated[dict[_Metric, bool], msgspec.Meta(max_length=16)] = {}
    over: bool = False
    attributes: Annotated[dict[_Metric, _Fact], msgspec.Meta(max_length=32)] = {}
    subject: Subject = ""
    purpose: Purpose = ""
    refs: Refs = {}


class EventsTell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Events, in their order."""

    events: Annotated[tuple[EventTell, ...], msgspec.Meta(min_length=1, max_length=MOST)]


class EventsAnswer(msgspec.Struct, frozen=True):
    """How many were new, and the place of each in the ledger, in the order that they were told."""

    new: int
    records: tuple[int, ...]


async def events(call: Call) -> Answer:
    """Take down what an agent tells."""
    told: EventsTell = call.body
    caller, gate, now_ms = call.agent_caller, call.gate, call.now_ms
    deployed = await deployed_to(caller, call.fleet)
    where = str(caller.agent), caller.environment
    scope = scope_of(*where)
    found = []
    for one in told.events:
        ran = kept_of(deployed, one.release, call.fleet.governance.prices)
        seal = seal_of(gate.settings.vault, ran.audit) if ran.audit is not None else None
        said = one.key, one.name, one.session, dict(one.bad), one.over, dict(one.attributes)
        found.append(
            Event(*said, ran.closure, ran.payloads, ran.most, salt(), one.subject, one.purpose, one.refs, seal)
        )
    new, records = await gate.write(lambda tx: tell(tx, where, scope, str(caller), found, now_ms))
    return answered(EventsAnswer(new, records))


ROUTES = (
    Route(
        "POST",
        "/v1/events",
        "Take down what an agent tells of its sessions",
        events,
        "agent",
        body=EventsTell,
        answers={200: EventsAnswer},
        tag="telemetry",
    ),
)
