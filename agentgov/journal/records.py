"""Records as text: one spelling for each value, so that a replay can compare bytes.

The text is block YAML that people can read with `git show`; keys stand in the order of the record's type, strings are
plain where they cannot be mistaken for something else and JSON-quoted otherwise. What is read is exactly what is
written: no other YAML, and no limit on what a record holds, or whoever pushes enough pending paths, or a path with a
character that documents may not hold, could make the journal unreadable. (YAML's own readers stop at keys of more than
1,024 characters.) Replay is for ever: a record that a later version writes differently is a new version of its act.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

import msgspec

from agentgov.errors import IncompleteError
from agentgov.model.state import Deployment, Record, record_type

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./@+-]*\Z")
_RESERVED = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_SAFE = re.compile(r"[ !#-\[\]-~]*\Z")  # printable ASCII without the quote and the backslash
_TEXT = r'"(?:[ !#-\[\]-~]|\\["\\]|\\u[0-9a-f]{4}|\\U[0-9a-f]{8})*"|[A-Za-z][A-Za-z0-9_./@+-]*'
_LINE = re.compile(rf"( *)(- )?(?:({_TEXT}):(?: |\Z))?({_TEXT}|-?(?:0|[1-9][0-9]*)|\{{\}}|\[\])?\Z")
_ESCAPE = re.compile(r'\\(?:(["\\])|u([0-9a-f]{4})|U([0-9a-f]{8}))')
_WORDS: Mapping[str, object] = {"true": True, "false": False, "null": None}
# Fields that records of earlier versions do not have: written only where they say something.
_LATER: Mapping[type[Record], str] = {Deployment: "formerly"}


def to_bytes(record: Record) -> bytes:
    """The one text of a record, UTF-8 with a final newline."""
    fields, later = msgspec.to_builtins(record), _LATER.get(type(record))
    if later is not None and not fields[later]:
        del fields[later]
    return ("\n".join(_mapping(fields, 0)) + "\n").encode()


def from_bytes(path: str, data: bytes) -> Record:
    """The record that stands at a path of the journal's tree; IncompleteError when it is none."""
    kind = record_type(path)
    try:
        if kind is None or not data.endswith(b"\n"):
            raise ValueError("it is no record")
        record = msgspec.convert(_read(data[:-1].decode("ascii").split("\n")), kind, strict=True)
        if to_bytes(record) != data:
            raise ValueError("it is not written as records are")
    except (ValueError, OverflowError) as error:  # msgspec's and UnicodeDecodeError are among them
        hint = "run: agentgov journal verify"
        raise IncompleteError(f"the journal's {path} cannot be read: {error}", hint) from error
    return record


def _mapping(value: Mapping[str, object], depth: int) -> Iterator[str]:
    indent = "  " * depth
    for key, item in value.items():
        if isinstance(item, (str, int)):  # most are, and the other questions are slower
            yield f"{indent}{_scalar(key)}: {_scalar(item)}"
        elif isinstance(item, Mapping) and item:
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
        return _text(value)
    if isinstance(value, (Mapping, list, tuple)):
        return "{}" if isinstance(value, Mapping) else "[]"
    return str(value) if type(value) is int else json.dumps(value)


@lru_cache(maxsize=4096)
def _text(value: str) -> str:
    plain = _PLAIN.match(value) is not None and value.lower() not in _RESERVED
    return value if plain else _quoted(value)


def _quoted(text: str) -> str:
    if _SAFE.match(text):
        return f'"{text}"'
    # JSON's own escapes spell characters beyond the BMP as surrogate pairs, which YAML does not read.
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    if " " <= char <= "~":
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


def _read(lines: Sequence[str]) -> dict[str, object]:
    """The mapping that the lines spell. Indentation alone tells what belongs where, so there is no recursion: the
    container that is open at each depth is enough."""
    root: dict[str, object] = {}
    open_at: list[dict[str, object] | list[object]] = [root]
    waiting: tuple[dict[str, object], str] | None = None  # a key whose value starts on the next line
    for line in lines:
        match = _LINE.match(line)
        if match is None:
            raise ValueError(f"the line {line[:60]!r} is none that a record has")
        indent, dash, key, value = match.groups()
        depth = len(indent) // 2
        if waiting is not None:
            holder, name = waiting
            inner: dict[str, object] | list[object] = [] if dash else {}
            holder[name], open_at, waiting = inner, [*open_at[:depth], inner], None
        if depth >= len(open_at):
            raise ValueError("the indentation is not that of a record")
        here = open_at[depth]
        open_at = open_at[: depth + 1]
        if dash:
            here = _item(here, open_at, key is not None)
        waiting = _put(here, key, value)
    return root


def _item(
    here: dict[str, object] | list[object], open_at: list[dict[str, object] | list[object]], nested: bool
) -> dict[str, object] | list[object]:
    """Where an item's first line belongs: a new mapping in the list, or the list itself."""
    if isinstance(here, list) and nested:
        mapping: dict[str, object] = {}
        here.append(mapping)
        open_at.append(mapping)
        return mapping
    if isinstance(here, list):
        return here
    raise ValueError("an item stands outside a list")


def _put(
    here: dict[str, object] | list[object], key: str | None, value: str | None
) -> tuple[dict[str, object], str] | None:
    """Put a value where it belongs; a key without one waits for the next line."""
    if isinstance(here, list):
        if key is not None or value is None:
            raise ValueError("a list holds something that is no item")
        here.append(_value(value))
        return None
    if key is None:
        raise ValueError("a mapping holds something that has no key")
    name = _value(key)
    if not isinstance(name, str) or name in here:
        raise ValueError("a key stands twice, or is no text")
    if value is None:
        return here, name
    here[name] = _value(value)
    return None


def _value(text: str) -> object:
    if text[0] == '"':
        return _ESCAPE.sub(_unescaped, text[1:-1])
    if text in ("{}", "[]"):
        return {} if text == "{}" else []
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if text[0] in "-0123456789" else text


def _unescaped(match: re.Match[str]) -> str:
    return match[1] or chr(int(match[2] or match[3], 16))
