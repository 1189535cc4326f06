"""Is everything owned, by people whom Access knows and lets review, by enough of them for a review without its author.

CODEOWNERS says which handles own a path, Access says who they are. Lines that decide no governed path (a monorepo's
other code) are nobody's business here. Who must review a given change is decided in `review`.

Two steps: what each part of the fleet says for itself (`check_unowned`, `check_agent`, `decided`), and what follows
from it for the lines of CODEOWNERS (`check`).
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from agentgov.model.document import Risk
from agentgov.model.finding import Finding
from agentgov.model.fleet import Reviews
from agentgov.model.governed import ACCESS_FILE, ROOTS, in_governance_set
from agentgov.model.names import AgentId, agent_of_path
from agentgov.model.verdict import Location
from agentgov.owners.codeowners import Match, Rule, match, places
from agentgov.owners.lines import column_of
from agentgov.owners.lint import Lines, other_files, shadowed
from agentgov.owners.pattern import Pattern
from agentgov.trust.identity import Directory
from agentgov.validate.codes import finding
from agentgov.validate.facts import Decided, Facts
from agentgov.validate.load import Parts
from agentgov.validate.view import Subject, View

_AGENT_FOLDER = re.compile(r"!?/(agents/[a-z0-9-]+/[a-z0-9-]+)(?:/|\Z)")


def needs_owner(path: str) -> bool:
    """Whether somebody has to own the path: everything of agents, and what governs them."""
    return path.startswith("agents/") or in_governance_set(path)


# What each part says for itself


def check_file(view: View) -> Iterator[Finding]:
    """What is wrong with the lines of CODEOWNERS as they stand, and with other files of that name."""
    yield from view.codeowners.problems
    deciding, dialect = view.parts.codeowners_file, view.parts.dialect
    yield from other_files(view.entries.keys(), deciding, dialect)
    if not deciding:
        place = places(dialect)[0]
        message = "there is no CODEOWNERS that is read, so nothing has an owner"
        yield finding("owner.no-codeowners", Location(place), message, f"add {place}")
        return
    subject = Lines(view.codeowners, view.parts.codeowners)
    meant = zip(view.codeowners.rules, subject.patterns, strict=True)
    lines = {rule.line for rule, pattern in meant if _governs(pattern)}
    yield from (one for one in shadowed(subject) if one.where.line in lines)


def _governs(pattern: Pattern) -> bool:
    """Whether a pattern may match a governed path, as far as its first name tells."""
    return not (pattern.names and isinstance(pattern.names[0], str)) or pattern.names[0] in ROOTS


def check_unowned(view: View, paths: Iterable[str]) -> Iterator[Finding]:
    """Which of these paths nobody owns."""
    for path in paths:
        found = match(view.codeowners, path)
        if not found.owners:
            yield _unowned(view, path, found)


def check_agent(view: View, subject: Subject) -> Iterator[Finding]:
    """The accountable owner of an agent is among the owners of its folder."""
    directory, owner = view.directory, subject.agent.spec.owner
    found = match(view.codeowners, subject.file)
    if directory is None or not found.owners:
        return
    accountable = directory.members(owner)
    owners = _people(directory, view.parts, found.owners)
    if accountable and not accountable <= owners and not _holds_handle(view, owner, found.owners):
        message = f"{owner} is accountable for {subject.id} and does not own it: {_line(view, found)}"
        fix = "name them in CODEOWNERS, or name an owner of the folder here"
        yield view.at("owner.disagrees", subject.file, "/spec/owner", message, fix)


def decided(parts: Parts, paths: Iterable[str]) -> tuple[Decided, ...]:
    """Which lines decide the governed ones among the paths of a part, and who of their owners may review there."""
    groups: dict[tuple[Rule, ...], list[str]] = {}
    for path in filter(needs_owner, paths):
        rules = _deciding(match(parts.owners, path))
        if rules:
            groups.setdefault(rules, []).append(path)
    return tuple(_decided(parts, rules, paths[0], len(paths)) for rules, paths in groups.items())


def _decided(parts: Parts, rules: tuple[Rule, ...], example: str, count: int) -> Decided:
    agent, enough = agent_of_path(example), parts.most_approvals + 1
    able: set[str] = set()
    unable: list[str] = []
    for handle in dict.fromkeys(owner for rule in rules for owner in rule.owners):
        people = _people(parts.directory, parts, (handle,)) if parts.directory is not None else ()
        may = list(islice((person for person in people if _may_review(parts, person, agent)), enough))
        able.update(may)
        if people and not may:
            unable.append(handle)
    return Decided(tuple(rule.line for rule in rules), example, count, min(len(able), enough), tuple(unable))


def _may_review(parts: Parts, person: str, agent: AgentId | None) -> bool:
    grants = parts.reviewing.get(person, ())
    return bool(grants) if agent is None else any(grant.covers(agent) for grant in grants)


def _deciding(found: Match) -> tuple[Rule, ...]:
    """The lines by whose owners a path is reviewed."""
    if found.sections:
        return tuple(section.rule for section in found.sections if section.owners)
    return (found.rule,) if found.rule is not None and found.owners else ()


# What follows for the lines


_Numbers = tuple[int, ...]  # the lines that decide together, one in GitHub's dialect
_Rules = Mapping[int, Rule]  # by line


@dataclass(slots=True)
class _Line:
    """What the same lines decide in the whole fleet; `short` where they have too few reviewers for what is asked."""

    example: str
    paths: int = 0
    needed: int = 1
    able: int | None = None
    short: bool = False


def check(view: View, parts: Iterable[Facts], folders: Collection[str]) -> Iterator[Finding]:
    """Whether those who own governed paths are known, may review, and are enough; `folders` are those of agents."""
    if not view.parts.codeowners_file:
        return
    lines, unable = _merged(view, parts)
    rules = {rule.line: rule for rule in view.codeowners.rules}
    deciding = {number for numbers in lines for number in numbers}
    yield from _gone(view, [rule for rule in view.codeowners.rules if rule.line not in deciding], folders)
    if view.directory is not None:
        known = {number: rules[number] for number in sorted(deciding)}
        yield from _people_of(view, view.directory, lines, unable, known)


def _merged(view: View, parts: Iterable[Facts]) -> tuple[dict[_Numbers, _Line], dict[tuple[_Numbers, str], str]]:
    """What the parts say, by the lines that decide together, and by owners who may not review an example."""
    lines: dict[_Numbers, _Line] = {}
    unable: dict[tuple[_Numbers, str], str] = {}
    asked: dict[str, int] = {"": 1}
    for facts in parts:
        if facts.risk and facts.risk not in asked:
            asked[facts.risk] = _approvals(view, facts.risk)
        needed = asked[facts.risk]
        for one in facts.owned:
            line = lines.get(one.lines)
            if line is None:  # mostly it is there
                line = lines[one.lines] = _Line(one.example)
            line.paths += one.paths
            line.needed = max(line.needed, needed)
            line.able = one.able if line.able is None else min(line.able, one.able)
            line.short |= one.able - 1 < needed
            for handle in one.unable:
                unable.setdefault((one.lines, handle), one.example)
    return lines, unable


def _gone(view: View, rules: Iterable[Rule], folders: Collection[str]) -> Iterator[Finding]:
    """Lines for the folder of an agent that is not there (any more)."""
    for rule in rules:
        found = _AGENT_FOLDER.match(rule.pattern)
        if found and found[1] not in folders and not view.is_file(found[1]):
            message = f"{rule.pattern} matches nothing: there is no {found[1]}"
            yield finding("codeowners.matches-nothing", _at(view, rule.line, rule.pattern), message, "remove the line")


def _people_of(
    view: View,
    directory: Directory,
    lines: dict[_Numbers, _Line],
    unable: dict[tuple[_Numbers, str], str],
    rules: _Rules,
) -> Iterator[Finding]:
    alone = view.parts.access is not None and len(view.parts.access.people) == 1
    if alone:
        message = "one person is in this fleet, so nobody can review what they change"
        fix = "add a second person and name them in CODEOWNERS"
        yield view.at("owner.one-person-fleet", ACCESS_FILE, "/people", message, fix)
    spelled = _spelled(view)
    for rule in rules.values():
        yield from _unknown(view, directory, rule, spelled)
    for (numbers, handle), example in sorted(unable.items()):
        message = f"{handle} may not review {example}: no binding in {ACCESS_FILE} gives the right in that scope"
        number = next(number for number in numbers if handle in rules[number].owners)
        yield finding("owner.cannot-review", _at(view, number, handle), message, "bind them, or name other owners")
    for numbers in sorted(lines):
        yield from _enough(view, directory, [rules[number] for number in numbers], lines[numbers], alone)
    if not alone:
        yield from _enough_in_sections(view, directory, rules, lines)


def _unknown(view: View, directory: Directory, rule: Rule, spelled: dict[str, str]) -> Iterator[Finding]:
    """Owners who are nobody in Access, or are spelled otherwise there."""
    for handle in rule.owners:
        known = spelled.get(handle.lower(), handle)
        if known != handle:
            message = f"{handle} is written {known} in {ACCESS_FILE}"
            yield finding("codeowners.case", _at(view, rule.line, handle), message, f"write {known}")
        if handle.startswith("@@"):
            message = f"who has the role {handle[2:]} is known to GitLab only, so no review counts by it"
            yield finding("owner.forge-role", _at(view, rule.line, handle), message, "name a team or people")
        elif directory.by_handle(handle, view.parts.dialect) is None:
            message = f"{handle} is nobody in {ACCESS_FILE}, so their review counts for nothing"
            fix = "add the handle to a team, or the account to a person"
            yield finding("owner.unknown", _at(view, rule.line, handle), message, fix)


def _spelled(view: View) -> dict[str, str]:
    """How Access writes the handles of teams and the accounts of people, by their lower case."""
    access = view.parts.access
    if access is None:
        return {}
    accounts = [person.github if view.parts.dialect == "github" else person.gitlab for person in access.people]
    names = [handle for team in access.teams for handle in team.handles]
    names += [f"@{account.login}" for account in accounts if account is not None]
    return {name.lower(): name for name in names}


def _enough(view: View, directory: Directory, rules: list[Rule], line: _Line, alone: bool) -> Iterator[Finding]:
    """Whether the owners that several lines name together are enough, and in GitLab's sections those of each line."""
    handles = tuple(owner for rule in rules for owner in rule.owners)
    everybody = _people(directory, view.parts, handles)
    where = Location(view.parts.codeowners_file, rules[0].line, 1)
    if not everybody or not line.able:
        message = f"nobody in {ACCESS_FILE} can review {_paths(line)}"
        yield finding("owner.nobody", where, message, "name owners whom Access knows and lets review")
        return
    if alone:
        return
    if line.short:
        yield _too_few(where, everybody, line.able, line, line.needed)


