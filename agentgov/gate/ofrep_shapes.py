"""What OFREP 0.3 sends and answers, as types. The names on the wire are its own (open-feature/protocol)."""

from typing import Annotated, Any

import msgspec

from agentgov.gate.errors import RefusalError


class Context(msgspec.Struct, frozen=True):
    """Whom a flag is evaluated for; the targeting key is the sticky key, and nothing else of it counts."""

    targeting_key: str = msgspec.field(default="", name="targetingKey")


class Evaluation(msgspec.Struct, frozen=True):
    """A request for one flag, or for all."""

    context: Context | None = None


class Success(msgspec.Struct, frozen=True):
    """What a flag says."""

    key: str
    value: Any
    reason: str
    variant: str
    metadata: dict[str, str | int | bool]


class Failure(msgspec.Struct, frozen=True):
    """Why a flag says nothing."""

    key: str
    error_code: str = msgspec.field(name="errorCode")
    error_details: str = msgspec.field(name="errorDetails")


class BulkFailure(msgspec.Struct, frozen=True):
    """Why no flag says anything."""

    error_code: str = msgspec.field(name="errorCode")
    error_details: str = msgspec.field(name="errorDetails")


class General(msgspec.Struct, frozen=True):
    """What OFREP says where no flag is spoken of."""

    error_details: str = msgspec.field(name="errorDetails")


class Endpoint(msgspec.Struct, frozen=True):
    """Where to listen, below the address that the client was given."""

    request_uri: str = msgspec.field(name="requestUri")


class EventStream(msgspec.Struct, frozen=True):
    """Where a client hears that flags have changed; the delay in seconds."""

    type: str
    endpoint: Endpoint
    inactivity_delay: int = msgspec.field(name="inactivityDelaySec")


def stream_at(ticket: str) -> EventStream:
    """The stream of whom a ticket was given to."""
    return EventStream("sse", Endpoint(f"/v1/stream?ticket={ticket}"), 120)


# msgspec takes no union of structs that carry no tag, and OFREP has none.
_EITHER = msgspec.Meta(
    extra_json_schema={
        "items": {"anyOf": [{"$ref": "#/components/schemas/Success"}, {"$ref": "#/components/schemas/Failure"}]}
    }
)


class Bulk(msgspec.Struct, frozen=True):
    """Every flag of the agent that asks."""

    flags: Annotated[tuple[Any, ...], _EITHER]
    event_streams: tuple[EventStream, ...] = msgspec.field(name="eventStreams")


def refused(refusal: RefusalError) -> bytes:
    """A refusal that is about no flag."""
    return msgspec.json.encode(General(refusal.in_one_line))
