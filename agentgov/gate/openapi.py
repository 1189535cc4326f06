"""The OpenAPI 3.1 document, derived from the routes and the types of their bodies: nothing in it is written by hand."""

from collections.abc import Iterable
from typing import Any

import msgspec

from agentgov import __version__
from agentgov.gate.errors import ErrorBody
from agentgov.gate.route import Route

_REFUSALS = {
    400: "The request makes no sense",
    401: "Nobody known",
    403: "Known, and may not",
    404: "Outside of the caller's scope, or not there",
    409: "It conflicts with what is there",
    413: "The body is too large",
    415: "The body is of another kind",
    422: "Understood, and refused",
    429: "Too many requests",
    503: "It cannot be told now",
}
_REF = "#/components/schemas/{name}"


def openapi(routes: Iterable[Route]) -> dict[str, Any]:
    """The document."""
    listed = tuple(routes)
    types = [ErrorBody, *(kind for route in listed for kind in _types(route))]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    by_type = {id(kind): schema for kind, schema in zip(types, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for route in listed:
        path = route.path.replace("...}", "}")
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, by_type)
    schemes = {"bearer": {"type": "http", "scheme": "bearer", "description": "A token of an agent or of a person"}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "agentgov gate", "version": __version__, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": schemes},
    }


def _types(route: Route) -> list[Any]:
    found = [route.body] if route.body is not None else []
    return [*found, *(kind for kind in route.answers.values() if kind is not None)]


def _operation(route: Route, schemas: dict[int, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "summary": route.summary,
        "operationId": _name(route),
        "tags": [route.tag],
        "parameters": _parameters(route),
        "responses": _responses(route, schemas),
        "security": [] if route.who == "anyone" else [{"bearer": []}],
        "x-agentgov-callers": route.who,
    }
    if route.verb:
        found["x-agentgov-verb"] = route.verb
    if route.body is not None or route.accepts:
        content: dict[str, Any] = {media: {} for media in route.accepts}
        if route.body is not None:
            content["application/json"] = {"schema": schemas[id(route.body)]}
        found["requestBody"] = {"required": True, "content": content}
    return found


def _parameters(route: Route) -> list[dict[str, Any]]:
    path = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in route.names]
    query = [
        {"name": one.name, "in": "query", "required": one.required, "description": one.says, "schema": dict(one.schema)}
        for one in route.query
    ]
    return [*path, *query]


def _responses(route: Route, schemas: dict[int, Any]) -> dict[str, Any]:
    refused: dict[str, Any] = {"application/json": {"schema": schemas_of_error()}}
    if route.hot and route.media.startswith("text/plain"):
        refused[route.media] = {}
    if route.refuse_as is not None:
        refused = {media: {} for media in route.accepts}
    found = {str(status): {"description": says, "content": refused} for status, says in _REFUSALS.items()}
    for status, kind in route.answers.items():
        told: dict[str, Any] = {"description": _REFUSALS.get(status, "Done")}
        if kind is not None:
            told["content"] = {"application/json": {"schema": schemas[id(kind)]}}
        elif status not in (204, 304):
            told["content"] = {media: {} for media in route.accepts or (route.media,)}
        found[str(status)] = told
    return found


def schemas_of_error() -> dict[str, str]:
    """Where the shape of a refusal stands."""
    return {"$ref": _REF.format(name="ErrorBody")}


def _name(route: Route) -> str:
    words = [part.strip("{}.").replace("-", "_").replace(".", "_") for part in route.path.split("/") if part]
    return "_".join([route.method.lower(), *words])