def _enough_in_sections(
    view: View, directory: Directory, rules: _Rules, lines: dict[_Numbers, _Line]
) -> Iterator[Finding]:
    """Whether the owners of each line of GitLab's sections are enough for what its heading asks."""
    asking = {section.name for section in view.codeowners.sections if not section.optional}
    of_line: dict[int, _Line] = {}
    for numbers, line in lines.items():
        if not line.short and line.able:  # told of all lines together
            for number in numbers:
                of_line.setdefault(number, _Line(line.example)).paths += line.paths
    for rule in rules.values():
        if rule.section in asking and rule.line in of_line:
            people, count = _people(directory, view.parts, rule.owners), max(1, rule.approvals)
            if people and len(people) - 1 < count:
                where = Location(view.parts.codeowners_file, rule.line, 1)
                yield _too_few(where, people, len(people), of_line[rule.line], count)


def _too_few(where: Location, people: frozenset[str], able: int, line: _Line, count: int) -> Finding:
    owners = " and ".join(sorted(people)) if len(people) < 4 else f"{len(people)} people"
    said = f"{owners} {'owns' if len(people) == 1 else 'own'} {_paths(line)}"
    if able < len(people):
        said += f", {able} of them may review"
    needed = "one approval" if count == 1 else f"{count} approvals"
    message = f"{said}: too few for {needed} when one of them is the author"
    return finding("owner.too-few", where, message, "name more owners who may review")


