"""Which conditions hold up, which are refused and where; with a second implementation of CEL as a second opinion."""

import sys
from collections.abc import Iterator

import cel as second
import pytest

from agentgov.policy import cel
from agentgov.policy.cel import MAX_LENGTH, VARIABLES, check_condition

CALL: dict[str, object] = {
    "args": {
        "amount_minor": 4200,
        "confirmed": True,
        "kind": "parental",
        "signs": ["a", "b"],
        "items": [{"price": 3}],
        "to": {"country": "FR"},
        "share": 0.5,
        "a-b": 1,
        "when": "2026-01-01T00:00:00Z",
    },
    "tool": "refund.create",
    "agent": "support/refunds",
    "environment": "production",
    "labels": {"tier": "gold"},
    "risk": "high",
}

RIGHT = [
    "true",
    "args.amount_minor <= 5000",
    "args.amount_minor > 0 && args.amount_minor <= 5000",
    "args['amount_minor'] == 4200",
    'args["a-b"] == 1',
    "args.confirmed == true",
    "!args.confirmed",
    "args.confirmed || false",
    'args.kind in ["protected", "parental"]',
    'args.kind != "unpaid"',
    "size(args.signs) >= 2",
    "args.signs.size() >= 2",
    'args.signs.exists(sign, sign == "a")',
    "args.items.all(item, item.price > 1)",
    "args.items.exists_one(item, item.price == 3)",
    "args.items.map(item, item.price)[0] == 3",
    "args.items.filter(item, item.price > 5).size() == 0",
    "has(args.to) && has(args.to.country)",
    'args.to.country == "FR" ? args.amount_minor < 9000 : false',
    '"kind" in args',
    "args.share < 0.75",
    'tool == "refund.create"',
    'tool.startsWith("refund.")',
    'agent.endsWith("/refunds")',
    'agent.matches("^support/[a-z]+$")',
    'environment == "production"',
    'labels.tier == "gold"',
    '"tier" in labels && labels["tier"] != "free"',
    'risk in ["low", "high"]',
    'duration("90m") > duration("1h")',
    'timestamp(args.when) < timestamp("2027-01-01T00:00:00Z")',
    "args.amount_minor % 2 == 0 // even",
    "args.amount_minor\n  == 4200",
    '"日本𝄞" == "日本𝄞"',
]

# The text, the character that is wrong, words of the message or the fix.
NOT_CEL = [
    ("", 0, "too early"),
    ("args.amount <=", 14, "too early"),
    ("args.a == 1 && (args.b", 22, ") is missing"),
    ("args.a = 1", 7, "write =="),
    ("args.a === 1", 9, "one = too many"),
    ("args.a & args.b", 7, "write &&"),
    ("args.a == == 1", 10, "from here on"),
    ("args.a and args.b", 7, "write &&"),
    ("args.a > 1 OR args.b", 11, "write ||"),
    ("not args.a", 0, "write !"),
    ('args.kind == "paid', 13, "close the quotes"),
    ("args.a == 1 1", 12, "from here on"),
    ("#a", 0, "from here on"),
    ("has(args)", 4, "field selection"),
    ("{{args.a}}", 8, "not CEL"),
]
REFUSED = [
    ("args", 0, "map<string, dyn>"),
    ("args.amount_minor", 0, "== true"),
    ("  args.confirmed", 2, "== true"),
    ("args.confirmed ? args.confirmed : false", 0, "may be anything"),
    ("labels.tier", 0, "of type string"),
    ("1 + 1", 0, "of type int"),
    ('"true"', 0, "of type string"),
    ("null", 0, "of type null"),
    ("args.items.map(item, true)", 0, "of type list"),
    ("tool == 1", 5, "(string, int)"),
    ("labels.tier == true", 12, "(string, bool)"),
    ('risk > "low" && 1', 13, "(bool, int)"),
    ("size(tool) == 1.0", 11, "1.0 instead of 1"),
    ("amount_minor <= 5000", 0, "args.amount_minor"),
    ('tol == "x"', 0, 'did you mean "tool"?'),
    ('true && agnt == "x"', 8, 'did you mean "agent"?'),
    ('labels.tier == "x" || labls.tier == "x"', 22, 'did you mean "labels"?'),
    ('"日本𝄞" == tool ||\n\n  enviroment == "staging"', 20, 'did you mean "environment"?'),
    ("args.confirmed == True", 18, "write true"),
    ("exec(args.amount_minor)", 0, "no function exec"),
    ("args.amount_minor.pay()", 18, "no function pay"),
]


