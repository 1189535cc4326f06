"""Conditions compared: what each way of writing one means, and that CEL never finds a tighter one to be freer."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.diff.test_diff_actions import PLACE, asked, evaluate, freer, made

from agentgov.diff.actions import actions
from agentgov.diff.conditions import fails_alike, meaning, narrower, never_both
from agentgov.model.agent import ActionRule
from agentgov.policy.cel import MAX_LENGTH

cel = pytest.importorskip("cel_expr_python.cel")

MISSING = object()
VALUES = {
    "a": (MISSING, 0, 1, 2, 2.5, "x"),
    "b": (MISSING, 1, 3, "x", "y"),
    "c": (MISSING, True, False, "xy"),
}
CALLS: list[dict[str, Any]] = [
    {name: value for name, value in zip(VALUES, values, strict=True) if value is not MISSING}
    for values in product(*VALUES.values())
]
BOUNDS = [f"args.{name} {sign} {n}" for name in "ab" for sign in ("<", "<=", ">", ">=") for n in (1, 2)]
POOL = [
    *BOUNDS,
    "2 > args.a",
    "args.a < 2.5",
    "args.a <= 1.5",
    "args.a == 1",
    "args.a in [1, 2]",
    "args.a != 2",
    "!(args.a in [1])",
    "!(args.a in [2, 1])",
    'args.b == "x"',
    "'x' == args.b",
    'args.b in ["x", "y"]',
    'args.b != "y"',
    "args.c == true",
    "args.c == false",
    "args.c",
    "has(args.c)",
    "!has(args.a)",
    "size(args.c) > 1",
    "size(args.c) >= 1",
    "(args.a < 2 && args.b < 2)",
    "args.a < 2 || args.b < 2",
    "!(args.a < 2 && args.b == 1)",
    'tool == "pay"',
    'risk in ["low", "medium"]',
    'risk == "low"',
]


@lru_cache(maxsize=1)
def environment() -> Any:
    kinds = cel.Type
    names = {"args": kinds.Map(kinds.STRING, kinds.DYN), "tool": kinds.STRING, "risk": kinds.STRING}
    return cel.NewEnv(variables=names)


@lru_cache(maxsize=4096)
def outcomes(when: str) -> tuple[str, ...]:
    """Whether a condition holds for each of the calls: yes, no, or error."""
    if not when:
        return ("yes",) * len(CALLS)
    compiled = environment().compile(when)
    found = []
    for args in CALLS:
        value = compiled.eval(data={"args": args, "tool": "pay", "risk": "low"}).value()
        found.append({True: "yes", False: "no"}.get(value, "error") if isinstance(value, bool) else "error")
    return tuple(found)


def joined(parts: list[str]) -> str:
    return " && ".join(f"({part})" if "||" in part else part for part in parts)


PARTS = st.lists(st.sampled_from(POOL), max_size=3)


@st.composite
def changed(draw: st.DrawFn) -> tuple[str, str]:
    """A condition, and one that shares conjuncts with it."""
    parts = draw(PARTS)
    more = draw(
        st.permutations([*parts[draw(st.integers(0, 1)) :], *draw(st.lists(st.sampled_from(POOL), max_size=2))])
    )
    return joined(parts), joined(more)


@given(changed())
@settings(max_examples=1000)
def test_what_is_told_of_two_conditions_is_what_cel_finds(pair: tuple[str, str]) -> None:
    before, after = pair
    old, new = outcomes(before), outcomes(after)
    both = set(zip(old, new, strict=True))
    if meaning(before) == meaning(after):
        assert old == new
    if narrower(before, after):
        assert not both & {("no", "yes"), ("error", "yes")}
        if fails_alike(before, after):
            assert ("error", "no") not in both
    if narrower(after, before):  # as for a deny that holds for more
        assert not both & {("yes", "no"), ("error", "no")}
    if never_both(before, after):
        assert ("error", "yes") not in both


THENS = ["allow", "deny", asked(["alice"], 1, True)]


@given(st.lists(st.tuples(changed(), st.sampled_from(THENS)), min_size=1, max_size=3), st.sampled_from(THENS))
@settings(max_examples=1000)
def test_rules_that_are_called_tighter_let_nothing_through_that_was_denied(
    rules: list[tuple[tuple[str, str], Any]], last: Any
) -> None:
    before = [*(made(("pay",), pair[0], then) for pair, then in rules), made(("*",), "", last)]
    after = [*(made(("pay",), pair[1], then) for pair, then in rules), made(("*",), "", last)]
    if any(change.klass == "loosens" for change in actions(before, after, PLACE)):
        return
    for old, new in zip(decided(before), decided(after), strict=True):
        assert not freer(new, old)


def decided(rules: list[ActionRule]) -> Iterator[Any]:
    known = {rule.when: outcomes(rule.when) for rule in rules}
    for number in range(len(CALLS)):
        facts: Mapping[str, str] = {when: found[number] for when, found in known.items()}
        yield evaluate(rules, "pay", dict(facts))


SAME = [
    ("args.a<5", "args.a  <\n5"),
    ("5 > args.a", "args.a < 5"),
    ("a && b", "b && a"),
    ("a && b && a", "(b && (a))"),
    ("x == 'a'", 'x in ["a"]'),
    ("!(x == 1)", "x != 1"),
    ("x in [1, 2]", "x in [2,1]"),
    ("x == 'a b'", 'x == "a b"'),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_is_written_otherwise_means_the_same(one: str, other: str) -> None:
    assert meaning(one) == meaning(other)


OTHERWISE = [
    ("x == 'a  b'", "x == 'a b'"),
    ("a && b || c", "b && a || c"),
    ("a ? b && c : d", "a ? c && b : d"),
    ("x < 5 // && y", "x < 5"),
    ('x == r"a\\b"', 'x == "a\\b"'),
    ("x < 1u", "x < 1"),
    ("x < 1.0", "x < 1"),
    ("x == '1'", "x == 1"),
    ("x == true", "x == 1"),
    ("a - 1 < 2", "a-2 < 2"),
    ("()", ""),
    ("a &&", "a"),
    ("!(a && b == 1)", "a && b != 1"),
]


@pytest.mark.parametrize(("one", "other"), OTHERWISE)
def test_what_may_mean_something_else_is_not_the_same(one: str, other: str) -> None:
    assert meaning(one) != meaning(other)


NARROWER = [
    ("", "x"),
    ("x", "x && y"),
    ("x < 5", "y && x < 4"),
    ("x < 5", "x <= 4"),
    ("x <= 5", "x < 5"),
    ("x >= 1 && x <= 10", "x <= 9 && x >= 2"),
    ("x in ['a', 'b']", "x == 'b'"),
    ("x != 'a'", "x in ['b', 'c']"),
    ("x != 'a'", "!(x in ['a', 'b'])"),
    ("size(x) < 5", "size(x) < 4"),
    ("x < -1", "x < -2"),
    ("x < 0.5", "x < 0.25"),
]


@pytest.mark.parametrize(("old", "new"), NARROWER)
def test_a_condition_that_holds_for_fewer_values_is_narrower_and_never_the_other_way_round(old: str, new: str) -> None:
    assert narrower(old, new)
    assert not narrower(new, old)


UNCERTAIN = [
    ("x < 5", "y < 4"),
    ("x < 5", "x > 4"),
    ("x < 5", "x == 4"),  # 4.0 is equal to 4, and may not be comparable with 5
    ("x < 5", "x < 4.0"),
    ("x || y", "y"),
    ("x in ['a']", "x in ['b']"),
    ("x in [1]", "x in ['1']"),
    ("x < 1000000000000000001", "x <= 1000000000000000000"),  # the same number as a fraction
]


@pytest.mark.parametrize(("old", "new"), UNCERTAIN)
def test_what_cannot_be_told_is_not_narrower(old: str, new: str) -> None:
    assert not narrower(old, new)


def test_a_condition_of_very_many_demands_is_only_compared_with_itself() -> None:
    many = " && ".join(f"args.a{number} < 5" for number in range(100))
    assert meaning(many) == meaning(many)
    assert not narrower(many, many.replace("a99 < 5", "a99 < 4"))


@pytest.mark.parametrize("piece", ["(", "!(", "[", "a&&", "a && (", "a<", "'", "x in [", "-"])
def test_the_longest_conditions_are_read_in_time(piece: str) -> None:
    ends = {"(": ")", "[": "]"}
    times = MAX_LENGTH // (len(piece) + 1)
    text = piece * times + "a" + "".join(ends.get(sign, "") for sign in reversed(piece)) * times
    assert narrower(text, text)
