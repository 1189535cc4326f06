"""The description of the gate: valid OpenAPI 3.1, made of the routes themselves, with every route in it."""

import json

from openapi_spec_validator import validate

from agentgov.gate.openapi import openapi
from agentgov.gate.routes.table import ROUTES

DOCUMENT = json.loads(json.dumps(openapi(ROUTES)))


def test_the_description_is_valid() -> None:
    validate(DOCUMENT)
    assert DOCUMENT["openapi"] == "3.1.0"


def test_every_route_is_described_once() -> None:
    described = {(method.upper(), path) for path, one in DOCUMENT["paths"].items() for method in one}
    assert described == {(route.method, route.path.replace("...}", "}")) for route in ROUTES}
    names = [operation["operationId"] for one in DOCUMENT["paths"].values() for operation in one.values()]
    assert len(names) == len(set(names))


def test_only_what_names_nobody_is_open_to_anyone() -> None:
    opened = {route.path for route in ROUTES if route.who == "anyone"}
    assert opened == {
        "/healthz",
        "/readyz",
        "/metrics",
        "/openapi.json",
        "/hooks/github",
        "/hooks/gitlab",
        "/hooks/pagerduty",  # its signature says who tells
        "/hooks/wake",
        "/v1/login",
        "/v1/acts",  # the signatures say who acts
        "/v1/acts/{id}",
        "/v1/pauses/asked",  # asks for the signature of a reconciler
        "/v1/counts/asked",  # so does this
        "/v1/stream",  # asks for a token, or for a ticket
        "/v1/login/callback",
        "/v1/login/exchange",
    }


def test_routes_of_people_about_an_agent_name_a_right() -> None:
    without = {(one.method, one.path) for one in ROUTES if one.who == "person" and one.of_agent and not one.verb}
    assert without == set()
