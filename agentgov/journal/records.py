"""Records as text: one spelling for each value, so that a replay can compare bytes.

The text is block YAML that people can read with `git show`; keys stand in the order of the record's type, strings are
plain where they cannot be mistaken for something else and JSON-quoted otherwise. Replay is for ever: a record that a
later version writes differently is a new version of its act.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from agentgov.errors import IncompleteError
from agentgov.model.state import Record, record_type
from agentgov.validate.yaml_reader import read

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./@+-]*\Z")
_RESERVED = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def to_bytes(record: Record) -> bytes:
    """The one text of a record, UTF-8 with a final newline."""
    return ("\n".join(_mapping(msgspec.to_builtins(record), 0)) + "\n").encode()


def from_bytes(path: str, data: bytes) -> Record:
    """The record that stands at a path of the journal's tree; IncompleteError when it is none."""
    kind = record_type(path)
    document = read(data, path)
    if kind is None or document.findings:
        raise IncompleteError(f"the journal's {path} cannot be read", "run: agentgov journal verify")
    try:
        return msgspec.convert(document.value, kind, strict=True)
    except msgspec.ValidationError as error:
        raise IncompleteError(f"the journal's {path} is malformed: {error}", "run: agentgov journal verify") from error


def _mapping(value: Mapping[str, object], depth: int) -> Iterator[str]:
    indent = "  " * depth
    for key, item in value.items():
        if isinstance(item, Mapping) and item:
            yield f"{indent}{_scalar(key)}:"
            yield from _mapping(item, depth + 1)
        elif isinstance(item, Sequence) and not isinstance(item, str) and item:
            yield f"{indent}{_scalar(key)}:"
            yield from _items(item, depth + 1)
        else:
            yield f"{indent}{_scalar(key)}: {_scalar(item)}"


def _items(values: Sequence[object], depth: int) -> Iterator[str]:
    indent = "  " * depth
    for item in values:
        if isinstance(item, Mapping) and item:
            first, *rest = _mapping(item, depth + 1)
            yield f"{indent}- {first.lstrip()}"
            yield from rest
        else:
            yield f"{indent}- {_scalar(item)}"


def _scalar(value: object) -> str:
    if isinstance(value, str):
        plain = _PLAIN.match(value) is not None and value.lower() not in _RESERVED
        return value if plain else _quoted(value)
    if isinstance(value, (Mapping, list, tuple)):
        return "{}" if isinstance(value, Mapping) else "[]"
    return json.dumps(value)


def _quoted(text: str) -> str:
    # JSON's own escapes spell characters beyond the BMP as surrogate pairs, which YAML does not read.
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    if char.isprintable() and char.isascii():
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"
