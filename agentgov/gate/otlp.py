"""OTLP/HTTP as its specification says (1.5): spans from protobuf or JSON, and answers in the encoding of the request.

The only module that knows protobuf's messages. Of JSON, ids are hexadecimal, whole numbers of 64 bits may be texts, and
what is not known is ignored. A packed body is unpacked up to a bound, and what it is made of is counted before it is
made: a few kilobytes may unpack to millions of empty spans, attributes or values, of a hundred bytes each.
Source: https://opentelemetry.io/docs/specs/otlp/
"""

import base64
import binascii
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal

import msgspec
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from agentgov.gate.errors import RefusalError, bad_request
from agentgov.gate.wire import WireError, within
from agentgov.runtime.telemetry.spans import Fields, Raw, gathered

LARGEST = 8 * 1024 * 1024  # bytes of a body as it comes, packed or not
INFLATED = 32 * 1024 * 1024  # bytes of a body that is unpacked
MOST_SPANS = 20_000  # of a request
MOST_PARTS = 2_000_000  # groups, attributes and values of a request
LARGEST_SPAN = 8 * 1024 * 1024  # bytes
_MOST_PACKED = 100  # parts that are packed one by one, of a body; each costs a copy of what is left
Encoding = Literal[b"application/x-protobuf", b"application/json"]
PROTOBUF: Final = b"application/x-protobuf"
JSON: Final = b"application/json"
_ERROR = 2  # of a status
_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 408: 4, 413: 8, 415: 3, 429: 8, 503: 14}  # google.rpc.Code by HTTP status


def encoding_of(content_type: str) -> Encoding:
    """How a body is written. 415 for anything but protobuf and JSON."""
    plain = content_type.partition(";")[0].strip().lower()
    if plain == "application/x-protobuf":
        return PROTOBUF
    if plain == "application/json":
        return JSON
    raise RefusalError(415, "gate.request", "OTLP comes as application/x-protobuf or application/json")


def unpacked(body: bytes, content_encoding: str) -> bytes:
    """A body as it was before it was packed. 413 where it becomes too large."""
    plain = content_encoding.strip().lower()
    if plain in ("", "identity"):
        return body
    if plain != "gzip":
        raise RefusalError(415, "gate.request", "a body comes as it is, or packed with gzip")
    found = bytearray()
    try:
        for _ in range(_MOST_PACKED + 1):
            if not body:
                return bytes(found)
            unpacking = zlib.decompressobj(wbits=31)
            found += unpacking.decompress(body, INFLATED + 1 - len(found))
            if len(found) > INFLATED:
                message = f"the body is larger than {INFLATED // 1024 // 1024} MB once it is unpacked"
                raise RefusalError(413, "gate.request", message, "send fewer spans at a time")
            if not unpacking.eof:
                raise bad_request("the packed body ends too early")
            body = unpacking.unused_data
    except zlib.error:
        raise bad_request("the body is not packed with gzip") from None
    raise bad_request(f"the body is packed in more than {_MOST_PACKED} parts")


def spans(body: bytes, encoding: Encoding) -> list[Raw]:
    """Every span of a request. 400 for what is no such request, 413 for too many."""
    return _of_protobuf(body) if encoding == PROTOBUF else _of_json(body)


def taken(encoding: Encoding, rejected: int, message: str) -> bytes:
    """The answer to a request whose other spans were taken."""
    if encoding == JSON:
        partial = {"rejectedSpans": str(rejected), "errorMessage": message} if rejected or message else None
        return msgspec.json.encode({"partialSuccess": partial} if partial else {})
    answer = service.ExportTraceServiceResponse()
    if rejected or message:
        answer.partial_success.rejected_spans, answer.partial_success.error_message = rejected, message
    return answer.SerializeToString()


