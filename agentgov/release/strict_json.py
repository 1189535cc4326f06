"""JSON as it is written down by tools: nothing in it can be read in two ways."""

import json


def strict_json(text: str) -> object:
    """What a document says: no key twice in an object, no NaN and no Infinity. Raises ValueError, or RecursionError
    for what is nested too deep."""
    return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_constant(text: str) -> object:
    raise ValueError(f"{text} is no number")
