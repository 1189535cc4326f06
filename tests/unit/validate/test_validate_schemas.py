"""The JSON Schemas in `schemas/`: good schemas, strict, agreeing with the types, and the same for two engines."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgov.model.governed import Kind
from agentgov.validate.engine import KINDS, PythonEngine, engine, schema_text
from agentgov.validate.load import TYPES, convert

SCHEMAS: dict[Kind, dict[str, Any]] = {kind: json.loads(schema_text(kind)) for kind in KINDS}

# Where a schema says less than the type on purpose, with the reason.
NARROWER = {
    "Fleet/reviews/default": {"when", "name"},  # the default rule holds for every change
}
# Fields that are no part of the file: the loader collects them.
COLLECTED = {"Agent": {"x-"}}


def nodes(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, dict):
        yield path, node
        for key, value in node.items():
            if key not in ("examples", "default", "enum", "const"):
                yield from nodes(value, f"{path}/{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from nodes(value, f"{path}/{index}")


@pytest.mark.parametrize("kind", KINDS)
def test_every_schema_is_a_draft_07_schema_whose_examples_it_accepts(kind: Kind) -> None:
    schema = SCHEMAS[kind]
    jsonschema.Draft7Validator.check_schema(schema)
    assert schema["examples"]
    for example in schema["examples"]:
        assert engine(kind).violations(example) == []
        assert engine(kind).accepts(example)
        convert(TYPES[kind], example)


@pytest.mark.parametrize("kind", KINDS)
def test_every_object_is_strict_and_every_field_is_explained(kind: Kind) -> None:
    for path, node in nodes(SCHEMAS[kind]):
        if "properties" in node:
            assert node["additionalProperties"] is False, path
            assert node["patternProperties"] == {"^x-": {}}, path
            assert set(node.get("required", ())) <= set(node["properties"]), path
            for name, field in node["properties"].items():
                if "environmentPatch" not in path:
                    assert field.get("description") or "$ref" in json.dumps(field), f"{path}/{name}"
        if node.get("type") == "object" and "properties" not in node and path != "/properties/spec/properties/runtime":
            assert "additionalProperties" in node, path


@pytest.mark.parametrize("kind", KINDS)
def test_examples_of_a_text_have_its_form(kind: Kind) -> None:
    for path, node in nodes(SCHEMAS[kind]):
        if path and "examples" in node:
            whole = {**node, "definitions": SCHEMAS[kind]["definitions"]}
            for example in node["examples"]:
                assert jsonschema.Draft7Validator(whole).is_valid(example), (path, example)


@pytest.mark.parametrize("kind", KINDS)
def test_no_pattern_accepts_a_line_feed_at_the_end(kind: Kind) -> None:
    """`$` is the end of the text in ECMA 262 and in our engines, not a place before a last line feed."""
    seen = 0
    for path, node in nodes(SCHEMAS[kind]):
        if "pattern" in node and "examples" in node and node["pattern"].endswith("$"):
            small = {"type": "string", "pattern": node["pattern"]}
            for build in (_rust, PythonEngine):
                compiled = build(small)
                assert compiled.accepts(node["examples"][0]), path
                assert not compiled.accepts(node["examples"][0] + "\n"), path
            seen += 1
        elif "pattern" in node:
            assert node["pattern"].endswith("$"), path
    assert seen


def _rust(schema: dict[str, Any]) -> Any:
    from agentgov.validate.engine import RustEngine

    return RustEngine(schema)


@pytest.mark.parametrize("kind", KINDS)
def test_schema_and_types_agree_on_fields_required_fields_and_defaults(kind: Kind) -> None:
    info = msgspec.inspect.type_info(TYPES[kind])
    Agreement(SCHEMAS[kind]).check(SCHEMAS[kind], info, kind)


class Agreement:
    """Walks a schema and a type side by side."""

    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root

    def check(self, node: dict[str, Any], info: Any, path: str) -> None:
        node = self._resolved(node)
        match info:
            case msgspec.inspect.StructType():
                self._struct(node, info, path)
            case msgspec.inspect.VarTupleType() | msgspec.inspect.ListType():
                assert node["type"] == "array", path
                if isinstance(node["items"], list):
                    self._tuple(node["items"], info.item_type, path)
                else:
                    self.check(node["items"], info.item_type, f"{path}/*")
            case msgspec.inspect.DictType():
                assert node["type"] == "object", path
                if isinstance(node.get("additionalProperties"), dict):
                    self.check(node["additionalProperties"], info.value_type, f"{path}/*")
            case msgspec.inspect.LiteralType():
                assert set(node["enum"] if "enum" in node else [node["const"]]) == set(info.values), path
            case msgspec.inspect.UnionType():
                self._union(node, info, path)
            case msgspec.inspect.StrType():
                assert node["type"] == "string", path
            case msgspec.inspect.IntType():
                assert node["type"] == "integer", path
            case msgspec.inspect.FloatType():
                assert node["type"] == "number", path
            case msgspec.inspect.BoolType():
                assert node["type"] == "boolean", path

    def _struct(self, node: dict[str, Any], info: Any, path: str) -> None:
        fields = {field.encode_name: field for field in info.fields}
        for name in COLLECTED.get(path, ()):
            del fields[name]
        properties = {name: value for name, value in node["properties"].items() if "/" in path or name not in _HEAD}
        assert set(properties) == set(fields) - NARROWER.get(path, set()), path
        required = {name for name in node.get("required", ()) if "/" in path or name not in _HEAD}
        assert required == {name for name, field in fields.items() if field.required}, path
        for name, schema in properties.items():
            self._default(schema, fields[name], f"{path}/{name}")
            self.check(schema, fields[name].type, f"{path}/{name}")

    def _tuple(self, items: list[dict[str, Any]], info: Any, path: str) -> None:
        """Stages: each has its own schema, together they have the fields of the type."""
        fields = {field.encode_name: field for field in info.fields}
        assert set().union(*(item["properties"] for item in items)) == set(fields), path
        assert set.intersection(*(set(item["required"]) for item in items)) == {
            name for name, field in fields.items() if field.required
        }
        for item in items:
            for name, schema in item["properties"].items():
                self._default(schema, fields[name], f"{path}/{name}")
                if name not in ("name", "environment"):
                    self.check(schema, fields[name].type, f"{path}/{name}")

    def _union(self, node: dict[str, Any], info: Any, path: str) -> None:
        kinds = [kind for kind in info.types if not isinstance(kind, msgspec.inspect.NoneType)]
        branches = node.get("anyOf", [node])
        assert len(kinds) == len(branches), path
        texts = [b for b in branches if "const" in self._resolved(b) or "enum" in self._resolved(b)]
        for kind in kinds:
            if len(branches) == 1:
                self.check(branches[0], kind, path)
            elif isinstance(kind, msgspec.inspect.LiteralType):
                self.check(texts[0], kind, path)
            else:
                self.check(next(b for b in branches if b not in texts), kind, path)

    def _default(self, schema: dict[str, Any], field: Any, path: str) -> None:
        if field.required:
            assert "default" not in schema, path
            return
        default = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
        schema = {**self._resolved(schema), **schema}
        plain = msgspec.to_builtins(default)
        if "default" in schema:
            wanted = schema["default"]
            if path.endswith("stages/judge/metrics"):
                wanted = {"error": {"ceiling": None, "gate": True, "slowerThan": None}}
            assert plain == wanted or list(plain) == wanted, path
        else:
            # Nothing said: empty, absent, or a part whose own fields say their defaults.
            assert plain in ("", None, [], (), {}) or isinstance(default, msgspec.Struct), path

    def _resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        if "allOf" in node and len(node["allOf"]) == 1:
            return {**self._resolved(node["allOf"][0]), **{key: v for key, v in node.items() if key != "allOf"}}
        if "$ref" in node:
            return self._resolved(self._root["definitions"][node["$ref"].rpartition("/")[2]])
        return node


_HEAD = ("apiVersion", "kind")


# Two engines that have nothing in common but the specification: one must not know more than the other.

_VALUES: list[Any] = [None, True, 0, -1, 1.5, 3.0, 10**12, [], ["x"], [1, 1], {}, {"x-free": 1}, {"unknown": 1}]
_TEXTS = [
    "",
    "x",
    "x\n",
    "5%",
    "30s",
    "40.00 USD",
    "40 USD\n",
    "team:a",
    "a/b",
    "allow",
    "none",
    "yes",
    "\x00",
    "../x",
    "é",
]
ODD: Any = st.sampled_from([*_VALUES, *_TEXTS]).map(copy.deepcopy)


def mutated(document: Any, draw: Any) -> Any:
    document = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        around = list(places(document))
        if not around:
            return draw(ODD)
        holder, key = around[draw(st.integers(0, len(around) - 1))]
        act = draw(st.sampled_from(["replace", "delete", "add"]))
        if act == "delete":
            del holder[key]
        elif act == "replace" or isinstance(holder, list):
            holder[key] = draw(ODD)
        else:
            holder[draw(st.sampled_from(["unknown", "x-a", "budgett", "name"]))] = draw(ODD)
    return document


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield node, key
        yield from places(value)


@pytest.mark.parametrize("kind", KINDS)
def test_both_engines_decide_and_explain_alike(kind: Kind) -> None:
    oracle = PythonEngine(SCHEMAS[kind])

    @settings(max_examples=40)
    @given(st.data())
    def agree(data: st.DataObject) -> None:
        document = mutated(SCHEMAS[kind]["examples"][0], data.draw)
        assert engine(kind).accepts(document) == oracle.accepts(document)
        ours, theirs = engine(kind).violations(document), oracle.violations(document)
        assert sorted(map(_key, ours)) == sorted(map(_key, theirs))
        assert bool(ours) != engine(kind).accepts(document)

    agree()


def _key(violation: Any) -> str:
    return repr((violation.keyword, violation.path, sorted(violation.names)))
