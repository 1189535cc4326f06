r"""How GitLab reads CODEOWNERS (doc/user/project/codeowners/ and ee/lib/gitlab/code_owners/ in its repository).

- `[Name]`, `^[Name]` (optional), `[Name][2]` (approvals) and owners behind them start a section; what stands above the
  first heading is a section as well. Headings of one name, compared without case, are one section with the name that
  came first; it is optional only if all entries of it are. Owners and approvals of a heading are those of the entries
  below that very heading.
- A line that starts with a bracket that does not end is no heading and no entry: it is skipped.
- Of the entries of a section the last that matches counts; an entry of the same pattern replaces the earlier one, be
  they exclusions or not. An exclusion (`!path`) that matches takes the path out of the section, wherever it stands.
- An entry without owners has those of the heading. A word that is no owner is ignored. There are no comments at the
  end of a line: `# @user` behind an entry names an owner.
- A file with a NUL byte is binary and not read. GitLab reads the first 10 MB of a file; here a larger file is not read
  at all, because the last lines are those that count.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from agentgov.model.finding import Finding
from agentgov.model.verdict import Location
from agentgov.owners.fnmatch import normalise, parse_normalised, unending_bracket
from agentgov.owners.lines import TOKEN, Entry, Reading, Rule, Section, finding

MAX_BYTES = 10 * 2**20
DEFAULT_SECTION = "codeowners"  # Section::DEFAULT: what stands above the first heading

_STRIPPED = "\0 \t\n\v\f\r"  # String#strip
_BINARY_WITHIN = 8_000
_BREAK = re.compile(r"(?<!\\)[ \t\r\n\f\v]+")
# Section headings: SectionParser::HEADER_REGEX, and the strict form without which GitLab reports the heading.
_HEADING = re.compile(
    r"(?P<optional>\^)?\[(?P<name>[^\n]*?)\](?:\[(?P<approvals>[\s\d]*)\])?(?P<owners>\s*[@\w.\-/\s]*)", re.ASCII
)
_STRICT = re.compile(r"\^?\[[^\]]+\](?:\[\d+\])?(?:\s+[@\w.\-/\s]+)?\Z", re.ASCII)
_UNENDING = re.compile(r"\^?\[")
# Owners: ReferenceExtractor and PathRegex::FULL_NAMESPACE_FORMAT_REGEX.
_ROLE = re.compile(r"@@(?:developer|maintainer|owner)s?\Z", re.IGNORECASE | re.ASCII)
_PART = r"(?:[A-Za-z0-9_.][A-Za-z0-9_.-]{0,253}[A-Za-z0-9_-]|[A-Za-z0-9_])(?<!\.git)(?<!\.atom)"
_NAME = re.compile(rf"(?<![\w@])@(?:{_PART}/){{0,20}}{_PART}", re.ASCII)
_EMAIL = re.compile(r"[^@\s]{1,100}@[^@\s]{1,255}(?<!\W)", re.ASCII)


@dataclass(slots=True)
class _Open:
    """The section that lines belong to, as its last heading says."""

    name: str
    optional: bool = False
    approvals: int = 0
    owners: tuple[str, ...] = ()


@dataclass(slots=True)
class _Reader:
    """What has been read so far: entries by section and pattern, in the order of their first line."""

    file: str
    sections: dict[str, dict[str, tuple[Entry, bool]]] = field(default_factory=lambda: {DEFAULT_SECTION: {}})
    headings: dict[str, int] = field(default_factory=lambda: {DEFAULT_SECTION: 0})
    problems: list[Finding] = field(default_factory=list)
    open: _Open = field(default_factory=lambda: _Open(DEFAULT_SECTION))

    def report(self, code: str, line: int, column: int, message: str, fix: str) -> None:
        self.problems.append(finding(code, Location(self.file, line, column), message, fix))


def read(text: str, file: str) -> Reading:
    """Every entry that counts, the sections in their order, and what is wrong with lines."""
    if "\0" in text[:_BINARY_WITHIN]:
        message = "the file has a NUL byte, so GitLab takes it for binary, reads nothing, and every path is unowned"
        return Reading((), (finding("codeowners.not-text", Location(file, 1, 1), message, "save it as text"),))
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "replace")) > MAX_BYTES:
        message = f"the file is larger than {MAX_BYTES} bytes and not read whole, so every path counts as unowned"
        return Reading((), (finding("codeowners.too-large", Location(file, 1, 1), message, "shorten it"),))
    reader = _Reader(file)
    for number, line in enumerate(text.split("\n"), start=1):
        content = line.strip(_STRIPPED)
        if not content.strip() or content.startswith("#"):
            continue
        _read_line(reader, number, len(line) - len(line.lstrip(_STRIPPED)) + 1, content)
    names = {name: place for place, name in enumerate(reader.sections)}
    entries = [entry for section in reader.sections.values() for entry, _ in section.values()]
    entries.sort(key=lambda entry: entry.rule.line)
    laned = (
        Entry(entry.rule, entry.pattern, entry.column, 2 * names[entry.rule.section] + entry.rule.excludes)
        for entry in entries
    )
    sections = (
        Section(name, bool(listed) and all(optional for _, optional in listed.values()), reader.headings[name])
        for name, listed in reader.sections.items()
    )
    return Reading(tuple(laned), tuple(reader.problems), tuple(sections))


@lru_cache(maxsize=10_000)  # the same few own most lines
def references(text: str) -> tuple[str, ...]:
    """The owners that a text names, as written: `@user`, `@group/subgroup`, `@@role`, an e-mail address."""
    return tuple(dict.fromkeys(owner for token in TOKEN.finditer(text) for owner in _owners_in(token[0])))


def _owners_in(token: str) -> Iterator[str]:
    if _ROLE.match(token):
        yield token
        return
    names = [found[0] for found in _NAME.finditer(token)]
    yield from names or (found[0] for found in _EMAIL.finditer(token))


def _read_line(reader: _Reader, number: int, column: int, content: str) -> None:
    heading = _HEADING.match(content)
    if heading is not None:
        _read_heading(reader, number, column, content, heading)
    elif _UNENDING.match(content):
        message = "the brackets of this heading do not end, so the line is skipped and no section starts"
        reader.report("codeowners.invalid-section", number, column, message, "write it like [Name] or [Name][2] @owner")
    else:
        _read_entry(reader, number, column, content)


def _read_heading(reader: _Reader, number: int, column: int, content: str, heading: re.Match[str]) -> None:
    name, counted = heading["name"], heading["approvals"]
    known = list(reader.sections)
    if known[-1] != DEFAULT_SECTION:  # the first heading is never put together with what stands above it
        name = next((other for other in known if other.casefold() == name.casefold()), name)
    digits = re.match(r"\s*0*(\d{0,9})", counted or "", re.ASCII)
    approvals = int(digits[1] or 0) if digits else 0
    owners = references(heading["owners"])
    reader.open = _Open(name, bool(heading["optional"]), approvals, owners)
    reader.sections.setdefault(name, {})
    reader.headings.setdefault(name, number)
    wrong = _wrong_heading(content, heading, approvals)
    if wrong:
        reader.report(
            "codeowners.invalid-section", number, column, wrong, "write it like [Name], ^[Name] or [Name][2] @owner"
        )


def _wrong_heading(content: str, heading: re.Match[str], approvals: int) -> str:
    """What GitLab reports about a heading that starts a section all the same; empty where nothing is wrong."""
    if not heading["name"].strip():
        return "the section has no name"
    counted = heading["approvals"]
    if counted is not None and not re.fullmatch(r"\s*\d+\s*", counted, re.ASCII):
        return f"{counted!r} is no number of approvals"
    if heading["optional"] and approvals:
        return "an optional section asks for no approvals, so the number means nothing"
    for token in heading["owners"].split():
        if not references(token):
            return f"{token!r} is no owner, so it is ignored"
    if _STRICT.match(content) is None:
        rest = content[heading.end() :][:80]
        return f"{rest!r} is no part of a heading, so it is ignored" if rest else "a blank is missing before the owners"
    return ""


def _read_entry(reader: _Reader, number: int, column: int, content: str) -> None:
    parts = _BREAK.search(content)
    written = content[: parts.start()] if parts else content
    text = content[parts.end() :] if parts else ""
    excludes = written.startswith("!")
    section = reader.open
    owners = () if excludes else references(text) if text else section.owners
    rule = Rule(number, written, owners, section.name, section.approvals, excludes)
    normal = normalise(written.removeprefix("!") if excludes else written)
    entry = Entry(rule, parse_normalised(normal), column)
    _check_entry(reader, entry, text, column + (parts.end() if parts else 0))
    earlier = reader.sections[section.name].get(normal)
    if earlier is not None:
        replaced, wins = earlier[0], f"line {number} of the same section has the same pattern and replaces this one"
        reader.report("codeowners.repeated-pattern", replaced.rule.line, replaced.column, wins, "keep one of them")
    reader.sections[section.name][normal] = (entry, section.optional)


def _check_entry(reader: _Reader, entry: Entry, text: str, column: int) -> None:
    rule = entry.rule
    if not entry.pattern.possible:
        unending = unending_bracket(rule.pattern.removeprefix("!"))
        message = "a bracket does not end, so nothing matches" if unending else f"no path matches {rule.pattern!r}"
        reader.report("codeowners.never-matches", rule.line, entry.column, message, "remove the line")
    if rule.excludes:
        return
    for token in TOKEN.finditer(text):
        place = column + token.start()
        if token[0].startswith("#"):
            message = "GitLab has no comments at the end of a line: owners named in it are owners"
            reader.report(
                "codeowners.inline-comment", rule.line, place, message, "put the comment on a line of its own"
            )
            break
        if not references(token[0]):
            message = f"{token[0]!r} is no owner, so it is ignored"
            reader.report(
                "codeowners.invalid-owner",
                rule.line,
                place,
                message,
                "write @user, @group/subgroup or an e-mail address",
            )
    if not rule.owners:
        message = "neither the line nor its section names an owner, so nobody is asked"
        reader.report(
            "codeowners.no-owners", rule.line, entry.column, message, "name an owner, or exclude the path with !"
        )
