"""Reading a CODEOWNERS file: what is reported, which line wins, and how hostile files behave."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import ends

from agentgov.model.finding import Severity
from agentgov.owners.codeowners import Rule, locate, match, parse
from agentgov.owners.github import MAX_BYTES
from agentgov.owners.index import matches
from agentgov.owners.pattern import parse_pattern


def problems(text: str) -> list[tuple[str, int, int]]:
    """What a file is reported for: code, line, column."""
    found = parse(text, "CODEOWNERS").problems
    return [(finding.code.removeprefix("codeowners."), finding.where.line, finding.where.column) for finding in found]


def test_the_winning_line_is_named() -> None:
    codeowners = parse("# all\n* @a\n\n/docs/ @b @c # writers\n", ".github/CODEOWNERS")
    assert match(codeowners, "docs/x").rule == Rule(4, "/docs/", ("@b", "@c"))
    assert match(codeowners, "x").rule == Rule(2, "*", ("@a",))
    assert codeowners.file == ".github/CODEOWNERS"


def test_taken_away_and_never_given_are_told_apart() -> None:
    codeowners = parse("/a/ @a\n/a/free/\n", "CODEOWNERS")
    assert match(codeowners, "a/free/x").rule == Rule(2, "/a/free/", ())
    assert match(codeowners, "b").rule is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("!*.md @b\n", ("invalid-pattern", 1, 1)),
        ("  /pages/[id].tsx @b\n", ("invalid-pattern", 1, 3)),
        ("a] @b\n", ("invalid-pattern", 1, 1)),
        ("***/*.rb @b\n", ("invalid-pattern", 1, 1)),
        ("\\#x @b\n", ("invalid-pattern", 1, 1)),
        ("x\\\n", ("invalid-pattern", 1, 1)),
        ("* @a\n* user\n", ("invalid-owner", 2, 3)),
        ("*.txt docs@\n", ("invalid-owner", 1, 7)),
        ("x @a, @b\n", ("invalid-owner", 1, 3)),
        ("x\t@org/team/more\n", ("invalid-owner", 1, 3)),
        ("x @\n", ("invalid-owner", 1, 3)),
        ("/ @a\n", ("never-matches", 1, 1)),
        ("./x @a\n", ("never-matches", 1, 1)),
        ("x @a\nx @b\n", ("repeated-pattern", 1, 1)),
    ],
)
def test_what_is_wrong_is_reported_at_its_place(text: str, expected: tuple[str, int, int]) -> None:
    assert problems(text) == [expected]


def test_only_lines_that_are_skipped_are_errors() -> None:
    found = parse("x user\nx @a\nx @b\n", "CODEOWNERS").problems
    assert [(finding.where.line, finding.severity) for finding in found] == [(1, Severity.ERROR), (2, Severity.WARNING)]


def test_all_problems_come_in_the_order_of_the_file() -> None:
    assert [line for _, line, _ in problems("/ @a\n!x\ny @a\ny @b\nz user\n")] == [1, 2, 3, 5]


def test_brackets_are_shown_escaped() -> None:
    assert parse("/p/[id]\\].ts @a\n", "CODEOWNERS").problems[0].fix.endswith("/p/\\[id\\]\\].ts")


def test_a_file_over_the_limit_is_not_loaded() -> None:
    small = "* @a\n" + "#" * (MAX_BYTES - 5)
    assert match(parse(small, "CODEOWNERS"), "x").owners == ("@a",)
    large = parse(f"{small}#", "CODEOWNERS")
    assert match(large, "x").owners == ()
    assert [finding.code for finding in large.problems] == ["codeowners.too-large"]
    assert parse("* @a\n#" + "é" * (MAX_BYTES // 2), "CODEOWNERS").rules == ()  # bytes count, not characters


def test_the_deciding_file_is_found_in_githubs_order() -> None:
    assert locate({"docs/CODEOWNERS", "CODEOWNERS", ".github/CODEOWNERS"}) == ".github/CODEOWNERS"
    assert locate({"docs/CODEOWNERS", "CODEOWNERS"}) == "CODEOWNERS"
    assert locate({"docs/CODEOWNERS"}) == "docs/CODEOWNERS"
    assert locate({".gitlab/CODEOWNERS", "x/CODEOWNERS"}) is None


def test_paths_are_compared_as_bytes() -> None:
    text = "/agents/\u00e4/ @nfc\n/agents/a\u0308/ @nfd\n/caf\udce9/ @latin\n*.\udcff @raw\n"
    codeowners = parse(text, "CODEOWNERS")
    assert match(codeowners, "agents/\u00e4/x").owners == ("@nfc",)
    assert match(codeowners, "agents/a\u0308/x").owners == ("@nfd",)
    assert match(codeowners, "caf\udce9/x").owners == ("@latin",)
    assert match(codeowners, "a/b.\udcff").owners == ("@raw",)
    assert match(parse("a?b @a\n", "CODEOWNERS"), "a\nb").owners == ("@a",)


HOSTILE = [
    ("*a" * 2000 + "b", "a" * 4000),
    ("**/a*/" * 600 + "b", "a/" * 2000 + "c"),
    ("a*" * 2000 + "/x", "a" * 4096),
    ("**/" + "*/" * 900 + "*z", "a/" * 2047 + "q"),
    ("**/" + "*a*/" * 900 + "*z", "a/" * 2047 + "q"),
    ("/" + "?*" * 1000 + "z", "b" * 4090),
    ("**/?" + "*?" * 500 + "/z", "abc/" * 1000 + "q"),
    ("*" + "a" * 2000 + "b*", "a" * 4095),
]


@pytest.mark.parametrize(("pattern", "path"), HOSTILE, ids=range(len(HOSTILE)))
def test_no_pattern_blows_up(pattern: str, path: str) -> None:
    with ends():
        assert not matches(parse_pattern(pattern), path)


LINES = st.sampled_from(
    ["*", "a", "b/", "/a", "/a/", "/a/b", "a/b/", "*.md", "*.a.md", "a*", "/a/*", "**/b", "a/**", "**", "/", "*b/", "?"]
)
PATH_NAMES = st.sampled_from(["a", "b", "x.md", "x.a.md", "ab", ".md"])


@settings(max_examples=150)
@given(st.lists(LINES, max_size=8), st.lists(PATH_NAMES, min_size=1, max_size=4))
def test_the_last_matching_line_wins_however_it_is_found(lines: list[str], names: list[str]) -> None:
    path = "/".join(names)
    codeowners = parse("".join(f"{line} @o{number}\n" for number, line in enumerate(lines)), "CODEOWNERS")
    matching = [f"@o{number}" for number, line in enumerate(lines) if matches(parse_pattern(line), path)]
    assert match(codeowners, path).owners == tuple(matching[-1:])


@settings(max_examples=150)
@given(st.text(alphabet=st.sampled_from("ab*?/\\[]!# \t\r\n@.\udc80é"), max_size=40), st.text(max_size=12))
def test_any_text_is_read_and_any_path_is_answered(text: str, path: str) -> None:
    codeowners = parse(text, "CODEOWNERS")
    assert len(codeowners.rules) <= text.count("\n") + 1
    assert set(match(codeowners, path).owners) <= {owner for rule in codeowners.rules for owner in rule.owners}


def test_ten_thousand_agents_are_answered_at_once() -> None:
    codeowners = parse("* @all\n" + "".join(f"/agents/w/a{n}/ @t{n}\n" for n in range(10_000)), "CODEOWNERS")
    with ends():
        for number in range(10_000):
            assert match(codeowners, f"agents/w/a{number}/prompts/system.md").owners == (f"@t{number}",)


def test_the_cases_file_is_plain_ascii() -> None:
    raw = (Path(__file__).parent / "cases.json").read_bytes()
    assert raw.isascii()
    assert json.loads(raw)
