"""A CODEOWNERS file as values: which line decides a path, who owns it there, and what is wrong with the file.

Two dialects. GitHub's (`github`): the last line that matches decides. GitLab's (`gitlab`): each section decides for
itself, and the owners are those of all sections. Whether the owners exist is not asked here.
"""

from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from agentgov.model.finding import Finding
from agentgov.model.governed import GITHUB_CODEOWNERS, GITLAB_CODEOWNERS
from agentgov.owners import github, gitlab
from agentgov.owners.index import Hits, PatternIndex
from agentgov.owners.lines import Rule, Section

__all__ = ["Codeowners", "Dialect", "Match", "Rule", "SectionMatch", "locate", "match", "parse", "places"]

Dialect = Literal["github", "gitlab"]


@dataclass(frozen=True, slots=True)
class SectionMatch:
    """What one section of GitLab's dialect says about a path.

    `approvals` is how many the section asks for: at least 1, and 0 where it is optional. No owners: the section asks
    for somebody and names nobody (GitLab lets that pass in a merge request, and not in a push).
    """

    name: str
    optional: bool
    approvals: int
    owners: tuple[str, ...]
    rule: Rule


@dataclass(frozen=True, slots=True)
class Match:
    """Who owns a path, and by which line. No owners and a rule: taken away. No rule: no line matches.

    In GitLab's dialect `owners` are those of all `sections` together, each once, and `rule` is the line of the first
    section that names somebody. A section that excludes the path is not among `sections`. GitHub's has no sections.
    """

    owners: tuple[str, ...]
    rule: Rule | None
    sections: tuple[SectionMatch, ...] = ()


@dataclass(frozen=True, slots=True)
class Codeowners:
    """A parsed file: the lines that count in order, its sections, and everything that is wrong with other lines."""

    dialect: Dialect
    file: str
    rules: tuple[Rule, ...]
    problems: tuple[Finding, ...] = ()
    sections: tuple[Section, ...] = ()
    _index: PatternIndex = field(default_factory=lambda: PatternIndex(()), repr=False, compare=False)
    _answers: dict[Hits, Match] = field(default_factory=dict, repr=False, compare=False)


def places(dialect: Dialect) -> tuple[str, ...]:
    """Where a dialect looks for the file; the first that is there decides and the others are not read."""
    return GITHUB_CODEOWNERS if dialect == "github" else GITLAB_CODEOWNERS


def locate(paths: Container[str], dialect: Dialect = "github") -> str | None:
    """The file that decides among the paths of a repository; None where there is none."""
    return next((path for path in places(dialect) if path in paths), None)


@lru_cache(maxsize=16)  # the same file is asked about once for every path
def parse(text: str, file: str, dialect: Dialect = "github") -> Codeowners:
    """Read a file's text (bytes that are no UTF-8 as surrogates); `file` is its path, for messages. Never raises."""
    read = github.read(text, file) if dialect == "github" else gitlab.read(text, file)
    problems = tuple(sorted(read.problems, key=lambda finding: (finding.where.line, finding.where.column)))
    lanes = [entry.lane for entry in read.entries] if dialect == "gitlab" else []
    index = PatternIndex([entry.pattern for entry in read.entries], lanes)
    return Codeowners(dialect, file, tuple(entry.rule for entry in read.entries), problems, read.sections, index)


def match(codeowners: Codeowners, path: str) -> Match:
    """Who owns a path: relative to the root, as git writes it, existing or not.

    A path that ends with a slash asks who would own a new file in that folder.
    """
    hits = codeowners._index.winners(f"{path}\0" if path.endswith("/") else path)
    answer = codeowners._answers.get(hits)
    if answer is None:
        answer = codeowners._answers[hits] = _answer(codeowners, hits)
    return answer


def _answer(codeowners: Codeowners, hits: Hits) -> Match:
    """What the last lines of their kinds say; as many different answers as there are sets of such lines."""
    rules = [codeowners.rules[number] for number in hits]
    if codeowners.dialect == "github":
        return Match(rules[0].owners, rules[0]) if rules else Match((), None)
    sections = tuple(_in_sections(codeowners.sections, rules))
    deciding = [found.rule for found in sections if found.owners] + [found.rule for found in sections] + rules
    owners = dict.fromkeys(owner for found in sections for owner in found.owners)
    return Match(tuple(owners), deciding[0] if deciding else None, sections)


def _in_sections(sections: tuple[Section, ...], rules: list[Rule]) -> Iterator[SectionMatch]:
    """What each section says, in the order of the file; excluded is excluded, wherever the entry stands."""
    excluded = {rule.section for rule in rules if rule.excludes}
    asked = {rule.section: rule for rule in rules if rule.section not in excluded}
    for section in sections:
        if section.name in asked:
            rule = asked[section.name]
            approvals = 0 if section.optional else max(1, rule.approvals)
            yield SectionMatch(section.name, section.optional, approvals, rule.owners, rule)
