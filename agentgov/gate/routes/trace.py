"""The route of OTLP traces: any program of OpenTelemetry is a client of it."""

from agentgov.gate import otlp
from agentgov.gate.call import Call
from agentgov.gate.route import Route

_WRITTEN = (otlp.PROTOBUF.decode(), otlp.JSON.decode())


async def traces(call: Call) -> int:
    """Take the spans of a request; those that cannot be are told, and not to be sent again."""
    found, encoding = await call.gate.intake.spans_of(call)
    answer = otlp.taken(encoding, found.refused.total(), found.message)
    return await call.reply(200, answer, content_type=encoding)


ROUTES = (
    Route(
        "POST",
        "/v1/traces",
        "Take spans, as OTLP/HTTP has them",
        traces,
        "agent",
        answers={200: None},
        tag="telemetry",
        hot=True,
        refuse_as=otlp.refused,
        strangers=True,
        accepts=_WRITTEN,
    ),
)
