"""Whether one set of tools lies inside another, where that is certain: patterns whose `*` stands for any characters.

Pure text. "Not certain" is always no. Conditions are compared in `conditions`.
"""

from collections.abc import Iterable


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
