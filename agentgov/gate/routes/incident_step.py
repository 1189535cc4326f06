"""Routes for the steps of an incident that record something or lower risk: whoever is logged in says that they are on
it, hands a role over, notes, tells people, says that it is worse, contains it by a pause, and says that it is over.

The gate signs, the act names the person (`For`), and the law asks for that person's rights. What lets go of what an
incident owes (close, cancel, a milder severity) and what changes what runs (a rollback, a resume) takes the person's
own signature, which `POST /v1/acts` relays: who took a token from a browser lets nothing run and spares no review.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal, cast

import msgspec

from agentgov.gate.answer import Answer
from agentgov.gate.call import Call
from agentgov.gate.errors import bad_request, forbidden
from agentgov.gate.incident_acts import Write
from agentgov.gate.route import Route
from agentgov.gate.routes.incident import TAKEN, agents_of, taken, workable
from agentgov.incident.messages import facts_of, fill, marked, refuse_unknown
from agentgov.incident.orders import assign, mitigate, release_of, take_step, tell
from agentgov.incident.people import people_of
from agentgov.journal.draft import Actor, Draft
from agentgov.journal.view import View
from agentgov.model.act import clean_reason
from agentgov.model.incident import LEAD, Incident
from agentgov.trust.verbs import who_may

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=4_000)]
_Why = Annotated[str, msgspec.Meta(max_length=4_000)]
_Label = Annotated[str, msgspec.Meta(pattern="^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
_Who = Annotated[str, msgspec.Meta(pattern="^((team|role):)?[a-z0-9][a-z0-9._-]{0,63}$")]


class NoteAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to write down."""

    text: _Text


class ResolveAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it is over."""

    reason: _Why = ""


class AssignAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who gets which role."""

    who: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    role: _Label = LEAD
    reason: _Why = ""


class SeverityAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How bad it is: no milder than it was."""

    severity: Annotated[int, msgspec.Meta(ge=1, le=4)]
    reason: _Why = ""


class MessageAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to tell what; `{agent}`, `{status}` and the like in the text are filled in, and a name in braces that
    nothing fills in is refused; `{{name}}` is told as `{name}`."""

    to: Annotated[tuple[_Who, ...], msgspec.Meta(min_length=1, max_length=16)]
    text: _Text


class MitigateAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How it is contained: `pause` stops its agents by the same act, "" says that it is contained already. `until` in
    epoch seconds, 0 until somebody resumes them."""

    pause: Literal["", "stop", "read-only"] = "stop"
    until: Annotated[int, msgspec.Meta(ge=0, lt=10**11)] = 0
    reason: _Why = ""


async def acknowledge(call: Call) -> Answer:
    """Say that the person is on it."""
    return await taken(call, _writes(take_step, call, workable(call), "acknowledge", "acknowledge"))


async def resolve(call: Call) -> Answer:
    """Say that it is over; what is paused stays paused."""
    body: ResolveAsk = call.body
    return await taken(call, _writes(take_step, call, workable(call), "resolve", "resolve", reason=body.reason))


async def note(call: Call) -> Answer:
    """Write something down."""
    body: NoteAsk = call.body
    if not clean_reason(body.text):
        raise bad_request("a note has words")
    return await taken(call, _writes(take_step, call, workable(call), "note", "note in", reason=body.text))


async def hand_over(call: Call) -> Answer:
    """Hand a role over."""
    body: AssignAsk = call.body
    return await taken(call, _writes(assign, call, workable(call), body.role, body.who, reason=body.reason))


async def set_severity(call: Call) -> Answer:
    """Say that it is worse."""
    body, found = cast("SeverityAsk", call.body), workable(call)
    level = str(body.severity)
    if body.severity > found.severity:
        how = f"with your own signature: agentgov incident severity {found.id} {level}"
        raise forbidden("gate.forbidden", f"{found.id} has severity {found.severity}: the gate makes none milder", how)
    said, fields = f"set severity {level} of", [("Severity", level)]
    return await taken(call, _writes(take_step, call, found, "severity", said, fields, reason=body.reason))


async def message(call: Call) -> Answer:
    """Tell people, on the routes that reach them, and have it recorded."""
    body, found = cast("MessageAsk", call.body), workable(call)
    if not clean_reason(body.text):
        raise bad_request("a message has words")
    if refused := refuse_unknown(body.text):
        raise bad_request(*refused)
    if strange := [one for one in body.to if not people_of(call.fleet.view, found, one)]:
        raise bad_request(f"Access knows nobody called {', '.join(strange)}", "a person's id, team:ID or role:NAME")

    def write(view: View, actor: Actor) -> Draft:
        now = call.now_ms // 1000
        said = marked(found, fill(body.text, facts_of(found, now=now, release=release_of(view, found))))
        return tell(view, actor, found, sorted(set(body.to)), said, now=now, asked=call.person)

    return await taken(call, write)


async def contain(call: Call) -> Answer:
    """Contain it, and answer once its agents are paused."""
    body, found = cast("MitigateAsk", call.body), workable(call)
    if body.until and (not body.pause or body.until <= call.now_ms // 1000):
        raise bad_request("`until` is a moment to come of a pause", "0 pauses until somebody resumes it")
    for agent in agents_of(found) if body.pause else ():
        if not call.may("pause", agent, "production"):
            message = f"{call.person} may not pause {agent} in production"
            raise forbidden("gate.forbidden", message, who_may("pause", agent, "production"))
    write = _writes(mitigate, call, found, mode=body.pause, until=body.until, reason=body.reason)
    return await taken(call, write)


def _writes(order: Callable[..., Draft], call: Call, found: Incident, *said: object, **more: object) -> Write:
    """An order of `incident.orders` in the name of the person."""
    return lambda view, actor: order(view, actor, found, *said, now=call.now_ms // 1000, asked=call.person, **more)


def _route(place: str, summary: str, take: Callable[[Call], Awaitable[Answer]], body: type | None = None) -> Route:
    path = f"/v1/incidents/{{incident}}/{place}"
    return Route("POST", path, summary, take, "person", body=body, answers=TAKEN, tag="incidents")


ROUTES = (
    _route("acknowledge", "Say that you are on it", acknowledge),
    _route("notes", "Write something down", note, NoteAsk),
    _route("roles", "Hand the lead or another role over", hand_over, AssignAsk),
    _route("severity", "Say that it is worse than it looked", set_severity, SeverityAsk),
    _route("messages", "Tell people, and have it recorded", message, MessageAsk),
    _route("mitigate", "Contain it: pause its agents, and say so", contain, MitigateAsk),
    _route("resolve", "Say that it is over", resolve, ResolveAsk),
)
