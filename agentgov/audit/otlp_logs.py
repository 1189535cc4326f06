"""Exports as OpenTelemetry logs: lines of JSON as the collector's file receivers read them, each some records.

The form is that of OTLP's file exporter: one `LogsData` a line, names in lowerCamelCase, 64-bit numbers as text.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from agentgov import __version__
from agentgov.audit.exported import Exported
from agentgov.audit.ocsf import is_refusal, severity_of

_SEVERITIES = {1: (9, "INFO"), 2: (13, "WARN"), 3: (14, "WARN2")}


def otlp_lines(found: Sequence[Exported], fleet: str) -> bytes:
    """One line of them all."""
    return msgspec.json.encode(_data(found, fleet)) + b"\n" if found else b""


def _data(found: Sequence[Exported], fleet: str) -> dict[str, Any]:
    scope = {"name": "agentgov.audit", "version": __version__}
    resource = _attributes({"service.name": "agentgov", "service.namespace": fleet})
    scoped = {"scope": scope, "logRecords": [_record(one) for one in found]}
    return {"resourceLogs": [{"resource": {"attributes": resource}, "scopeLogs": [scoped]}]}


def _record(one: Exported) -> dict[str, Any]:
    number, text = _SEVERITIES[severity_of(one.type)]
    nanos = str(one.time * 1_000_000)
    return {
        "timeUnixNano": nanos,
        "observedTimeUnixNano": nanos,
        "severityNumber": number,
        "severityText": text,
        "eventName": f"agentgov.{one.source}.{one.type}",
        "body": {"stringValue": one.text},
        "attributes": _attributes(_said(one)),
    }


def _said(one: Exported) -> Mapping[str, str]:
    return {
        "agentgov.source": one.source,
        "agentgov.place": one.place,
        "agentgov.hash": one.hash,
        "agentgov.outcome": "refused" if is_refusal(one.type) else "done",
        "agentgov.release": one.release,
        "agentgov.purpose": one.purpose,
        "agentgov.commitment": one.commitment,
        "agentgov.payload": one.payload or "",
        "deployment.environment.name": one.environment,
        "gen_ai.agent.id": one.agent,
        "user.id": one.actor,
        **{f"agentgov.refs.{name}": value for name, value in sorted(one.refs.items())},
    }


def _attributes(said: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"key": name, "value": {"stringValue": value}} for name, value in said.items() if value]
