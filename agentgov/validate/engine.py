"""The JSON Schema engine, in one place: which documents a schema accepts, and in what way one is refused.

jsonschema-rs decides and explains; where no wheel of it exists, jsonschema does, made to read patterns as
ECMA 262 does.
Says nothing in words: `schema` does that. Schemas are read once per process from the program's own folder.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Protocol, get_args

import msgspec

from agentgov.model.governed import Kind, schema_file
from agentgov.resources import folder

KINDS: tuple[Kind, ...] = get_args(Kind)

Path = tuple[str | int, ...]


class Violation(msgspec.Struct, frozen=True):
    """One way in which a value breaks a schema: the keyword, the path to the value, and the schema around the keyword
    (for `required`: the schema of the field that is missing).

    `branches` holds the violations of each alternative of `anyOf`; `names` the fields that `additionalProperties`,
    `required` and `propertyNames` are about.
    """

    keyword: str
    path: Path
    schema: Mapping[str, Any]
    names: tuple[str, ...] = ()
    branches: tuple[tuple["Violation", ...], ...] = ()


class Engine(Protocol):
    """A compiled schema."""

    def accepts(self, document: object) -> bool:
        """Whether the document is valid."""

    def violations(self, document: object) -> list[Violation]:
        """All violations of an invalid document, none of a valid one."""


def schema_text(kind: Kind) -> str:
    """The text of the JSON Schema of a kind."""
    return (folder("schemas") / schema_file(kind)).read_text("utf-8")


@cache
def engine(kind: Kind) -> Engine:
    """The compiled schema of a kind."""
    schema = json.loads(schema_text(kind))
    try:
        return RustEngine(schema)
    except ImportError:
        return PythonEngine(schema)


class RustEngine:
    """jsonschema-rs: about ten microseconds a document."""

    __slots__ = ("_schema", "_validator", "accepts")

    def __init__(self, schema: dict[str, Any]) -> None:
        import jsonschema_rs

        self._schema = schema
        self._validator = jsonschema_rs.Draft7Validator(schema)
        self.accepts = self._validator.is_valid

    def violations(self, document: object) -> list[Violation]:
        """All violations of an invalid document, none of a valid one."""
        return [self._violation(error) for error in self._validator.iter_errors(document)]

    def _violation(self, error: Any) -> Violation:
        keyword = error.kind.name
        details = error.kind.as_dict()
        path = tuple(error.instance_path)
        steps = list(error.schema_path)
        steps = steps[: len(steps) - 1 - steps[::-1].index(keyword)]
        node: Any = self._schema
        for step in steps:
            node = node[step]
        if keyword == "additionalProperties":
            return Violation(keyword, path, node, tuple(details["unexpected"]))
        if keyword == "required":
            name = _text(details["property"])
            return Violation(keyword, path, _field(node, name, self._schema), (name,))
        if keyword == "propertyNames":
            return Violation(keyword, path, node, (_text(details["error"].instance),))
        if keyword in ("anyOf", "oneOf"):
            branches = tuple(tuple(self._violation(nested) for nested in branch) for branch in details["context"])
            return Violation(keyword, path, node, branches=branches)
        return Violation(keyword, path, node)


def _text(value: object) -> str:
    """A property name; some versions of the engine hand it over as a JSON string."""
    text = str(value)
    return str(json.loads(text)) if text.startswith('"') and text.endswith('"') and len(text) > 1 else text


def _field(schema: Mapping[str, Any], name: str, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of one field, what it refers to written out as far as it is one reference."""
    field: Mapping[str, Any] = schema.get("properties", {}).get(name, {})
    for reference in (field, *field.get("allOf", ())):
        if "$ref" in reference:
            field = {**root["definitions"][reference["$ref"].rpartition("/")[2]], **field}
    return field


class PythonEngine:
    """jsonschema: a hundred times slower, everywhere at hand; the oracle of our tests."""

    __slots__ = ("_schema", "_validator")

    def __init__(self, schema: Mapping[str, Any]) -> None:
        from jsonschema import Draft7Validator

        self._schema = schema
        self._validator = Draft7Validator(_ecma_patterns(schema))

    def accepts(self, document: object) -> bool:
        """Whether the document is valid."""
        return self._validator.is_valid(document)

    def violations(self, document: object) -> list[Violation]:
        """All violations of an invalid document, none of a valid one."""
        return list(self._all(self._validator.iter_errors(document)))

    def _all(self, errors: Iterable[Any]) -> Iterable[Violation]:
        missing: set[tuple[Path, str]] = set()
        for error in errors:
            keyword, path, schema = str(error.validator), tuple(error.absolute_path), error.schema
            if keyword == "pattern" and "propertyNames" in error.absolute_schema_path:
                yield Violation("propertyNames", path, schema, (error.instance,))
            elif keyword == "additionalProperties":
                yield Violation(keyword, path, schema, tuple(_unexpected(error.instance, schema)))
            elif keyword == "required":
                absent = [name for name in error.validator_value if name not in error.instance]
                name = next(name for name in absent if (path, name) not in missing)
                missing.add((path, name))
                yield Violation(keyword, path, _field(schema, name, self._schema), (name,))
            elif keyword in ("anyOf", "oneOf"):
                yield Violation(keyword, path, schema, branches=tuple(self._branches(error)))
            else:
                yield Violation(keyword, path, schema)

    def _branches(self, error: Any) -> Iterable[tuple[Violation, ...]]:
        for index in range(len(error.validator_value)):
            nested = [below for below in error.context if below.schema_path[0] == index]
            yield tuple(self._all(nested))


def _unexpected(instance: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterable[str]:
    import re

    patterns = [re.compile(pattern) for pattern in schema.get("patternProperties", ())]
    for name in instance:
        if name not in schema.get("properties", ()) and not any(pattern.search(name) for pattern in patterns):
            yield name


def _ecma_patterns(node: Any) -> Any:
    """The schema with `$` at the end of patterns as `\\Z`: in Python `$` also matches before a last line feed."""
    if isinstance(node, list):
        return [_ecma_patterns(item) for item in node]
    if not isinstance(node, dict):
        return node
    out = {key: _ecma_patterns(value) for key, value in node.items()}
    pattern = out.get("pattern")
    if isinstance(pattern, str) and pattern.endswith("$"):
        out["pattern"] = pattern[:-1] + r"\Z"
    return out
