"""docs/codeowners.md and the program in step: every code about CODEOWNERS has its rule, every pattern does as told."""

import re
from pathlib import Path

import pytest

from agentgov.owners.codeowners import Dialect, match, parse
from agentgov.owners.pattern import problem
from agentgov.validate.codes import CODES

PAGE = (Path(__file__).resolve().parents[3] / "docs/codeowners.md").read_text("utf-8")
RULES = PAGE.partition("## What is checked")[2]


def test_each_of_the_sixteen_rules_has_registered_codes() -> None:
    rows = re.findall(r"^\| (?!rule|---)([^|]+) \| ([^|]+) \|", RULES, re.MULTILINE)
    assert len(rows) == 16
    assert all(re.findall(r"`([a-z]+\.[a-z-]+)`", codes) for _, codes in rows)
    named = {code for _, codes in rows for code in re.findall(r"`([a-z]+\.[a-z-]+)`", codes)}
    assert named <= set(CODES)
    assert {code for code in CODES if code.startswith("codeowners.")} <= named


@pytest.mark.parametrize(
    ("pattern", "path", "gitlab", "github"),
    [
        ("docs/api", "x/docs/api", True, False),
        ("docs", "docs/x", False, True),
        ("docs", "docs", True, True),
        ("/docs/**", "docs/a/b", False, True),
        ("/docs/**", "docs/a", True, True),
        ("/", "a/b", True, False),
        ("x[!a]", "xb", True, False),
        ("x[a-c]", "xb", True, False),
        ("\\#x", "#x", True, False),
        ("{a,b}", "a", False, False),
        ("{a,b}", "{a,b}", True, True),
    ],
)
def test_the_dialects_differ_as_the_table_says(pattern: str, path: str, gitlab: bool, github: bool) -> None:
    answers: dict[Dialect, bool] = {"gitlab": gitlab, "github": github}
    for dialect, expected in answers.items():
        assert bool(match(parse(f"{pattern} @a\n", "CODEOWNERS", dialect), path).owners) is expected


@pytest.mark.parametrize("pattern", ["!x", "[ab]", "***", "\\#x", "x\\"])
def test_what_the_page_calls_no_pattern_is_none(pattern: str) -> None:
    assert f"`{pattern}`" in PAGE
    assert problem(pattern)
