"""Which route a path is of."""

import pytest

from agentgov.gate.answer import NOTHING, Answer
from agentgov.gate.call import Call
from agentgov.gate.paths import Paths, named
from agentgov.gate.route import Method, Route


async def nothing(call: Call) -> Answer:
    """An answer."""
    return NOTHING


def route(path: str, method: Method = "GET") -> Route:
    """A route of a path."""
    return Route(method, path, "", nothing, "anyone")


ROUTES = (
    route("/v1/agents"),
    route("/v1/agents/{workspace}/{name}"),
    route("/v1/agents/{workspace}/{name}/lease"),
    route("/v1/agents/special/{name}"),
    route("/flags"),
    route("/flags/{key...}", "POST"),
)


@pytest.mark.parametrize(
    ("path", "of", "values"),
    [
        ("/v1/agents", "/v1/agents", ()),
        ("/v1/agents/a/b", "/v1/agents/{workspace}/{name}", ("a", "b")),
        ("/v1/agents/special/b", "/v1/agents/special/{name}", ("b",)),
        ("/v1/agents/special/b/lease", "/v1/agents/{workspace}/{name}/lease", ("special", "b")),
        ("/flags/a/b/prompt", "/flags/{key...}", ("a/b/prompt",)),
        ("/flags", "/flags", ()),
    ],
)
def test_a_literal_wins_and_a_rest_takes_slashes(path: str, of: str, values: tuple[str, ...]) -> None:
    found, given = Paths(ROUTES).find(path)
    assert ([one.path for one in found.values()], given) == ([of], values)


@pytest.mark.parametrize(
    "path", ["", "/", "v1/agents", "/v1/agents/", "/v1/agents/a", "/v1/agents//b", "/v1/agents/a/\0", "/flags/", "/v1"]
)
def test_nothing_else_is_found(path: str) -> None:
    assert Paths(ROUTES).find(path) == ({}, ())


def test_values_are_told_by_name() -> None:
    assert named(("workspace", "name"), ("a", "b")) == {"workspace": "a", "name": "b"}
    assert ROUTES[1].of_agent
    assert not ROUTES[4].of_agent


def test_two_routes_of_one_method_and_path_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="stands twice"):
        Paths((*ROUTES, route("/flags")))
