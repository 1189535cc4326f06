"""Can a condition be decided: it compiles as CEL, names only what a call has, and is true or false for certain.

The language is CEL (github.com/google/cel-spec), compiled and type-checked by Google's own C++ implementation. That is
loaded by the first condition, so whoever has none never pays; where it cannot be loaded, `available` says so and
nothing is judged. Nothing is evaluated here: `evaluate` does that.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

import msgspec

from agentgov.model import guess

MAX_LENGTH = 2_000  # characters; a rule that people are to understand is far shorter

# What a condition may look at, and the type of it. The values come from the call and from the release, never from text.
VARIABLES: Mapping[str, str] = {
    "args": "map(string, dyn)",  # the arguments of the call, by name
    "tool": "string",  # its name
    "agent": "string",  # workspace/name
    "environment": "string",  # staging or production
    "labels": "map(string, string)",  # metadata.labels, as they are in the environment
    "risk": "string",  # low, medium, high or critical
}

_STRANGE = re.compile(r"[^\S\n\t ]|[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")
_ERROR = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): ([^\n]*)")
_UNDECLARED = re.compile(r"undeclared reference to '([\w.]+)'")
_OVERLOAD = re.compile(r"found no matching overload for '([\w.@\[\]?:!+*/%<>=&|-]+)' applied to '([^']+)'")
_MAP = re.compile(r"\.\s*map\s*\(")
_MOST_MAPS = 2
_LONG = 60  # characters of a name that is repeated in a message
# What people write who think in another language, and how CEL says it.
_ELSEWHERE = {"True": "true", "False": "false", "None": "null", "nil": "null", "and": "&&", "or": "||", "not": "!"}
_OPERATORS = {"@in": "in", "@not_in": "in", "_[_]": "[ ]", "_?_:_": "? :"}


class Problem(msgspec.Struct, frozen=True):
    """What is wrong with a condition, and at which of its characters (0: the first)."""

    offset: int
    message: str
    fix: str = ""


def available() -> bool:
    """Whether conditions can be compiled on this machine."""
    return environment() is not None


@lru_cache(maxsize=4096)  # one condition stands in many agents
def check_condition(text: str) -> Problem | None:
    """The first thing that is wrong with a condition; None where it is right, or where `available` is false."""
    if len(text) > MAX_LENGTH:
        message = f"the condition has {len(text):,} characters and {MAX_LENGTH:,} are the most"
        return Problem(MAX_LENGTH, message, "split the rule")
    if strange := _STRANGE.search(text):
        return Problem(strange.start(), "a condition holds no control characters and no unusual spaces", "remove it")
    if grown := _grows(text):
        return grown
    known = environment()
    if known is None:
        return None
    try:
        kind = known.compile(text).return_type().name()
    except (RuntimeError, ValueError, TypeError) as error:
        return _explained(text, str(error))
    return _of_type(text, str(kind))


@cache
def environment() -> Any:
    """The declared variables, compiled once; None where there is no implementation for this machine. For `evaluate`."""
    try:
        from cel_expr_python import cel
    except ImportError:
        return None
    kinds = cel.Type
    types = {
        "string": kinds.STRING,
        "map(string, dyn)": kinds.Map(kinds.STRING, kinds.DYN),
        "map(string, string)": kinds.Map(kinds.STRING, kinds.STRING),
    }
    return cel.NewEnv(variables={name: types[kind] for name, kind in VARIABLES.items()})


def _grows(text: str) -> Problem | None:
    """Nothing that makes of little much: doubled a few times in a row, a short text fills any memory."""
    found = list(_MAP.finditer(text))
    if len(found) > _MOST_MAPS:
        return Problem(found[_MOST_MAPS].start(), f"a condition has at most {_MOST_MAPS} map(...)", "split the rule")
    if found and "+" in text:
        return Problem(text.index("+"), "a condition with map(...) does not add up as well", "split the rule")
    return None


def _of_type(text: str, kind: str) -> Problem | None:
    """A condition is a bool for certain: at run time an error is a value as well, and one that counts as true."""
    start = len(text) - len(text.lstrip())
    if kind.lower() == "bool":
        return None
    if kind.lower() == "dyn":
        message = "the condition may be anything, not only true or false"
        return Problem(start, message, "compare it, for example: == true")
    return Problem(start, f"the condition is of type {kind.lower()}, not true or false", "compare it")


def _explained(text: str, error: str) -> Problem:
    """What the compiler says, in the words of the house; nothing of the text is repeated but names and types."""
    found = _ERROR.search(error)
    if found is None or found[1] == "-1" or "recursion" in found[3]:
        deep = "recursion" in error
        message = "the condition is nested too deeply" if deep else "the condition is not CEL"
        return Problem(0, message, "split the rule" if deep else "")
    offset, said = _offset(text, int(found[1]), int(found[2])), found[3].removesuffix(" [INVALID_ARGUMENT]")
    if name := _UNDECLARED.search(said):
        return _undeclared(text, offset, name[1])
    if overload := _OVERLOAD.search(said):
        return _mismatch(offset, overload[1], overload[2])
    if said.startswith("Syntax error"):
        return _syntax(text, offset, said)
    plain = re.sub(r"'[^']*'|\"[^\"]*\"", "this", said)
    return Problem(offset, f"the condition does not compile: {plain}")


def _offset(text: str, line: int, column: int) -> int:
    """The index of a place that the compiler counts in lines and characters, both from 1."""
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
    return max(0, min(start + column - 1, len(text)))


def _undeclared(text: str, offset: int, name: str) -> Problem:
    first = name.partition(".")[0]
    if len(first) > _LONG:
        return Problem(offset, "a condition knows no name like this")
    start = offset if text.startswith(first, offset) else text.rfind(first, 0, offset)
    offset, end = (offset, offset) if start < 0 else (start, start + len(first))
    if text[end : end + 1] == "(" and "." not in name:
        return Problem(offset, f"CEL has no function {name} for this", "write a comparison, or a function of CEL")
    if first in _ELSEWHERE:
        return Problem(offset, f"{first} is not CEL", f"write {_ELSEWHERE[first]}")
    return Problem(offset, f"a condition knows no {first}", _guess(first))


def _guess(name: str) -> str:
    return guess.question(name, VARIABLES) or (
        f"write args.{name} for an argument of the call, or one of: {', '.join(VARIABLES)}"
    )


def _mismatch(offset: int, function: str, types: str) -> Problem:
    sign = _OPERATORS.get(function, function.strip("_"))
    if types.startswith(("(int, double", "(double, int")):
        return Problem(offset, f"{sign} does not compare a whole number with a fraction", "write 1.0 instead of 1")
    return Problem(offset, f"{sign} cannot be applied to {types}", "compare values of one type")


def _syntax(text: str, offset: int, said: str) -> Problem:
    rest = text[offset:]
    word = re.match(r"\w+", rest)
    if rest[:1] in ("'", '"'):
        return Problem(offset, "this text does not end, or holds an escape that CEL does not know", "close the quotes")
    if not rest.strip():
        missing = re.search(r"missing '(.)'", said)
        message = "the condition ends too early" + (f": {missing[1]} is missing" if missing else "")
        return Problem(offset, message, "complete it")
    before = re.search(r"(\w+)\s*$", text[:offset])
    if before and before[1] == "not":
        return Problem(before.start(1), "not is not CEL", "write !")
    if word and word[0].lower() in _ELSEWHERE:
        return Problem(offset, f"{word[0]} is not CEL", f"write {_ELSEWHERE[word[0].lower()]}")
    if rest[0] == "=" and text[offset - 2 : offset] in ("==", "!="):
        return Problem(offset, "there is one = too many", "write == or !=")
    if rest[0] in "=&|" and rest[:2] not in ("==", "&&", "||"):
        return Problem(offset, f"{rest[0]} alone is not CEL", f"write {rest[0] * 2}")
    return Problem(offset, "the condition is not CEL from here on")
