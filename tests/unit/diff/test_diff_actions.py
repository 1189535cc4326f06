"""Whether a change of action rules tightens is proved against an evaluator: what is called tighter is never freer."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import product
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgov.diff.actions import actions
from agentgov.diff.change import Place
from agentgov.diff.narrowing import covers, may_overlap
from agentgov.model.agent import ActionRule, Ask, Match, Then

PLACE = Place("agent.yaml", "/spec/actions")
TOOLS = ("pay", "mail")
CONDITIONS = ("small", "night")
Outcome = str | Ask


def evaluate(rules: Sequence[ActionRule], tool: str, facts: dict[str, str]) -> Outcome:
    """First match wins, no match denies, an error denies. `facts` says what each condition is: yes, no or error."""
    for rule in rules:
        if tool not in rule.match.tools and "*" not in rule.match.tools:
            continue
        holds = facts[rule.when] if rule.when else "yes"
        if holds == "error":
            return "deny"
        if holds == "yes":
            return rule.then.ask if isinstance(rule.then, Then) else rule.then
    return "deny"


def freer(one: Outcome, other: Outcome) -> bool:
    """Whether `one` may let something through that `other` does not."""
    power = {"deny": 0, "allow": 2}
    if isinstance(one, Ask) and isinstance(other, Ask):
        more_people = not set(one.who) <= set(other.who)
        return more_people or one.count < other.count or (other.four_eyes and not one.four_eyes)
    return (1 if isinstance(one, Ask) else power[one]) > (1 if isinstance(other, Ask) else power[other])


def asked(who: Sequence[str], count: int, four_eyes: bool) -> Then:
    return Then(ask=Ask(who=tuple(who), count=count, four_eyes=four_eyes))


def made(tools: tuple[str, ...], when: str, then: Any) -> ActionRule:
    return ActionRule(match=Match(tools=tools), when=when, then=then)


ASKS = [asked(["alice"], 1, True), asked(["alice", "bob"], 1, True), asked(["alice", "bob"], 2, False)]
TOOL_SETS = [("pay",), ("mail",), ("pay", "mail"), ("*",)]
FEW = [made(*parts) for parts in product(TOOL_SETS[::2], ["", "small"], ["allow", "deny", *ASKS[:2]])]
MANY = [made(*parts) for parts in product(TOOL_SETS, ["", *CONDITIONS], ["allow", "deny", *ASKS])]


def one_edit(before: list[ActionRule], new: Sequence[ActionRule]) -> Iterator[list[ActionRule]]:
    """Every list that one removal, one replacement or one insertion makes of this one."""
    for position in range(len(before) + 1):
        yield from ([*before[:position], rule, *before[position:]] for rule in new)
    for position in range(len(before)):
        yield [*before[:position], *before[position + 1 :]]
        yield from ([*before[:position], rule, *before[position + 1 :]] for rule in new)


def check(before: list[ActionRule], after: list[ActionRule]) -> None:
    found = list(actions(before, after, PLACE))
    if any(change.klass == "loosens" for change in found):
        return
    for tool, *holds in product(TOOLS, *(("yes", "no", "error") for _ in CONDITIONS)):
        facts = dict(zip(CONDITIONS, holds, strict=True))
        old, new = evaluate(before, tool, facts), evaluate(after, tool, facts)
        assert not freer(new, old), f"{tool} {facts}: {old} -> {new}"
        assert found or old == new


def test_after_any_single_edit_what_is_called_tighter_is_not_freer() -> None:
    plain = [rule for rule in FEW if rule.then != ASKS[1]]
    for befores in ([()], product(FEW, repeat=1), product(plain, repeat=2)):
        for before in befores:
            for after in one_edit(list(before), FEW):
                check(list(before), after)


@given(st.lists(st.sampled_from(MANY), max_size=4), st.lists(st.integers(0, 10**6), min_size=1, max_size=3))
@settings(max_examples=300)
def test_after_several_edits_what_is_called_tighter_is_not_freer(before: list[ActionRule], picks: list[int]) -> None:
    after = list(before)
    for pick in picks:
        choices = list(one_edit(after, MANY))
        after = choices[-1 - pick % len(choices)]
    check(before, after)


@given(st.lists(st.sampled_from(MANY), max_size=4))
@settings(max_examples=50)
def test_the_same_rules_are_no_change(rules: list[ActionRule]) -> None:
    assert list(actions(rules, list(rules), PLACE)) == []


PATTERN = st.text("ab.*", min_size=1, max_size=6)


@given(PATTERN, PATTERN, st.text("ab.", max_size=8))
@settings(max_examples=500)
def test_patterns_cover_and_overlap_as_their_names_do(one: str, other: str, name: str) -> None:
    first, second = (fnmatchcase(name, pattern) for pattern in (one, other))
    assert not (covers(one, other) and second and not first)
    assert may_overlap(one, other) or not (first and second)
    assert covers("*", one)
    assert covers(one, one)


def rules(*documents: dict[str, Any]) -> list[ActionRule]:
    return msgspec.convert(list(documents), list[ActionRule])


def ask(**more: Any) -> dict[str, Any]:
    return {"ask": {"who": ["team:leads", "alice"], "count": 2, "within": "30m", "show": ["args"], **more}}


def rule(tools: str, then: Any, when: str = "") -> dict[str, Any]:
    return {"match": {"tools": tools.split()}, "then": then, "when": when}


PAIRS: list[tuple[str, list[dict[str, Any]], list[dict[str, Any]], list[str]]] = [
    ("deny to allow", [rule("a", "deny")], [rule("a", "allow")], ["actions.loosened"]),
    ("allow to ask", [rule("a", "allow")], [rule("a", ask())], ["actions.tightened"]),
    ("ask to deny", [rule("a", ask())], [rule("a", "deny")], ["actions.tightened"]),
    ("fewer approvals", [rule("a", ask())], [rule("a", ask(count=1))], ["actions.loosened"]),
    ("more approvals", [rule("a", ask())], [rule("a", ask(count=3))], ["actions.tightened"]),
    ("no four eyes", [rule("a", ask())], [rule("a", ask(fourEyes=False))], ["actions.loosened"]),
    ("longer", [rule("a", ask())], [rule("a", ask(within="1h"))], ["actions.loosened"]),
    ("shorter", [rule("a", ask())], [rule("a", ask(within="10m"))], ["actions.tightened"]),
    ("the same time", [rule("a", ask())], [rule("a", ask(within="1800s"))], []),
    (
        "one more approver",
        [rule("a", ask())],
        [rule("a", ask(who=["bob", "alice", "team:leads"]))],
        ["actions.loosened"],
    ),
    ("approvers in another order", [rule("a", ask())], [rule("a", ask(who=["alice", "team:leads"]))], []),
    ("one approver less", [rule("a", ask())], [rule("a", ask(who=["alice"]))], ["actions.tightened"]),
    ("approvers see less", [rule("a", ask())], [rule("a", ask(show=[]))], ["actions.loosened"]),
    ("another condition", [rule("a", "allow", "x < 5")], [rule("a", "allow", "x < 6")], ["actions.loosened"]),
    ("a condition where there was none", [rule("a", "allow")], [rule("a", "allow", "x")], ["actions.tightened"]),
    ("no condition any more", [rule("a", "allow", "x")], [rule("a", "allow")], ["actions.loosened"]),
    ("one tool more allowed", [rule("a", "allow")], [rule("a b", "allow")], ["actions.loosened"]),
    ("one tool less allowed", [rule("a b", "allow")], [rule("a", "allow")], ["actions.tightened"]),
    ("one tool more denied", [rule("a", "deny")], [rule("a b", "deny")], ["actions.tightened"]),
    ("a denial added", [rule("a", "allow")], [rule("b", "deny"), rule("a", "allow")], ["actions.tightened"]),
    ("a permission added", [rule("a", "deny")], [rule("b", "allow"), rule("a", "deny")], ["actions.loosened"]),
    ("a denial removed", [rule("b", "deny"), rule("a", "allow")], [rule("a", "allow")], ["actions.loosened"]),
    ("a permission removed", [rule("a", "allow"), rule("b", "deny")], [rule("b", "deny")], ["actions.tightened"]),
    (
        "asking removed before allowing",
        [rule("a", ask()), rule("*", "allow")],
        [rule("*", "allow")],
        ["actions.loosened"],
    ),
    (
        "asking removed, nothing after",
        [rule("b", "deny"), rule("a", ask())],
        [rule("b", "deny")],
        ["actions.tightened"],
    ),
    (
        "swapped",
        [rule("a", "deny", "x"), rule("a", "allow")],
        [rule("a", "allow"), rule("a", "deny", "x")],
        ["actions.reordered"],
    ),
    (
        "swapped, and no call meets both",
        [rule("a.*", "deny"), rule("b.*", "allow")],
        [rule("b.*", "allow"), rule("a.*", "deny")],
        ["actions.rearranged"],
    ),
    ("a wider pattern allowed", [rule("a.x", "allow")], [rule("a.*", "allow")], ["actions.loosened"]),
    ("a narrower pattern allowed", [rule("*.x", "allow")], [rule("a.x b.*.x", "allow")], ["actions.tightened"]),
    ("a wider pattern denied", [rule("a.x", "deny")], [rule("a.*", "deny")], ["actions.tightened"]),
    (
        "a lower bound allowed",
        [rule("a", "allow", "args.x <= 5")],
        [rule("a", "allow", "args.x<=4")],
        ["actions.tightened"],
    ),
    ("a higher bound allowed", [rule("a", "allow", "x > 4")], [rule("a", "allow", "x > 5")], ["actions.tightened"]),
    ("another comparison", [rule("a", "allow", "x < 5")], [rule("a", "allow", "x <= 4")], ["actions.tightened"]),
    ("one more demand", [rule("a", "allow", "x < 5")], [rule("a", "allow", "y && x < 5")], ["actions.tightened"]),
    ("one demand less", [rule("a", "allow", "y && x < 5")], [rule("a", "allow", "x < 5")], ["actions.loosened"]),
    ("demands in another order", [rule("a", "allow", "y && x<5")], [rule("a", "allow", "x < 5 && y")], []),
    ("denied on one demand less", [rule("a", "deny", "x && y")], [rule("a", "deny", "x")], ["actions.tightened"]),
    ("denied on one more demand", [rule("a", "deny", "x")], [rule("a", "deny", "x && y")], ["actions.loosened"]),
    (
        "one more demand that may hide a failure, and what then asks",
        [rule("a", "allow", "x < 5"), rule("a", ask())],
        [rule("a", "allow", "x < 5 && y"), rule("a", ask())],
        ["actions.loosened"],
    ),
    (
        "one more demand, and what then asks fails as well",
        [rule("a", "allow", "x < 5"), rule("a", ask(), "x < 50")],
        [rule("a", "allow", "x < 5 && y"), rule("a", ask(), "x < 50")],
        ["actions.tightened"],
    ),
    ("asked about fewer", [rule("a", ask(), "x < 5")], [rule("a", ask(), "x < 4")], ["actions.tightened"]),
    (
        "asked about fewer, and the others allowed",
        [rule("a", ask(), "x < 5"), rule("a", "allow")],
        [rule("a", ask(), "x < 4"), rule("a", "allow")],
        ["actions.loosened"],
    ),
    ("one more whole number", [rule("a", "allow", "x < 5")], [rule("a", "allow", "x <= 5")], ["actions.loosened"]),
    (
        "no whole number",
        [rule("a", "allow", "x < 5")],
        [rule("a", "allow", "x < 4.5")],
        ["actions.loosened"],
    ),
    ("more denied by a bound", [rule("a", "deny", "x > 9")], [rule("a", "deny", "x > 5")], ["actions.tightened"]),
    ("less denied by a bound", [rule("a", "deny", "x > 5")], [rule("a", "deny", "x > 9")], ["actions.loosened"]),
    (
        "asking put before allowing",
        [rule("b", "deny"), rule("*", "allow")],
        [rule("b", "deny"), rule("a.*", ask(), "x > 5"), rule("*", "allow")],
        ["actions.tightened"],
    ),
    ("asking for what was denied", [rule("b", "allow")], [rule("a", ask()), rule("b", "allow")], ["actions.loosened"]),
    ("one tool less asked for", [rule("a b", ask())], [rule("a", ask())], ["actions.tightened"]),
    (
        "one tool less asked for, and allowed after",
        [rule("a b", ask()), rule("b", "allow")],
        [rule("a", ask()), rule("b", "allow")],
        ["actions.loosened"],
    ),
]


@pytest.mark.parametrize(("name", "before", "after", "expected"), PAIRS, ids=[pair[0] for pair in PAIRS])
def test_rules(name: str, before: list[dict[str, Any]], after: list[dict[str, Any]], expected: list[str]) -> None:
    assert [change.field for change in actions(rules(*before), rules(*after), PLACE)] == expected


def test_a_sentence_names_the_rule_and_its_place() -> None:
    before, after = rules(rule("b", "allow"), rule("a", ask())), rules(rule("b", "allow"), rule("a", ask(count=1)))
    (change,) = actions(before, after, PLACE)
    assert change.summary == "action rule 2 (a): approvals 2 -> 1"
    assert change.pointer == "/spec/actions/1"


def test_thousands_of_rules_cost_little() -> None:
    many = rules(*(rule(f"tool{number}", "allow") for number in range(3000)))
    assert len(list(actions(many, list(reversed(many)), PLACE))) == 2999
