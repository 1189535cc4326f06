"""What an agent sends as arguments: small enough to judge, JSON that means one thing, and in the shape of its tool.

Arguments have one spelling (RFC 8785), so that two of them are the same exactly where their digests are. What has no
exact spelling (numbers beyond 2^53, half of a surrogate pair) is refused, never rounded. Schemas of tools come from the
closure and so does everything that they name: nothing is fetched.
"""

import json
import posixpath
import re
from collections.abc import Mapping
from typing import Any

import msgspec

MOST_BYTES = 64_000  # of their one spelling
MOST_VALUES = 4_096
MOST_DEPTH = 32
_EXACT = 2**53  # RFC 7493, section 2.2: what every reader of JSON reads alike
_MOST_TOLD = 5  # ways in which arguments break a schema
_BACKTRACK = 100_000
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}\Z")
_BASE = "closure:///"
_spell = msgspec.json.Encoder(order="sorted").encode


class ArgumentsError(ValueError):
    """The value has no exact spelling, or is larger than is judged; the message is one clause."""


def canonical(value: object) -> bytes:
    """The one spelling of a value of JSON (RFC 8785); ArgumentsError where it has none, or is too large."""
    plain = _measure(value)
    try:
        found = _spell(value) if plain else _spelled(value)
    except (UnicodeError, ValueError, RecursionError) as error:
        raise ArgumentsError("they hold a number or a text that JSON has no exact spelling for") from error
    if len(found) > MOST_BYTES:
        raise ArgumentsError(f"they have {len(found):,} bytes and {MOST_BYTES:,} are the most")
    return found


def _measure(value: object) -> bool:
    """Whether Python's own writer spells a value as RFC 8785 does: without fractions, and with names of which UTF-16
    and code points have the same order."""
    level: list[Any] = [value]
    plain, count = True, 0
    for _ in range(MOST_DEPTH):
        below: list[Any] = []
        count += len(level)
        if count > MOST_VALUES:
            raise ArgumentsError(f"they hold more than {MOST_VALUES:,} values")
        for one in level:
            kind = type(one)
            if kind is dict:
                plain &= _named(one)
                below.extend(one.values())
            elif kind is list:
                below.extend(one)
            elif kind is int:
                if not -_EXACT < one < _EXACT:
                    raise ArgumentsError("they hold a whole number beyond 2^53, which JSON keeps exactly only as text")
            elif kind is float:
                plain = False
            elif one is not None and kind is not str and kind is not bool:
                raise ArgumentsError("they hold something that is not JSON")
        if not below:
            return plain
        level = below
    raise ArgumentsError(f"they are nested deeper than {MOST_DEPTH} levels")


def _named(members: Mapping[object, object]) -> bool:
    plain = True
    for name in members:
        if type(name) is not str:
            raise ArgumentsError("they hold a name that is not text")
        plain &= name.isascii() or max(name) < "\ud800"
    return plain


def _spelled(value: object) -> bytes:
    import rfc8785

    try:
        return rfc8785.dumps(value)  # type: ignore[arg-type]
    except rfc8785.CanonicalizationError as error:
        raise ValueError(str(error)) from error


class Shape:
    """The JSON Schema of a tool's arguments; `problem` says why nothing can be judged by it."""

    __slots__ = ("_validator", "problem")

    def __init__(self, path: str, files: Mapping[str, Mapping[str, str]]) -> None:
        self.problem = ""
        self._validator: Any = None
        try:
            self._validator = _validator(path, files)
        except ImportError:
            self.problem = "schemas cannot be evaluated on this machine: pip install jsonschema-rs"
        except Exception:
            self.problem = f"the schema {path} cannot be read, or names what is not in the release"

    def faults(self, arguments: object) -> tuple[str, ...]:
        """In which ways arguments break the schema, without repeating what they hold; the first few."""
        if self._validator.is_valid(arguments):
            return ()
        found: list[str] = []
        for error in self._validator.iter_errors(arguments):
            if len(found) == _MOST_TOLD:
                break
            place = f"args{''.join(map(_step, error.instance_path))}"
            lacks = error.kind.name == "required"  # the schema says what, and nobody sent it
            found.append(
                f"{place}{_step(error.kind.property)} is missing" if lacks else f"{place} breaks {error.kind.name}"
            )
        return tuple(found) or ("args breaks its schema",)


def _step(step: str | int) -> str:
    """One step to a value; a name that the caller chose freely is not repeated."""
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _NAME.match(step) else "[...]"


def _validator(path: str, files: Mapping[str, Mapping[str, str]]) -> Any:
    import jsonschema_rs

    def named(uri: str) -> Any:
        name = posixpath.normpath(uri.removeprefix(_BASE))
        if not uri.startswith(_BASE) or name not in files:
            raise ValueError("only files of the release are read")
        return json.loads(files[name]["text"])

    schema = json.loads(files[path]["text"])
    kind = jsonschema_rs.validator_cls_for(schema)
    if isinstance(schema, dict) and "$schema" not in schema:
        kind = jsonschema_rs.Draft7Validator

    def made(patterns: Any) -> Any:
        return kind(schema, retriever=named, base_uri=f"{_BASE}{path}", mask="it", pattern_options=patterns)

    try:
        return made(jsonschema_rs.RegexOptions())  # in linear time
    except jsonschema_rs.ValidationError:  # patterns that look around need the other engine
        return made(jsonschema_rs.FancyRegexOptions(backtrack_limit=_BACKTRACK))