def refused(refusal: RefusalError, content_type: bytes) -> tuple[bytes, bytes]:
    """A refusal as a Status in the encoding of the request, and how that is written."""
    code = _CODES.get(refusal.status, 13)
    message = refusal.message + (f": {refusal.hint}" if refusal.hint else "")
    if content_type.partition(b";")[0].strip().lower() == PROTOBUF:
        # google.rpc.Status, by a message that is the same on the wire: a number in field 1, a text in field 2
        return service.ExportTracePartialSuccess(
            rejected_spans=code, error_message=message
        ).SerializeToString(), PROTOBUF
    return msgspec.json.encode({"code": code, "message": message}), JSON


class _Room:
    """What one request may still be made of."""

    def __init__(self) -> None:
        self._spans, self._parts = MOST_SPANS, MOST_PARTS

    def spans(self, number: int) -> None:
        """So many spans more. 413 where that is too much."""
        self._spans -= number
        if self._spans < 0:
            raise _too_much(f"more than {MOST_SPANS:,} spans at a time")

    def parts(self, number: int) -> None:
        """So many parts more. 413 where that is too much."""
        self._parts -= number
        if self._parts < 0:
            raise _too_much(f"more than {MOST_PARTS:,} attributes and values at a time")

    def value(self, value: AnyValue) -> Any:
        """A value as plain Python; bytes as base64, as OTLP's JSON has them."""
        kind = value.WhichOneof("value")
        if kind == "array_value":
            self.parts(len(value.array_value.values))
            return [self.value(one) for one in value.array_value.values]
        if kind == "kvlist_value":
            self.parts(len(value.kvlist_value.values))
            return {one.key: self.value(one.value) for one in value.kvlist_value.values}
        if kind == "bytes_value":
            return base64.b64encode(value.bytes_value).decode("ascii")
        return getattr(value, kind) if kind is not None else None


def _too_much(message: str) -> RefusalError:
    return RefusalError(413, "gate.request", message, "send fewer at a time")


# --- protobuf ------------------------------------------------------------------------------------------------------
# Groups are walked through here, so that no more spans are ever made than may be; each span is protobuf's own.


def _of_protobuf(body: bytes) -> list[Raw]:
    room, found = _Room(), list[Raw]()
    try:
        for resource in within(memoryview(body), 1, room.parts):
            known = _resource(resource, room)
            for scope in within(resource, 2, room.parts):
                for one in within(scope, 2, room.parts):
                    room.spans(1)
                    found.append(_read(one, known, room))
    except (DecodeError, WireError):
        raise bad_request("the body is no ExportTraceServiceRequest") from None
    return found


def _resource(message: memoryview, room: _Room) -> Fields:
    """What holds for all spans of a resource."""
    found = Resource()
    for one in within(message, 1, room.parts):
        found.MergeFromString(_whole_message(one))
        room.parts(len(found.attributes))
    return gathered(_pairs(found.attributes), room.value, {})[0]


def _read(message: memoryview, known: Fields, room: _Room) -> Raw:
    one = Span.FromString(_whole_message(message))
    room.parts(len(one.attributes))
    fields, contents = gathered(_pairs(one.attributes), room.value, known)
    times = one.start_time_unix_nano, one.end_time_unix_nano
    ids = one.trace_id, one.span_id, one.parent_span_id
    return Raw(*ids, *times, one.status.code == _ERROR, one.flags, one.trace_state, fields, contents)


def _whole_message(message: memoryview) -> bytes:
    if len(message) > LARGEST_SPAN:
        raise _too_much(f"a span or resource is larger than {LARGEST_SPAN // 1024 // 1024} MB")
    return bytes(message)


def _pairs(attributes: Iterable[KeyValue]) -> Iterator[tuple[str, AnyValue]]:
    for one in attributes:
        yield one.key, one.value


# --- JSON ----------------------------------------------------------------------------------------------------------

_Whole = int | str
_BEYOND = 1 << 63


class _Array(msgspec.Struct, frozen=True):
    values: tuple["_Value", ...] = ()


class _List(msgspec.Struct, frozen=True):
    values: tuple["_Pair", ...] = ()


