"""What reading a CODEOWNERS file gives, whichever the dialect: rules with their patterns, sections, problems."""

import re
from dataclasses import dataclass
from functools import lru_cache

from agentgov.model.finding import Finding, Severity
from agentgov.model.verdict import Location
from agentgov.owners.pattern import Pattern

BLANK = " \t\r\f\v"
TOKEN = re.compile(rf"[^{BLANK}]+")

# What is advice; everything else changes who owns what without saying so.
_WARNINGS = frozenset(
    {
        "codeowners.case",
        "codeowners.individual",
        "codeowners.inline-comment",
        "codeowners.itself-unowned",
        "codeowners.matches-nothing",
        "codeowners.never-matches",
        "codeowners.no-owners",
        "codeowners.not-loaded",
        "codeowners.one-level",
        "codeowners.repeated-pattern",
        "codeowners.shadowed",
        "owner.shadowed",
        "owner.too-few",
    }
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One line that counts: `line` is counted from 1, `pattern` and `owners` are as written.

    The others are GitLab's: the section it stands in, how many approvals the heading above it asks for (0: none said),
    and whether it excludes (`!path`) instead of naming owners.
    """

    line: int
    pattern: str
    owners: tuple[str, ...]
    section: str = ""
    approvals: int = 0
    excludes: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A section by the name of its first heading; optional only if every entry in it is."""

    name: str
    optional: bool
    line: int = 0  # of its first heading, 0 for the one without


@dataclass(frozen=True, slots=True)
class Entry:
    """A rule with what its pattern means; of the entries of one lane the last that matches counts."""

    rule: Rule
    pattern: Pattern
    column: int = 1
    lane: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything that a file says."""

    entries: tuple[Entry, ...] = ()
    problems: tuple[Finding, ...] = ()
    sections: tuple[Section, ...] = ()


def column_of(text: str, line: int, token: str) -> int:
    """Where a word stands in a line, counted from 1; 1 where it does not (an owner that a heading names)."""
    written = _split(text)[line - 1]
    column = _columns(written).get(token)
    return max(written.find(token), 0) + 1 if column is None else column


@lru_cache(maxsize=2)
def _columns(written: str) -> dict[str, int]:
    """The column of the first of each word: a line may name thousands of owners, and each may be asked for."""
    return {found[0]: found.start() + 1 for found in reversed(list(TOKEN.finditer(written)))}


@lru_cache(maxsize=2)
def _split(text: str) -> list[str]:
    return text.split("\n")


def finding(code: str, where: Location, message: str, fix: str) -> Finding:
    """A finding about a line of CODEOWNERS."""
    severity = Severity.WARNING if code in _WARNINGS else Severity.ERROR
    return Finding(code, severity, where, message, fix)
