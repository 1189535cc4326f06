"""What OFREP 0.3 says that a server answers, as JSON Schemas of our own: by endpoint and status.

Written anew after service/openapi.yaml of github.com/open-feature/protocol (Apache-2.0); stricter where every field is
one that we always send. What the real clients take is tried with them.
"""

from typing import Any

from jsonschema import Draft202012Validator

Schema = dict[str, Any]


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


def check_single(status: int, document: object) -> None:
    """An answer for one flag has the shape that its status asks for."""
    Draft202012Validator(_SINGLE_ANSWERS[status]).validate(document)


def check_bulk(status: int, document: object) -> None:
    """An answer for all flags has the shape that its status asks for."""
    Draft202012Validator(_BULK_ANSWERS[status]).validate(document)
