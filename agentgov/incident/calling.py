"""Incidents as alerts, so that people are called, reminded and told by the routes of the fleet, as of all else. Pure.

    incident-unacknowledged   one for each of the chain who was called; over when somebody acknowledges
    incident-reminder         nobody has contained it for so long since
    incident-message          what somebody is told, as the journal has it

None of them asks for an act.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from agentgov.alerts.alert import AGENT, DRILL, FLEET, INCIDENT, NAME, SEVERITY, Alert, labels_of
from agentgov.incident.escalation import REMIND, Chain, reminders
from agentgov.incident.messages import marked
from agentgov.model.act import Act, made_at
from agentgov.model.incident import Incident

People = Callable[[str], Sequence[str]]
UNACKNOWLEDGED, REMINDER, MESSAGE = "incident-unacknowledged", "incident-reminder", "incident-message"
_PAGES = 3  # the mildest severity that wakes somebody


def standing_calls(
    fleet: str, incident: Incident, chain: Chain, now_ms: int, people: People = lambda _: ()
) -> Iterator[Alert]:
    """What is to be told of an incident as it stands. `people` tells whom an entry of the chain means, by id."""
    next_ = f"agentgov incident ack {incident.id}"
    if incident.state == "open":
        for level, who in enumerate(chain.who[: incident.escalated], 1):
            said = f"{_words(incident)}; nobody has acknowledged it. Called: {_named(who, people(who))}"
            yield _alert(fleet, incident, UNACKNOWLEDGED, {"level": str(level), "to": who}, said, next_, people(who))
    count = reminders(incident, now_ms)
    if count:
        hours = count * REMIND[incident.severity] / 3600
        lead = incident.lead or "nobody"
        said = f"{_words(incident)}; acknowledged, and not contained for {hours:g} hours. Lead: {lead}"
        more = {"reminder": str(count), "to": incident.lead}
        yield _alert(
            fleet, incident, REMINDER, more, said, f"agentgov incident mitigate {incident.id} --pause", people(lead)
        )


def message_alerts(fleet: str, incident: Incident, act: Act, people: People = lambda _: ()) -> Iterator[Alert]:
    """What an act `message` tells, to each whom it names: once, nobody is told that a message is over."""
    for who in act.all("To"):
        said = act.reason if act.reason.startswith("[DRILL]") else marked(incident, act.reason)
        more = {"message": act.id, "to": who}
        found = _alert(fleet, incident, MESSAGE, more, said, f"agentgov incident show {incident.id}", people(who))
        yield replace(found, starts=made_at(act.id), once=True)


def _alert(
    fleet: str,
    incident: Incident,
    name: str,
    more: dict[str, str],
    said: str,
    next_: str,
    people: Sequence[str],
) -> Alert:
    severity = "page" if incident.severity <= _PAGES and name != MESSAGE else "ticket"
    named = {NAME: name, SEVERITY: severity, FLEET: fleet, AGENT: incident.agents[0], INCIDENT: incident.id, **more}
    if incident.kind == "drill":
        named[DRILL] = "true"
    starts = incident.opened.said_at
    return Alert(labels_of(named), starts, said, rule=name, next=next_, people=tuple(people))


def _named(who: str, people: Sequence[str]) -> str:
    """An entry of a chain with whom it means, where that is not the same."""
    return who if not people or [who] == list(people) else f"{who} ({', '.join(people)})"


def _words(incident: Incident) -> str:
    title = incident.title.rstrip(".")
    return f"Incident {incident.id}, severity {incident.severity}, on {', '.join(incident.agents)}: {title}"
