"""The expressions of GitHub's workflows, as far as ours use them: contexts, strings, `!`, `==`, `!=`, `&&`, `||`, and
`cancelled()`. What is not known fails the test; what is known and not there is empty, as on GitHub."""

import re
from collections.abc import Mapping
from typing import Any

_TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<name>[A-Za-z_][\w.-]*)|(?P<sign>==|!=|&&|\|\||!|\(|\)))")
_INSERTED = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)


def inserted(text: str, contexts: Mapping[str, Any]) -> str:
    """A text with the values of its expressions."""
    return _INSERTED.sub(lambda found: _shown(value_of(found[1], contexts)), text)


def holds(condition: str, contexts: Mapping[str, Any]) -> bool:
    """Whether an `if` holds, with or without the braces."""
    return bool(value_of(condition.removeprefix("${{").removesuffix("}}"), contexts))


def value_of(expression: str, contexts: Mapping[str, Any]) -> Any:
    """The value of one expression."""
    tokens, at = [], 0
    while expression[at:].strip():
        found = _TOKEN.match(expression, at)
        assert found is not None, f"this runner does not know the expression {expression!r}"
        tokens.append(found[0].strip())
        at = found.end()
    value, rest = _either(tokens, contexts)
    assert not rest, f"this runner does not know the expression {expression!r}"
    return value


def _either(tokens: list[str], contexts: Mapping[str, Any]) -> tuple[Any, list[str]]:
    value, rest = _both(tokens, contexts)
    while rest and rest[0] == "||":
        other, rest = _both(rest[1:], contexts)
        value = value or other
    return value, rest


def _both(tokens: list[str], contexts: Mapping[str, Any]) -> tuple[Any, list[str]]:
    value, rest = _compared(tokens, contexts)
    while rest and rest[0] == "&&":
        other, rest = _compared(rest[1:], contexts)
        value = value and other
    return value, rest


def _compared(tokens: list[str], contexts: Mapping[str, Any]) -> tuple[Any, list[str]]:
    value, rest = _single(tokens, contexts)
    while rest and rest[0] in ("==", "!="):
        sign = rest[0]
        other, rest = _single(rest[1:], contexts)
        value = (_shown(value) == _shown(other)) == (sign == "==")
    return value, rest


def _single(tokens: list[str], contexts: Mapping[str, Any]) -> tuple[Any, list[str]]:
    first, *rest = tokens
    if first == "!":
        value, rest = _single(rest, contexts)
        return not value, rest
    if first == "cancelled" and rest[:2] == ["(", ")"]:
        return False, rest[2:]
    if first.startswith("'"):
        return first[1:-1].replace("''", "'"), rest
    return _at(first, contexts), rest


def _at(path: str, contexts: Mapping[str, Any]) -> Any:
    root, *keys = path.split(".")
    assert root in contexts, f"{path}: this runner has no context {root}"
    value: Any = contexts[root]
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
