"""What would make a change pass: the fewest people whose approvals meet everything that is missing.

Says nothing that the requirements do not say; whoever shows the answer lets the decision itself confirm it. Pure.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from agentgov.review.decide import Progress

_MOST_TRIED = 20_000  # sets of people; beyond that one that is small, not certainly the smallest
_MOST_LOOKED_AT = 200_000  # requirements looked at, over all sets


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
    # Who cannot be done without: a requirement that takes everybody who is left takes them all.
    single = [item for item in missing if len(item.requirement.groups) < 2]
    forced = frozenset(person for item in single if len(item.could) == item.missing for person in item.could)
    missing = [item for item in missing if _left(item, forced)]
    others = sorted({person for item in missing for person in item.could} - forced)
    found, fewest = _fewest(missing, forced, others)
    return Passing(tuple(sorted(found)), fewest)


def _fewest(missing: Sequence[Progress], forced: frozenset[str], others: Sequence[str]) -> tuple[frozenset[str], bool]:
    """The forced ones with as few others as do, and whether no fewer do."""
    tried = 0
    for size in range(len(others) + 1):
        for more in combinations(others, size):
            tried += 1
            if tried > _MOST_TRIED or tried * len(missing) > _MOST_LOOKED_AT:
                return _enough(missing, forced), False
            if _meets(missing, forced | frozenset(more)):
                return forced | frozenset(more), True
    return forced, True


def _left(item: Progress, people: frozenset[str]) -> int:
    return item.requirement.missing(frozenset(item.given) | (people & frozenset(item.could)))


def _meets(missing: Sequence[Progress], people: frozenset[str]) -> bool:
    return not any(_left(item, people) for item in missing)


def _enough(missing: Sequence[Progress], people: frozenset[str]) -> frozenset[str]:
    """People who do: for one requirement after the other those who answer for most, as many as it still lacks."""
    wanted = Counter(person for item in missing for person in item.could)
    for item in missing:
        for person in sorted(item.could, key=lambda one: (-wanted[one], one)):
            if not _left(item, people):
                break
            people |= {person}
    return people
