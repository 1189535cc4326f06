"""Does a document follow its schema, and if not, why, in plain words with the place of the key or value.

The engine decides; this module turns its violations into findings: unknown fields with the name that was probably
meant, missing fields, wrong types, words that are not on the list. Never decides validity itself.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from agentgov.model import guess
from agentgov.model.finding import Finding
from agentgov.model.governed import Kind
from agentgov.validate import amounts, levels, pointers
from agentgov.validate.codes import finding
from agentgov.validate.engine import Path, Violation, engine
from agentgov.validate.positions import Positions, positions
from agentgov.validate.yaml_reader import MAX_PROBLEMS

_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}
_LIMITS = {
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "exclusiveMinimum": "must be more than {}",
    "exclusiveMaximum": "must be less than {}",
    "minLength": "must have at least {} characters",
    "maxLength": "must have at most {} characters",
    "minItems": "must have at least {} entries",
    "maxItems": "must have at most {} entries",
    "minProperties": "must have at least {} entries",
}
_MOST_GUESSES = 100
# Where somebody may have written a secret in place of the reference to it: messages do not repeat what stands there.
_UNSPOKEN = frozenset({"keyFrom", "secretRef", "url"})


def check(kind: Kind, document: object, data: bytes, file: str) -> tuple[Finding, ...]:
    """What is wrong with a document of a kind; `data` is the text it was read from, for the places."""
    compiled = engine(kind)
    if compiled.accepts(document):
        return ()
    return explain(compiled.violations(document), document, positions(data), file, kind)


def explain(
    violations: list[Violation], document: object, where: Positions, file: str, kind: Kind | None = None
) -> tuple[Finding, ...]:
    """Findings for the violations of a document, without repetitions, in no particular order; with its kind, fields
    that stand on the wrong level are told where they belong."""
    teller = _Teller(document, where, file, kind)
    told = islice((found for violation in violations for found in teller.tell(violation)), MAX_PROBLEMS + 1)
    found = list(dict.fromkeys(told))
    if len(found) > MAX_PROBLEMS:
        last = found[MAX_PROBLEMS - 1]
        found[MAX_PROBLEMS - 1 :] = [replace(last, message=f"{last.message}; there is more that is not listed here")]
    return tuple(found)


class _Teller:
    """Puts violations of one document into words."""

    __slots__ = ("_document", "_file", "_guesses", "_kind", "_where")

    def __init__(self, document: object, where: Positions, file: str, kind: Kind | None) -> None:
        self._kind = kind
        self._document = document
        self._where = where
        self._file = file
        self._guesses = 0

    def tell(self, violation: Violation) -> Iterator[Finding]:
        match violation.keyword:
            case "additionalProperties":
                yield from self._unknown_fields(violation)
            case "required":
                yield self._missing(violation)
            case "anyOf" | "oneOf":
                yield from self._alternatives(violation)
            case "type":
                yield self._wrong_type(violation, [str(name) for name in _as_list(violation.schema["type"])])
            case "enum":
                yield self._not_one_of(violation, violation.schema["enum"])
            case "const":
                yield self._not_one_of(violation, [violation.schema["const"]])
            case "pattern" | "format":
                yield self._wrong_form(violation)
            case "propertyNames":
                yield self._bad_name(violation)
            case "uniqueItems":
                yield self._repeated(violation)
            case keyword if keyword in _LIMITS:
                limit = violation.schema[keyword]
                yield self._at(
                    violation, "schema.out-of-range", f"{self._name(violation)} {_LIMITS[keyword].format(limit)}"
                )
            case _:
                yield self._at(violation, "schema.invalid", f"{self._name(violation)} does not follow the schema")

    def _unknown_fields(self, violation: Violation) -> Iterator[Finding]:
        known = list(violation.schema.get("properties", ()))
        for name in violation.names:
            pointer = pointers.child(pointers.join(violation.path), name)
            fix = self._fix_of_unknown(name, violation.path, known)
            message = f'unknown field "{name}" in {_called(violation.path)}'
            yield self._at_key("schema.unknown-field", pointer, message, fix)

    def _fix_of_unknown(self, name: str, path: Path, known: list[str]) -> str:
        """A name that is only written otherwise, a field of another level, a name that is like it, or all there are."""
        if written := guess.same(name, known):
            return f'did you mean "{written}"?'
        home = levels.belongs(self._kind, name, path) if self._kind and self._guesses < _MOST_GUESSES else None
        if home is not None:
            return f'"{home[1]}" belongs in {home[0]}'
        meant = self._meant(name, known)
        others = f"allowed here: {', '.join(known)}" if known else "remove it"
        return f'did you mean "{meant}"?' if meant else others

    def _missing(self, violation: Violation) -> Finding:
        name = violation.names[0]
        pointer = pointers.join(violation.path)
        sample = _sample(violation.schema)
        fix = f"add it, for example `{name}: {sample}`" if sample else f"add {name}"
        if "enum" in violation.schema or "const" in violation.schema:
            fix = f"add `{name}: {sample}`"
        message = f'the field "{name}" is missing in {_called(violation.path)}'
        return self._at_key("schema.missing-field", pointer, message, fix)

    def _alternatives(self, violation: Violation) -> Iterator[Finding]:
        """Of several alternatives tell about the one that the writer meant: whose type fits what stands there."""
        value = self._value(violation.path)
        branches = enumerate(violation.branches)
        ranked = sorted((_misfit(branch, violation.path, value), index) for index, branch in branches)
        best, index = ranked[0]
        if best < 2:
            for nested in violation.branches[index]:
                yield from self.tell(nested)
            return
        kinds: list[str] = []
        for branch in violation.branches:
            for nested in branch:
                if nested.path == violation.path and nested.keyword == "type":
                    kinds.extend(str(name) for name in _as_list(nested.schema["type"]) if name != "null")
                elif nested.path == violation.path:
                    kinds.append("string")
        yield self._wrong_type(violation, list(dict.fromkeys(kinds)))

    def _wrong_type(self, violation: Violation, wanted: list[str]) -> Finding:
        value = self._value(violation.path)
        expected = " or ".join(_TYPES.get(name, name) for name in wanted)
        fix = ""
        if wanted == ["string"] and isinstance(value, bool | int | float):
            fix = "put it in quotes"
        elif wanted == ["boolean"]:
            fix = "write true or false"
        elif wanted == ["array"] and not isinstance(value, dict) and value is not None:
            fix = f"write [{_short(value)}]"
        said = "another value" if _unspoken(violation) else _type_of(value)
        message = f"{self._name(violation)} must be {expected}, not {said}"
        return self._at(violation, "schema.wrong-type", message, fix)

    def _not_one_of(self, violation: Violation, options: list[Any]) -> Finding:
        value = self._value(violation.path)
        words = [str(option) for option in options]
        meant = self._meant(value, words) if isinstance(value, str) and len(words) > 1 else None
        fix = f'did you mean "{meant}"?' if meant else (f"write {words[0]}" if len(words) == 1 else "")
        wanted = f"one of {', '.join(words)}" if len(words) > 1 else words[0]
        message = f"{self._name(violation)} must be {wanted}, not {_short(value)}"
        return self._at(violation, "schema.not-one-of", message, fix)

    def _wrong_form(self, violation: Violation) -> Finding:
        schema = violation.schema
        title = str(schema.get("title", "this form"))
        example = _sample(schema)
        fix = f"write it like {example}" if example else ""
        value = "a text" if _unspoken(violation) else _short(self._value(violation.path))
        message = f"{self._name(violation)} is {value}, which is no valid {title[:1].lower() + title[1:]}"
        excess = amounts.excess(str(schema.get("pattern", "")), self._value(violation.path))
        if excess:
            message = f"{self._name(violation)} is {value}: {excess}"
        elif schema.get("description"):
            message += f" ({str(schema['description']).rstrip('.')})"
        return self._at(violation, "schema.wrong-form", message, fix)

    def _bad_name(self, violation: Violation) -> Finding:
        name = violation.names[0]
        pointer = pointers.child(pointers.join(violation.path), name)
        message = f"{_short(name)} is no valid name in {_called(violation.path)}"
        return self._at_key("schema.wrong-form", pointer, message, "use letters, digits and underscores")

    def _repeated(self, violation: Violation) -> Finding:
        value = self._value(violation.path)
        seen: list[object] = []
        place: Path = violation.path
        for index, item in enumerate(value if isinstance(value, list) else []):
            if item in seen:
                place = (*violation.path, index)
                break
            seen.append(item)
        message = f"{self._name(violation)} has the same entry twice"
        return self._at_value("schema.repeated", pointers.join(place), message, "remove one")

    def _at(self, violation: Violation, code: str, message: str, fix: str = "") -> Finding:
        return self._at_value(code, pointers.join(violation.path), message, fix)

    def _at_value(self, code: str, pointer: str, message: str, fix: str) -> Finding:
        return finding(code, self._where.value(self._file, pointer), message + self._where.alias(pointer), fix)

    def _at_key(self, code: str, pointer: str, message: str, fix: str) -> Finding:
        return finding(code, self._where.key(self._file, pointer), message + self._where.alias(pointer), fix)

    def _meant(self, name: object, known: list[str]) -> str | None:
        """The name that was probably meant. Guessing is slow, and nobody reads a thousand guesses about one file."""
        self._guesses += 1
        return guess.closest(str(name), known) if self._guesses <= _MOST_GUESSES else None

    def _name(self, violation: Violation) -> str:
        return _called(violation.path) if violation.path else "the document"

    def _value(self, path: Path) -> object:
        value: Any = self._document
        for step in path:
            value = value[step]
        return value


def _unspoken(violation: Violation) -> bool:
    return bool(violation.path) and violation.path[-1] in _UNSPOKEN


def _called(path: Path) -> str:
    """`spec.budget.day`, `stages[1].name`; the whole document has no path."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.lstrip(".") or "the document"


def _misfit(branch: tuple[Violation, ...], path: Path, value: object) -> int:
    """0 when only something below differs, 1 when it is another word than those listed, 2 when the type differs."""
    own = {violation.keyword for violation in branch if violation.path == path}
    if "type" in own:
        return 2
    if own & {"enum", "const"}:
        return 1 if isinstance(value, str) else 2
    return 0


def _sample(schema: Mapping[str, Any]) -> str:
    """An example or the choices of a schema, short enough for one line; empty where it has none."""
    if "const" in schema:
        return str(schema["const"])
    if "enum" in schema:
        return " | ".join(str(option) for option in schema["enum"])
    examples = schema.get("examples")
    return _short(examples[0]).strip('"') if examples else ""


def _short(value: object) -> str:
    if isinstance(value, dict | list):
        return _type_of(value)
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f'{text[:57]}..."'


def _type_of(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text {_short(value)}"
        case list():
            return "a list"
        case _:
            return "a mapping"


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
