"""What one path needs before it may change: so many people of a group, and who of them may not count.

Says nothing about reviews that were given. `path` is `*` for what the change as a whole needs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agentgov.model.verdict import Location
from agentgov.review.votes import Vote, Why

WHOLE = "*"


@dataclass(frozen=True, slots=True)
class Requirement:
    """`count` people (at least one) out of every one of the `groups`; one person may stand in several groups.

    `rule` is a stable id, `name` what people call it, `labels` how the file spells the groups. `barred` names people
    whose word does not count here, and why: authors, roles, bots.
    """

    path: str
    name: str
    rule: str
    groups: tuple[frozenset[str], ...]
    count: int = 1
    barred: Mapping[str, Why] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    where: Location | None = None
    personal: bool = False  # whether only reviews that people signed themselves serve it

    @property
    def whom(self) -> tuple[str, ...]:
        """How the file spells the groups, where the name does not say so already."""
        return tuple(label for label in self.labels if label != self.name)

    def why_not(self, vote: Vote) -> Why | None:
        """Why a vote does not count for this requirement; None where it does."""
        if vote.void is not None:
            return vote.void
        if vote.person in self.barred:
            return self.barred[vote.person]
        if not vote.speaks_of(self.path):
            return Why.STALE
        return None if any(vote.person in group for group in self.groups) else Why.NOT_OWNER

    def missing(self, given: frozenset[str]) -> int:
        """How many more people are needed when these have given their word; never 0 where nobody is asked."""
        groups = self.groups or (frozenset(),)
        return sum(self._short(group, given) for group in groups)

    def could(self, given: frozenset[str]) -> frozenset[str]:
        """Who could still give what is missing."""
        short = (group for group in self.groups if self._short(group, given))
        return frozenset[str]().union(*short) - given - self.barred.keys()

    def _short(self, group: frozenset[str], given: frozenset[str]) -> int:
        return max(0, max(1, self.count) - len(group & given))
