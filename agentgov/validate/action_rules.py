"""What the rules about actions come to: a rule that another one leaves nothing to decide, and an irreversible tool that
may run on any arguments without anybody being asked.

In an agent the first rule that matches decides, so a rule is shadowed by an earlier one without condition, or with one
that holds whenever its own does (one that fails denies, which decides as well). In the fleet's ActionPolicy every rule
that matches holds and their order means nothing, so there a rule is shadowed by one that denies, or by the same rule
again. Patterns are compared as text: what one may catch only together with others is left alone.

An irreversible tool runs unasked where the first rule without condition that matches it allows it, no rule before that
one keeps some of its calls back, and no rule of the ActionPolicy is about it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agentgov.diff.conditions import narrower
from agentgov.model.agent import ActionRule
from agentgov.model.finding import Finding
from agentgov.model.governed import ACTIONS_FILE
from agentgov.model.policies import FleetRule
from agentgov.trust.verbs import in_scope
from agentgov.validate.limits import covers
from agentgov.validate.view import Subject, View

_MOST_COMPARED = 16  # rules, or patterns with a star, that each other one is compared with
_MOST_NAMED = 3  # tools in one message


def check(view: View) -> Iterator[Finding]:
    """Rules of the fleet's ActionPolicy that change nothing."""
    if view.parts.actions is None:
        return
    rules = view.parts.actions.rules
    catching = [(number, rule) for number, rule in enumerate(rules) if rule.then == "deny"][:_MOST_COMPARED]
    for index, rule in enumerate(rules):
        found = next((number for number, other in catching if number != index and _denies(rules, number, index)), None)
        if found is None:
            same = (rule.match, rule.when, rule.then)
            earlier = enumerate(rules[: min(index, _MOST_COMPARED)])
            found = next((number for number, one in earlier if (one.match, one.when, one.then) == same), None)
        if found is not None:
            message = f"rule {index + 1} changes nothing: rule {found + 1} says as much of the same calls, or more"
            yield view.at("content.rule-shadowed", ACTIONS_FILE, f"/rules/{index}/match", message, "remove one of them")


def _denies(rules: Sequence[FleetRule], number: int, index: int) -> bool:
    """Whether the one rule denies all that the other is about; of two that say the same, the later has no use."""
    one, other = rules[number], rules[index]
    if not _holds_wherever(one, other) or not _about_all_of(one, other):
        return False
    twins = other.then == "deny" and _holds_wherever(other, one) and _about_all_of(other, one)
    return number < index or not twins


def _about_all_of(one: FleetRule, other: FleetRule) -> bool:
    """Whether a rule is about every tool and every agent that another is about."""
    agents = one.match.agents
    everywhere = not agents or "**" in agents or (bool(other.match.agents) and set(other.match.agents) <= set(agents))
    exact, wide = frozenset(one.match.tools), [pattern for pattern in one.match.tools if "*" in pattern]
    return everywhere and all(
        name in exact or any(covers(pattern, name) for pattern in wide[:_MOST_COMPARED]) for name in other.match.tools
    )


def check_agent(view: View, subject: Subject) -> Iterator[Finding]:
    """Rules of one agent that never decide, and irreversible tools that they let run in any case."""
    yield from _never_reached(view, subject)
    yield from _unasked(view, subject)


def _unasked(view: View, subject: Subject) -> Iterator[Finding]:
    """Irreversible tools that run in any case, at the rule that lets them."""
    spec = subject.agent.spec
    found: dict[int, list[str]] = {}
    for name in dict.fromkeys(tool.name for tool in spec.tools if tool.effect == "irreversible"):
        number = _lets_run(spec.actions, name)
        if number is not None and not _fleet_rules(view, subject, name):
            found.setdefault(number, []).append(name)
    for number, names in sorted(found.items()):
        tools = f"{', '.join(names[:_MOST_NAMED])}{' and more' if names[_MOST_NAMED:] else ''}"
        message = f"irreversible and allowed whatever the arguments, with nobody asked: {tools}"
        pointer = f"/spec/actions/{number}/then"
        fix = "add `when`, or write then: {ask: {who: [...]}}"
        yield view.at("content.irreversible-unconditional", subject.file, pointer, message, fix)


