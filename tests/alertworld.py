"""Alerts for tests, with labels that can be read at a glance."""

from typing import Any

from agentgov.alerts.alert import Alert, labels_of

NOW = 1_764_000_000_000
SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
FLEET = "7b9e2c7c-0a5e-4f0e-9d8c-1f2e3d4c5b6a"


def an_alert(
    alertname: str = "cost-burn",
    severity: str = "page",
    agent: str = "support/triage",
    starts: int = NOW,
    labels: dict[str, str] | None = None,
    **facts: Any,
) -> Alert:
    """An alert of an agent in production."""
    named = {"alertname": alertname, "severity": severity, "fleet": FLEET, "environment": "production"}
    named |= {"agent": agent, "workspace": agent.partition("/")[0]} if agent else {}
    return Alert(labels_of(named | (labels or {})), starts, facts.pop("summary", f"{agent} spends too fast"), **facts)
