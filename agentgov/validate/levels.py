"""Where a field belongs that stands on the wrong level of a document. A guess for the fix of a finding, never for
reading a document.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from agentgov.model.governed import Kind
from agentgov.model.guess import plain
from agentgov.validate.engine import schema_text

_NEAR = 2  # levels between where a field stands and where it belongs: a sibling's, its parent's, its grandchild's
_DEEPEST = 6
_ENVIRONMENTS = ["spec", "environments"]

Path = Sequence[str | int]


def belongs(kind: Kind, name: str, path: Path) -> tuple[str, str] | None:
    """Where a field that is unknown at this path belongs: (mapping, name), as ("spec.budget", "day"); None where no
    mapping nearby has it, or several have."""
    near: dict[int, list[tuple[str, str]]] = {}
    here = [str(step) for step in path]
    for steps, field in _places(kind).get(plain(name), ()):
        distance = _distance(here, steps)
        # An environment differs in a few fields by intention: nothing is to be moved into one, or out of it.
        apart = _ENVIRONMENTS in (here[:2], list(steps[:2])) and here[:3] != list(steps[:3])
        if 0 < distance <= _NEAR and not apart:
            near.setdefault(distance, []).append((".".join(steps) or "the top of the document", field))
    nearest = near[min(near)] if near else []
    return nearest[0] if len(nearest) == 1 else None


def _distance(first: Sequence[str], second: Sequence[str]) -> int:
    common = 0
    while common < min(len(first), len(second)) and first[common] == second[common]:
        common += 1
    return len(first) + len(second) - 2 * common


@cache
def _places(kind: Kind) -> Mapping[str, tuple[tuple[tuple[str, ...], str], ...]]:
    """Every field of a kind that is reached through mappings alone: plain name -> (path of its mapping, name)."""
    schema = json.loads(schema_text(kind))
    found: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for steps, field in _fields(schema, schema, ()):
        found.setdefault(plain(field), []).append((steps, field))
    return {name: tuple(dict.fromkeys(places)) for name, places in found.items()}


def _fields(
    node: Mapping[str, Any], root: Mapping[str, Any], steps: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str]]:
    if len(steps) > _DEEPEST:
        return
    if "$ref" in node:
        yield from _fields(root["definitions"][node["$ref"].rpartition("/")[2]], root, steps)
    for branch in (*node.get("allOf", ()), *node.get("anyOf", ()), *node.get("oneOf", ())):
        yield from _fields(branch, root, steps)
    for name, below in node.get("properties", {}).items():
        yield steps, name
        yield from _fields(below, root, (*steps, name))
