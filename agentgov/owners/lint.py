"""What the lines of a CODEOWNERS file do not do although they look as if they did; needs all files of the repository.

`read` (in `codeowners`) says what a forge skips or reads otherwise; here is what is read and has no effect, or another
than meant. Certain findings only: a line counts as shadowed when a single later line covers it (`covering`).
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from agentgov.model.finding import Finding
from agentgov.model.governed import CODEOWNERS
from agentgov.model.verdict import Location
from agentgov.owners.codeowners import Codeowners, Dialect, Rule, match, places
from agentgov.owners.covering import covers, examples
from agentgov.owners.fnmatch import normalise, parse_normalised
from agentgov.owners.index import PatternIndex
from agentgov.owners.lines import column_of, finding
from agentgov.owners.pattern import STAR, Pattern, parse_pattern

INDIVIDUAL = "codeowners.individual"  # off unless asked for: small teams name people on purpose
FORGES: Mapping[Dialect, str] = {"github": "GitHub", "gitlab": "GitLab"}


@dataclass(frozen=True)
class Lines:
    """A file with its text and every file of the repository, and what is worked out from them once."""

    codeowners: Codeowners
    text: str
    files: tuple[str, ...] = ()

    @cached_property
    def patterns(self) -> tuple[Pattern, ...]:
        """What the pattern of each rule means."""
        return tuple(pattern_of(rule, self.codeowners.dialect) for rule in self.codeowners.rules)

    @cached_property
    def lone(self) -> frozenset[int]:
        """The rules that match no file."""
        every = PatternIndex(self.patterns, range(len(self.patterns)))
        seen = set[int]().union(*map(every.winners, self.files))
        return frozenset(number for number in range(len(self.patterns)) if number not in seen)

    def at(self, rule: Rule, token: str = "") -> Location:
        """The place of a rule, or of one of its owners."""
        return Location(self.codeowners.file, rule.line, column_of(self.text, rule.line, token or rule.pattern))


Check = Callable[[Lines], Iterator[Finding]]


def lint(codeowners: Codeowners, text: str, files: Iterable[str]) -> Iterator[Finding]:
    """Everything about a file and its lines, in no order; `files` are all paths of the repository."""
    subject = Lines(codeowners, text, tuple(files))
    yield from codeowners.problems
    yield from other_files(subject.files, codeowners.file, codeowners.dialect)
    if not codeowners.file:
        place = places(codeowners.dialect)[0]
        message = "there is no CODEOWNERS that is read, so nothing has an owner"
        yield finding("owner.no-codeowners", Location(place), message, f"add {place}")
        return
    for check in _CHECKS:
        yield from check(subject)


def pattern_of(rule: Rule, dialect: Dialect) -> Pattern:
    """What the pattern of a rule means."""
    if dialect == "github":
        return parse_pattern(rule.pattern)
    return parse_normalised(normalise(rule.pattern.removeprefix("!") if rule.excludes else rule.pattern))


def other_files(paths: Collection[str], deciding: str, dialect: Dialect) -> Iterator[Finding]:
    """Files of that name which the forge does not read: it looks elsewhere, or another comes first."""
    forge, known = FORGES[dialect], places(dialect)
    for path in paths:
        if path == deciding or path.rpartition("/")[2].lower() != "codeowners":
            continue
        if path in known:
            message = f"{path} decides nothing: {deciding} comes first"
            if deciding:
                yield finding("owner.shadowed", Location(path, 1, 1), message, "remove one of them")
        elif path.lower() in _ALL_PLACES or (not deciding and path.count("/") < 2):
            message = f"{forge} does not look for {path}, only for {', '.join(known)}"
            yield finding("codeowners.not-loaded", Location(path, 1, 1), message, f"move it to {known[0]}")


_MOST_COMPARED = 5000  # entries; ten times what large repositories have
_ALL_PLACES = {place.lower() for place in CODEOWNERS}


def shadowed(subject: Lines) -> Iterator[Finding]:
    """Entries that a later entry of the same section always overrides, or that an exclusion always takes out; not told
    of very long files, where comparing each with all would take minutes."""
    rules, patterns = subject.codeowners.rules, subject.patterns
    if len(rules) > _MOST_COMPARED:
        return
    lanes = _lanes(subject.codeowners)
    index = PatternIndex(patterns, lanes)
    repeated = {one.where.line for one in subject.codeowners.problems if one.code == "codeowners.repeated-pattern"}
    for number, rule in enumerate(rules):
        if rule.excludes or rule.line in repeated or (subject.files and number in subject.lone):
            continue
        winners = {winner for path in examples(patterns[number]) for winner in index.winners(path)}
        for other in sorted(winners):
            later = rules[other].excludes or other > number
            if other == number or rules[other].section != rule.section or not later:
                continue
            if covers(patterns[other], patterns[number]):
                does = "takes out" if rules[other].excludes else "matches"
                message = f"line {rules[other].line} ({rules[other].pattern}) {does} everything that this line matches"
                fix = "move the line below, or remove it"
                yield finding("codeowners.shadowed", subject.at(rule), f"{message}, so it decides nothing", fix)
                break


def _lanes(codeowners: Codeowners) -> list[int]:
    sections = {section.name: number for number, section in enumerate(codeowners.sections)}
    return [2 * sections.get(rule.section, 0) + rule.excludes for rule in codeowners.rules]


def useless(subject: Lines) -> Iterator[Finding]:
    """Entries that match no file: nothing of the name, another case, or a folder that GitLab reads as a file."""
    rules = [number for number in sorted(subject.lone) if subject.patterns[number].possible]
    if not rules:
        return
    folded = [_folded(subject.codeowners.rules[number], subject.codeowners.dialect) for number in rules]
    insensitive = PatternIndex(folded, range(len(rules)))
    as_folders = PatternIndex([_as_folder(subject.patterns[number]) for number in rules], range(len(rules)))
    otherwise: dict[int, str] = {}
    folders: dict[int, str] = {}
    for path in subject.files:
        for place in insensitive.winners(path.casefold()):
            otherwise.setdefault(rules[place], path)
        for place in as_folders.winners(path):
            folders.setdefault(rules[place], path)
    for number in rules:
        rule = subject.codeowners.rules[number]
        if number in otherwise:
            message = f"{rule.pattern} matches no file, and {otherwise[number]} differs from it in case only"
            yield finding("codeowners.case", subject.at(rule), message, "write it like the path")
        elif number in folders and subject.codeowners.dialect == "gitlab":
            message = f"{rule.pattern} is a folder, and in GitLab's dialect a folder is not its files: it matches none"
            yield finding("codeowners.wrong-dialect", subject.at(rule), message, f"write {rule.pattern}/")
        else:
            message = f"{rule.pattern} matches no file of the repository"
            yield finding("codeowners.matches-nothing", subject.at(rule), message, "correct the pattern, or remove it")


def _folded(rule: Rule, dialect: Dialect) -> Pattern:
    return pattern_of(Rule(rule.line, rule.pattern.casefold(), (), excludes=rule.excludes), dialect)


def _as_folder(pattern: Pattern) -> Pattern:
    plain = pattern.possible and pattern.reach == "entry" and pattern.names[-1:] not in ((), (STAR,))
    return Pattern(pattern.names, "below", plain)


def one_level(subject: Lines) -> Iterator[Finding]:
    """`docs/*` (in GitLab's dialect `docs/**` as well) where the folder has files further down that it leaves out."""
    flat = [
        number
        for number, pattern in enumerate(subject.patterns)
        if pattern.possible and pattern.reach == "entry" and len(pattern.names) > 1 and pattern.names[-1] == STAR
    ]
    if not flat:
        return
    below = PatternIndex([Pattern(subject.patterns[number].names, "below") for number in flat], range(len(flat)))
    missed: dict[int, str] = {}
    for path in subject.files:
        for place in below.winners(path):
            if flat[place] not in missed and not _decided_later(subject, path, flat[place]):
                missed[flat[place]] = path
    for number, path in missed.items():
        rule = subject.codeowners.rules[number]
        message = f"{rule.pattern} does not reach below a folder: {path} is left out"
        fix = f"write {rule.pattern.rstrip('*')} for everything below"
        yield finding("codeowners.one-level", subject.at(rule), message, fix)


def _decided_later(subject: Lines, path: str, number: int) -> bool:
    found = match(subject.codeowners, path)
    section, line = subject.codeowners.rules[number].section, subject.codeowners.rules[number].line
    deciding = [one.rule for one in found.sections] or ([found.rule] if found.rule is not None else [])
    return any(rule.section == section and rule.line >= line for rule in deciding)


def itself(subject: Lines) -> Iterator[Finding]:
    """The file itself has no owner, so anybody may change who owns what."""
    if not match(subject.codeowners, subject.codeowners.file).owners:
        message = f"{subject.codeowners.file} has no owner: who may write here may change who owns what"
        fix = f"add a last line: /{subject.codeowners.file} with its owners"
        yield finding("codeowners.itself-unowned", Location(subject.codeowners.file, 1, 1), message, fix)


def spelled_otherwise(subject: Lines) -> Iterator[Finding]:
    """Owners that differ from an owner above in case only; forges take them for one, readers for two."""
    first: dict[str, str] = {}
    for rule in subject.codeowners.rules:
        for owner in rule.owners:
            known = first.setdefault(owner.lower(), owner)
            if known != owner:
                message = f"{owner} is written {known} further up"
                yield finding("codeowners.case", subject.at(rule, owner), message, f"write {known}")


def individuals(subject: Lines) -> Iterator[Finding]:
    """Owners who are one person, where a team would outlast them."""
    for rule in subject.codeowners.rules:
        for owner in rule.owners:
            if is_individual(owner, subject.codeowners.dialect):
                message = f"{owner} is one person: when they leave, nobody is asked"
                yield finding(INDIVIDUAL, subject.at(rule, owner), message, "name a team")


def alone(subject: Lines) -> Iterator[Finding]:
    """Lines with one person as their only owner: who reviews what that person writes?"""
    for rule in subject.codeowners.rules:
        if len(rule.owners) == 1 and is_individual(rule.owners[0], subject.codeowners.dialect):
            owner = rule.owners[0]
            message = f"{owner} is the only owner of {rule.pattern}: nobody is left to review what {owner} writes"
            yield finding("owner.too-few", subject.at(rule, owner), message, "name a team, or one more person")


def is_individual(owner: str, dialect: Dialect) -> bool:
    """Whether an owner is one person by its form; GitLab's `@name` may be a group, so only an e-mail address is."""
    return not owner.startswith("@") or (dialect == "github" and "/" not in owner)


_CHECKS: tuple[Check, ...] = (shadowed, useless, one_level, itself, spelled_otherwise, alone, individuals)
