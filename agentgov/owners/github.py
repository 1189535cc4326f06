"""How GitHub reads CODEOWNERS ("About code owners" in its documentation).

The last line that matches decides, a line without owners takes ownership away, a line that cannot be understood is
skipped and reported, paths are case-sensitive, what follows a `#` behind a blank is a comment, and a file over 3 MB is
not loaded at all.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from agentgov.model.finding import Finding
from agentgov.model.verdict import Location
from agentgov.owners.lines import BLANK, TOKEN, Entry, Reading, Rule, finding
from agentgov.owners.pattern import parse_pattern, problem

MAX_BYTES = 3 * 2**20

_PATTERN = re.compile(rf"(?:\\.|\\\Z|[^\\{BLANK}])+", re.DOTALL)
_HEADING = re.compile(rf"\^?\[[^\]]+\](?:\[\d*\])?(?=[{BLANK}]|\Z)")  # of GitLab's sections
_OWNER = re.compile(
    r"@[A-Za-z0-9_-]+(?:\[bot\])?\Z"  # a user; people in an enterprise carry an underscore
    r"|@[A-Za-z0-9_-]+/[A-Za-z0-9_-]+\Z"  # a team
    r"|[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}\Z"  # an e-mail address
)


def read(text: str, file: str) -> Reading:
    """Every line that counts, and what is wrong with the others."""
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "replace")) > MAX_BYTES:
        message = f"the file is larger than {MAX_BYTES} bytes, so it is not loaded and every path is unowned"
        return Reading((), (finding("codeowners.too-large", Location(file, 1, 1), message, "shorten it"),))
    entries: list[Entry] = []
    problems: list[Finding] = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        content = line.lstrip(BLANK)
        if not content or content.startswith("#"):
            continue
        found = _entry(file, number, len(line) - len(content), content.removesuffix("\r"))
        if isinstance(found, Finding):
            problems.append(found)
        else:
            entries.append(found)
    problems.extend(_useless(file, entries))
    return Reading(tuple(entries), tuple(problems))


def _entry(file: str, number: int, indent: int, content: str) -> Entry | Finding:
    """One line that is neither blank nor a comment, or what is wrong with it."""
    if content[0] in "[^" and _HEADING.match(content):
        return _gitlab(file, number, indent + 1, "sections are of GitLab's dialect")
    found = _PATTERN.match(content)
    pattern = found[0] if found else content
    wrong = problem(pattern)
    if wrong:
        fix = f"escape them: {_escaped(pattern[:200])}" if "[" in wrong else "name the paths themselves"
        message = f"{wrong}; the line is skipped"
        return finding("codeowners.invalid-pattern", Location(file, number, indent + 1), message, fix)
    owners: list[str] = []
    for token in TOKEN.finditer(content, len(pattern)):
        if token[0].startswith("#"):
            break
        if not _is_owner(token[0]):
            if token[0].startswith("@@"):
                return _gitlab(file, number, indent + token.start() + 1, f"{token[0]} is a role, which GitLab knows")
            where = Location(file, number, indent + token.start() + 1)
            message = f"{token[0]!r} is no owner, so the line is skipped"
            return finding("codeowners.invalid-owner", where, message, "write @user, @org/team or an e-mail address")
        owners.append(token[0])
    return Entry(Rule(number, pattern, tuple(dict.fromkeys(owners))), parse_pattern(pattern), indent + 1)


@lru_cache(maxsize=10_000)  # the same few own most lines
def _is_owner(token: str) -> bool:
    return _OWNER.match(token) is not None


def _gitlab(file: str, number: int, column: int, why: str) -> Finding:
    message = f"{why}; GitHub skips the line"
    fix = "write it as GitHub reads it, or set codeowners: {dialect: gitlab} in agentgov.yaml"
    return finding("codeowners.wrong-dialect", Location(file, number, column), message, fix)


def _useless(file: str, entries: list[Entry]) -> Iterator[Finding]:
    """Lines that can never decide anything: no path matches, or the same pattern comes again."""
    last = {entry.rule.pattern: entry.rule.line for entry in entries}
    for entry in entries:
        where = Location(file, entry.rule.line, entry.column)
        if not entry.pattern.possible:
            yield finding(
                "codeowners.never-matches", where, f"no path matches {entry.rule.pattern!r}", "remove the line"
            )
        elif last[entry.rule.pattern] != entry.rule.line:
            message = f"line {last[entry.rule.pattern]} has the same pattern and wins, so these owners are never asked"
            yield finding("codeowners.repeated-pattern", where, message, "put all owners on one line")


def _escaped(pattern: str) -> str:
    return re.sub(r"(\\.)|([\[\]])", lambda found: found[1] or f"\\{found[2]}", pattern)
