"""What stands behind a review: of a path before there is any change, of an agent, of a change and a person in it.

Puts together what `rules`, `tried`, `passing` and `why` say; decides nothing of its own. Pure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from agentgov.diff.compare import AgentDiff
from agentgov.model.document import Risk
from agentgov.model.fleet import Governance
from agentgov.model.governed import in_governance_set
from agentgov.model.names import AgentId
from agentgov.owners.codeowners import Match
from agentgov.review.change import touched_by_path
from agentgov.review.passing import Passing, would_pass
from agentgov.review.requirements import Requirement
from agentgov.review.rules import Touched, asked_of
from agentgov.review.tried import TriedRule, tried_on_change, tried_on_path
from agentgov.review.verdict import AuthorSet, Change, ChangeVerdict, OwnersFile, PathVerdict
from agentgov.review.why import PersonOnPath, person_on_path
from agentgov.trust.identity import Directory
from agentgov.trust.permissions import standing


@dataclass(frozen=True, slots=True)
class Asked:
    """A requirement that every change of a path has, and who could give it: the author of a change never can."""

    requirement: Requirement
    could: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PathExplained:
    """A path: whose it is and by which line, which agents hold it, which rules speak of it, what any change needs."""

    path: str
    owned: Match
    file: str  # the CODEOWNERS that says so
    holders: Mapping[AgentId, Risk]
    rules: tuple[TriedRule, ...]
    asked: tuple[Asked, ...]
    governance_set: bool


@dataclass(frozen=True, slots=True)
class ChangedPath:
    """One path of a change: the verdict, the rules that were tried, whose it is, and how one person stands to it."""

    verdict: PathVerdict
    rules: tuple[TriedRule, ...]
    owned: Match
    person: PersonOnPath | None


@dataclass(frozen=True, slots=True)
class ChangeExplained:
    """A change: path by path, and what would make it pass. `held` are the reasons that no approval helps against;
    `confirmed`: the decision itself passes with these approvals."""

    state: str
    paths: tuple[ChangedPath, ...]
    passing: Passing
    confirmed: bool
    held: tuple[str, ...]
    file: str


def explain_path(
    path: str, holders: Mapping[AgentId, Risk], governance: Governance, directory: Directory, today: date
) -> PathExplained:
    """A path under this governance; `holders` are the agents whose closure it is in."""
    still = tuple(Touched(agent, risk, AgentDiff(agent, (), "unchanged", risk)) for agent, risk in holders.items())
    asked = asked_of(path, still, governance, directory, authors_known=True, today=today)
    return PathExplained(
        path,
        _owned(governance, path),
        governance.codeowners_file,
        holders,
        tried_on_path(path, tuple(holders.values()), governance),
        tuple(Asked(item, _could(item, holders, governance, today)) for item in asked),
        in_governance_set(path),
    )


def explain_change(
    change: Change,
    verdict: ChangeVerdict,
    governance: Governance,
    decide: Callable[[tuple[str, ...]], ChangeVerdict],
    person: str = "",
) -> ChangeExplained:
    """A change and its verdict; `decide` judges it as if these people approved it now."""
    touched = touched_by_path(change, governance)
    nobody = AuthorSet(frozenset(), "")
    paths = tuple(
        ChangedPath(
            path,
            tried_on_change(path.change.path, touched.get(path.change.path, ()), governance),
            _owned(governance, path.change.path),
            person_on_path(person, path, change.authors.get(path.change.path, nobody)) if person else None,
        )
        for path in verdict.paths
    )
    passing = would_pass(item for path in verdict.paths if path.state != "pass" for item in path.requirements)
    after = decide(passing.people) if passing.people is not None else verdict
    held = tuple(f"{path.change.path}: {path.message}" for path in after.paths if path.state != "pass")
    confirmed = passing.people is not None and after.state == "pass"
    return ChangeExplained(
        verdict.state, paths, passing, confirmed, () if confirmed else held, governance.codeowners_file
    )


def _owned(governance: Governance, path: str) -> Match:
    return OwnersFile.of(governance).match(path)


def _could(asked: Requirement, holders: Mapping[AgentId, Risk], governance: Governance, today: date) -> tuple[str, ...]:
    """Those of a requirement who have the right to review there."""
    people = frozenset[str]().union(*asked.groups)
    if in_governance_set(asked.path):
        return tuple(sorted(people))
    grants = [grant for grant in standing(governance.access, "review", today) if grant.person in people]
    return tuple(
        sorted(
            person
            for person in people
            if (own := [grant for grant in grants if grant.person == person])
            and all(any(grant.covers(agent) for grant in own) for agent in holders)
        )
    )
