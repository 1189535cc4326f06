"""Which reviews a change needs: the owners of every path, and the rules of agentgov.yaml by risk, field and path.

Every matching rule must hold; one review may serve several. Rules see the stricter of base and result, and every agent
whose closure holds the path. Pure: says what is asked, never whether it was given.
"""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from agentgov.diff.change import FieldChange, matches
from agentgov.diff.compare import AgentDiff
from agentgov.model.document import RISKS, Environment, Risk
from agentgov.model.fleet import Governance, ReviewRule, When
from agentgov.model.governed import in_governance_set
from agentgov.model.names import AgentId
from agentgov.owners.codeowners import Codeowners, match, parse
from agentgov.review.requirements import Requirement
from agentgov.trust.identity import Directory, Forge

UNKNOWN_AUTHORS_COUNT = 2  # owners asked for when nobody can say who wrote the change


@dataclass(frozen=True, slots=True)
class Touched:
    """What the rules see of one agent that holds the path: its diff, the stricter risk, who it is.

    Without a diff nobody can say what changed, and every rule matches.
    """

    agent: AgentId
    risk: Risk
    diff: AgentDiff | None


def asked_of(
    path: str,
    touched: tuple[Touched, ...],
    governance: Governance,
    directory: Directory,
    authors_known: bool,
    today: date,
) -> tuple[Requirement, ...]:
    """Everything that a change of this path needs."""
    if in_governance_set(path):
        return (_administrators(path, directory, governance.access.administrators.threshold),)
    dialect = governance.fleet.codeowners.dialect
    owners = match(parse(governance.codeowners, governance.codeowners_file, dialect), path).owners
    if not owners:
        return (_nobody_owns(path, directory, 1 if authors_known else UNKNOWN_AUTHORS_COUNT),)
    rules = governance.fleet.reviews
    asked = [_from_rule(path, rules.default, "owners", owners, directory, today, dialect)]
    for number, rule in enumerate(rules.rules, 1):
        if _matches(rule.when, path, touched):
            asked.append(_from_rule(path, rule, f"rule {rule.name or number}", owners, directory, today, dialect))
    if not authors_known and all(item.count < UNKNOWN_AUTHORS_COUNT for item in asked if item.rule == "review.owners"):
        twice = ReviewRule(approvals=UNKNOWN_AUTHORS_COUNT)
        name = "two owners, because the authors are unknown"
        asked.append(_from_rule(path, twice, name, owners, directory, today, dialect))
    return tuple(asked)


def stricter_risk(first: Risk | None, second: Risk | None) -> Risk:
    """The higher of two risks; what cannot be read counts as critical."""
    known = [RISKS.index(risk) for risk in (first, second) if risk is not None]
    return RISKS[max(known)] if known else "critical"


def _administrators(path: str, directory: Directory, threshold: int) -> Requirement:
    who = (directory.administrators,)
    return Requirement(path, "administrators", "review.administrators", who, threshold, labels=("administrators",))


def _nobody_owns(path: str, directory: Directory, count: int) -> Requirement:
    name, who = "administrators, because nobody owns it", (directory.administrators,)
    return Requirement(path, name, "review.unowned", who, count, labels=("administrators",))


def _from_rule(
    path: str,
    rule: ReviewRule,
    name: str,
    owners: tuple[str, ...],
    directory: Directory,
    today: date,
    forge: Forge,
) -> Requirement:
    if rule.sources == "owners":
        labels, kind = owners, "review.owners"
        groups = tuple(directory.by_handle(owner, forge) or frozenset() for owner in owners)
    else:
        labels, kind = rule.sources, "review.rule"
        groups = tuple(directory.members(source, today) for source in rule.sources)
    if rule.mode == "all":  # each of those listed; a team speaks through one member
        return Requirement(path, name, kind, groups, 1, labels=labels)
    return Requirement(path, name, kind, (frozenset[str]().union(*groups),), max(rule.approvals, 1), labels=labels)


def _matches(when: When, path: str, touched: tuple[Touched, ...]) -> bool:
    if when.paths and not _path_matches(when.paths, path):
        return False
    if not (when.risk or when.changed or when.environments):
        return True
    return any(_agent_matches(when, path, agent) for agent in touched)


def _agent_matches(when: When, path: str, touched: Touched) -> bool:
    if touched.diff is None:
        return True
    if when.risk and touched.risk not in when.risk:
        return False
    if not (when.changed or when.environments):
        return True
    return any(
        (not when.changed or any(matches(change, name) for name in when.changed))
        and (not when.environments or _differs_in(change, when.environments))
        for change in touched.diff.changes
        if change.stands_at(path)
    )


def _differs_in(change: FieldChange, environments: tuple[Environment, ...]) -> bool:
    return any(environment in environments for environment in change.environments)


@lru_cache(maxsize=256)
def _compiled(patterns: tuple[str, ...]) -> Codeowners:
    return parse("".join(f"{pattern} @matched\n" for pattern in patterns), "agentgov.yaml")


def _path_matches(patterns: tuple[str, ...], path: str) -> bool:
    rules = _compiled(patterns)
    # A pattern that cannot be read must not turn into a rule that never asks.
    return bool(match(rules, path).owners) or len(rules.rules) < len(patterns)
