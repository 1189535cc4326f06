"""Collects members of populations: counts all of them, writes each into its file, keeps the ones that are shown."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import BinaryIO, Generic, TypeVar

from agentgov.audit.evidence import Kind
from agentgov.audit.exported import Exported
from agentgov.audit.pack import Item, Population
from agentgov.audit.plain_formats import json_lines
from agentgov.audit.sampling import Drawing

T = TypeVar("T")


class Collector(Generic[T]):
    """The populations of some kinds. A member is `T`; what is shown of it is made once it is known to be shown."""

    def __init__(self, kinds: Iterable[Kind], files: Mapping[str, BinaryIO], seed: str, size: int) -> None:
        self._kinds, self._files = tuple(kinds), files
        self._left_out = Counter[str]()
        self._types: dict[str, Counter[str]] = {one.id: Counter() for one in self._kinds}
        self._drawn = {one.id: Drawing[tuple[Exported, T]](seed, size) for one in self._kinds}

    def offer(self, found: Exported, member: T, only: Callable[[Kind], bool] = lambda _: True) -> None:
        """A member of every kind that holds its type, except of those that `only` leaves out."""
        for kind in self._kinds:
            if kind.holds(found.type) and only(kind):
                self._types[kind.id][found.type] += 1
                self._files[kind.id].write(json_lines([found]))
                self._drawn[kind.id].offer(found.place, (found, member))

    def leave_out(self, found: Exported, only: Callable[[Kind], bool] = lambda _: True) -> None:
        """Count what would be a member, and is about others alone."""
        self._left_out.update(kind.id for kind in self._kinds if kind.holds(found.type) and only(kind))

    def populations(self, shown: Callable[[Kind, Exported, T], Item]) -> tuple[Population, ...]:
        """What was collected; members that are shown stand in the order of time."""
        return tuple(self._population(kind, shown) for kind in self._kinds)

    def _population(self, kind: Kind, shown: Callable[[Kind, Exported, T], Item]) -> Population:
        drawing = self._drawn[kind.id]
        drawn = sorted(drawing.drawn, key=lambda one: (one[0].time, one[0].place.rpartition("/")[0], _number(one[0])))
        return Population(
            kind.id,
            drawing.count,
            dict(sorted(self._types[kind.id].items())),
            f"populations/{kind.id}.jsonl",
            tuple(shown(kind, found, member) for found, member in drawn),
            drawing.count > len(drawn),
            self._left_out[kind.id],
        )


def _number(found: Exported) -> int:
    return int(found.place.rpartition("/")[2])