def _approvals(view: View, risk: Risk) -> int:
    """The most approvals from owners that any change of an agent of this risk takes."""
    reviews = view.parts.fleet.reviews if view.parts.fleet is not None else Reviews()
    counts = [reviews.default.approvals if reviews.default.sources == "owners" else 1]
    for rule in reviews.rules:
        narrow = rule.when.changed or rule.when.paths or rule.when.environments
        if rule.sources == "owners" and not narrow and (not rule.when.risk or risk in rule.when.risk):
            counts.append(rule.approvals)
    return max(counts)


def _people(directory: Directory | None, parts: Parts, handles: Iterable[str]) -> frozenset[str]:
    if directory is None:
        return frozenset()
    return frozenset[str]().union(*(directory.by_handle(handle, parts.dialect) or () for handle in handles))


def _holds_handle(view: View, owner: str, handles: tuple[str, ...]) -> bool:
    access = view.parts.access
    teams = () if access is None else access.teams
    own = {handle.lower() for team in teams if f"team:{team.id}" == owner for handle in team.handles}
    return any(handle.lower() in own for handle in handles)


def _unowned(view: View, path: str, found: Match) -> Finding:
    why = "no line of CODEOWNERS matches"
    if found.rule is not None:
        taken = "excludes it" if found.rule.excludes else "takes its owners away"
        why = f"line {found.rule.line} of {view.parts.codeowners_file} {taken}"
    return finding(
        "owner.unowned", Location(path, 1, 1), f"{path} has no owner: {why}", "name its owners in CODEOWNERS"
    )


def _line(view: View, found: Match) -> str:
    number = found.rule.line if found.rule is not None else 0
    return f"{view.parts.codeowners_file}:{number} names {' '.join(found.owners)}"


def _at(view: View, line: int, handle: str) -> Location:
    return Location(view.parts.codeowners_file, line, column_of(view.parts.codeowners, line, handle))


def _paths(line: _Line) -> str:
    return line.example if line.paths == 1 else f"{line.example} and {line.paths - 1} more"
