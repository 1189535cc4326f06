"""What would make a change pass: the fewest people whose approvals meet everything that is missing.

Says nothing that the requirements do not say; whoever shows the answer lets the decision itself confirm it. Pure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from agentgov.review.decide import Progress

_MOST_TRIED = 20_000  # sets of people; beyond that one that is small, not certainly the smallest


@dataclass(frozen=True, slots=True)
class Passing:
    """People whose approvals would meet all that is missing; None where nobody's would. `fewest`: no smaller set
    does. `short` are the requirements that cannot be met by those who could still give."""

    people: tuple[str, ...] | None
    fewest: bool = True
    short: tuple[Progress, ...] = ()


def would_pass(progress: Iterable[Progress]) -> Passing:
    """The fewest people; of several such sets the first in the order of their names."""
    missing = [item for item in progress if item.missing]
    short = tuple(item for item in missing if _left(item, frozenset(item.could)))
    if short:
        return Passing(None, short=short)
    everybody = sorted({person for item in missing for person in item.could})
    tried = 0
    for size in range(_least(missing), len(everybody) + 1):
        for people in combinations(everybody, size):
            tried += 1
            if tried > _MOST_TRIED:
                return Passing(_greedy(missing, everybody), fewest=False)
            if _meets(missing, frozenset(people)):
                return Passing(people)
    return Passing(())


def _least(missing: Sequence[Progress]) -> int:
    """No fewer people than the hardest requirement can do."""
    return max((item.missing for item in missing if len(item.requirement.groups) < 2), default=int(bool(missing)))


def _left(item: Progress, people: frozenset[str]) -> int:
    return item.requirement.missing(frozenset(item.given) | (people & frozenset(item.could)))


def _meets(missing: Sequence[Progress], people: frozenset[str]) -> bool:
    return not any(_left(item, people) for item in missing)


def _greedy(missing: Sequence[Progress], everybody: Sequence[str]) -> tuple[str, ...]:
    """Whoever meets most of what is left, one after the other; then without those who turned out not to be needed."""
    people: frozenset[str] = frozenset()
    while not _meets(missing, people):
        best = min(everybody, key=lambda one: (sum(_left(item, people | {one}) for item in missing), one))
        people |= {best}
    for person in sorted(people):
        if _meets(missing, people - {person}):
            people -= {person}
    return tuple(sorted(people))
