"""Conditions of action rules in files: the line and column in every style of YAML, and what cannot be checked."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from unit.validate.fleet_sample import AGENT, FILES, Edit, findings

from agentgov.model.finding import Severity
from agentgov.model.governed import ACTIONS_FILE
from agentgov.policy import cel

LOOKUP = '    - {match: {tools: ["*.lookup"]}, then: allow}\n'


def rule(when: str) -> Edit:
    """The sample agent with a condition as it stands in YAML, as the member `when` of a rule in block style."""
    return (LOOKUP, f'    - match: {{tools: ["*.lookup"]}}\n      when: {when}\n      then: allow\n')


def places(edits: dict[str, Edit]) -> list[tuple[str, int | None, int | None]]:
    return [(one.where.file, one.where.line, one.where.column) for one in findings(edits)]


FIRST = FILES[AGENT][: FILES[AGENT].index(LOOKUP)].count("\n") + 2  # the line of `when`


@pytest.mark.parametrize(
    ("when", "line", "column"),
    [
        ('tol == "x"', FIRST, 13),
        ('true && tol == "x"', FIRST, 21),
        ("'true && tol == ''x'''", FIRST, 22),
        ("'tool == ''x'' && tol == ''x'''", FIRST, 31),
        ('"tool == \\"\\u00e9\\" && tol == \'x\'"', FIRST, 36),
        ("tool == 'x' &&\n        tol == 'x'", FIRST + 1, 9),
        (">-\n        tool == 'x' &&\n        tol == 'x'", FIRST + 2, 9),
        ("|\n        tool == 'x' &&\n          tol == 'x'", FIRST + 2, 11),
    ],
)
def test_a_wrong_name_is_found_to_the_character_in_every_style(when: str, line: int, column: int) -> None:
    found = findings({AGENT: rule(when)})
    assert [(one.code, one.where.line, one.where.column) for one in found] == [("content.condition", line, column)]
    assert found[0].where.pointer == "/spec/actions/0/when"
    assert (found[0].message, found[0].fix) == ("a condition knows no tol", 'did you mean "tool"?')


def test_a_bare_argument_is_refused_and_told_how_to_compare() -> None:
    (found,) = findings({AGENT: rule("args.confirmed")})
    assert found.code == "content.condition"
    assert found.fix == "compare it, for example: == true"
    assert findings({AGENT: rule("args.confirmed == true")}) == ()


def test_conditions_of_the_fleet_are_checked_too() -> None:
    policy = "apiVersion: agentgov.dev/v1\nkind: ActionPolicy\nrules:\n"
    policy += "  - {name: x, match: {tools: [pay]}, when: 'args.amount >', then: deny}\n"
    assert places({ACTIONS_FILE: policy}) == [(ACTIONS_FILE, 4, 58)]


def test_a_condition_behind_an_alias_is_found_at_the_alias() -> None:
    text = FILES[AGENT].replace(LOOKUP, LOOKUP.replace("then", "when: &c 'tol == 1', then"))
    text = text.replace("{tools: [refund.create]}, then", "{tools: [refund.create]}, when: *c, then")
    found = findings({AGENT: text})
    assert [one.code for one in found] == ["content.condition"] * 2
    assert "by the alias *c" in found[1].message


@pytest.fixture
def nothing_compiles(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "cel_expr_python", None)
    cel.environment.cache_clear()
    cel.check_condition.cache_clear()
    yield
    cel.environment.cache_clear()
    cel.check_condition.cache_clear()


@pytest.mark.usefixtures("nothing_compiles")
def test_where_nothing_compiles_one_warning_says_so() -> None:
    policy = "apiVersion: agentgov.dev/v1\nkind: ActionPolicy\nrules:\n"
    policy += "  - {name: x, match: {tools: [pay]}, when: 'args.amount >', then: deny}\n"
    (found,) = findings({AGENT: rule("args.")})
    assert (found.code, found.severity) == ("content.condition-unchecked", Severity.WARNING)
    assert (found.where.file, found.where.line) == (AGENT, FIRST)
    (found,) = findings({AGENT: rule("args."), ACTIONS_FILE: policy})
    assert found.where.file == ACTIONS_FILE
    assert "2 files" in found.message
    assert findings() == ()


def test_a_fleet_without_conditions_loads_no_compiler() -> None:
    code = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from unit.validate.fleet_sample import findings\n"
        "assert findings() == (); assert 'cel_expr_python' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
