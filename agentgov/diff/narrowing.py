"""Whether one set of calls lies inside another, where that is certain: tool patterns, and conditions with one number.

Pure text: a pattern's `*` stands for any characters, and a condition is never evaluated. "Not certain" is always no.
"""

import re
from collections.abc import Iterable

# `args.amount <= 500`: one name, one comparison, one number. Anything else is not compared.
_BOUND = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_.]*)\s*(<=|>=|<|>)\s*(-?[0-9]{1,18})\s*")


def covers(pattern: str, other: str) -> bool:
    """Whether every name that `other` stands for is one that `pattern` stands for. Linear in their lengths."""
    first, *middle = pattern.split("*")
    if not middle:
        return pattern == other
    last = middle.pop()
    if len(other) < len(first) + len(last) or not other.startswith(first) or not other.endswith(last):
        return False
    at, end = len(first), len(other) - len(last)
    for part in middle:
        found = other.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def inside(patterns: Iterable[str], others: Iterable[str]) -> bool:
    """Whether each of the patterns is covered by one of the others."""
    known = tuple(others)
    return all(any(covers(other, pattern) for other in known) for pattern in patterns)


def may_overlap(one: str, other: str) -> bool:
    """Whether there may be a name that both stand for: their fixed beginnings and ends do not exclude each other."""
    if "*" not in one:
        return covers(other, one)
    if "*" not in other:
        return covers(one, other)
    starts = one.partition("*")[0], other.partition("*")[0]
    ends = one.rpartition("*")[2], other.rpartition("*")[2]
    first = starts[0].startswith(starts[1]) or starts[1].startswith(starts[0])
    return first and (ends[0].endswith(ends[1]) or ends[1].endswith(ends[0]))


def narrower(old: str, new: str) -> bool:
    """Whether the new condition certainly holds for fewer values than the old one, and fails for the same ones."""
    before, after = _BOUND.fullmatch(old), _BOUND.fullmatch(new)
    if before is None or after is None or before.group(1, 2) != after.group(1, 2):
        return False
    bounds = int(before[3]), int(after[3])
    return bounds[1] < bounds[0] if before[2] in ("<", "<=") else bounds[1] > bounds[0]
