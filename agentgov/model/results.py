"""What a result of an evaluation says: numbers by name, as exact decimal text, and whether they reach a minimum.

Numbers never go through a float on their way into a signed act, and are only ever rounded down, so no rounding lifts a
result over its minimum. A suite that names no minimum wants every test to pass, and at least one. Reads no file.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction

from agentgov.model.agent import Eval

METRIC_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}\Z")  # as schemas/agent.schema.json has them under `min`
MOST_METRICS = 64
PASS_RATE, TESTS = "pass_rate", "tests"
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,11})(?:\.[0-9]{0,8}[1-9])?\Z")
_STEPS = 10**9


def is_decimal(text: str) -> bool:
    """Whether a text is a number as acts spell it: at most 12 digits before the point and 9 behind, one spelling."""
    return _DECIMAL.match(text) is not None and text != "-0"


def decimal_text(value: Fraction | float) -> str:
    """A finite number in this spelling, rounded down; `is_decimal` tells whether it is small enough to be written."""
    exact = Fraction(Decimal(repr(value))) if isinstance(value, float) else Fraction(value)
    steps = exact.numerator * _STEPS // exact.denominator
    whole, rest = divmod(abs(steps), _STEPS)
    return f"{'-' if steps < 0 else ''}{whole}.{rest:09}".rstrip("0").rstrip(".")


def mean_text(values: Iterable[float]) -> str:
    """The mean of finite numbers, exact until it is rounded down."""
    exact = [Fraction(Decimal(repr(value))) for value in values]
    return decimal_text(sum(exact, Fraction(0)) / len(exact))


def ratio_text(part: int, whole: int) -> str:
    """A part of a whole."""
    return decimal_text(Fraction(part, whole))


def falls_short(metrics: Mapping[str, str], suite: Eval | None) -> tuple[str, ...]:
    """Where numbers do not reach what a suite asks for, each in a few words; empty where they do. A number that is
    named and not there is not reached."""
    minimum = dict(suite.min) if suite is not None and suite.min else {PASS_RATE: 1.0, TESTS: 1.0}
    short = []
    for name, least in sorted(minimum.items()):
        wanted = decimal_text(least)
        if name not in metrics:
            short.append(f"no {name}, needs {wanted}")
        elif Fraction(metrics[name]) < Fraction(Decimal(repr(least))):
            short.append(f"{name} {metrics[name]}, needs {wanted}")
    return tuple(short)
