"""Does a condition hold for one call: yes, no, or that it cannot be told, which is never a yes.

The library answers errors with values that count as true in Python, so nothing but a value of CEL's type bool is taken
for an answer. What it says of an error is not repeated, because it repeats what the caller sent. A condition is
compiled once. Its work is bounded: the engine ends after 10,000 steps of `all`, `exists`, `map` and `filter`, patterns
take linear time (RE2), `check_condition` refuses what grows by itself, and whoever calls bounds the arguments.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from agentgov.policy.cel import VARIABLES, check_condition, environment

_MOST_WITH_STEPS = 16_000  # bytes of arguments for a condition that goes through lists
_STEPS = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(")
_WHY = (
    ("NOT_FOUND", "it looks at an argument that is not there"),
    ("No matching overloads", "it compares values of different types"),
    ("OUT_OF_RANGE", "a number in it is too large"),
    ("out of range", "a number in it is too large"),
    ("divide by zero", "it divides by zero"),
    ("modulus by zero", "it divides by zero"),
    ("budget exceeded", "it takes too many steps for these arguments"),
    ("regular expression", "a pattern in it cannot be read"),
)


class Undecided(msgspec.Struct, frozen=True):
    """Why nobody can tell whether a condition holds: one clause, without anything of the call."""

    why: str


class Condition:
    """A condition that is compiled, or the reason why it never can be decided."""

    __slots__ = ("_compiled", "_names", "_problem", "_steps", "_true")

    def __init__(self, text: str) -> None:
        self._compiled: Any = None
        self._problem, self._names = "", tuple(name for name in VARIABLES if re.search(rf"\b{name}\b", text))
        self._steps = _STEPS.search(text) is not None
        found, known = check_condition(text), environment()
        if known is None:
            self._problem = "conditions cannot be evaluated on this machine: pip install cel-expr-python"
        elif found is not None:
            self._problem = found.message
        else:
            self._compiled = known.compile(text)
            self._true = known.compile("true").eval(data={}).type()

    def holds(self, call: Mapping[str, Any], size: int = 0) -> bool | Undecided:
        """Whether it holds for the values of `VARIABLES`; `size` is how many bytes the arguments have."""
        if self._compiled is None:
            return Undecided(self._problem)
        if self._steps and size > _MOST_WITH_STEPS:
            return Undecided(f"it goes through lists, and only of arguments up to {_MOST_WITH_STEPS // 1000} kB")
        try:
            found = self._compiled.eval(data={name: call[name] for name in self._names})
            if found.type() != self._true:
                return Undecided(_explained(str(found.value())))
            value = found.value()
        except (RuntimeError, ValueError, TypeError, OverflowError, UnicodeError, LookupError) as error:
            return Undecided(_explained(str(error)))
        return value if type(value) is bool else Undecided("it is neither true nor false")


@lru_cache(maxsize=4096)  # one condition stands in many agents
def condition(text: str) -> Condition:
    """The compiled form of a text."""
    return Condition(text)


def _explained(error: str) -> str:
    return next((why for sign, why in _WHY if sign in error), "it has no answer for these arguments")
