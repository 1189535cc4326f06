"""Which route a path is of: a tree of its segments. A literal segment wins over a parameter."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from agentgov.gate.route import Route

Values = Mapping[str, str]
_NO_VALUES: Values = MappingProxyType({})


@dataclass(slots=True)
class _Node:
    literal: "dict[str, _Node]" = field(default_factory=dict)
    one: "_Node | None" = None
    rest: "_Node | None" = None
    routes: dict[str, Route] = field(default_factory=dict)


class Paths:
    """Finds routes; two of the same method and path are a mistake of ours."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        for route in routes:
            node = self._root
            for part in route.path[1:].split("/"):
                node = _below(node, part)
            if route.method in node.routes:
                raise ValueError(f"{route.method} {route.path} stands twice")
            node.routes[route.method] = route

    def find(self, path: str) -> tuple[Mapping[str, Route], tuple[str, ...]]:
        """The routes of a path by method, none where there is no such path, and the values of its parameters."""
        values: list[str] = []
        found = _walk(self._root, path[1:].split("/"), 0, values) if path.startswith("/") else None
        return (found.routes, tuple(values)) if found is not None else ({}, ())


def named(names: tuple[str, ...], values: tuple[str, ...]) -> Values:
    """The values of a path by the names of its parameters."""
    return dict(zip(names, values, strict=True)) if values else _NO_VALUES


def _below(node: _Node, part: str) -> _Node:
    if part.endswith("...}"):
        node.rest = node.rest or _Node()
        return node.rest
    if part.startswith("{"):
        node.one = node.one or _Node()
        return node.one
    return node.literal.setdefault(part, _Node())


def _walk(node: _Node, parts: list[str], at: int, values: list[str]) -> _Node | None:
    if at == len(parts):
        return node if node.routes else None
    literal = node.literal.get(parts[at])
    if literal is not None and (found := _walk(literal, parts, at + 1, values)) is not None:
        return found
    if node.one is not None and parts[at] and "\0" not in parts[at]:  # a NUL no database takes as text
        values.append(parts[at])
        if (found := _walk(node.one, parts, at + 1, values)) is not None:
            return found
        values.pop()
    if node.rest is not None:
        rest = "/".join(parts[at:])
        if rest:
            values.append(rest)
            return node.rest
    return None
