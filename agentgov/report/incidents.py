"""Incidents as people and programs read them: a list, one alone, its timeline."""

from collections.abc import Mapping, Sequence
from typing import Any

from agentgov.model.incident import Incident, Mark
from agentgov.report.moments import stamp
from agentgov.report.page import Page, Span, Style

STYLES: Mapping[str, Style] = {
    "open": "bad",
    "acknowledged": "warn",
    "mitigated": "accent",
    "resolved": "good",
    "closed": "dim",
    "cancelled": "dim",
}
COLUMNS = ("incident", "severity", "state", "agents", "lead", "since", "title")
_MARKS = ("opened", "acknowledged", "mitigated", "resolved", "ended")


def incident_json(incident: Incident) -> dict[str, Any]:
    """An incident as documents carry it; moments are RFC 3339 by the clocks of whoever wrote the acts."""
    marks = {name: getattr(incident, name) for name in _MARKS}
    return {
        "id": incident.id,
        "title": incident.title,
        "kind": incident.kind,
        "state": incident.state,
        "severity": incident.severity,
        "agents": list(incident.agents),
        "lead": incident.lead or None,
        "roles": dict(incident.roles),
        "alerts": list(incident.alerts),
        "playbook": incident.playbook or None,
        "escalated": incident.escalated,
        "reviewDue": stamp(incident.review_due) if incident.review_due else None,
        **{name: _mark_json(mark) if mark is not None else None for name, mark in marks.items()},
    }


def incidents_page(incidents: Sequence[Incident]) -> Page:
    """A table of them."""
    if not incidents:
        return Page().line("there is no incident")
    rows = [
        (
            one.id,
            f"{one.severity}{' drill' if one.kind == 'drill' else ''}",
            Span(one.state, STYLES[one.state]),
            ", ".join(one.agents),
            one.lead or "nobody",
            when(one.opened),
            one.title,
        )
        for one in incidents
    ]
    return Page().table(COLUMNS, rows)


def incident_page(incident: Incident) -> Page:
    """One of them, with who does what, and since when."""
    drill = "drill, " if incident.kind == "drill" else ""
    page = Page().line(
        Span(f"{incident.id} ", "bold"),
        Span(incident.state, STYLES[incident.state]),
        f", {drill}severity {incident.severity}: {incident.title}",
    )
    page.line(f"  about     {', '.join(incident.agents)}")
    page.line(f"  lead      {incident.lead or 'nobody: agentgov incident ack ' + incident.id}")
    for role, who in incident.roles.items():
        if who != incident.lead or role != "lead":
            page.line(f"  {role:<9} {who}")
    if incident.playbook:
        page.line(f"  playbook  {incident.playbook}")
    for name in _MARKS:
        mark = getattr(incident, name)
        if mark is not None:
            said = incident.state if name == "ended" else name
            page.line(f"  {said:<12} {when(mark)} by {mark.by}", Span(f"  act {mark.seq}", "dim"))
    for alert in incident.alerts:
        page.line(Span(f"  alert {alert}", "dim"))
    if incident.review_due:
        page.line(f"  its review is due by {stamp(incident.review_due)}: agentgov incident review {incident.id}")
    return page


def when(mark: Mark) -> str:
    """The moment of a step."""
    return stamp(mark.said_at // 1000)


def span(milliseconds: int | None) -> str:
    """A span as people read it: `4.2s`, `3m 20s`, `2h 5m`; a dash for none."""
    if milliseconds is None:
        return "-"
    seconds = milliseconds / 1000
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m {rest}s" if minutes < 60 else f"{minutes // 60}h {minutes % 60}m"


def _mark_json(mark: Mark) -> dict[str, Any]:
    return {"by": mark.by, "at": when(mark), "act": mark.act, "seq": mark.seq}
