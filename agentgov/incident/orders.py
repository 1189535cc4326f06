"""Steps of incidents as acts: each function writes and signs one on the present view.

Whether it holds is judged by the journal, before it is appended and for ever after (`model.incident_steps`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from agentgov.errors import RefusedError
from agentgov.journal.draft import Actor, Draft, sign, write_act
from agentgov.journal.view import View
from agentgov.model.incident import LEAD, NOBODY, Incident, IncidentKind, incident_id
from agentgov.model.names import AgentId, agent_id

Fields = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Opening:
    """What is to be opened. `mode` "" pauses nobody; `until` is in epoch seconds, 0 until somebody resumes them;
    `asked` is the person whom a gate's bot speaks for."""

    agents: Sequence[AgentId]
    title: str
    severity: int
    kind: IncidentKind = "real"
    alerts: Sequence[str] = ()
    playbook: str = ""
    drill: str = ""
    mode: str = ""
    until: int = 0
    asked: str = ""


def open_incident(view: View, actor: Actor, what: Opening, *, now: int, reason: str = "") -> Draft:
    """Open an incident, and pause its agents in the same act where that is asked."""
    names = sorted({str(agent) for agent in what.agents})
    title = " ".join(what.title.split()).rstrip(".")[:200]
    said = [
        ("For", what.asked),
        ("Kind", what.kind),
        ("Title", title),
        ("Severity", str(what.severity)),
        *(("Agent", name) for name in names),
        *(("Alert", one) for one in sorted(set(what.alerts))),
        ("Playbook", what.playbook),
        ("Drill", what.drill),
        *pausing(what.mode, what.until),
    ]
    fields = [("Incident", "-"), ("Step", "open"), *((name, text) for name, text in said if text)]
    act = write_act(view, actor, "incident", "-", fields, now=now, reason=reason)
    incident = incident_id(act.id)  # an incident is called after the act that opens it
    pauses = f"{_pause_words(what.mode)} and " if what.mode else ""
    subject = f"{pauses}open {'drill ' if what.kind == 'drill' else ''}incident {incident} on {_named(names)}: {title}"
    named = tuple((name, incident if name == "Incident" else text) for name, text in act.fields)
    return sign(replace(act, subject=subject, fields=named), actor.appender.signer)


def take_step(
    view: View,
    actor: Actor,
    incident: Incident,
    step: str,
    said: str,
    fields: Fields = (),
    *,
    now: int,
    reason: str = "",
    asked: str = "",
    act_id: str = "",
) -> Draft:
    """One step of an incident; `said` is what the subject says of it, `fields` what the step says besides. `act_id` is
    the id of an act that is due by itself, so that it lands once whoever writes it."""
    before = [("Incident", incident.id), ("Step", step), *([("For", asked)] if asked else [])]
    given = list(fields)
    first = [one for one in given if one[0] in ("Kind", "Title", "Severity")]
    rest = [one for one in given if one not in first]
    agents = [("Agent", name) for name in incident.agents]
    act = write_act(
        view, actor, "incident", f"{said} {incident.id}", [*before, *first, *agents, *rest], now=now, reason=reason
    )
    return sign(replace(act, id=act_id or act.id), actor.appender.signer)


def assign(
    view: View, actor: Actor, incident: Incident, role: str, who: str, *, now: int, reason: str = "", asked: str = ""
) -> Draft:
    """Hand a role over: whoever has it now is named, so that of two who do it at once one is refused."""
    fields = [("Role", role), ("Who", who), ("Leaves", incident.roles.get(role, NOBODY))]
    word = f"make {who} {role} of" if role != LEAD else f"hand the lead to {who} in"
    return take_step(view, actor, incident, "assign", word, fields, now=now, reason=reason, asked=asked)


def mitigate(
    view: View,
    actor: Actor,
    incident: Incident,
    *,
    mode: str = "",
    until: int = 0,
    now: int,
    reason: str = "",
    asked: str = "",
) -> Draft:
    """Say that an incident is contained; with a mode its agents are paused by the same act."""
    word = f"{_pause_words(mode)} and mitigate" if mode else "mitigate"
    fields = pausing(mode, until)
    return take_step(view, actor, incident, "mitigate", word, fields, now=now, reason=reason, asked=asked)


def escalate(view: View, actor: Actor, incident: Incident, to: Sequence[str], *, now: int, act_id: str = "") -> Draft:
    """Call the next of the chain."""
    fields = [("Level", str(incident.escalated + 1)), *(("To", one) for one in to)]
    word = f"call {', '.join(to)} for"
    return take_step(view, actor, incident, "escalate", word, fields, now=now, act_id=act_id)


def tell(
    view: View,
    actor: Actor,
    incident: Incident,
    to: Sequence[str],
    text: str,
    *,
    key: str = "",
    now: int,
    asked: str = "",
    act_id: str = "",
) -> Draft:
    """Record what somebody is told; `key` names a message that is due by itself, so that it is sent once."""
    fields = [*(("To", one) for one in to), *([("Comms", key)] if key else [])]
    word = f"tell {', '.join(to)} of"
    return take_step(view, actor, incident, "message", word, fields, now=now, reason=text, asked=asked, act_id=act_id)


def pausing(mode: str, until: int) -> list[tuple[str, str]]:
    """What a step says that pauses; nothing without a mode."""
    return [("Mode", mode), *([("Until", str(until))] if until else [])] if mode else []


def release_of(view: View, incident: Incident) -> str:
    """The name of the release that production runs of the first agent of an incident, "" for none."""
    agent = agent_id(incident.agents[0])
    tag = view.state.deployment(agent).production.release if agent is not None else ""
    found = (
        (one.name for one in view.state.releases(agent) if one.tag == tag) if agent is not None and tag else iter(())
    )
    return next(found, "")


def incident_of(view: View, incident: str) -> Incident:
    """The incident of an id. RefusedError where the journal has none."""
    found = view.state.incident(incident)
    if found is None:
        raise RefusedError(f"there is no incident {incident[:40]}", "see which there are: agentgov incident list")
    return found


def _pause_words(mode: str) -> str:
    return "pause (read-only)" if mode == "read-only" else "pause"


def _named(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
