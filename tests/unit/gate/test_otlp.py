"""OTLP in both encodings: the same spans of the same request, and no bytes that break it."""

import base64
import gzip
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


def _field(number: int, content: bytes) -> bytes:
    """A field of protobuf that has a length."""
    size, left = bytearray(), len(content)
    while left > 127:
        size.append(left & 127 | 128)
        left >>= 7
    return bytes([number << 3 | 2, *size, left]) + content


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


@pytest.mark.attack("S2")
def test_spans_that_are_too_many_are_never_made() -> None:
    """What comes after them is no protobuf, and nobody saw it."""
    spans = b"\x12\x00" * (wire.MOST_SPANS + 1) + b"\xff" * 11
    with pytest.raises(RefusalError) as refused:
        wire.spans(_field(1, _field(2, spans)), wire.PROTOBUF)
    assert refused.value.status == 413


EMPTY_ATTRIBUTES = b"\x4a\x00" * (wire.MOST_PARTS + 1)
PROMPT = _field(1, b"gen_ai.prompt")


@pytest.mark.parametrize(
    "request_",
    [
        b"\x0a\x00" * (wire.MOST_PARTS + 1),
        b"\x08\x00" * (wire.MOST_PARTS + 1),
        _field(1, b"\x12\x00" * (wire.MOST_PARTS + 1)),
        _field(1, _field(2, _field(2, EMPTY_ATTRIBUTES))),
        _field(1, _field(1, b"\x0a\x00" * (wire.MOST_PARTS + 1))),
        _field(1, _field(2, _field(2, _field(9, PROMPT + _field(2, _field(5, b"\x0a\x00" * (wire.MOST_PARTS + 1))))))),
        _field(1, _field(2, _field(2, _field(5, b"x" * (wire.LARGEST_SPAN + 1))))),
    ],
    ids=["resources", "unknown", "scopes", "attributes", "resource-attributes", "values", "large"],
)
@pytest.mark.attack("S2")
def test_what_a_small_packed_body_becomes_is_counted_before_it_is_made(request_: bytes) -> None:
    with pytest.raises(RefusalError) as refused:
        wire.spans(request_, wire.PROTOBUF)
    assert refused.value.status == 413


@pytest.mark.attack("S2")
def test_json_is_counted_before_it_is_made() -> None:
    for number in (wire.MOST_SPANS + 1, wire.MOST_PARTS):
        spans = b",".join([b"{}"] * number)
        with pytest.raises(RefusalError) as refused:
            wire.spans(b'{"resourceSpans":[{"scopeSpans":[{"spans":[' + spans + b"]}]}]}", wire.JSON)
        assert refused.value.status == 413


@pytest.mark.parametrize(
    "broken", [b"\x0a", b"\x0a\x05a", b"\x0b\x0c", b"\x09\x00", b"\x0a" + b"\xff" * 11, b"\x0a\x03\x12\x05a"]
)
def test_groups_that_are_none_are_no_request(broken: bytes) -> None:
    with pytest.raises(RefusalError) as refused:
        wire.spans(broken, wire.PROTOBUF)
    assert refused.value.status == 400


def test_a_resource_may_come_last_and_in_parts() -> None:
    trace = Trace()
    (resource,) = ExportTraceServiceRequest.FromString(
        otlp(trace.span("x"), resource={"agentgov.release": "r"})
    ).resource_spans
    one = resource.resource.SerializeToString()
    scopes = b"".join(_field(2, scope.SerializeToString()) for scope in resource.scope_spans)
    (found,) = wire.spans(_field(1, scopes + _field(1, b"") + _field(1, one) + b"\x28\x01"), wire.PROTOBUF)
    assert found.fields == {"release": "r"}


def test_several_packed_parts_are_one_body() -> None:
    assert wire.unpacked(gzip.compress(b"a") + gzip.compress(b"b"), "gzip") == b"ab"
    assert wire.unpacked(b"", "gzip") == b""


@pytest.mark.attack("S2")
def test_a_body_of_very_many_packed_parts_is_refused() -> None:
    """Each part costs a copy of all that follow: 400,000 of nothing at all would take hours."""
    with pytest.raises(RefusalError) as refused:
        wire.unpacked(gzip.compress(b"") * 400_000, "gzip")
    assert refused.value.status == 400


@given(st.text(max_size=30), st.sampled_from([400, 401, 403, 413, 415, 429, 503]))
def test_a_refusal_is_a_status_of_protobuf(message: str, status: int) -> None:
    body, written = wire.refused(RefusalError(status, "r", message), b"application/x-protobuf")
    text = message.encode()
    assert written == wire.PROTOBUF
    assert body[0] == 0x08
    assert 0 < body[1] < 17
    assert body[2:] == (bytes([0x12, len(text)]) + text if text else b"")
