"""Finding the deciding line: the same answer as trying all of them, and fast whatever the patterns."""

import random
import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import ends

from agentgov.owners import automaton as automaton_module
from agentgov.owners import index as index_module
from agentgov.owners import names as names_module
from agentgov.owners.codeowners import Dialect, match, parse
from agentgov.owners.index import PatternIndex, matches
from agentgov.owners.lint import pattern_of
from agentgov.owners.pattern import Name, Pattern, Step, Wild

NAMES = st.sampled_from(
    [
        "a",
        "b",
        "abc",
        "*",
        "**",
        "a*",
        "*c",
        "*b*",
        "?b?",
        "a?*",
        "*abc*",
        "*a*b*c*",
        "[ab]*",
        "x*[!a]",
        "??",
        "*.md",
        "ab*.md",
        "*ab*",
        "?*ab?*",
        "*?bc*",
        "*aab?b*c*",
        "*bca*",
        "*b?a*",
        "a*bc",
    ]
)
PATTERNS = st.builds(
    lambda lead, names, trail: lead + "/".join(names) + trail,
    st.sampled_from(["", "/", "!"]),
    st.lists(NAMES, min_size=1, max_size=4),
    st.sampled_from(["", "/"]),
)
PATHS = st.lists(st.sampled_from(["a", "b", "abc", "aabbcc", "xb", "a.md", "ab.md", "abcabc"]), min_size=1, max_size=5)


def tried_alone(pattern: Pattern, path: str) -> bool:
    """The meaning of a pattern spelled as one regular expression, with nothing of the index in it."""

    def spelled(name: Name) -> str:
        if name is None:
            return "(?:[^/]+/)*"
        return "".join(map(sign, name if isinstance(name, str) else name.steps)) + "/"

    def sign(step: Step) -> str:
        if isinstance(step, str):
            return re.escape(step)
        if isinstance(step, Wild):
            return "[^/]" if step is Wild.ONE else "[^/]*"
        return f"[{'^' * step.negated}{''.join(f'{low}-{high}' for low, high in step.ranges)}]"

    if not pattern.possible or pattern.matches_all:
        return pattern.possible
    tail = {"entry": "", "entry-or-below": "(?:[^/]+/)*", "below": "(?:[^/]+/)+"}[pattern.reach]
    return re.fullmatch("".join(map(spelled, pattern.names)) + tail, f"{path}/") is not None


@settings(max_examples=300)
@given(st.sampled_from(["github", "gitlab"]), st.lists(PATTERNS, max_size=30), st.lists(PATHS, max_size=6))
def test_the_answer_is_that_of_trying_every_line(dialect: Dialect, texts: list[str], paths: list[list[str]]) -> None:
    lines = [line for n, text in enumerate(texts) for line in (*([f"[S{n}]"] if n % 7 == 6 else []), f"{text} @o{n}")]
    codeowners = parse("\n".join(lines), "CODEOWNERS", dialect)
    for path in map("/".join, paths):
        hits = [rule for rule in codeowners.rules if tried_alone(pattern_of(rule, dialect), path)]
        found = match(codeowners, path)
        if dialect == "github":
            assert found.rule == (hits[-1] if hits else None)
            continue
        excluded = {rule.section for rule in hits if rule.excludes}
        last = {rule.section: rule for rule in hits if rule.section not in excluded}
        assert {section.name: section.rule for section in found.sections} == last


def test_what_is_forgotten_is_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "_LINKS_KEPT", 20)
    monkeypatch.setattr(index_module, "_KINDS_KEPT", 3)
    monkeypatch.setattr(index_module, "_BITS", 8)
    monkeypatch.setattr(automaton_module, "_LINKS_KEPT", 10)
    monkeypatch.setattr(automaton_module, "_BITS", 12)
    monkeypatch.setattr(names_module, "_TRIED", 1)
    rng = random.Random(5)
    texts = ["*ab*c*", "*abc*", "a?*", "[ab]?*", "**/b*/x", "/a/*b/", "*bc*", "?abc*/y", "*.abc", "ab*"] * 3
    patterns = [pattern_of(rule, "gitlab") for rule in parse("\n".join(f"{t} @x" for t in texts), "C").rules]
    kept = PatternIndex(patterns)
    for _ in range(400):
        path = "/".join("".join(rng.choices("abcxy.", k=rng.randint(1, 6))) for _ in range(rng.randint(1, 4)))
        every = [number for number, pattern in enumerate(patterns) if matches(pattern, path)]
        assert kept.winners(path) == tuple(every[-1:])


def some_names(rng: random.Random, count: int) -> list[str]:
    return ["".join(rng.choices("abcdefghij", k=rng.randint(3, 12))) for _ in range(count)]


HOSTILE: dict[str, Callable[[random.Random], str]] = {
    "a star on both sides": lambda rng: f"*{rng.choice('abc')}{rng.choice('abc')}*",
    "many stars": lambda rng: "*".join(rng.choices("abcdefghij", k=12)),
    "question marks": lambda rng: "?" * rng.randint(1, 9) + "*" + rng.choice("ab"),
    "folders of any depth": lambda rng: "/".join(rng.choice(["**", "*a*", "*"]) for _ in range(9)) + "/*b*",
    "brackets": lambda rng: "".join(rng.choice(["[a-e]", "[!a]", "*"]) for _ in range(8)),
    "one prefix": lambda rng: "abc" + "".join(rng.choices("abc*?", k=6)) + "*",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("dialect", ["github", "gitlab"])
def test_no_set_of_patterns_is_slow(name: str, dialect: Dialect) -> None:
    rng = random.Random(3)
    text = "".join(f"{HOSTILE[name](rng)} @o{n}\n" for n in range(500))
    if dialect == "github":
        text = text.replace("[a-e]", "?").replace("[!a]", "?").replace("***", "**")
    names = some_names(rng, 4_000)
    paths = [f"{names[n]}/{names[-n]}/{names[n // 2]}" for n in range(2_000)]
    with ends():
        codeowners = parse(text, "CODEOWNERS", dialect)
        for path in paths:
            match(codeowners, path)


def test_long_names_and_long_patterns_cost_their_length() -> None:
    text = "".join(f"*{'a?' * n}* @o\n{'*a' * n}b @p\n" for n in range(1, 400, 7))
    codeowners = parse(text, "CODEOWNERS")
    with ends():
        assert match(codeowners, "a" * 4_000).owners == ("@o",)
        assert match(codeowners, "/".join(["a" * 200] * 20)).owners == ("@o",)
        assert match(codeowners, "a" * 3_000 + "b").owners == ("@p",)
