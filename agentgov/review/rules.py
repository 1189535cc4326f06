"""Which reviews a change needs: the owners of every path, and the rules of agentgov.yaml by risk, field and path.

Every matching rule must hold; one review may serve several. Rules see the stricter of base and result, and every agent
whose closure holds the path. Pure: says what is asked, never whether it was given.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from agentgov.diff.change import FieldChange, matches
from agentgov.diff.compare import AgentDiff
from agentgov.model.document import RISKS, Environment, Risk
from agentgov.model.fleet import Governance, ReviewRule, When
from agentgov.model.governed import in_governance_set
from agentgov.model.names import AgentId
from agentgov.owners.codeowners import Codeowners, Match, SectionMatch, match, parse
from agentgov.review.requirements import Requirement
from agentgov.review.verdict import Handover, OwnersFile
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
    incoming: OwnersFile | None = None,
) -> tuple[Requirement, ...]:
    """Everything that a change of this path needs. `incoming` is the CODEOWNERS of the result, where the fleet asks for
    both sides of a change of ownership."""
    if in_governance_set(path):
        return (_administrators(path, directory, governance.access.administrators.threshold),)
    asked: dict[tuple[object, ...], Requirement] = {}
    for side in (OwnersFile.of(governance), *([incoming] if incoming is not None else [])):
        for item in _asked_on(path, side.match(path), touched, governance, directory, authors_known, today):
            asked.setdefault((item.rule, item.groups, item.count, item.personal), item)
    return tuple(asked.values())


def _asked_on(
    path: str,
    found: Match,
    touched: tuple[Touched, ...],
    governance: Governance,
    directory: Directory,
    authors_known: bool,
    today: date,
) -> Iterator[Requirement]:
    """What a path needs where these are its owners."""
    rules, dialect = governance.fleet.reviews, governance.fleet.codeowners.dialect
    if not found.owners:
        yield _nobody_owns(path, directory, 1 if authors_known else UNKNOWN_AUTHORS_COUNT)
        return
    sections = tuple(_of_section(path, section, directory, dialect) for section in found.sections if section.approvals)
    yield from sections
    least = max((section.count for section in sections), default=0)
    asked = [("owners", rules.default)]
    asked += [(f"rule {rule.name or number}", rule) for number, rule in enumerate(rules.rules, 1)]
    count = 0
    for name, rule in asked:
        if not rule_matches(rule.when, path, touched):
            continue
        item = _from_rule(path, rule, name, found.owners, directory, today, dialect)
        count = max(count, item.count if item.rule == "review.owners" else 0)
        by_section = item.rule == "review.owners" and rule.mode == "any" and item.count <= least
        if not by_section or item.personal:  # else its section asks for it
            yield item
    if not authors_known and max(count, least) < UNKNOWN_AUTHORS_COUNT:
        twice = ReviewRule(approvals=UNKNOWN_AUTHORS_COUNT)
        name = "two owners, because the authors are unknown"
        yield _from_rule(path, twice, name, found.owners, directory, today, dialect)


def _of_section(path: str, section: SectionMatch, directory: Directory, forge: Forge) -> Requirement:
    """What one section of GitLab's dialect asks for; administrators answer where it names nobody known."""
    people = frozenset[str]().union(*(directory.by_handle(owner, forge) or () for owner in section.owners))
    name = f"owners of section {section.name}"
    if not people:
        name, people = f"administrators, because section {section.name} names nobody known", directory.administrators
    return Requirement(path, name, "review.section", (people,), section.approvals, labels=section.owners)


def handover_of(
    path: str, handovers: Iterable[Handover], directory: Directory, authors: frozenset[str], forge: Forge
) -> Iterator[Requirement]:
    """Both sides of every change of ownership that a change of CODEOWNERS brings, beside the administrators.

    A side that nobody but authors is on asks for nobody: the administrators answer for it already.
    """
    for handover in handovers:
        more = f" and {handover.count - 1} more" if handover.count > 1 else ""
        for side, owners in (("outgoing", handover.outgoing), ("incoming", handover.incoming)):
            people = frozenset[str]().union(*(directory.by_handle(owner, forge) or () for owner in owners)) - authors
            if people:
                name = f"{side} owners of {handover.example}{more}"
                yield Requirement(path, name, "review.handover", (people,), 1, labels=owners)


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
    personal = rule.signed == "personal"
    if rule.mode == "all":  # each of those listed; a team speaks through one member
        return Requirement(path, name, kind, groups, 1, labels=labels, personal=personal)
    anybody, count = (frozenset[str]().union(*groups),), max(rule.approvals, 1)
    return Requirement(path, name, kind, anybody, count, labels=labels, personal=personal)


def rule_matches(when: When, path: str, touched: tuple[Touched, ...]) -> bool:
    """Whether a rule speaks of a change of this path: every key that it gives must match."""
    if when.paths and not path_matches(when.paths, path):
        return False
    if not (when.risk or when.changed or when.classes or when.environments):
        return True
    return any(_agent_matches(when, path, agent) for agent in touched)


def _agent_matches(when: When, path: str, touched: Touched) -> bool:
    if touched.diff is None:
        return True
    if when.risk and touched.risk not in when.risk:
        return False
    if not (when.changed or when.classes or when.environments):
        return True
    return any(
        (not when.changed or any(matches(change, name) for name in when.changed))
        and (not when.classes or change.klass in when.classes)
        and (not when.environments or _differs_in(change, when.environments))
        for change in touched.diff.changes
        if change.stands_at(path)
    )


def _differs_in(change: FieldChange, environments: tuple[Environment, ...]) -> bool:
    return any(environment in environments for environment in change.environments)


@lru_cache(maxsize=256)
def _compiled(patterns: tuple[str, ...]) -> Codeowners:
    return parse("".join(f"{pattern} @matched\n" for pattern in patterns), "agentgov.yaml")


def path_matches(patterns: tuple[str, ...], path: str) -> bool:
    """Whether one of the patterns of a rule matches, in the dialect of GitHub."""
    rules = _compiled(patterns)
    # A pattern that cannot be read must not turn into a rule that never asks.
    return bool(match(rules, path).owners) or len(rules.rules) < len(patterns)
