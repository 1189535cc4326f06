"""GitHub's own description of its API and webhooks: what may be asked and answered; what nobody told is filled in.

Stricter than GitHub: a query parameter or a key of a body that the description does not know is an offence. What it
finds wrong it raises as `OffenceError`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema_rs
from fakeserver import Reply, Request

DATA = Path(__file__).parent / "data"
UNKNOWN = object()  # a value that nobody told
_ANYWHERE = {304, 401, 403, 404, 429}  # answered by GitHub at every route, said at few
_WIDE = {"path", "ref", "branch"}  # parameters in which a slash may stand
# Where GitHub answers otherwise than it describes: the repository of a deleted fork is null, in lists and alone.
_ALSO_NULL = {("pull-request", "head", "repo"), ("pull-request-simple", "head", "repo")}
_NEUTRAL: dict[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False, "array": [], "null": None}
_FORMATS = {"uri": "https://github.test/", "date-time": "2023-11-14T22:13:20Z", "email": "nobody@github.test"}


class OffenceError(AssertionError):
    """Something that GitHub would not ask, take or answer."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that may be asked."""

    id: str
    method: str
    pattern: re.Pattern[str]
    parameters: tuple[Mapping[str, Any], ...]
    told: Mapping[str, Any]


class Schemas:
    """Schemas that refer to one another inside one document."""

    def __init__(self, document: Mapping[str, Any], shared: str) -> None:
        self.document, self._shared = document, shared
        self._strict = {shared: _strict(document[shared])}
        self._compiled: dict[str, jsonschema_rs.Validator] = {}

    def offence(self, schema: Mapping[str, Any], value: object) -> str:
        """What is wrong with a value; empty where it is as the schema says."""
        key = json.dumps(schema, sort_keys=True)
        if key not in self._compiled:
            self._compiled[key] = jsonschema_rs.Draft202012Validator(self._strict | _strict(schema))
        found = next(iter(self._compiled[key].iter_errors(value)), None)
        return "" if found is None else f"/{'/'.join(map(str, found.instance_path))}: {found.message[:300]}"

    def resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """A schema without a reference at its top."""
        while "$ref" in schema:
            found: Any = self.document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found[part.replace("~1", "/").replace("~0", "~")]
            schema = found
        return schema

    def filled(self, schema: Mapping[str, Any], told: Any = UNKNOWN) -> Any:
        """A value with something neutral wherever it says nothing and the schema requires something."""
        schema = self.resolved(schema)
        kinds = schema.get("type", ())
        kinds = [kinds] if isinstance(kinds, str) else list(kinds)
        if told is None or (told is UNKNOWN and (schema.get("nullable") or "null" in kinds)):
            return None
        if "allOf" in schema:
            return self.filled(self._merged(schema), told)
        for word in ("oneOf", "anyOf"):
            if word in schema and "properties" not in schema:
                return self._one_of(schema[word], told)
        if told is UNKNOWN and "object" in kinds:
            told = {}
        if isinstance(told, dict):
            return self._object(schema, told)
        if isinstance(told, list):
            return [self.filled(schema.get("items", {}), part) for part in told]
        return told if told is not UNKNOWN else self._neutral(schema, kinds)

    def _neutral(self, schema: Mapping[str, Any], kinds: list[str]) -> Any:
        if "const" in schema or "enum" in schema:
            return schema.get("const", schema.get("enum", [None])[0])
        return _FORMATS.get(schema.get("format", "")) or _NEUTRAL.get(kinds[0] if kinds else "string")

    def _object(self, schema: Mapping[str, Any], told: dict[str, Any]) -> dict[str, Any]:
        properties = schema.get("properties", {})
        names = dict.fromkeys((*told, *schema.get("required", ())))
        closed = schema.get("additionalProperties") is False
        kept = [name for name in names if name in properties or not closed]
        return {name: self.filled(properties.get(name, {}), told.get(name, UNKNOWN)) for name in kept}

    def _one_of(self, schemas: list[Mapping[str, Any]], told: Any) -> Any:
        for schema in schemas:
            value = self.filled(schema, told)
            if not self.offence(schema, value):
                return value
        return told

    def _merged(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        merged: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
        own = {key: part for key, part in schema.items() if key != "allOf"}
        for part in (*map(self.resolved, schema["allOf"]), own):
            flat = self._merged(part) if "allOf" in part else part
            merged["properties"] |= flat.get("properties", {})
            merged["required"] += flat.get("required", [])
        return merged


class OpenAPI(Schemas):
    """What may be asked of GitHub's REST API, and what it answers."""

    def __init__(self, document: dict[str, Any]) -> None:
        for name, side, key in _ALSO_NULL:
            told = document["components"]["schemas"][name]["properties"][side]["properties"]
            told[key] = {"allOf": [told[key]], "nullable": True}
        super().__init__(document, "components")
        self.operations = tuple(sorted(self._operations(), key=lambda one: -len(_literal(one.pattern.pattern))))

    def shape(self, name: str, told: Any) -> Any:
        """A value filled up to a schema of the description by its name."""
        return self.filled({"$ref": f"#/components/schemas/{name}"}, told)

    def operation(self, request: Request) -> tuple[Operation, dict[str, str]]:
        """What is asked and its parameters in the path. OffenceError for what GitHub does not know or take."""
        path = request.raw_path
        for operation in self.operations:
            found = operation.pattern.fullmatch(path)
            if found is not None and operation.method == request.method:
                self._check_request(operation, request)
                return operation, {name: unquote(value) for name, value in found.groupdict().items()}
        raise OffenceError(f"{request.line}: no operation that is used here")

    def check_reply(self, operation: Operation, request: Request, reply: Reply) -> None:
        """OffenceError where GitHub would not answer like this."""
        told = operation.told["responses"].get(str(reply.status))
        if told is None:
            if reply.status not in _ANYWHERE and reply.status < 500:
                raise OffenceError(f"{request.line}: {operation.id} never answers {reply.status}")
            return
        kind = reply.headers.get("content-type", "application/json").split(";")[0]
        schema = self.resolved(told).get("content", {}).get(kind, {}).get("schema")
        wrong = self.offence(schema, reply.body) if schema is not None else ""
        if wrong:
            raise OffenceError(f"{request.line}: the fake's {reply.status} is not as {operation.id} says: {wrong}")

    def _operations(self) -> Iterator[Operation]:
        for path, methods in self.document["paths"].items():
            for method, told in methods.items():
                parameters = tuple(self.resolved(parameter) for parameter in told.get("parameters", ()))
                yield Operation(told["operationId"], method.upper(), _pattern(path), parameters, told)

    def _check_request(self, operation: Operation, request: Request) -> None:
        known = {each["name"]: each["schema"] for each in operation.parameters if each["in"] == "query"}
        for name, text in request.query.items():
            if name not in known:
                raise OffenceError(f"{request.line}: {operation.id} has no parameter {name}")
            kind = self.resolved(known[name]).get("type")
            value = int(text) if kind == "integer" and text.isdigit() else text
            if wrong := self.offence(known[name], value):
                raise OffenceError(f"{request.line}: parameter {name} {wrong}")
        body = operation.told.get("requestBody")
        if body is None and request.body:
            raise OffenceError(f"{request.line}: {operation.id} takes no body")
        if body is not None:
            self._check_body(operation, request, self.resolved(body))

    def _check_body(self, operation: Operation, request: Request, told: Mapping[str, Any]) -> None:
        if request.headers.get("content-type", "").split(";")[0] != "application/json":
            raise OffenceError(f"{request.line}: a body is sent as application/json")
        schema, sent = told["content"]["application/json"]["schema"], request.json()
        unknown = set(sent) - set(self.resolved(schema)["properties"])
        wrong = f"has no {sorted(unknown)}" if unknown else self.offence(schema, sent)
        if wrong:
            raise OffenceError(f"{request.line}: the body of {operation.id} {wrong}")


class Webhooks(Schemas):
    """What GitHub sends to those who listen."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        super().__init__(document, "definitions")

    def event(self, name: str, told: Mapping[str, Any]) -> dict[str, Any]:
        """A payload of an event, like `pull_request$opened`, filled up and checked."""
        schema = {"$ref": f"#/definitions/{name}"}
        value = self.filled(schema, _without_null(told))
        if wrong := self.offence(schema, value):
            raise OffenceError(f"{name} is not as GitHub says: {wrong}")
        assert isinstance(value, dict)
        return value


def _without_null(value: Any) -> Any:
    """A value without what is null: what REST says with null, a webhook may say otherwise."""
    if isinstance(value, Mapping):
        return {key: _without_null(part) for key, part in value.items() if part is not None}
    return [_without_null(part) for part in value] if isinstance(value, list) else value


@cache
def github_api() -> OpenAPI:
    """GitHub's REST API."""
    return OpenAPI(json.loads((DATA / "github-openapi.json").read_text("utf-8")))


@cache
def github_webhooks() -> Webhooks:
    """GitHub's webhooks."""
    return Webhooks(json.loads((DATA / "github-webhooks.schema.json").read_text("utf-8")))


def _strict(schema: Any, named: bool = False) -> Any:
    """A schema of OpenAPI 3.0 as one of JSON Schema: `nullable` is a type, formats and defaults say nothing."""
    if isinstance(schema, list):
        return [_strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    nullable = not named and schema.get("nullable") is True
    left_out = () if named else ("nullable", "format", "default", "discriminator")
    kept = {key: part for key, part in schema.items() if key not in left_out}
    names = ("properties", "schemas", "definitions", "responses", "parameters", "headers")
    bare = {
        key: part if key in ("enum", "required") and not named else _strict(part, key in names and not named)
        for key, part in kept.items()
    }
    return {"anyOf": [bare, {"type": "null"}]} if nullable else bare


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{([^}]+)\}", path)
    wide = path.endswith("}")
    text = ""
    for place, part in enumerate(parts):
        if place % 2 == 0:
            text += re.escape(part)
        else:
            last = wide and place == len(parts) - 2
            text += f"(?P<{part}>{'.+' if part in _WIDE and last else '[^/]+'})"
    return re.compile(text)


def _literal(pattern: str) -> str:
    return re.sub(r"\(\?P<[^)]*\)", "", pattern)
