"""Our matcher against git's own, on generated patterns: they differ only where `owners.pattern` says so."""

import itertools
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgov.owners.index import PatternIndex, matches
from agentgov.owners.pattern import parse_pattern, problem

NAMES = ("a", "b", "ab", "aab", "a.b", "a b", "*", "x-y")
DEEP = ("a/b/a/b", "b/a/ab/b", "a/a/a/a/b", "ab/b/a/a/x-y")
PATHS = tuple(
    {
        *("/".join(names) for depth in (1, 2) for names in itertools.product(NAMES, repeat=depth)),
        *("/".join(names) for names in itertools.product(NAMES[:4], repeat=3)),
        *("/".join(names[:depth]) for path in DEEP for names in [path.split("/")] for depth in range(1, 6)),
    }
)  # with every folder above each path, which `expected` asks for

PARTS = st.sampled_from(["a", "b", "ab", ".", "-", "x", "*", "*", "?", "\\ ", "\\*", "\\a"])
NAME_PATTERNS = st.one_of(
    st.just("**"),
    st.just("*"),
    st.sampled_from(NAMES[:4]),
    st.lists(PARTS, min_size=1, max_size=5).map(lambda parts: re.sub(r"\*\*+", "*", "".join(parts))),
)


@st.composite
def patterns(draw: st.DrawFn) -> str:
    """A pattern that is one in both worlds: without what CODEOWNERS refuses, and without `**/` at the end.

    Also without stars in a row inside a name, which git reads in two ways: `a**/b` matches `ab`, `?**/b` does not.
    """
    names = draw(st.lists(NAME_PATTERNS, min_size=1, max_size=5))
    lead = draw(st.sampled_from(["", "", "/"]))
    trail = draw(st.sampled_from(["", "", "/"])) if names[-1] != "**" else ""
    text = lead + "/".join(names) + trail
    return text if not problem(text) else "a"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("oracle")
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return folder


def git_matches(repository: Path, texts: list[str]) -> list[set[str]]:
    """Which paths git ignores by each pattern: one folder a pattern, one call for all."""
    for number, text in enumerate(texts):
        folder = repository / f"d{number}"
        folder.mkdir(exist_ok=True)
        (folder / ".gitignore").write_text(f"{text}\n")
    asked = "\0".join(f"d{number}/{path}" for number in range(len(texts)) for path in PATHS)
    command = ["git", "-C", str(repository), "check-ignore", "--no-index", "-z", "--stdin"]
    out = subprocess.run(command, input=asked.encode(), capture_output=True, check=False).stdout
    found: list[set[str]] = [set() for _ in texts]
    for answer in out.decode().split("\0")[:-1]:
        owner, _, path = answer.partition("/")
        found[int(owner[1:])].add(path)
    return found


def direct(by_git: set[str]) -> set[str]:
    """The paths that git ignores for themselves, not because a folder above them is ignored."""
    return {path for path in by_git if path.rpartition("/")[0] not in by_git}


def agrees(text: str, ours: set[str], by_git: set[str]) -> bool:
    """Whether both say the same, where `owners.pattern` wants them to."""
    if not text.endswith("/*") or re.search(r"(?:\A|/)\*\*/\*\Z", text):
        return ours == by_git
    # A last name that is just `*` does not reach below a folder. With `**` before it git cannot be asked exactly that.
    return direct(by_git) <= ours <= by_git if "**" in text else ours == direct(by_git)


@settings(max_examples=25)
@given(st.lists(patterns(), min_size=12, max_size=12))
def test_patterns_match_what_git_matches(repository: Path, texts: list[str]) -> None:
    for text, by_git in zip(texts, git_matches(repository, texts), strict=True):
        index = PatternIndex([parse_pattern(text)])
        assert agrees(text, {path for path in PATHS if index.winners(path)}, by_git), text


# Where we differ from git on purpose: pattern, path, what git says, what we say (None: no pattern at all).
DEVIATIONS = [
    ("[ab].md", "a.md", True, None),
    ("\\#x", "#x", True, None),
    ("***/x", "a/x", True, None),
    ("docs/*", "docs/a/b", True, False),
    ("docs/*", "docs/a", True, True),
    ("*/*", "a/b/c", True, False),
    ("x/**/", "x/a", False, True),
    ("x/**/", "x/a/b", True, True),
    ("?", "é", False, True),
    ("a?c", "aéc", False, True),
    ("?**/b", "xyb", False, False),
    ("a**/b", "ab", True, False),
]


@pytest.mark.parametrize(("text", "path", "git_says", "we_say"), DEVIATIONS)
def test_we_differ_from_git_where_we_say_so(
    tmp_path: Path, text: str, path: str, git_says: bool, we_say: bool | None
) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text(f"{text}\n")
    command = ["git", "-C", str(tmp_path), "check-ignore", "--no-index", "-q", path]
    assert (subprocess.run(command, check=False).returncode == 0) is git_says
    if we_say is None:
        assert problem(text)
    else:
        assert not problem(text)
        assert matches(parse_pattern(text), path) is we_say


def test_negation_is_gits_alone(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text("*.md\n!a.md\n")
    command = ["git", "-C", str(tmp_path), "check-ignore", "--no-index", "-q", "a.md"]
    assert subprocess.run(command, check=False).returncode == 1
    assert problem("!a.md")
