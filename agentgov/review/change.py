"""The verdict on a change of governed contents: for every path, whether the reviews it needs were given.

A path passes when its new content is reached from its authorised one over reviewed steps (A to B, B to C), each step
with everything the change as a whole asks for. The governance set passes as one unit or not at all. Never counted:
authors of the change, people without the right to review there, a review of other contents. Pure: the journal and
CI ask the same code.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Literal

from agentgov.diff.compare import compare
from agentgov.diff.version import AgentVersion
from agentgov.model.fleet import Governance
from agentgov.model.governed import in_governance_set
from agentgov.model.names import AgentId, agent_of_path
from agentgov.model.state import OpenReview
from agentgov.model.units import parse_duration
from agentgov.review.rules import Asked, Touched, asked_of, stricter_risk
from agentgov.trust.identity import Directory
from agentgov.trust.permissions import decide_permission, standing

PathState = Literal["pass", "pending", "blocked"]


@dataclass(frozen=True, slots=True)
class PathChange:
    """One path: authorised and new content as `<mode>:<sha256>`, `-` for none, "" for what nobody can review."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class AuthorSet:
    """The people who wrote a change; `doubt` says why that is not certain, "" where it is."""

    people: frozenset[str]
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class TouchedAgent:
    """An agent whose closure holds a changed path; a side is None where it is absent or cannot be read (`broken`)."""

    agent: AgentId
    before: AgentVersion | None
    after: AgentVersion | None
    paths: frozenset[str]
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """Everything that a verdict on the difference between authorised contents and a result rests on."""

    paths: tuple[PathChange, ...]
    agents: tuple[TouchedAgent, ...] = ()
    authors: Mapping[str, AuthorSet] = field(default_factory=dict)
    since: Mapping[str, str] = field(default_factory=dict)
    head: str = ""
    tree: str = ""
    governance_problem: str = ""


@dataclass(frozen=True, slots=True)
class Uncounted:
    """A review that does not count for a path, and why: author, role, stale, not_owner, expired."""

    path: str
    person: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class AskedState:
    """One requirement, who gave a review that counts for it, and who still could."""

    asked: Asked
    given: frozenset[str]
    could: frozenset[str]

    @property
    def met(self) -> bool:
        """Whether enough was given."""
        return _met(self.asked, self.given)


@dataclass(frozen=True, slots=True)
class PathVerdict:
    """The verdict on one path."""

    change: PathChange
    state: PathState
    requirements: tuple[AskedState, ...]
    uncounted: tuple[Uncounted, ...]
    message: str  # one sentence: why it is so
    unreviewed: bool = False  # a fleet of one person let its own change through
    objectors: frozenset[str] = frozenset()  # who asked for changes and may


@dataclass(frozen=True, slots=True)
class ChangeVerdict:
    """The verdict on a whole change, path by path."""

    paths: tuple[PathVerdict, ...]

    @property
    def state(self) -> PathState:
        """The worst of all paths; a change of nothing passes."""
        states = {path.state for path in self.paths}
        return "blocked" if "blocked" in states else "pending" if "pending" in states else "pass"

    def passes(self, path: str) -> bool:
        """Whether this path may be authorised now."""
        return any(verdict.change.path == path and verdict.state == "pass" for verdict in self.paths)


def decide_change(
    change: Change, governance: Governance, directory: Directory, reviews: Mapping[str, OpenReview], time: int
) -> ChangeVerdict:
    """The verdict under this governance, with these open reviews, at this journal time."""
    court = _Court(change, governance, directory, tuple(reviews.values()), time)
    verdicts = tuple(court.judge(path) for path in change.paths)
    unit = [verdict for verdict in verdicts if in_governance_set(verdict.change.path)]
    if all(verdict.state == "pass" for verdict in unit):
        return ChangeVerdict(verdicts)
    held = "the governance set moves as one unit, and another of its files is not covered yet"
    return ChangeVerdict(tuple(_held_back(verdict, held) if verdict in unit else verdict for verdict in verdicts))


def _held_back(verdict: PathVerdict, message: str) -> PathVerdict:
    if verdict.state != "pass":
        return verdict
    return PathVerdict(verdict.change, "pending", verdict.requirements, verdict.uncounted, message)


def _met(asked: Asked, given: Iterable[str]) -> bool:
    people = frozenset(given)
    if asked.groups:
        return all(people & group for group in asked.groups)
    return len(people & asked.candidates) >= asked.count


