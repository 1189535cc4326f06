"""Exports as OpenTelemetry logs: lines of JSON as the collector's file receivers read them, or messages of protobuf.

The JSON is that of OTLP's file exporter: one `LogsData` a line, names in lowerCamelCase, 64-bit numbers as text. The
protobuf is what OTLP/HTTP takes at `/v1/logs`: one `ExportLogsServiceRequest` for some records, each behind its length
as protobuf's delimited streams have it (a varint). Its types are those of opentelemetry-proto, of the extra `gate`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from agentgov import __version__
from agentgov.audit.exported import Exported
from agentgov.audit.ocsf import is_refusal, severity_of
from agentgov.errors import ConfigurationError

_SEVERITIES = {1: (9, "INFO"), 2: (13, "WARN"), 3: (14, "WARN2")}


def otlp_lines(found: Sequence[Exported], fleet: str) -> bytes:
    """One line of them all."""
    return msgspec.json.encode(_data(found, fleet)) + b"\n" if found else b""


def otlp_messages(found: Sequence[Exported], fleet: str) -> bytes:
    """One message of them all, behind its length. ConfigurationError where its types are not installed."""
    if not found:
        return b""
    try:
        from google.protobuf.json_format import ParseDict
        from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
    except ImportError:
        raise ConfigurationError("the types of OTLP are not installed", "pip install 'agentgov[gate]'") from None
    content = ParseDict(_data(found, fleet), ExportLogsServiceRequest()).SerializeToString()
    return _varint(len(content)) + content


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*found, number))


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