class _Value(msgspec.Struct, frozen=True, rename="camel"):
    string_value: str | None = None
    bool_value: bool | None = None
    int_value: _Whole | None = None
    double_value: float | str | None = None
    array_value: _Array | None = None
    kvlist_value: _List | None = None
    bytes_value: str | None = None

    @property
    def plain(self) -> Any:
        """The one that is there."""
        if self.int_value is not None:
            return _whole(self.int_value)
        if self.double_value is not None:
            return _double(self.double_value)
        if self.array_value is not None:
            return [one.plain for one in self.array_value.values]
        if self.kvlist_value is not None:
            return {one.key: one.value.plain if one.value is not None else None for one in self.kvlist_value.values}
        return next((one for one in (self.string_value, self.bool_value, self.bytes_value) if one is not None), None)


class _Pair(msgspec.Struct, frozen=True):
    key: str = ""
    value: _Value | None = None


class _Status(msgspec.Struct, frozen=True):
    code: int | str = 0


class _Span(msgspec.Struct, frozen=True, rename="camel"):
    trace_id: str = ""
    span_id: str = ""
    parent_span_id: str = ""
    trace_state: str = ""
    flags: int = 0
    start_time_unix_nano: _Whole = 0
    end_time_unix_nano: _Whole = 0
    attributes: tuple[_Pair, ...] = ()
    status: _Status | None = None


class _Scope(msgspec.Struct, frozen=True):
    spans: tuple[_Span, ...] = ()


class _Resource(msgspec.Struct, frozen=True):
    attributes: tuple[_Pair, ...] = ()


class _ResourceSpans(msgspec.Struct, frozen=True, rename="camel"):
    resource: _Resource | None = None
    scope_spans: tuple[_Scope, ...] = ()


class _Request(msgspec.Struct, frozen=True, rename="camel"):
    resource_spans: tuple[_ResourceSpans, ...] = ()


_decoder = msgspec.json.Decoder(_Request)


def _of_json(body: bytes) -> list[Raw]:
    room = _Room()
    room.parts(body.count(b"{"))  # each of them begins with one
    try:
        request = _decoder.decode(body)
        room.spans(sum(len(scope.spans) for resource in request.resource_spans for scope in resource.scope_spans))
        return [
            _raw(one, known)
            for resource in request.resource_spans
            for known in [_known(resource.resource)]
            for scope in resource.scope_spans
            for one in scope.spans
        ]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise bad_request(f"the body is no ExportTraceServiceRequest: {error}") from None


def _known(resource: _Resource | None) -> Fields:
    return gathered(_told(resource.attributes), _plain, {})[0] if resource is not None else {}


def _raw(one: _Span, known: Fields) -> Raw:
    fields, contents = gathered(_told(one.attributes), _plain, known)
    failed = one.status is not None and one.status.code in (_ERROR, "STATUS_CODE_ERROR")
    ids = _id(one.trace_id), _id(one.span_id), _id(one.parent_span_id)
    times = _whole(one.start_time_unix_nano), _whole(one.end_time_unix_nano)
    return Raw(*ids, *times, failed, one.flags, one.trace_state, fields, contents)


def _told(attributes: Iterable[_Pair]) -> Iterator[tuple[str, _Value | None]]:
    for one in attributes:
        yield one.key, one.value


def _plain(value: _Value | None) -> Any:
    return value.plain if value is not None else None


def _id(text: str) -> bytes:
    """An id from its hexadecimal; what is none is refused with its span."""
    try:
        return binascii.unhexlify(text)
    except (binascii.Error, ValueError):
        return b"?"


def _whole(said: _Whole) -> int:
    """A whole number; one beyond 64 bits stays beyond them, so that its span is refused and no other."""
    found = int(said) if isinstance(said, int) or len(said) < 40 else _BEYOND
    return min(max(found, -_BEYOND), _BEYOND)


def _double(said: float | str) -> float:
    return float(said)  # "NaN" and "Infinity" are texts there
