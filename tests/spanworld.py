"""Spans as instrumentations send them, in few words.

trace = Trace()
root = trace.span("agent", kind="AGENT")
body = otlp(trace.span("chat", root, **chat(11, 5)), root)
"""

import itertools
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

PROTOBUF = {"Content-Type": "application/x-protobuf"}
MODEL = "openai/gpt-4o-mini"
PRICES = f"""apiVersion: agentgov.dev/v1
kind: PriceList
currency: USD
asOf: 2026-11-01
models:
  anthropic/claude-sonnet-4-5: {{input: "3.00", output: "15.00", per: 1M}}
  {MODEL}: {{input: "10.00", cachedInput: "1.00", output: "50.00", per: 1M}}
  openai/text-embedding-3-small: {{input: "1.00", output: "0.00", per: 1M}}
"""
COST = (7 * 10 + 4 * 1 + 5 * 50) * 1000  # nano-USD of 11 tokens, 4 of them cached, and 5 of output
_ids = itertools.count(1)


def chat(tokens: int = 11, out: int = 5, cached: int = 4, **more: Any) -> dict[str, Any]:
    """Attributes of a call of a model, in the newest words of OpenTelemetry."""
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
        "gen_ai.usage.input_tokens": tokens,
        "gen_ai.usage.output_tokens": out,
        "gen_ai.usage.cache_read.input_tokens": cached,
        **{name.replace("__", "."): value for name, value in more.items()},
    }


@dataclass
class Trace:
    """One trace that ends now; every span takes `ms`."""

    id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    end: int = field(default_factory=time.time_ns)
    ms: int = 30

    def span(
        self,
        name: str,
        parent: Span | None = None,
        attributes: Mapping[str, Any] | None = None,
        *,
        failed: bool = False,
    ) -> Span:
        """A span, within another one."""
        found = Span(trace_id=self.id, span_id=next(_ids).to_bytes(8, "big"), name=name)
        found.start_time_unix_nano, found.end_time_unix_nano = self.end - self.ms * 1_000_000, self.end
        if parent is not None:
            found.parent_span_id = parent.span_id
        if failed:
            found.status.code = Status.STATUS_CODE_ERROR
        found.attributes.extend(pairs(attributes or {}))
        return found


def pairs(attributes: Mapping[str, Any]) -> Iterable[KeyValue]:
    """Attributes as protobuf has them."""
    return [KeyValue(key=name, value=_value(value)) for name, value in attributes.items()]


def otlp(*spans: Span, resource: Mapping[str, Any] | None = None) -> bytes:
    """A request with these spans."""
    scope = ScopeSpans(spans=spans)
    found = ResourceSpans(scope_spans=[scope])
    found.resource.attributes.extend(pairs(resource or {}))
    return ExportTraceServiceRequest(resource_spans=[found]).SerializeToString()


def _value(value: Any) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, list):
        return AnyValue(array_value=ArrayValue(values=[_value(one) for one in value]))
    return AnyValue(string_value=value)
