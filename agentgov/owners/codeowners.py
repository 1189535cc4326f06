"""A CODEOWNERS file as values: which line decides a path, who owns it there, and what is wrong with the file.

GitHub's dialect ("About code owners" in its documentation): the last line that matches wins, a line without owners
takes ownership away, a line that cannot be understood is skipped and reported, paths are case-sensitive, and a file
over 3 MB is not loaded at all. Whether the owners exist is not asked here.
"""

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from agentgov.model.finding import Finding, Severity
from agentgov.model.governed import GITHUB_CODEOWNERS
from agentgov.model.verdict import Location
from agentgov.owners.index import NONE, PatternIndex
from agentgov.owners.pattern import Pattern, parse_pattern, problem

Dialect = Literal["github"]
MAX_BYTES = 3 * 2**20

_BLANK = " \t\r\f\v"
_PATTERN = re.compile(rf"(?:\\.|\\\Z|[^\\{_BLANK}])+", re.DOTALL)
_TOKEN = re.compile(rf"[^{_BLANK}]+")
_OWNER = re.compile(
    r"@[A-Za-z0-9_-]+(?:\[bot\])?\Z"  # a user; people in an enterprise carry an underscore
    r"|@[A-Za-z0-9_-]+/[A-Za-z0-9_-]+\Z"  # a team
    r"|[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}\Z"  # an e-mail address
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One line that counts: `line` is counted from 1, `pattern` and `owners` are as written."""

    line: int
    pattern: str
    owners: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Codeowners:
    """A parsed file: the lines that count in order, and everything that is wrong with the others."""

    dialect: Dialect
    file: str
    rules: tuple[Rule, ...]
    problems: tuple[Finding, ...] = ()
    _index: PatternIndex = field(default_factory=lambda: PatternIndex(()), repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Match:
    """Who owns a path, and by which line. No owners and a rule: taken away. No rule: no line matches."""

    owners: tuple[str, ...]
    rule: Rule | None


def locate(paths: Container[str]) -> str | None:
    """The file that decides among the paths of a repository, in GitHub's order; None where there is none."""
    return next((path for path in GITHUB_CODEOWNERS if path in paths), None)


@lru_cache(maxsize=16)  # the same file is asked about once for every path
def parse(text: str, file: str) -> Codeowners:
    """Read a file's text (bytes that are no UTF-8 as surrogates); `file` is its path, for messages. Never raises."""
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "replace")) > MAX_BYTES:
        message = f"the file is larger than {MAX_BYTES} bytes, so it is not loaded and every path is unowned"
        return Codeowners("github", file, (), (_finding("too-large", Location(file, 1, 1), message, "shorten it"),))
    rules: list[Rule] = []
    patterns: list[Pattern] = []
    problems: list[Finding] = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        content = line.lstrip(_BLANK)
        if not content or content.startswith("#"):
            continue
        read = _rule(file, number, len(line) - len(content), content.removesuffix("\r"))
        if isinstance(read, Finding):
            problems.append(read)
        else:
            rules.append(read)
            patterns.append(parse_pattern(read.pattern))
    problems.extend(_useless(file, rules, patterns))
    problems.sort(key=lambda finding: finding.where.line)
    return Codeowners("github", file, tuple(rules), tuple(problems), PatternIndex(patterns))


def match(codeowners: Codeowners, path: str) -> Match:
    """Who owns a path: relative to the root, as git writes it, existing or not.

    A path that ends with a slash asks who would own a new file in that folder.
    """
    number = codeowners._index.last_match(f"{path}\0" if path.endswith("/") else path)
    if number == NONE:
        return Match((), None)
    rule = codeowners.rules[number]
    return Match(rule.owners, rule)


def _rule(file: str, number: int, indent: int, content: str) -> Rule | Finding:
    """One line that is neither blank nor a comment, or what is wrong with it."""
    found = _PATTERN.match(content)
    pattern = found[0] if found else content
    wrong = problem(pattern)
    if wrong:
        fix = f"escape them: {_escaped(pattern[:200])}" if "[" in wrong else "name the paths themselves"
        message = f"{wrong}; the line is skipped"
        return _finding("invalid-pattern", Location(file, number, indent + 1), message, fix)
    owners: list[str] = []
    for token in _TOKEN.finditer(content, len(pattern)):
        if token[0].startswith("#"):
            break
        if _OWNER.match(token[0]) is None:
            where = Location(file, number, indent + token.start() + 1)
            message = f"{token[0]!r} is no owner, so the line is skipped"
            return _finding("invalid-owner", where, message, "write @user, @org/team or an e-mail address")
        owners.append(token[0])
    return Rule(number, pattern, tuple(dict.fromkeys(owners)))


def _useless(file: str, rules: list[Rule], patterns: list[Pattern]) -> Iterator[Finding]:
    """Lines that can never decide anything: no path matches, or the same pattern comes again."""
    last = {rule.pattern: rule.line for rule in rules}
    for rule, pattern in zip(rules, patterns, strict=True):
        where = Location(file, rule.line, 1)
        if not pattern.possible:
            yield _finding("never-matches", where, f"no path matches {rule.pattern!r}", "remove the line")
        elif last[rule.pattern] != rule.line:
            message = f"line {last[rule.pattern]} has the same pattern and wins, so these owners are never asked"
            yield _finding("repeated-pattern", where, message, "put all owners on one line")


def _escaped(pattern: str) -> str:
    return re.sub(r"(\\.)|([\[\]])", lambda found: found[1] or f"\\{found[2]}", pattern)


def _finding(code: str, where: Location, message: str, fix: str) -> Finding:
    warning = code in ("never-matches", "repeated-pattern")
    return Finding(f"codeowners.{code}", Severity.WARNING if warning else Severity.ERROR, where, message, fix)