@pytest.mark.parametrize("text", RIGHT)
def test_a_condition_that_is_true_or_false_is_right_and_another_implementation_decides_it(text: str) -> None:
    assert check_condition(text) is None
    assert type(second.evaluate(text, CALL)) is bool


@pytest.mark.parametrize(("text", "offset", "words"), NOT_CEL)
def test_what_is_not_cel_is_refused_at_its_place_and_by_another_implementation(
    text: str, offset: int, words: str
) -> None:
    problem = check_condition(text)
    assert problem is not None
    assert problem.offset == offset
    assert words in f"{problem.message} {problem.fix}"
    with pytest.raises(ValueError, match="parse"):
        second.compile(text)


@pytest.mark.parametrize(("text", "offset", "words"), REFUSED)
def test_what_is_cel_and_may_fail_for_every_call_is_refused_at_its_place(text: str, offset: int, words: str) -> None:
    problem = check_condition(text)
    assert problem is not None
    assert problem.offset == offset
    assert words in f"{problem.message} {problem.fix}"
    second.compile(text)  # it parses: types and names are what is wrong with it


@pytest.mark.parametrize("name", VARIABLES)
def test_every_variable_is_known_and_has_its_type(name: str) -> None:
    right = f'{name} == "x"' if VARIABLES[name] == "string" else f'{name}.x == "x"'
    assert check_condition(right) is None
    assert check_condition(f"{name} == 1") is not None


@pytest.mark.parametrize(
    "text",
    [
        "(" * 900 + "true" + ")" * 900,
        "[" * 900,
        "args" + ".a" * 900 + " == 1",
        "+".join(["1"] * 900) + " == 2",
        "args" + "[0]" * 600 + " == 1",
    ],
)
def test_nesting_is_bounded(text: str) -> None:
    problem = check_condition(text)
    assert problem is not None
    assert problem.message in {"the condition is nested too deeply", "the condition is not CEL"}


def test_length_is_bounded() -> None:
    longest = 'tool == "' + "x" * (MAX_LENGTH - 10) + '"'
    assert check_condition(longest) is None
    problem = check_condition(longest + " ")
    assert problem is not None
    assert problem.offset == MAX_LENGTH


@pytest.mark.parametrize("character", ["\0", "\x1b", "\ud800", "\u00a0", "\r"])
def test_strange_characters_are_refused_where_they_stand(character: str) -> None:
    problem = check_condition(f'tool == "{character}"')
    assert problem is not None
    assert problem.offset == 9


def test_messages_repeat_no_text_of_a_condition() -> None:
    for text in ('tool == "hunter2', '"hunter2"', '"hunter2" == 1', "hunter2" * 20 + " == 1"):
        problem = check_condition(text)
        assert problem is not None
        assert "hunter2" not in f"{problem.message} {problem.fix}"


@pytest.fixture
def nothing_compiles(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "cel_expr_python", None)
    cel.environment.cache_clear()
    check_condition.cache_clear()
    yield
    cel.environment.cache_clear()
    check_condition.cache_clear()


@pytest.mark.usefixtures("nothing_compiles")
def test_without_a_compiler_nothing_is_judged_and_it_says_so() -> None:
    assert not cel.available()
    assert check_condition("args.") is None
