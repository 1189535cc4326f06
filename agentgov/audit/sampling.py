"""Samples that anybody can draw again: of a population, the members with the lowest SHA-256 of seed, NUL and name.

No generator of random numbers is involved, so no version of one matters, nor the order in which members are met. Who
chooses the seed after the period has ended, by a die or a newspaper, chooses nothing else.
"""

import heapq
from hashlib import sha256
from typing import Generic, TypeVar

T = TypeVar("T")


def rank(seed: str, name: str) -> str:
    """Where a member stands; the lowest are drawn."""
    return sha256(seed.encode() + b"\0" + name.encode()).hexdigest()


class Drawing(Generic[T]):
    """A sample that is drawn while members go by, in the memory of the sample."""

    def __init__(self, seed: str, size: int) -> None:
        self._seed, self._size = seed, size
        self._kept: list[tuple[int, str, T]] = []
        self.count = 0

    def offer(self, name: str, member: T) -> None:
        """One member; names differ."""
        self.count += 1
        entry = -int(rank(self._seed, name), 16), name, member
        if len(self._kept) < self._size:
            heapq.heappush(self._kept, entry)
        elif self._kept and entry[:2] > self._kept[0][:2]:
            heapq.heapreplace(self._kept, entry)

    @property
    def drawn(self) -> tuple[T, ...]:
        """The members that were drawn, in the order of their ranks."""
        return tuple(member for _, _, member in sorted(self._kept, key=lambda one: (-one[0], one[1])))
