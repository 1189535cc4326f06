"""Holds documents of `--json` against schemas/output/: valid, and nothing in them that the schema does not speak of.

For readers the shapes are additive: they live with fields that they do not know. Here an undescribed field is drift.
"""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema

from agentgov.resources import folder


@cache
def output_schema(name: str) -> dict[str, Any]:
    """schemas/output/<name>.schema.json, checked to be draft-07."""
    found: dict[str, Any] = json.loads((folder("schemas") / f"output/{name}.schema.json").read_text("utf-8"))
    jsonschema.Draft7Validator.check_schema(found)
    return found


def assert_holds(document: dict[str, Any], name: str) -> None:
    """The document is of this schema and says nothing that the schema does not."""
    schema = output_schema(name)
    assert document["schema"] == f"agentgov.{name}/1"
    errors = [
        f"{error.json_path}: {error.message}" for error in jsonschema.Draft7Validator(schema).iter_errors(document)
    ]
    assert not errors, errors
    assert not list(undescribed(document, schema, schema))


def undescribed(value: Any, schema: dict[str, Any], root: dict[str, Any], at: str = "$") -> Iterator[str]:
    """The places in a valid document that no property of its schema describes."""
    if "$ref" in schema:
        yield from undescribed(value, root["definitions"][schema["$ref"].rpartition("/")[2]], root, at)
    for branch in schema.get("oneOf", ()):
        if jsonschema.Draft7Validator({**branch, "definitions": root.get("definitions", {})}).is_valid(value):
            yield from undescribed(value, branch, root, at)
    if isinstance(value, list) and "items" in schema:
        for number, item in enumerate(value):
            yield from undescribed(item, schema["items"], root, f"{at}[{number}]")
    if isinstance(value, dict) and "properties" in schema:
        known = schema["properties"]
        for key, item in value.items():
            if key in known:
                yield from undescribed(item, known[key], root, f"{at}.{key}")
            else:
                yield f"{at}.{key}"
