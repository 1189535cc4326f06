"""The route that describes all routes."""

from functools import cache
from typing import Any

import msgspec

from agentgov.gate.answer import Answer
from agentgov.gate.call import Call
from agentgov.gate.route import Route


async def description(call: Call) -> Answer:
    """The OpenAPI document; made when first asked for."""
    return Answer(200, _document())


@cache
def _document() -> bytes:
    from agentgov.gate.openapi import openapi
    from agentgov.gate.routes.table import ROUTES

    return msgspec.json.encode(openapi(ROUTES))


ROUTES = (
    Route(
        "GET",
        "/openapi.json",
        "This description",
        description,
        "anyone",
        answers={200: dict[str, Any]},
    ),
)