def _lets_run(rules: Sequence[ActionRule], tool: str) -> int | None:
    """The number of the rule that allows every call of a tool; None where some call is asked about or denied."""
    for number, rule in enumerate(rules):
        conditional = bool(_condition(rule))
        if (conditional and rule.then == "allow") or not any(covers(pattern, tool) for pattern in rule.match.tools):
            continue
        return number if rule.then == "allow" else None
    return None


def _fleet_rules(view: View, subject: Subject, tool: str) -> bool:
    """Whether a rule of the ActionPolicy denies calls of a tool of this agent, or asks about them."""
    policy = view.parts.actions
    return policy is not None and any(
        any(covers(pattern, tool) for pattern in rule.match.tools)
        and (not rule.match.agents or any(in_scope(pattern, subject.id) for pattern in rule.match.agents))
        for rule in policy.rules
    )


def _never_reached(view: View, subject: Subject) -> Iterator[Finding]:
    """Rules, or tools of a rule, that an earlier rule always decides about."""
    rules, caught = subject.agent.spec.actions, _Caught({}, [])
    for index, rule in enumerate(rules):
        before = [caught.by(pattern, rule) for pattern in rule.match.tools]
        known = [number for number in before if number is not None]
        if known and len(known) == len(before):
            message = f"rule {index + 1} never decides: {_said(rules, known)} always matches first"
            fix = "move it up, or remove it"
            yield view.at("content.rule-shadowed", subject.file, f"/spec/actions/{index}/match", message, fix)
        else:
            for place, number in enumerate(before):
                if number is not None:
                    tool = rule.match.tools[place]
                    message = f"rule {index + 1} never decides about {tool}: {_said(rules, [number])} matches it first"
                    pointer = f"/spec/actions/{index}/match/tools/{place}"
                    fix = "move the rule up, or remove this"
                    yield view.at("content.rule-shadowed", subject.file, pointer, message, fix)
        caught.add(index, rule)


@dataclass(frozen=True, slots=True)
class _Caught:
    """What earlier rules decide: by pattern and condition, and those with a star in order."""

    exact: dict[str, list[tuple[str, int]]]
    wide: list[tuple[str, str, int]]

    def add(self, index: int, rule: ActionRule) -> None:
        for pattern in rule.match.tools:
            same = self.exact.setdefault(pattern, [])
            if len(same) < _MOST_COMPARED:
                same.append((_condition(rule), index))
            if "*" in pattern and len(self.wide) < _MOST_COMPARED:
                self.wide.append((pattern, _condition(rule), index))

    def by(self, pattern: str, rule: ActionRule) -> int | None:
        """The number of an earlier rule that decides about all of a pattern where this rule would match."""
        own = _condition(rule)
        for when, index in self.exact.get(pattern, ()):
            if not when or narrower(when, own):
                return index
        return next(
            (at for wide, when, at in self.wide if covers(wide, pattern) and (not when or narrower(when, own))), None
        )


def _condition(rule: ActionRule | FleetRule) -> str:
    """The condition of a rule; empty where it always holds."""
    when = rule.when.strip()
    return "" if when == "true" else when


def _holds_wherever(one: FleetRule, other: FleetRule) -> bool:
    return _condition(one) in ("", _condition(other))


def _said(rules: Sequence[ActionRule], numbers: Sequence[int]) -> str:
    first = min(numbers)
    then = rules[first].then
    more = " (with others)" if len(set(numbers)) > 1 else ""
    return f"rule {first + 1} ({then if isinstance(then, str) else 'ask'}){more}"
