"""GitLab's dialect: facts from its documentation, its specs and its code, and what is reported."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgov.owners.codeowners import Rule, SectionMatch, locate, match, parse
from agentgov.owners.gitlab import MAX_BYTES, references

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "gitlab_cases.json").read_text("utf-8"))


def problems(text: str) -> list[tuple[str, int, int]]:
    """What a file is reported for: code, line, column."""
    found = parse(text, "CODEOWNERS", "gitlab").problems
    return [(finding.code.removeprefix("codeowners."), finding.where.line, finding.where.column) for finding in found]


def owners(text: str, path: str) -> tuple[str, ...]:
    return match(parse(text, "CODEOWNERS", "gitlab"), path).owners


@pytest.mark.parametrize("case", CASES, ids=lambda case: json.dumps(case["codeowners"][-40:]))
def test_every_path_of_the_case_has_its_sections(case: dict[str, Any]) -> None:
    codeowners = parse(case["codeowners"], "CODEOWNERS", "gitlab")
    answers = {
        path: [
            {
                "name": section.name,
                "optional": section.optional,
                "approvals": section.approvals,
                "line": section.rule.line,
                "owners": sorted(section.owners),
            }
            for section in match(codeowners, path).sections
        ]
        for path in case["sections"]
    }
    assert answers == case["sections"], case["source"]


def test_the_owners_of_all_sections_are_put_together() -> None:
    codeowners = parse("* @a @b\n[Docs][2] @c\n*.md\n^[Spelling]\n/x.md @b @d\n", "CODEOWNERS", "gitlab")
    found = match(codeowners, "x.md")
    assert found.owners == ("@a", "@b", "@c", "@d")
    assert found.rule == Rule(1, "*", ("@a", "@b"), "codeowners")
    assert found.sections[1] == SectionMatch("Docs", False, 2, ("@c",), Rule(3, "*.md", ("@c",), "Docs", 2))
    assert [(one.name, one.optional, one.approvals) for one in found.sections] == [
        ("codeowners", False, 1),
        ("Docs", False, 2),
        ("Spelling", True, 0),
    ]


def test_excluded_and_never_named_are_told_apart() -> None:
    codeowners = parse("*.md @a\n!x.md\n", "CODEOWNERS", "gitlab")
    assert match(codeowners, "x.md") == match(codeowners, "y/x.md")
    assert match(codeowners, "x.md").rule in codeowners.rules
    assert not match(codeowners, "x.md").owners
    assert not match(codeowners, "x.md").sections
    assert match(codeowners, "x.txt").rule is None


def test_the_line_that_counts_names_somebody_where_one_does() -> None:
    codeowners = parse("*.md\n[X]\n*.md @a\n", "CODEOWNERS", "gitlab")
    rule = match(codeowners, "x.md").rule
    assert rule is not None
    assert rule.line == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*.rb\n", [("no-owners", 1, 1)]),
        ("[]\n*_spec.rb @a\n", [("invalid-section", 1, 1)]),
        ("^[Optional][5]\n*.txt @user\n", [("invalid-section", 1, 1)]),
        ("  [Invalid section\n", [("invalid-section", 1, 3)]),
        ("^[Invalid\n", [("invalid-section", 1, 1)]),
        ("[Doc] malformed\n*.md @a\n", [("invalid-section", 1, 1)]),
        ("[Doc] @owner oops\n", [("invalid-section", 1, 1)]),
        ("[Doc][one]\n", [("invalid-section", 1, 1)]),
        ("[Doc][]\n", [("invalid-section", 1, 1)]),
        ("[Doc][1 0]\n", [("invalid-section", 1, 1)]),
        ("[Doc][2]@owner\n", [("invalid-section", 1, 1)]),
        ("[Doc]]\n", [("invalid-section", 1, 1)]),
        ("[Doc][2] @@dev\n", [("invalid-section", 1, 1)]),
        ("* @a not\n", [("invalid-owner", 1, 6)]),
        ("\t* malformed @b other\n", [("invalid-owner", 1, 4), ("invalid-owner", 1, 17)]),
        ("* @a # x @b\n", [("inline-comment", 1, 6)]),
        ("/a[b @a\n", [("never-matches", 1, 1)]),
        ("a//b @a\n", [("never-matches", 1, 1)]),
        ("*.md @a\n!*.md\n", [("repeated-pattern", 1, 1)]),
        ("*.md @a\n[X]\n*.md @a\n", []),
        ("[Doc] @@DEVeloper @maintainers @OWNER\n*.md\n", []),
        ("[Doc][2] @doc @rrr.dev @gl/doc-1\n*.md\n", []),
        ("!*.md\n", []),
    ],
)
def test_what_gitlab_reports_is_reported_at_its_place(text: str, expected: list[tuple[str, int, int]]) -> None:
    assert problems(text) == expected


def test_owners_are_found_as_gitlab_finds_them() -> None:
    assert references("@a @b/c/d x@y.com @@owners nobody") == ("@a", "@b/c/d", "x@y.com", "@@owners")
    assert references("@a, @b; (@c) @d. @e-") == ("@a", "@b", "@c", "@d", "@e-")
    assert references("@@guest @@maintainerss @ @-a a@ x") == ()
    assert references("@x.git") == ("@x.gi",)


def test_a_binary_or_huge_file_is_not_read() -> None:
    assert owners("* @a\n\0", "x") == ()
    assert problems("* @a\n\0") == [("not-text", 1, 1)]
    assert owners(f"* @a\n#{'x' * 8_000}\0", "x") == ("@a",)
    assert problems("* @a\n" + "#" * MAX_BYTES) == [("too-large", 1, 1)]


def test_a_count_of_any_length_is_read() -> None:
    codeowners = parse(f"[X][{'9' * 5000}]\n* @a\n", "CODEOWNERS", "gitlab")
    assert match(codeowners, "x").sections[0].approvals == 999_999_999


def test_the_deciding_file_is_found_in_gitlabs_order() -> None:
    assert locate({"docs/CODEOWNERS", "CODEOWNERS", ".gitlab/CODEOWNERS"}, "gitlab") == "CODEOWNERS"
    assert locate({"docs/CODEOWNERS", ".gitlab/CODEOWNERS"}, "gitlab") == "docs/CODEOWNERS"
    assert locate({".gitlab/CODEOWNERS", ".github/CODEOWNERS"}, "gitlab") == ".gitlab/CODEOWNERS"
    assert locate({".github/CODEOWNERS"}, "gitlab") is None


@settings(max_examples=200)
@given(st.text(alphabet=st.sampled_from("ab*?/\\[]^!# \t\r\n@.-\0\udc80é1"), max_size=60), st.text(max_size=12))
def test_any_text_is_read_and_any_path_is_answered(text: str, path: str) -> None:
    codeowners = parse(text, "CODEOWNERS", "gitlab")
    assert len(codeowners.rules) <= text.count("\n") + 1
    found = match(codeowners, path)
    assert set(found.owners) == {owner for section in found.sections for owner in section.owners}
    assert all(section.approvals >= 1 or section.optional for section in found.sections)
