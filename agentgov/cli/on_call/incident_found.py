"""What an incident is opened with where nobody says it: agents and title of its alerts, severity of its playbook."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from agentgov.alerts.alert import AGENT, DRILL, ENVIRONMENT, INCIDENT
from agentgov.cli.gate_client import client_of
from agentgov.cli.known import require_agent
from agentgov.errors import AgentgovError, RefusedError, UsageError
from agentgov.incident.orders import Opening
from agentgov.incident.people import playbook_path
from agentgov.incident.playbooks import playbook_of
from agentgov.journal.view import View
from agentgov.model.names import AgentId, agent_id

_FINGERPRINT = re.compile(r"[0-9a-f]{32}\Z")
_SOON = 10.0  # seconds that a gate has to tell what an incident is about
_MOST = 16  # alerts that one is opened with


def opening(
    view: View,
    agents: Sequence[AgentId],
    title: str,
    severity: int | None,
    alerts: Sequence[str],
    playbook: str,
    mode: str,
    until: int,
    otherwise: str = "",
) -> Opening:
    """What to open; where no alert is named, it is about the pages that stand for its agents. `otherwise` is its title
    where neither somebody nor an alert says one. UsageError where agents or alerts are none, RefusedError where the
    gate does not know an alert."""
    told = [_alert(view, one) for one in alerts] or _pages(view, agents)
    theirs = [agent_id(str(one["labels"].get(AGENT, ""))) for one in told]
    about = [require_agent(view, one) for one in dict.fromkeys((*agents, *(one for one in theirs if one is not None)))]
    if not about:
        raise UsageError("the alert is about no single agent", "name them: agentgov incident open AGENT --alert ...")
    path = playbook or next(filter(None, (playbook_path(view, one) for one in about)), "")
    book = playbook_of(view, path) if path else None
    if playbook and book is None:
        raise UsageError(f"there is no authorised playbook {playbook}", "its path begins with playbooks/")
    summary = str(told[0]["summary"]) if told else ""
    words = title or summary or otherwise or (book.title if book is not None else "")
    if not words:
        raise UsageError("nobody says what is wrong", 'add --title "what is wrong"')
    level = severity or (book.severity if book is not None else 3)
    return Opening(
        about, words, level, alerts=[str(one["fingerprint"]) for one in told], playbook=path, mode=mode, until=until
    )


def _pages(view: View, agents: Sequence[AgentId]) -> list[dict[str, Any]]:
    """The alerts that wake somebody about agents now, oldest first, as a gate tells them where one is logged in. Where
    it does not tell them soon there are none: nothing that it does not know keeps anybody from stopping an agent."""
    if not agents:
        return []
    try:
        found = replace(client_of(view), seconds=_SOON).ask("GET", "/v1/alerts")["alerts"]
    except AgentgovError:
        return []
    wanted = set(map(str, agents))
    return [one for one in found if _wakes(one, wanted)][:_MOST]


def _wakes(alert: dict[str, Any], agents: set[str]) -> bool:
    """Whether it is a page about one of some agents, and neither rehearsed nor about an incident itself."""
    labels: dict[str, str] = alert["labels"]
    real = not {DRILL, INCIDENT} & set(labels) and labels.get(ENVIRONMENT, "production") == "production"
    return alert["state"] == "firing" and alert["severity"] == "page" and real and labels.get(AGENT) in agents


def _alert(view: View, fingerprint: str) -> dict[str, Any]:
    """An alert as the gate tells it."""
    if _FINGERPRINT.match(fingerprint) is None:
        raise UsageError(f"{fingerprint[:40]!r} is no fingerprint: 32 hex digits", "see them: agentgov alert list")
    try:
        found: dict[str, Any] = client_of(view).ask("GET", f"/v1/alerts/{fingerprint}")["alert"]
    except RefusedError as error:
        raise RefusedError(
            f"the gate tells of no alert {fingerprint}: {error.message}", "see them: agentgov alert list"
        ) from error
    return found
