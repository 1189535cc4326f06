"""The sixteen rules about a CODEOWNERS file, each with a file that breaks it and one that does not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import ends
from unit.docs.example_fleet import edits
from unit.validate.fleet_sample import FILES

from agentgov.owners.codeowners import Dialect, match, parse
from agentgov.owners.covering import covers, examples, includes
from agentgov.owners.fnmatch import normalise, parse_normalised
from agentgov.owners.index import matches
from agentgov.owners.lint import INDIVIDUAL, lint, pattern_of
from agentgov.owners.pattern import Glob, Pattern, Step, Wild, parse_pattern, problem
from agentgov.validate.codes import CODES
from agentgov.validate.explanations import explanations, page

TREE = (
    "CODEOWNERS",
    "README.md",
    "docs/index.md",
    "docs/guide/start.md",
    "src/app/main.py",
    "src/lib.py",
)
OWN = "/CODEOWNERS @org/admins\n"


def told(text: str, dialect: Dialect = "github", tree: tuple[str, ...] = TREE, file: str = "CODEOWNERS") -> set[str]:
    """What is said of a file, without what is only said when asked for."""
    codeowners = parse(text, file, dialect)
    return {f"{one.code}:{one.where.line}" for one in lint(codeowners, text, tree) if one.code != INDIVIDUAL}


CLEAN: list[tuple[Dialect, str]] = [
    ("github", f"* @org/all\n/docs/ @org/docs\n*.py @org/py # code\n/src/app/\n{OWN}"),
    ("github", f"* @org/all\n/docs/* @org/docs\n/docs/guide/ @org/docs\n{OWN}"),  # the files below are decided later
    ("github", f"* @org/all\n/* @org/root\n{OWN}"),  # at the root one level is what is meant
    ("gitlab", f"* @all\n{OWN}[Docs] @docs\n/docs/\n!/docs/guide/\n[Code][2]\n*.py @code\n^[Spelling]\n*.md @spell\n"),
]


@pytest.mark.parametrize(("dialect", "text"), CLEAN)
def test_a_file_in_order_is_left_alone(dialect: Dialect, text: str) -> None:
    assert told(text, dialect) == set()


BROKEN: list[tuple[str, Dialect, str, str]] = [
    ("not loaded: too large", "github", "* @org/a\n" + "#" * (3 * 2**20), "codeowners.too-large:1"),
    ("not loaded: binary", "gitlab", "* @a\n\0", "codeowners.not-text:1"),
    ("invalid pattern", "github", "* @org/a\n!*.md @org/b\n", "codeowners.invalid-pattern:2"),
    ("invalid section", "gitlab", "* @a\n[Docs\n*.md @b\n", "codeowners.invalid-section:2"),
    ("invalid owner", "github", "* @org/a\n*.md org/b\n", "codeowners.invalid-owner:2"),
    ("invalid owner", "gitlab", "* @a b\n", "codeowners.invalid-owner:1"),
    ("shadowed by a broader pattern", "github", "/docs/guide/ @org/a\n/docs/ @org/b\n", "codeowners.shadowed:1"),
    ("shadowed by everything", "github", "*.md @org/a\n/src/lib.py @org/c\n* @org/b\n", "codeowners.shadowed:2"),
    ("shadowed by a suffix", "github", "/docs/*.md @org/a\n*.md @org/b\n", "codeowners.shadowed:1"),
    ("shadowed by a line without owners", "github", "/docs/guide/ @org/a\n/docs/\n", "codeowners.shadowed:1"),
    ("shadowed in its section", "gitlab", "*.md @a\n[X]\n/docs/*.md @a\n*.md @b\n", "codeowners.shadowed:3"),
    ("always excluded", "gitlab", "!/docs/\n/docs/guide/ @a\n", "codeowners.shadowed:2"),
    ("duplicate", "github", "*.md @org/a\n*.md @org/b\n", "codeowners.repeated-pattern:1"),
    ("duplicate", "gitlab", "[X]\n/docs @a\n*.md @a\n/docs @b\n", "codeowners.repeated-pattern:2"),
    ("matches nothing", "github", "* @org/a\n/old/ @org/b\n", "codeowners.matches-nothing:2"),
    ("matches nothing", "gitlab", "* @a\n!/old/\n", "codeowners.matches-nothing:2"),
    ("never matches", "github", "* @org/a\n/docs//x @org/b\n", "codeowners.never-matches:2"),
    ("never matches", "gitlab", "* @a\n/docs/[a.md @b\n", "codeowners.never-matches:2"),
    ("one level", "github", "* @org/a\n/docs/* @org/b\n", "codeowners.one-level:2"),
    ("one level", "gitlab", "* @a\n/docs/** @b\n", "codeowners.one-level:2"),
    ("itself unowned", "github", "/docs/ @org/a\n", "codeowners.itself-unowned:1"),
    ("too few", "github", "* @org/a\n*.md @alice\n", "owner.too-few:2"),
    ("too few", "gitlab", "* @a\n*.md alice@example.com\n", "owner.too-few:2"),
    ("wrong dialect: a section", "github", "* @org/a\n^[Docs][2] @org/b\n", "codeowners.wrong-dialect:2"),
    ("wrong dialect: a role", "github", "* @org/a\n*.md @@maintainer\n", "codeowners.wrong-dialect:2"),
    ("wrong dialect: a folder", "gitlab", "* @a\ndocs @b\n", "codeowners.wrong-dialect:2"),
    ("inline comment", "gitlab", "* @a # not @b\n", "codeowners.inline-comment:1"),
    ("case of a path", "github", "* @org/a\n/Docs/ @org/b\n", "codeowners.case:2"),
    ("case of an owner", "github", "* @org/a\n*.md @Org/A\n", "codeowners.case:2"),
    ("nobody asked", "gitlab", "* @a\n[X]\n*.md\n", "codeowners.no-owners:3"),
]


@pytest.mark.parametrize(("name", "dialect", "text", "expected"), BROKEN, ids=[f"{one[0]} {one[1]}" for one in BROKEN])
def test_a_mistake_is_told(name: str, dialect: Dialect, text: str, expected: str) -> None:
    assert expected in told(text, dialect), name


@pytest.mark.parametrize(("name", "dialect", "text", "expected"), BROKEN, ids=[f"{one[0]} {one[1]}" for one in BROKEN])
def test_every_finding_has_its_registered_severity_a_place_and_a_fix(
    name: str, dialect: Dialect, text: str, expected: str
) -> None:
    for one in lint(parse(text, "CODEOWNERS", dialect), text, TREE):
        assert one.severity == CODES[one.code][0], name
        assert one.where.column > 0
        assert one.fix


def test_files_that_are_not_read_are_told() -> None:
    tree = ("CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS", ".github/codeowners", "tests/data/CODEOWNERS")
    assert told("* @org/a\n", tree=tree) == {"owner.shadowed:1", "codeowners.not-loaded:1"}
    places = {one.where.file: one.code for one in lint(parse("* @org/a\n", "CODEOWNERS"), "* @org/a\n", tree)}
    assert (
        places
        == {
            "docs/CODEOWNERS": "owner.shadowed",
            ".gitlab/CODEOWNERS": "codeowners.not-loaded",
            ".github/codeowners": "codeowners.not-loaded",
        }
        or "CODEOWNERS" not in places
    )
    assert told("", "gitlab", (".github/CODEOWNERS",), "") == {"codeowners.not-loaded:1", "owner.no-codeowners:0"}


def test_individuals_are_told_with_their_place() -> None:
    text = "* @org/a @alice bob@example.com\n"
    found = [one for one in lint(parse(text, "CODEOWNERS"), text, TREE) if one.code == INDIVIDUAL]
    assert [one.where.column for one in found] == [10, 17]


def test_a_line_that_decides_something_is_never_called_shadowed() -> None:
    text = "*.md @org/a\n/docs/ @org/b\n/docs/guide/ @org/c\n*.py @org/d\n/src/ @org/e\n/src/app/*.py @org/f\n" + OWN
    assert not {one for one in told(text) if "shadowed" in one}


@pytest.mark.parametrize("code", ["codeowners.individual", "codeowners.itself-unowned", "codeowners.one-level"])
def test_the_examples_of_the_documentation_hold(code: str) -> None:
    section = next(one for one in explanations(page("codeowners")) if one.code == code)
    for example in section.examples:
        files = {**FILES, **edits([example])}
        text = str(files[".github/CODEOWNERS"])
        found = {one.code for one in lint(parse(text, ".github/CODEOWNERS"), text, files)}
        assert (code in found) is not example.good


NAMES = st.sampled_from(["a", "b", "ab", "*", "*b", "a*", "?", "a?b", "**", "*.md", "x.md", "*a*"])
TEXTS = st.builds(
    lambda lead, names, trail: lead + "/".join(names) + trail,
    st.sampled_from(["", "/"]),
    st.lists(NAMES, min_size=1, max_size=4),
    st.sampled_from(["", "/"]),
)
_TREES = "a b ab x.md axb a/b a/x.md b/a ab/b a/b/a b/ab/x.md a/axb/b x/a/b/ab a/b/b/x.md q/q a/q/b"
PATHS = tuple(_TREES.split())


def meant(text: str, dialect: Dialect) -> Pattern:
    if dialect == "gitlab":
        return parse_normalised(normalise(text))
    return parse_pattern(text) if not problem(text) else parse_pattern("a")


@settings(max_examples=400)
@given(st.sampled_from(["github", "gitlab"]), TEXTS, TEXTS)
def test_what_covers_another_matches_all_of_it(dialect: Dialect, wide: str, narrow: str) -> None:
    one, other = meant(wide, dialect), meant(narrow, dialect)
    if covers(one, other):
        for path in (*PATHS, *examples(other)):
            assert matches(one, path) or not matches(other, path), path


@settings(max_examples=200)
@given(st.sampled_from(["github", "gitlab"]), TEXTS)
def test_a_pattern_covers_itself_and_matches_its_examples(dialect: Dialect, text: str) -> None:
    pattern = meant(text, dialect)
    assert covers(pattern, pattern)
    assert all(matches(pattern, path) for path in examples(pattern))


def steps(text: str) -> Glob:
    found: list[Step] = [Wild.MANY if char == "*" else Wild.ONE if char == "?" else char for char in text]
    return Glob(tuple(found))


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ("*.md", "x*.md", True),
        ("*", "a?b", True),
        ("a*", "a*b", True),
        ("a?*", "ab*", True),
        ("x*.md", "*.md", False),
        ("a?", "a*", False),
        ("?", "ab", False),
    ],
)
def test_names_within_names(wide: str, narrow: str, expected: bool) -> None:
    assert includes(steps(wide), steps(narrow)) is expected


LINES = st.lists(st.builds("{} {}".format, TEXTS, st.sampled_from(["@org/a", "@org/b", ""])), max_size=8)


@settings(max_examples=150)
@given(st.sampled_from(["github", "gitlab"]), LINES)
def test_a_shadowed_line_never_decides(dialect: Dialect, lines: list[str]) -> None:
    text = "\n".join(lines)
    codeowners = parse(text, "CODEOWNERS", dialect)
    found = list(lint(codeowners, text, PATHS))
    shadowed = {one.where.line for one in found if one.code == "codeowners.shadowed"}
    useless = {one.where.line for one in found if one.code == "codeowners.matches-nothing"}
    for path in PATHS:
        for rule in codeowners.rules:
            if rule.line in useless:
                assert not matches(pattern_of(rule, dialect), path)
        decided = match(codeowners, path)
        assert decided.rule is None or decided.rule.line not in shadowed or decided.rule.excludes


def test_a_large_file_is_checked_in_time() -> None:
    text = "".join(f"/dir{n % 300}/sub{n}/ @org/t{n}\n*{n}*.txt @org/x\n" for n in range(1_500)) + "* @org/all\n"
    tree = tuple(f"dir{n % 300}/sub{n}/file{k}.txt" for n in range(1_500) for k in range(4))
    with ends():
        found = list(lint(parse(text, "CODEOWNERS"), text, tree))
    codes = [one.code for one in found]
    assert (codes.count("codeowners.shadowed"), codes.count("codeowners.matches-nothing")) == (1_504, 1_496)
