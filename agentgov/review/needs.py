"""Whose reviews a changed agent needs, in a few words: the requirements of all its changes together, before any review.

Pure, and no verdict: who wrote the change and what was reviewed already is not asked here (`review.change` does).
"""

from dataclasses import dataclass
from datetime import date

from agentgov.diff.compare import AgentDiff
from agentgov.model.fleet import Governance
from agentgov.review.requirements import Requirement
from agentgov.review.rules import Touched, asked_of
from agentgov.trust.identity import Directory


@dataclass(frozen=True, slots=True)
class Need:
    """So many approvals from any of those named, or one from each of them; names are those of Access where it has one.

    `rule` says what asks for it, `paths` for which files.
    """

    who: tuple[str, ...]
    count: int
    each: bool
    rule: str
    paths: tuple[str, ...]

    def __str__(self) -> str:
        """`team:security`, `2 of team:leads or team:security`, `each of alice and bob`."""
        if self.each:
            return f"each of {' and '.join(self.who)}"
        names = " or ".join(self.who) or "nobody who is known"
        return f"{self.count} of {names}" if self.count > 1 else names


def needs_of(diff: AgentDiff, governance: Governance, directory: Directory, today: date) -> tuple[Need, ...]:
    """What the governance asks for the changes of one agent; of two that one review could serve, the harder one."""
    touched = (Touched(diff.agent_id, diff.risk, diff),)
    paths = dict.fromkeys(path for change in diff.changes for path in (change.path, *change.also))
    found: dict[tuple[tuple[str, ...], bool], Need] = {}
    for path in paths:
        for asked in asked_of(path, touched, governance, directory, authors_known=True, today=today):
            need = _need(asked, governance, path)
            known = found.get((need.who, need.each))
            if known is not None:
                strict = max(known, need, key=lambda one: one.count)
                need = Need(need.who, strict.count, need.each, strict.rule, (*known.paths, path))
            found[need.who, need.each] = need
    return tuple(found.values())


def _need(asked: Requirement, governance: Governance, path: str) -> Need:
    teams = {handle.lower(): f"team:{team.id}" for team in governance.access.teams for handle in team.handles}
    who = tuple(dict.fromkeys(teams.get(label.lower(), label) for label in asked.labels))
    return Need(who, max(asked.count, 1), len(asked.groups) > 1, asked.name, (path,))