@dataclass(frozen=True)
class _Court:
    change: Change
    governance: Governance
    directory: Directory
    reviews: tuple[OpenReview, ...]
    time: int

    @cached_property
    def today(self) -> date:
        return datetime.fromtimestamp(self.time, UTC).date()

    @cached_property
    def alone(self) -> bool:
        return len(self.governance.access.people) == 1

    @cached_property
    def touched(self) -> dict[str, tuple[Touched, ...]]:
        found: dict[str, list[Touched]] = {}
        for agent in self.change.agents:
            risks = [version.agent.spec.risk if version else None for version in (agent.before, agent.after)]
            seen = Touched(agent.agent, stricter_risk(*risks), compare(agent.before, agent.after))
            for path in agent.paths:
                found.setdefault(path, []).append(seen)
        return {path: tuple(agents) for path, agents in found.items()}

    def judge(self, path: PathChange) -> PathVerdict:
        impossible = self._impossible(path)
        authors = self.change.authors.get(path.path, AuthorSet(frozenset(), "nobody looked"))
        asked = asked_of(path.path, self.touched.get(path.path, ()), self.governance, self.directory, not authors.doubt)
        steps = self._steps(path.path)
        uncounted: list[Uncounted] = []
        counted = {step: self._counted(path, step, reviews, authors, uncounted) for step, reviews in steps.items()}
        direct = counted.get((path.old, path.new), frozenset())
        states = tuple(self._state(item, direct, authors) for item in asked)
        objectors = self._objectors(path)
        if impossible or objectors:
            blocked = f"{', '.join(sorted(objectors))} asked for changes" if objectors else impossible
            state: PathState = "blocked" if objectors else "pending"
            return PathVerdict(path, state, states, tuple(uncounted), blocked, objectors=frozenset(objectors))
        good = {step for step, people in counted.items() if all(_met(item, self._of(item, people)) for item in asked)}
        if _reaches(path.old, path.new, good):
            own = self.alone and not in_governance_set(path.path)
            return PathVerdict(path, "pass", states, tuple(uncounted), "reviewed", unreviewed=own)
        return PathVerdict(path, "pending", states, tuple(uncounted), _missing(states, authors))

    def _impossible(self, path: PathChange) -> str:
        if not path.new or not path.old:
            return "a symlink, a submodule or a name that is not UTF-8 is never authorised"
        if in_governance_set(path.path):
            return self.change.governance_problem
        broken = [str(agent.agent) for agent in self.change.agents if agent.broken and path.path in agent.paths]
        return f"{broken[0]} cannot be read at this commit: fix what `agentgov validate` finds" if broken else ""

    def _steps(self, path: str) -> dict[tuple[str, str], list[OpenReview]]:
        steps: dict[tuple[str, str], list[OpenReview]] = {}
        for review in self.reviews:
            for entry in review.paths:
                if entry.path == path and review.verdict == "approve":
                    steps.setdefault((entry.old, entry.new), []).append(review)
        return steps

    def _counted(
        self,
        path: PathChange,
        step: tuple[str, str],
        reviews: list[OpenReview],
        authors: AuthorSet,
        uncounted: list[Uncounted],
    ) -> frozenset[str]:
        good = set()
        for review in reviews:
            why = self._not_counted(path, review, authors)
            if why is None and self.governance.fleet.reviews.stale == "any-push" and not self._covers_all(review):
                why = ("stale", "the change was pushed to after this review")
            if why is None:
                good.add(review.by)
            else:
                uncounted.append(Uncounted(path.path, review.by, *why))
        if step[1] != path.new and not any(entry[0] == step[1] for entry in self._steps(path.path)):
            message = "the content is another one than was reviewed"
            uncounted.extend(Uncounted(path.path, person, "stale", message) for person in sorted(good))
        return frozenset(good)

    def _not_counted(self, path: PathChange, review: OpenReview, authors: AuthorSet) -> tuple[str, str] | None:
        expire = self.governance.fleet.reviews.expire
        if expire and self.time > review.time + parse_duration(expire):
            return ("expired", f"the review is older than {expire}")
        if self.directory.person(review.by) is None:
            return ("role", f"{review.by} is not in Access any more")
        if in_governance_set(path.path):
            return None if review.by in self.directory.administrators else ("role", f"{review.by} is no administrator")
        if review.by in authors.people and not self.alone:
            return ("author", f"{review.by} is among the authors of the change")
        if not self._may_review(review.by, path.path):
            return ("role", f"{review.by} has no role with `review` here")
        return None

    def _may_review(self, person: str, path: str) -> bool:
        agent = agent_of_path(path)
        agents = [agent] if agent is not None else [seen.agent for seen in self.touched.get(path, ())]
        if not agents:  # a text that no agent names, a playbook: any right to review will do
            return any(grant.person == person for grant in standing(self.governance.access, "review", self.today))
        access = self.governance.access
        return all(decide_permission(access, person, "review", one, None, self.today).allowed for one in agents)

    def _covers_all(self, review: OpenReview) -> bool:
        mine = {(entry.path, entry.old, entry.new) for entry in review.paths}
        return all((path.path, path.old, path.new) in mine for path in self.change.paths)

    def _objectors(self, path: PathChange) -> set[str]:
        return {
            review.by
            for review in self.reviews
            if review.verdict == "request-changes"
            and any((entry.path, entry.new) == (path.path, path.new) for entry in review.paths)
            and self.directory.person(review.by) is not None
            and (self._may_review(review.by, path.path) or review.by in self.directory.administrators)
        }

    def _of(self, asked: Asked, people: frozenset[str]) -> frozenset[str]:
        return people & (asked.candidates if not asked.groups else frozenset().union(*asked.groups))

    def _state(self, asked: Asked, direct: frozenset[str], authors: AuthorSet) -> AskedState:
        barred = frozenset() if asked.authors_count or self.alone else authors.people
        could = {person for person in asked.candidates - barred - direct if self._could(person, asked)}
        return AskedState(asked, self._of(asked, direct), frozenset(could))

    def _could(self, person: str, asked: Asked) -> bool:
        return asked.rule.startswith("review.admin") or self._may_review(person, asked.path)


def _reaches(old: str, new: str, steps: set[tuple[str, str]]) -> bool:
    seen, waiting = {old}, [old]
    while waiting:
        here = waiting.pop()
        for start, end in steps:
            if start == here and end not in seen:
                seen.add(end)
                waiting.append(end)
    return new in seen


def _missing(states: tuple[AskedState, ...], authors: AuthorSet) -> str:
    parts = []
    for state in states:
        if state.met:
            continue
        need = state.asked.count - len(state.given)
        could = ", ".join(sorted(state.could)) or "nobody who could give it"
        people = "one of each group" if state.asked.groups else f"{need} more"
        parts.append(f"{people} from {' or '.join(state.asked.labels)} ({state.asked.name}): {could}")
    doubt = f"; {authors.doubt}" if authors.doubt else ""
    return (
        f"needs {'; and '.join(parts)}{doubt}"
        if parts
        else "the reviews given do not lead from the old content to this"
    )
