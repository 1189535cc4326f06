"""What a plain YAML scalar means: the YAML 1.2 core schema (YAML 1.2.2, section 10.3.2), and nothing of YAML 1.1.

`yes`, `no`, `on`, `off`, `1:30`, `1_000` and dates are text. Numbers must be finite and integers fit in 64 bits, or
programs in other languages would read another value.
"""

import math
import re

Scalar = None | bool | int | float | str

_WORDS: dict[str, Scalar] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_NUMBER_STARTS = frozenset("-+.0123456789")
STARTS = _NUMBER_STARTS | {word[:1] for word in _WORDS}  # a scalar that starts otherwise is text
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL = re.compile(r"0o[0-7]+\Z")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_NOT_FINITE = re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z")
_LONGEST_NUMBER = 400  # longer than any finite double spelled out; also keeps int() linear
_LIMIT = 1 << 63


class NumberError(ValueError):
    """A number that has no safe value: not finite, or too large."""


def resolve(text: str) -> Scalar:
    """The value of a plain scalar; NumberError for infinity, NaN and integers beyond 64 bits."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_STARTS:
        return text
    if _INTEGER.match(text):
        return _bounded(text, 10)
    if _FLOAT.match(text):
        return _finite(text)
    if _OCTAL.match(text):
        return _bounded(text[2:], 8)
    if _HEXADECIMAL.match(text):
        return _bounded(text[2:], 16)
    if _NOT_FINITE.match(text):
        raise NumberError(f"{text} is not a finite number")
    return text


def _bounded(digits: str, base: int) -> int:
    value = int(digits, base) if len(digits) <= _LONGEST_NUMBER else _LIMIT
    if not -_LIMIT <= value < _LIMIT:
        raise NumberError("the number does not fit in 64 bits")
    return value


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise NumberError("the number is too large")
    return value
