"""Which review rules were tried on a path, and why each matched or did not: the reasons behind `rules.asked_of`.

Never decides what is asked: it asks `rules` and puts the answer in words.
"""

from dataclasses import dataclass
from typing import Literal

from agentgov.diff.change import matches
from agentgov.model.document import Risk
from agentgov.model.fleet import Governance, ReviewRule, When
from agentgov.model.governed import in_governance_set
from agentgov.review.rules import Touched, path_matches, rule_matches

Matched = Literal["yes", "no", "depends"]


@dataclass(frozen=True, slots=True)
class TriedRule:
    """One rule of agentgov.yaml: whether it matched (`depends`: on what a change does), and why in a few words."""

    name: str
    pointer: str
    approvals: int
    sources: tuple[str, ...]
    mode: str
    matched: Matched
    why: str


def tried_on_change(path: str, touched: tuple[Touched, ...], governance: Governance) -> tuple[TriedRule, ...]:
    """Every rule, tried on a change of this path."""
    if in_governance_set(path):
        return ()
    reviews = governance.fleet.reviews
    found = [_tried(reviews.default, "default", "/reviews/default", "yes", "holds for every change")]
    for number, rule in enumerate(reviews.rules, 1):
        matched: Matched = "yes" if rule_matches(rule.when, path, touched) else "no"
        why = _why_yes(rule.when, path, touched) if matched == "yes" else _why_no(rule.when, path, touched)
        found.append(_tried(rule, rule.name or f"rule {number}", f"/reviews/rules/{number - 1}", matched, why))
    return tuple(found)


def tried_on_path(path: str, risks: tuple[Risk, ...], governance: Governance) -> tuple[TriedRule, ...]:
    """Every rule, as far as it can be told before there is a change; `risks` are those of the agents that hold it."""
    if in_governance_set(path):
        return ()
    reviews = governance.fleet.reviews
    found = [_tried(reviews.default, "default", "/reviews/default", "yes", "holds for every change")]
    for number, rule in enumerate(reviews.rules, 1):
        matched, why = _before_any_change(rule.when, path, risks)
        found.append(_tried(rule, rule.name or f"rule {number}", f"/reviews/rules/{number - 1}", matched, why))
    return tuple(found)


def _tried(rule: ReviewRule, name: str, pointer: str, matched: Matched, why: str) -> TriedRule:
    sources = ("owners",) if rule.sources == "owners" else rule.sources
    return TriedRule(name, pointer, rule.approvals, sources, rule.mode, matched, why)


def _before_any_change(when: When, path: str, risks: tuple[Risk, ...]) -> tuple[Matched, str]:
    if when.paths and not path_matches(when.paths, path):
        return "no", f"no pattern of {', '.join(when.paths)} matches the path"
    if when.risk and risks and not set(risks) & set(when.risk):
        own = " and ".join(dict.fromkeys(risks))
        return "depends", f"only if the change raises the risk to {' or '.join(when.risk)}; it is {own}"
    conditions = []
    if when.risk and not risks:
        conditions.append(f"an agent of {' or '.join(when.risk)} risk names it")
    if when.changed:
        conditions.append(f"the change is one of {', '.join(when.changed)}")
    if when.classes:
        conditions.append(f"it {' or '.join(when.classes)}")
    if when.environments:
        conditions.append(f"what runs in {' or '.join(when.environments)} differs")
    if conditions:
        return "depends", f"if {' and '.join(conditions)}"
    return "yes", _given(when) or "holds for every change"


def _given(when: When) -> str:
    said = []
    if when.paths:
        said.append(f"the path matches {', '.join(when.paths)}")
    if when.risk:
        said.append(f"the risk is {' or '.join(when.risk)}")
    return " and ".join(said)


def _why_yes(when: When, path: str, touched: tuple[Touched, ...]) -> str:
    if any(agent.diff is None for agent in touched) and (when.risk or when.changed or when.classes):
        return "nobody can say what changed in an agent that cannot be read, so every rule matches"
    said = [f"the path matches {', '.join(when.paths)}"] if when.paths else []
    for agent in touched:
        if when.risk and agent.risk not in when.risk:
            continue
        if when.risk:
            said.append(f"{agent.agent} is of {agent.risk} risk")
        told = [
            change.summary
            for change in (agent.diff.changes if agent.diff is not None else ())
            if change.stands_at(path)
            and (not when.changed or any(matches(change, name) for name in when.changed))
            and (not when.classes or change.klass in when.classes)
        ]
        if (when.changed or when.classes or when.environments) and told:
            said.append(f"{agent.agent}: {'; '.join(told[:3])}{'; ...' if len(told) > 3 else ''}")
    return ", ".join(dict.fromkeys(said)) or "holds for every change"


def _why_no(when: When, path: str, touched: tuple[Touched, ...]) -> str:
    if when.paths and not path_matches(when.paths, path):
        return f"no pattern of {', '.join(when.paths)} matches the path"
    if not touched:
        return "no agent's configuration holds this path"
    risky = [agent for agent in touched if not when.risk or agent.risk in when.risk]
    if not risky:
        return f"the risk is {' and '.join(dict.fromkeys(agent.risk for agent in touched))}"
    wanted = [*when.changed, *when.classes, *(f"a difference in {name}" for name in when.environments)]
    return f"nothing in this file is {' or '.join(wanted)}" if wanted else "no agent matches"
