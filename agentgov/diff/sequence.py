"""Which item of one list is which item of the other: by key where order says nothing, by alignment where it does.

Decides no class. Items are compared by exact equality of their keys, never by a hash alone.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")

# Alignment costs one bit a cell; above this (12 MB, 20 ms) lists are not aligned but taken as replaced.
CELLS = 100_000_000


def keyed(items: Iterable[Item], key: Callable[[Item], Hashable]) -> dict[tuple[Hashable, int], tuple[int, Item]]:
    """(key, occurrence) to (index, item): keys that stand twice are told apart by their turn, so that none is lost."""
    seen: Counter[Hashable] = Counter()
    found: dict[tuple[Hashable, int], tuple[int, Item]] = {}
    for index, item in enumerate(items):
        name = key(item)
        found[name, seen[name]] = (index, item)
        seen[name] += 1
    return found


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of two sequences, as half-open ranges: equal on both sides, or one replaced by the other."""

    equal: bool
    before: range
    after: range


def runs(before: Sequence[Hashable], after: Sequence[Hashable], cells: int = CELLS) -> list[Run]:
    """Two sequences as alternating equal and replaced stretches, in order, with few replaced items.

    The longest common subsequence, unless that costs more than `cells`: then only what is equal at both ends is.
    """
    start = 0
    shortest = min(len(before), len(after))
    while start < shortest and before[start] == after[start]:
        start += 1
    end = 0
    while end < shortest - start and before[-1 - end] == after[-1 - end]:
        end += 1
    middle = _middle(before, after, range(start, len(before) - end), range(start, len(after) - end), cells)
    head = Run(True, range(start), range(start))
    tail = Run(True, range(len(before) - end, len(before)), range(len(after) - end, len(after)))
    return _joined([head, *middle, tail])


def _middle(before: Sequence[Hashable], after: Sequence[Hashable], left: range, right: range, cells: int) -> list[Run]:
    if not left or not right or len(left) * len(right) > cells:
        return [Run(False, left, right)]
    from rapidfuzz.distance import Indel

    # Elements are compared by hash in there; dense numbers make that exact.
    numbers: dict[Hashable, int] = {}
    first = [numbers.setdefault(before[index], len(numbers)) for index in left]
    second = [numbers.setdefault(after[index], len(numbers)) for index in right]
    return [
        Run(
            step.tag == "equal",
            range(left.start + step.src_start, left.start + step.src_end),
            range(right.start + step.dest_start, right.start + step.dest_end),
        )
        for step in Indel.opcodes(first, second)
    ]


def _joined(steps: Iterable[Run]) -> list[Run]:
    joined: list[Run] = []
    for step in steps:
        if joined and joined[-1].equal == step.equal:
            last = joined.pop()
            before = range(last.before.start, step.before.stop)
            joined.append(Run(step.equal, before, range(last.after.start, step.after.stop)))
        elif step.before or step.after:
            joined.append(step)
    return joined


def in_order(indexes: Iterable[int]) -> bool:
    """Whether indexes only rise: the items that both lists have stand in the same order."""
    last = -1
    for index in indexes:
        if index < last:
            return False
        last = index
    return True
