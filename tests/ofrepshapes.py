"""What OFREP 0.3 says that a server answers, by endpoint and status. Each answer has to fit two descriptions of it:

- the types that OpenFeature's own clients are written with, as a JSON Schema (`.ci/ofrep-schema` keeps it);
- JSON Schemas of our own, written anew after service/openapi.yaml of github.com/open-feature/protocol (Apache-2.0),
  which say more: what has to be there, which codes go with which status, and that an event stream has one address.

What no description tells is tried with real clients.
"""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator, Draft202012Validator

Schema = dict[str, Any]
FLAGS = "/ofrep/v1/evaluate/flags"


def _object(required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {})},
        "additionalProperties": False,
    }


_TEXT: Schema = {"type": "string"}
_METADATA: Schema = {"type": "object", "additionalProperties": {"type": ["boolean", "string", "number"]}}
_VALUE: Schema = {"type": ["boolean", "string", "number", "object"]}
_REASON: Schema = {"enum": ["STATIC", "TARGETING_MATCH", "SPLIT", "DISABLED", "UNKNOWN"]}
_SUCCESS = _object({"key": _TEXT, "value": _VALUE, "reason": _REASON, "variant": _TEXT, "metadata": _METADATA})
_CODE: Schema = {"enum": ["PARSE_ERROR", "TARGETING_KEY_MISSING", "INVALID_CONTEXT", "GENERAL"]}
_FAILURE = _object({"key": _TEXT, "errorCode": _CODE, "errorDetails": _TEXT})
_NOT_FOUND = _object({"key": _TEXT, "errorCode": {"const": "FLAG_NOT_FOUND"}, "errorDetails": _TEXT})
_BULK_FAILURE = _object({"errorCode": _TEXT, "errorDetails": _TEXT})
_GENERAL = _object({"errorDetails": _TEXT})
_ENDPOINT = _object({"requestUri": {"type": "string", "pattern": "^/"}}, {"origin": {"type": "string"}})
_STREAM: Schema = {
    "oneOf": [
        _object({"type": _TEXT, "url": _TEXT}, {"inactivityDelaySec": {"type": "integer", "minimum": 1}}),
        _object({"type": _TEXT, "endpoint": _ENDPOINT}, {"inactivityDelaySec": {"type": "integer", "minimum": 1}}),
    ]
}
_BULK = _object(
    {"flags": {"type": "array", "items": {"oneOf": [_SUCCESS, _FAILURE]}}},
    {"eventStreams": {"type": "array", "items": _STREAM}, "metadata": _METADATA},
)
_EITHER: dict[int, Schema] = dict.fromkeys((401, 403, 413, 415, 429, 500, 503), _GENERAL)
_SINGLE_ANSWERS = {**_EITHER, 200: _SUCCESS, 400: _FAILURE, 404: _NOT_FOUND}
_BULK_ANSWERS = {**_EITHER, 200: _BULK, 400: _BULK_FAILURE}

_THEIRS = json.loads((Path(__file__).with_name("data") / "ofrep.schema.json").read_text("utf-8"))
_SINGLE_TYPES = {200: "EvaluationSuccessResponse", **dict.fromkeys((400, 404), "EvaluationFailureResponse")}
_BULK_TYPES = {200: "BulkEvaluationSuccessResponse", 400: "BulkEvaluationFailureResponse"}


def _check_type(name: str | None, document: object) -> None:
    if name is not None:  # OpenFeature has types for what speaks of flags
        wanted = {"$ref": f"#/definitions/{name}", "definitions": _THEIRS["definitions"]}
        Draft7Validator(wanted).validate(document)


def check_answer(path: str, status: int, body: bytes) -> None:
    """What a POST was answered has the shape that its status asks for, where its path is one of OFREP's."""
    place = path.partition("?")[0]
    if place != FLAGS and not place.startswith(f"{FLAGS}/"):
        return
    if place == FLAGS and status == 304:
        assert body == b"", "nothing is told twice"
        return
    shapes, types = (_BULK_ANSWERS, _BULK_TYPES) if place == FLAGS else (_SINGLE_ANSWERS, _SINGLE_TYPES)
    document = json.loads(body)
    Draft202012Validator(shapes[status]).validate(document)
    _check_type(types.get(status), document)


def check_event(document: object) -> None:
    """The data of an event is what OpenFeature's clients take."""
    _check_type("EventStreamMessage", document)
