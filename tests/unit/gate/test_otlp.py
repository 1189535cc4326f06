"""OTLP in both encodings: the same spans of the same request, and no bytes that break it."""

import base64
import json
from contextlib import suppress

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from spanworld import Trace, chat, otlp

from agentgov.gate import otlp as wire
from agentgov.gate.errors import RefusalError


def _as_json(body: bytes) -> bytes:
    """A request as OTLP's JSON has it: protobuf's own, but for ids."""
    document = MessageToDict(ExportTraceServiceRequest.FromString(body))
    for span in document["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        for name in ("traceId", "spanId", "parentSpanId"):
            if name in span:
                span[name] = base64.b64decode(span[name]).hex()
        for status in [span["status"]] if "status" in span else []:
            status["code"] = {"STATUS_CODE_ERROR": 2}[status["code"]]
    return json.dumps(document).encode()


def test_both_encodings_give_the_same_spans() -> None:
    trace = Trace()
    root = trace.span("root", None, {"session.id": "s", "sampling.probability": 0.5, "gen_ai.prompt": ["a", 1, True]})
    body = otlp(trace.span("chat", root, chat(), failed=True), root, resource={"agentgov.release": "r"})
    assert wire.spans(_as_json(body), wire.JSON) == wire.spans(body, wire.PROTOBUF)


@given(st.binary(max_size=200) | st.text(max_size=50).map(str.encode))
def test_no_bytes_break_it(body: bytes) -> None:
    for encoding in (wire.PROTOBUF, wire.JSON):
        with suppress(RefusalError):
            wire.spans(body, encoding)


@pytest.mark.parametrize("deep", [b'{"resourceSpans":' + b"[" * 100_000, b'{"x":' * 100_000])
def test_depth_is_no_way_in(deep: bytes) -> None:
    with pytest.raises(RefusalError):
        wire.spans(deep, wire.JSON)


def test_too_many_spans_are_too_large() -> None:
    trace = Trace()
    with pytest.raises(RefusalError) as refused:
        wire.spans(otlp(*[trace.span("x")] * (wire.MOST_SPANS + 1)), wire.PROTOBUF)
    assert refused.value.status == 413


def test_several_packed_parts_are_one_body() -> None:
    import gzip

    assert wire.unpacked(gzip.compress(b"a") + gzip.compress(b"b"), "gzip") == b"ab"


@given(st.text(max_size=30), st.sampled_from([400, 401, 403, 413, 415, 429, 503]))
def test_a_refusal_is_a_status_of_protobuf(message: str, status: int) -> None:
    body, written = wire.refused(RefusalError(status, "r", message), b"application/x-protobuf")
    text = message.encode()
    assert written == wire.PROTOBUF
    assert body[0] == 0x08
    assert 0 < body[1] < 17
    assert body[2:] == (bytes([0x12, len(text)]) + text if text else b"")
