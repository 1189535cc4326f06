"""Which legal hold keeps a record: by its agent, the labels of that agent, its tool, whom it is about, its time.

A hold keeps what every part of its `match` means. An agent has every label that it ever had in a release, and those of
what is authorised, so that to take a label away lets nothing go; where nobody can tell its labels, it is held. Subjects
are compared by the digest that records are found by (`subjects`). Pure.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from agentgov.model.names import agent_id
from agentgov.model.policies import HoldMatch, LegalHold
from agentgov.trust.verbs import in_scope

Labels = frozenset[tuple[str, str]]
LabelsOf = Callable[[str], Labels | None]  # of an agent; None where nobody can tell


class About(NamedTuple):
    """What holds look at in a record; the subject by the digest it is found by."""

    agent: str
    time: int  # epoch milliseconds
    tool: str = ""
    subject: str = ""


class Holds:
    """The legal holds of one state of governance. `known_as` are the ids that an agent has today, for one that was
    moved; `index_of` is the digest of a subject."""

    def __init__(
        self,
        holds: Sequence[LegalHold],
        known_as: Callable[[str], Iterable[str]] = lambda _: (),
        labels_of: LabelsOf = lambda _: None,
        index_of: Callable[[str], str] = lambda name: name,
    ) -> None:
        self._holds = tuple(_Hold(one.id, one.match, frozenset(map(index_of, one.match.subjects))) for one in holds)
        self._known_as, self._labels_of = known_as, labels_of
        self._of_agent = lru_cache(maxsize=65_536)(self._about)

    def of(self, record: About) -> str:
        """The first hold that keeps a record, "" where none does."""
        return next((one.id for one in self._of_agent(record.agent) if one.means(record)), "")

    def touch(self, agent: str) -> bool:
        """Whether any hold can be about records of an agent."""
        return bool(self._of_agent(agent))

    def _about(self, agent: str) -> tuple["_Hold", ...]:
        """The holds that can mean records of an agent at all."""
        ids = (agent, *self._known_as(agent))
        return tuple(one for one in self._holds if any(_named(one.match, id_) for id_ in ids) and self._has(one, ids))

    def _has(self, hold: "_Hold", ids: Iterable[str]) -> bool:
        wanted = frozenset(hold.match.labels.items())
        if not wanted:
            return True
        found = [self._labels_of(id_) for id_ in ids if id_]
        if not found:
            return False  # what is about no agent has no label
        known = [one for one in found if one is not None]
        return len(known) < len(found) or wanted <= frozenset[tuple[str, str]]().union(*known)


class _Hold(NamedTuple):
    id: str
    match: HoldMatch
    subjects: frozenset[str]

    def means(self, record: About) -> bool:
        match = self.match
        if match.tools and record.tool not in match.tools:
            return False
        if self.subjects and record.subject not in self.subjects:
            return False
        since, until = _begin(match.since), _begin(match.until, after=1)
        return (since is None or since <= record.time) and (until is None or record.time < until)


def _named(match: HoldMatch, agent: str) -> bool:
    known = agent_id(agent)
    patterns = match.agents or ("**",)
    return any(pattern == "**" or (known is not None and in_scope(pattern, known)) for pattern in patterns)


@lru_cache(maxsize=1024)
def _begin(day: str, after: int = 0) -> int | None:
    """When a day begins in UTC, so many days later, in epoch milliseconds; None where there is no such day: then
    nothing is let go on its account."""
    try:
        found = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC) + timedelta(days=after)
    except (ValueError, OverflowError):
        return None
    return int(found.timestamp()) * 1000
