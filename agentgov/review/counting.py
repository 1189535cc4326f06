"""Which reviews count for a path, and why another one does not: never an author's, never one of other contents, never
one by somebody without the right to review there. A review imported from a forge counts for the person whose account it
was, by number; never on governance. What is needed is not asked here (`rules`, `change`). Pure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property

from agentgov.model.fleet import Governance
from agentgov.model.governed import in_governance_set
from agentgov.model.imported import Imported
from agentgov.model.names import AgentId, agent_of_path
from agentgov.model.state import OpenReview
from agentgov.model.units import format_duration, parse_duration
from agentgov.review.verdict import AuthorSet, Change, PathChange, Uncounted
from agentgov.trust.identity import Directory
from agentgov.trust.permissions import Grant, standing

Step = tuple[str, str]  # from one content to another


@dataclass(frozen=True, slots=True)
class Voices:
    """Who approved one step: everybody, and those of them who signed it themselves."""

    people: frozenset[str] = frozenset()
    personal: frozenset[str] = frozenset()

    def serving(self, personal: bool) -> frozenset[str]:
        """Whose word serves a requirement, which may ask for personal signatures."""
        return self.personal if personal else self.people


Counted = Mapping[Step, Voices]


class Counting:
    """The open reviews of one change, sorted by path once."""

    def __init__(
        self,
        change: Change,
        governance: Governance,
        directory: Directory,
        reviews: Mapping[str, OpenReview],
        time: int,
        imported: Mapping[str, Imported],
    ) -> None:
        self._change, self._governance, self._directory, self._time = change, governance, directory, time
        self._imported = {id(review): imported[key] for key, review in reviews.items() if key in imported}
        self._approvals: dict[str, list[tuple[Step, OpenReview]]] = {}
        self._objections: dict[Step, list[OpenReview]] = {}  # by path and content
        for review in reviews.values():
            for entry in review.paths:
                if review.verdict == "approve":
                    self._approvals.setdefault(entry.path, []).append(((entry.old, entry.new), review))
                else:
                    self._objections.setdefault((entry.path, entry.new), []).append(review)
        self._left_behind: dict[int, bool] = {}

    @cached_property
    def today(self) -> date:
        """The day of journal time on which all is judged."""
        return datetime.fromtimestamp(self._time, UTC).date()

    @cached_property
    def alone(self) -> bool:
        """Whether the fleet has one person, who then reviews the own changes."""
        return len(self._governance.access.people) == 1

    def counted(
        self, path: PathChange, authors: AuthorSet, answering: frozenset[str]
    ) -> tuple[Counted, tuple[Uncounted, ...]]:
        """Who approved which step of a path so that it counts, and the reviews that do not count; `answering` are the
        people whom its requirements ask."""
        steps: dict[Step, list[OpenReview]] = {}
        uncounted: list[Uncounted] = []
        approvals = self._approvals.get(path.path, [])
        for step, review in approvals:
            why = self._not_counted(path, review, authors, answering)
            if why is None:
                steps.setdefault(step, []).append(review)
            else:
                uncounted.append(Uncounted(path.path, review.by, *why))
        onward = {old for (old, _), _ in approvals} | {path.new}
        for (_, new), given in steps.items():
            if new not in onward:
                message = "the content is another one than was reviewed"
                uncounted += [Uncounted(path.path, by, "stale", message) for by in sorted({one.by for one in given})]
        return {step: self._voices(given) for step, given in steps.items()}, tuple(uncounted)

    def _voices(self, reviews: Iterable[OpenReview]) -> Voices:
        given = list(reviews)
        own = frozenset(review.by for review in given if id(review) not in self._imported)
        return Voices(frozenset(review.by for review in given), own)

    def objectors(self, path: PathChange) -> frozenset[str]:
        """Who asked for changes to exactly this content, and has a say in it: on governance only administrators."""
        objections = self._objections.get((path.path, path.new), ())
        said = [review.by for review in objections if self._not_theirs(path, review) is None]
        if in_governance_set(path.path):
            return frozenset(said) & self._directory.administrators
        return frozenset(person for person in said if self.may_review(person, path.path))

    def may_review(self, person: str, path: str) -> bool:
        """Whether somebody has the right to review in every agent that the path belongs to; where it belongs to none
        (a text that no agent names, a playbook), any right to review will do."""
        grants = self._grants.get(person, ())
        agents = self._agents_of(path)
        return bool(grants) and all(any(grant.covers(agent) for grant in grants) for agent in agents)

    @cached_property
    def _grants(self) -> Mapping[str, list[Grant]]:
        found: dict[str, list[Grant]] = {}
        for grant in standing(self._governance.access, "review", self.today):
            found.setdefault(grant.person, []).append(grant)
        return found

    def _agents_of(self, path: str) -> Iterable[AgentId]:
        agent = agent_of_path(path)
        return [agent] if agent is not None else self._holders.get(path, ())

    @cached_property
    def _holders(self) -> Mapping[str, list[AgentId]]:
        found: dict[str, list[AgentId]] = {}
        for touched in self._change.agents:
            for path in touched.paths:
                found.setdefault(path, []).append(touched.agent)
        return found

    def _not_counted(
        self, path: PathChange, review: OpenReview, authors: AuthorSet, answering: frozenset[str]
    ) -> tuple[str, str] | None:
        expire = self._governance.fleet.reviews.expire
        if expire and self._time > review.time + parse_duration(expire):
            return (
                "expired",
                f"the review is {format_duration(self._time - review.time)} old, and {expire} is the limit",
            )
        stranger = self._not_theirs(path, review)
        if stranger is not None:
            return stranger
        if self._directory.person(review.by) is None:
            return ("role", f"{review.by} is not in Access any more")
        if in_governance_set(path.path):
            if review.by not in self._directory.administrators | answering:
                return ("role", f"{review.by} is no administrator")
        elif review.by in authors.people and not self.alone:
            return ("author", f"{review.by} is among the authors of the change")
        elif not self.may_review(review.by, path.path):
            return ("role", f"{review.by} has no role with `review` here")
        if self._governance.fleet.reviews.stale == "any-push" and self._pushed_since(review, path.path):
            return ("stale", "the change was pushed to after this review")
        return None

    def _not_theirs(self, path: PathChange, review: OpenReview) -> tuple[str, str] | None:
        """Why an imported review is not its person's word here; None for one that is, and for personal ones."""
        source = self._imported.get(id(review))
        if source is None:
            return None
        if in_governance_set(path.path):
            return ("personal", "governance takes personal signatures, and this review was imported")
        owner = self._directory.by_account(source.forge, source.account)
        if owner == review.by:
            return None
        account = f"account {source.account} of {source.forge} ({source.login} when it reviewed)"
        if owner is None:
            return ("account", f"{account} is nobody's in Access")
        return ("account", f"{account} is {owner}'s only since the review was imported")

    def _pushed_since(self, review: OpenReview, path: str) -> bool:
        """Whether anything that the review covers is another content now, or an agent that holds the path has changes
        that it does not cover. What is pending for other agents is no push to this change."""
        known = self._left_behind.get(id(review))
        if known is None:
            now = self._now
            known = any(now.get(entry.path, (entry.old, entry.new)) != (entry.old, entry.new) for entry in review.paths)
            self._left_behind[id(review)] = known
        if known:
            return True
        covered = {entry.path for entry in review.paths}
        return any(
            path in touched.paths and not (touched.paths & self._now.keys()) <= covered
            for touched in self._change.agents
        )

    @cached_property
    def _now(self) -> Mapping[str, Step]:
        return {path.path: (path.old, path.new) for path in self._change.paths}
