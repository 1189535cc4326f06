"""The verdict on a change of governed contents: for every path, whether the reviews it needs were given.

A path passes when its new content is reached from its authorised one over reviewed steps (A to B, B to C), each step
with everything the change as a whole asks for. The governance set passes as one unit or not at all. Never counted:
authors of the change, people without the right to review there, a review of other contents. Pure: the journal and
CI ask the same code.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType

from agentgov.diff.compare import compare
from agentgov.model.fleet import Governance
from agentgov.model.governed import in_governance_set
from agentgov.model.imported import Imported
from agentgov.model.state import OpenReview, Override, ReviewedPath
from agentgov.review.counting import Counting, Step, Voices
from agentgov.review.decide import Progress
from agentgov.review.requirements import Requirement
from agentgov.review.rules import Touched, asked_of, handover_of, stricter_risk
from agentgov.review.verdict import (
    AuthorSet,
    Change,
    ChangeVerdict,
    PathChange,
    PathState,
    PathVerdict,
    TouchedAgent,
    Uncounted,
)
from agentgov.trust.identity import Directory

__all__ = [
    "AuthorSet",
    "Change",
    "ChangeVerdict",
    "PathChange",
    "PathState",
    "PathVerdict",
    "TouchedAgent",
    "Uncounted",
    "decide_change",
    "touched_by_path",
    "with_assumed",
]


_NONE: Mapping[str, Override] = MappingProxyType({})
_NOWHERE: Mapping[str, Imported] = MappingProxyType({})


def decide_change(
    change: Change,
    governance: Governance,
    directory: Directory,
    reviews: Mapping[str, OpenReview],
    time: int,
    overrides: Mapping[str, Override] = _NONE,
    imported: Mapping[str, Imported] = _NOWHERE,
) -> ChangeVerdict:
    """The verdict under this governance, with these open reviews and overrides, at this journal time. `imported` says
    which of the reviews come from a forge, by the same keys."""
    counting = Counting(change, governance, directory, reviews, time, imported)
    court = _Court(change, governance, directory, counting, tuple(overrides.values()))
    verdicts = tuple(court.judge(path) for path in change.paths)
    unit = [verdict.state for verdict in verdicts if in_governance_set(verdict.change.path)]
    if all(state == "pass" for state in unit):
        return ChangeVerdict(verdicts)
    return ChangeVerdict(tuple(map(_held_back, verdicts)))


def touched_by_path(change: Change, governance: Governance) -> Mapping[str, tuple[Touched, ...]]:
    """The agents that hold each path of a change, as the review rules of a governance see them."""
    found: dict[str, list[Touched]] = {}
    for agent in change.agents:
        seen = _as_rules_see(agent, governance)
        for path in agent.paths:
            found.setdefault(path, []).append(seen)
    return {path: tuple(agents) for path, agents in found.items()}


def with_assumed(
    reviews: Mapping[str, OpenReview], change: Change, people: Iterable[str], seq: int, time: int
) -> dict[str, OpenReview]:
    """The open reviews and one more of each of these people, who approve the change as it is at this journal time."""
    paths = tuple(ReviewedPath(path=path.path, old=path.old, new=path.new) for path in change.paths)
    return dict(reviews) | {
        f"assumed {person}": OpenReview(by=person, verdict="approve", seq=seq + 1, time=time, paths=paths)
        for person in people
    }


def _held_back(verdict: PathVerdict) -> PathVerdict:
    """A governance file that could pass, while another one of the set cannot."""
    if verdict.state != "pass" or not in_governance_set(verdict.change.path):
        return verdict
    held = "the governance set moves as one unit, and another of its files is not covered yet"
    return replace(verdict, state="pending", message=held)


@dataclass(frozen=True)
class _Court:
    change: Change
    governance: Governance
    directory: Directory
    counting: Counting
    overrides: tuple[Override, ...] = ()

    @cached_property
    def touched(self) -> Mapping[str, tuple[Touched, ...]]:
        """The agents that hold each path, as rules see them."""
        return touched_by_path(self.change, self.governance)

    @cached_property
    def broken(self) -> Mapping[str, str]:
        """Paths of agents that cannot be read in the result."""
        return {path: str(agent.agent) for agent in self.change.agents if agent.broken for path in agent.paths}

    def judge(self, path: PathChange) -> PathVerdict:
        """The verdict on one path."""
        authors = self.change.authors.get(path.path, AuthorSet(frozenset(), "nobody looked who wrote it"))
        asked = self._asked(path.path, authors)
        answering = frozenset[str]().union(*(group for item in asked for group in item.groups))
        counted, uncounted = self.counting.counted(path, authors, answering)
        direct = counted.get((path.old, path.new), Voices())
        states = tuple(self._progress(item, direct.serving(item.personal), authors) for item in asked)
        uncounted += tuple(_without_effect(path.path, states, direct))
        objectors = self.counting.objectors(path)
        impossible = self._impossible(path) or authors.unsigned
        good = {
            step
            for step, given in counted.items()
            if not any(item.missing(given.serving(item.personal)) for item in asked)
        }
        reviewed = not objectors and _reaches(path.old, path.new, good)
        over = self._overrides_of(path.path) if not impossible and not reviewed else ()
        if over and _reaches(path.old, path.new, good | {step for step, _ in over}):
            return _overridden(path, states, uncounted, objectors, [one for _, one in over])
        if objectors:
            message = f"{', '.join(sorted(objectors))} asked for changes"
            return PathVerdict(path, "blocked", states, uncounted, message, objectors=objectors)
        if impossible:
            return PathVerdict(path, "pending", states, uncounted, impossible)
        if reviewed:
            own = self.counting.alone and not in_governance_set(path.path)
            return PathVerdict(path, "pass", states, uncounted, "reviewed", unreviewed=own)
        return PathVerdict(path, "pending", states, uncounted, _missing(states, authors))

    def _overrides_of(self, path: str) -> tuple[tuple[Step, Override], ...]:
        """The steps of a path that administrators let through, and that no advance has used up."""
        return tuple(
            ((entry.old, entry.new), one)
            for one in self.overrides
            if path in one.left and not in_governance_set(path)
            for entry in one.paths
            if entry.path == path
        )

    def _asked(self, path: str, authors: AuthorSet) -> tuple[Requirement, ...]:
        certain = not authors.doubt or self.counting.alone  # whoever is alone cannot find a second reviewer
        touched = self.touched.get(path, ())
        asked = asked_of(
            path, touched, self.governance, self.directory, certain, self.counting.today, self.change.incoming
        )
        if path not in self._codeowners:
            return asked
        dialect = self.governance.fleet.codeowners.dialect
        return (*asked, *handover_of(path, self.change.handovers, self.directory, authors.people, dialect))

    @cached_property
    def _codeowners(self) -> frozenset[str]:
        """The files whose change may hand ownership over: the one that decides now, and the one that will."""
        incoming = self.change.incoming
        return frozenset({self.governance.codeowners_file, *([incoming.file] if incoming is not None else [])})

    def _impossible(self, path: PathChange) -> str:
        if not path.new or not path.old:
            return "a symlink, a submodule or a name that is not UTF-8 is never authorised"
        if in_governance_set(path.path):
            return self.change.governance_problem
        if path.path in self.broken:
            return f"{self.broken[path.path]} cannot be read at this commit: fix what `agentgov validate` finds"
        return ""

    def _progress(self, asked: Requirement, direct: frozenset[str], authors: AuthorSet) -> Progress:
        given = direct & frozenset[str]().union(*asked.groups)
        barred = frozenset[str]() if in_governance_set(asked.path) or self.counting.alone else authors.people
        could = {person for person in asked.could(given) - barred if self._could(person, asked.path)}
        return Progress(asked, tuple(sorted(given)), asked.missing(given), tuple(sorted(could)))

    def _could(self, person: str, path: str) -> bool:
        return in_governance_set(path) or self.counting.may_review(person, path)


def _overridden(
    path: PathChange,
    states: tuple[Progress, ...],
    uncounted: tuple[Uncounted, ...],
    objectors: frozenset[str],
    overrides: Iterable[Override],
) -> PathVerdict:
    """A path that passes without its reviews; whoever objected is named all the same."""
    found = tuple(overrides)
    by = tuple(sorted({person for one in found for person in one.by}))
    said = f", though {', '.join(sorted(objectors))} asked for changes" if objectors else ""
    message = f"overridden by {', '.join(by)} in act {max(one.seq for one in found)}{said}"
    return PathVerdict(path, "pass", states, uncounted, message, objectors=objectors, overridden=by)


def _without_effect(path: str, states: tuple[Progress, ...], direct: Voices) -> Iterator[Uncounted]:
    """Who approved exactly this, and is none of those who are asked, or not in the way that is asked."""
    mine: set[str] = set()
    for needed in (state.requirement for state in states if state.requirement.personal):
        imported = (direct.people - direct.personal) & frozenset[str]().union(*needed.groups)
        mine |= imported
        message = f"{needed.name}: takes personal signatures, and this review was imported"
        yield from (Uncounted(path, person, "personal", message) for person in sorted(imported))
    given = mine.union(*(state.given for state in states))
    for person in sorted(direct.people - given):
        yield Uncounted(path, person, "not_owner", f"{person} is none of those who are asked")


def _as_rules_see(agent: TouchedAgent, governance: Governance) -> Touched:
    known = not agent.opaque and (agent.before is not None or agent.after is not None)
    risks = [version.agent.spec.risk if version else None for version in (agent.before, agent.after)]
    diff = compare(agent.before, agent.after, governance.retention) if known else None
    return Touched(agent.agent, stricter_risk(*risks), diff)


def _reaches(old: str, new: str, steps: Iterable[Step]) -> bool:
    seen, waiting = {old}, [old]
    while waiting:
        here = waiting.pop()
        for start, end in steps:
            if start == here and end not in seen:
                seen.add(end)
                waiting.append(end)
    return new in seen


def _missing(states: tuple[Progress, ...], authors: AuthorSet) -> str:
    parts = []
    for state in states:
        if not state.missing:
            continue
        needed, could = state.requirement, ", ".join(state.could) or "nobody who could give it"
        together = " and " if len(needed.groups) > 1 else " or "
        how = ", with personal signatures" if needed.personal else ""
        parts.append(f"{state.missing} more from {together.join(needed.labels)} ({needed.name}{how}): {could}")
    if not parts:
        return "the reviews given do not lead from the old content to this"
    doubt = f"; {authors.doubt}" if authors.doubt else ""
    return f"needs {'; and '.join(parts)}{doubt}"
