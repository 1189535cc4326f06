"""What conditions come to, by one table that two implementations of CEL are held to; an error is never a yes."""

from typing import Any

import cel as second
import pytest
from patience import ends

from agentgov.policy import cel
from agentgov.policy.evaluate import Condition, Undecided, condition

CALL: dict[str, Any] = {
    "args": {
        "amount_minor": 4200,
        "big": 2**53 - 1,
        "share": 0.5,
        "whole": 5.0,
        "confirmed": True,
        "kind": "parental",
        "nothing": None,
        "signs": ["a", "b"],
        "items": [{"price": 3}, {"price": 7}],
        "to": {"country": "FR", "a-b": 1},
        "when": "2026-01-01T00:00:00Z",
        "empty": [],
        "text": "日本𝄞",
    },
    "tool": "refund.create",
    "agent": "support/refunds",
    "environment": "production",
    "labels": {"tier": "gold"},
    "risk": "high",
}
YES, NO, ERROR = True, False, None

# The condition, and what it comes to: None is an error, which denies.
CONFORMANCE: list[tuple[str, bool | None]] = [
    ("true", YES),
    ("false", NO),
    ("args.amount_minor <= 5000", YES),
    ("args.amount_minor > 5000", NO),
    ("args.amount_minor == 4200.0", YES),
    ("args.whole == 5", YES),
    ("args.whole <= 4", NO),
    ("args.share < 0.75", YES),
    ("args.share < 1", YES),
    ("args.big < 9007199254740992", YES),
    ("args.missing <= 5000", ERROR),
    ("args.to.missing == 1", ERROR),
    ("args.kind <= 5000", ERROR),
    ("args.confirmed <= 1", ERROR),
    ("args.nothing <= 5000", ERROR),
    ("args.nothing == null", YES),
    ("args.kind == 5", NO),
    ("args.amount_minor == '4200'", NO),
    ("args.confirmed == true", YES),
    ("args.confirmed == 1", NO),
    ("!(args.confirmed == true)", NO),
    ("has(args.amount_minor) && args.amount_minor > 1", YES),
    ("has(args.missing) && args.missing > 1", NO),
    ("has(args.to.country)", YES),
    ("has(args.missing.country)", ERROR),
    # An error beside what decides alone is none: that is CEL's own rule, whichever comes first.
    ("args.missing > 1 || true", YES),
    ("true || args.missing > 1", YES),
    ("args.missing > 1 && false", NO),
    ("false && args.missing > 1", NO),
    ("args.missing > 1 || false", ERROR),
    ("args.missing > 1 && true", ERROR),
    ("!(args.missing > 1)", ERROR),
    ("(args.missing > 1) == false", ERROR),
    ("args.missing > 1 ? true : true", ERROR),
    ("args.confirmed ? args.amount_minor > 1 : args.missing > 1", YES),
    ("args.amount_minor / 0 == 1", ERROR),
    ("args.amount_minor % 0 == 1", ERROR),
    ("args.amount_minor * 9007199254740991 * 9007199254740991 > 0", ERROR),
    ("9223372036854775807 + args.amount_minor > 0", ERROR),
    ("args.amount_minor - 4200 == 0", YES),
    ("-args.amount_minor < 0", YES),
    ("args.signs[0] == 'a'", YES),
    ("args.signs[2] == 'a'", ERROR),
    ("args.signs == ['a', 'b']", YES),
    ("args.signs == ['b', 'a']", NO),
    ("'a' in args.signs", YES),
    ("'z' in args.signs", NO),
    ("'kind' in args", YES),
    ("'none' in args", NO),
    ("size(args.signs) == 2", YES),
    ("args.text.size() == 3", YES),
    ("size(args.amount_minor) == 1", ERROR),
    ("args.items.all(item, item.price > 1)", YES),
    ("args.items.all(item, item.price > 5)", NO),
    ("args.items.exists(item, item.price > 5)", YES),
    ("args.items.exists_one(item, item.price > 1)", NO),
    ("args.items.all(item, item.cost > 1)", ERROR),
    ("args.items.exists(item, item.price > 5 || item.cost > 1)", YES),
    ("args.empty.all(item, item > 1)", YES),
    ("args.empty.exists(item, item > 1)", NO),
    ("args.items.map(item, item.price)[1] == 7", YES),
    ("args.items.filter(item, item.price > 5).size() == 1", YES),
    ("args.amount_minor.all(item, true)", ERROR),
    ("args.to['a-b'] == 1", YES),
    ("args.kind.startsWith('par')", YES),
    ("args.kind.endsWith('par')", NO),
    ("args.kind.contains('rent')", YES),
    ("args.kind.matches('^p[a-z]+$')", YES),
    ("args.kind.matches('^q')", NO),
    ("args.kind.matches(args.kind)", YES),
    ("args.amount_minor.startsWith('4')", ERROR),
    ("timestamp(args.when) < timestamp('2027-01-01T00:00:00Z')", YES),
    ("timestamp(args.kind) < timestamp('2027-01-01T00:00:00Z')", ERROR),
    ("duration('90m') > duration('1h')", YES),
    ("int(args.kind) == 1", ERROR),
    ("string(args.amount_minor) == '4200'", YES),
    ("double(args.amount_minor) == 4200.0", YES),
    ("tool == 'refund.create' && agent == 'support/refunds' && environment == 'production'", YES),
    ("labels.tier == 'gold' && risk in ['high', 'critical']", YES),
    ("labels.team == 'gold'", ERROR),
    ("'日本𝄞' == args.text", YES),
]

# Where the second implementation differs, it is the second one that is wrong or that leaves a choice of the language.
OTHERWISE: dict[str, bool | None] = {
    "args.text.size() == 3": NO,  # it counts bytes, and the language counts code points
    "args.items.exists(item, item.price > 5 || item.cost > 1)": ERROR,  # it stops at the first error
}


@pytest.mark.parametrize(("text", "expected"), CONFORMANCE)
def test_a_condition_comes_to_what_the_table_says(text: str, expected: bool | None) -> None:
    found = condition(text).holds(CALL)
    assert isinstance(found, Undecided) if expected is None else found is expected


@pytest.mark.parametrize(("text", "expected"), CONFORMANCE)
def test_a_second_implementation_says_the_same(text: str, expected: bool | None) -> None:
    try:
        found = second.evaluate(text, CALL)
    except Exception:
        found = None
    assert found is OTHERWISE.get(text, expected)


@pytest.mark.parametrize(
    "text", ["args.kind", "1", "args.amount_minor", "args.confirmed", "dyn(true)", "null", "[true]", "{}", "type(true)"]
)
def test_what_may_be_anything_is_no_condition(text: str) -> None:
    assert isinstance(condition(text).holds(CALL), Undecided)


@pytest.mark.parametrize("text", ["args.amount_minor <", "true ||", "nobody == 1", "", "x" * 3000, "tru\0e"])
def test_what_does_not_compile_denies(text: str) -> None:
    found = condition(text).holds(CALL)
    assert isinstance(found, Undecided)
    assert found.why


@pytest.mark.parametrize(
    "value", [2**64, -(2**63) - 1, "\ud800", b"x", (1,), {1: 2}, object(), float("nan"), {"a": object()}, True, None]
)
def test_a_value_that_cel_does_not_know_is_no_yes(value: object) -> None:
    assert condition("args.amount_minor <= 5000").holds({**CALL, "args": {"amount_minor": value}}) is not True


def test_a_variable_that_is_missing_denies() -> None:
    assert isinstance(condition("args.amount_minor <= 5000").holds({**CALL, "args": None}), Undecided)
    assert isinstance(condition("labels.tier == 'gold'").holds({**CALL, "labels": {"tier": 1}}), Undecided)


def test_what_is_said_of_an_error_repeats_nothing_that_was_sent() -> None:
    secret = "4111-1111-1111-1111"
    for text in ("args.kind <= 5000", "timestamp(args.kind) > timestamp(args.when)", "args.signs[args.kind] == 1"):
        found = condition(text).holds({**CALL, "args": {"kind": secret, "signs": {}, "when": secret}})
        assert isinstance(found, Undecided)
        assert secret not in found.why


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("args.missing > 1", "it looks at an argument that is not there"),
        ("args.kind > 1", "it compares values of different types"),
        ("args.amount_minor / 0 == 1", "it divides by zero"),
        ("9223372036854775807 + args.amount_minor > 0", "a number in it is too large"),
        ("args.kind.matches('(' + args.kind)", "a pattern in it cannot be read"),
    ],
)
def test_why_a_condition_cannot_be_decided_is_told(text: str, why: str) -> None:
    assert condition(text).holds(CALL) == Undecided(why)


def test_lists_are_gone_through_only_where_there_is_not_too_much() -> None:
    asked = condition("args.signs.all(x, x != 'z')")
    assert asked.holds(CALL, 16_000) is True
    assert isinstance(asked.holds(CALL, 16_001), Undecided)


def test_the_work_of_a_condition_is_bounded() -> None:
    many = {**CALL, "args": {"a": list(range(3_000)), "b": "x" * 20_000}}
    with ends():
        found = condition("args.a.all(x, args.a.exists(y, x == y))").holds(many, 40_000)
        assert isinstance(found, Undecided)
        found = condition("args.a.all(x, args.a.exists(y, x == y))").holds(many, 15_000)
        assert found == Undecided("it takes too many steps for these arguments")
        assert condition("args.a.size() == 3000").holds(many, 60_000) is True


@pytest.mark.parametrize(
    "text",
    [
        "['x']" + ".map(x, x + x)" * 40 + " == ['']",
        "[[1]]" + ".map(x, [x, x])" * 60 + " == []",
        "args.items.map(i, args.kind + args.kind) == []",
        "args.items . map (i, [i, i]).map(i, [i, i]).map(i, i) == []",
    ],
)
def test_a_condition_that_makes_much_of_little_is_refused(text: str) -> None:
    assert cel.check_condition(text) is not None
    assert isinstance(condition(text).holds(CALL), Undecided)


def test_a_condition_is_compiled_once() -> None:
    assert condition("args.amount_minor <= 5000") is condition("args.amount_minor <= 5000")


def test_without_an_implementation_every_condition_denies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentgov.policy.evaluate.environment", lambda: None)
    found = Condition("true").holds(CALL)
    assert isinstance(found, Undecided)
    assert "pip install cel-expr-python" in found.why


def test_many_threads_may_ask_one_condition() -> None:
    from concurrent.futures import ThreadPoolExecutor

    asked = condition("args.amount_minor <= 5000 && args.kind == 'parental'")
    values = [{**CALL, "args": {"amount_minor": number, "kind": "parental"}} for number in range(4900, 5100)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(asked.holds, values)) == [number <= 5000 for number in range(4900, 5100)]
