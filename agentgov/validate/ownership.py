"""Is everything owned, by people whom Access knows, and by enough of them for one review without its author.

CODEOWNERS says which handles own a path, Access says who they are. Lines that decide no governed path (a monorepo's
other code) are nobody's business here. Who must review a given change is decided in `review`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from agentgov.model.document import Risk
from agentgov.model.finding import Finding
from agentgov.model.fleet import Reviews
from agentgov.model.governed import GITHUB_CODEOWNERS, GITLAB_CODEOWNERS, in_governance_set
from agentgov.model.names import AgentId
from agentgov.model.verdict import Location
from agentgov.owners.codeowners import Match, Rule, match
from agentgov.trust.identity import Directory
from agentgov.validate.codes import finding
from agentgov.validate.view import Subject, View


@dataclass(slots=True)
class _Line:
    """What one line of CODEOWNERS decides: a path as example, and the most approvals that any of its paths takes."""

    rule: Rule
    example: str
    needed: int = 1
    paths: int = field(default=0)


def check(view: View, risks: Iterable[tuple[AgentId, Risk]]) -> Iterator[Finding]:
    """Ownership of all agents and of governance; `risks` are the agents whose agent.yaml can be read."""
    yield from view.codeowners.problems
    yield from _shadowed(view)
    if not view.parts.codeowners_file:
        message = "there is no CODEOWNERS, so nothing has an owner"
        yield finding("owner.no-codeowners", Location(GITHUB_CODEOWNERS[0]), message, f"add {GITHUB_CODEOWNERS[0]}")
        return
    lines: dict[int, _Line] = {}
    needed = {agent.folder: _approvals(view, risk) for agent, risk in risks}
    for path in view.entries:
        if not (path.startswith("agents/") or in_governance_set(path)):
            continue
        found = match(view.codeowners, path)
        if not found.owners:
            yield _unowned(view, path, found)
        elif found.rule is not None:
            line = lines.setdefault(found.rule.line, _Line(found.rule, path))
            line.paths += 1
            line.needed = max(line.needed, needed.get("/".join(path.split("/", 3)[:3]), 1))
    if view.directory is not None:
        yield from _people(view, view.directory, [lines[number] for number in sorted(lines)])


def check_agent(view: View, subject: Subject) -> Iterator[Finding]:
    """The accountable owner of an agent is among the owners of its folder."""
    directory, owner = view.directory, subject.agent.spec.owner
    found = match(view.codeowners, subject.file)
    if directory is None or not found.owners:
        return
    accountable = directory.members(owner)
    owners = frozenset[str]().union(*(directory.by_handle(handle, "github") or () for handle in found.owners))
    if accountable and not accountable <= owners and not _holds_handle(view, owner, found.owners):
        message = f"{owner} is accountable for {subject.id} and does not own it: {_line(view, found)}"
        fix = "name them in CODEOWNERS, or name an owner of the folder here"
        yield view.at("owner.disagrees", subject.file, "/spec/owner", message, fix)


def check_unowned(view: View, paths: Iterable[str]) -> Iterator[Finding]:
    """Which of these paths nobody owns."""
    for path in paths:
        found = match(view.codeowners, path)
        if not found.owners:
            yield _unowned(view, path, found)


def _holds_handle(view: View, owner: str, handles: tuple[str, ...]) -> bool:
    access = view.parts.access
    teams = () if access is None else access.teams
    own = {handle.lower() for team in teams if f"team:{team.id}" == owner for handle in team.handles}
    return any(handle.lower() in own for handle in handles)


def _unowned(view: View, path: str, found: Match) -> Finding:
    why = "no line of CODEOWNERS matches"
    if found.rule is not None:
        why = f"line {found.rule.line} of {view.parts.codeowners_file} takes its owners away"
    return finding(
        "owner.unowned", Location(path, 1, 1), f"{path} has no owner: {why}", "name its owners in CODEOWNERS"
    )


def _line(view: View, found: Match) -> str:
    number = found.rule.line if found.rule is not None else 0
    return f"{view.parts.codeowners_file}:{number} names {' '.join(found.owners)}"


def _approvals(view: View, risk: Risk) -> int:
    """The most approvals from owners that any change of an agent of this risk takes."""
    reviews = view.parts.fleet.reviews if view.parts.fleet is not None else Reviews()
    counts = [reviews.default.approvals if reviews.default.sources == "owners" else 1]
    for rule in reviews.rules:
        narrow = rule.when.changed or rule.when.paths or rule.when.environments
        if rule.sources == "owners" and not narrow and (not rule.when.risk or risk in rule.when.risk):
            counts.append(rule.approvals)
    return max(counts)


def _people(view: View, directory: Directory, lines: list[_Line]) -> Iterator[Finding]:
    access, file = view.parts.access, view.parts.codeowners_file
    alone = access is not None and len(access.people) == 1
    if alone:
        message = "one person is in this fleet, so nobody can review what they change"
        fix = "add a second person and name them in CODEOWNERS"
        yield view.at("owner.one-person-fleet", "governance/access.yaml", "/people", message, fix)
    for line in lines:
        known = {handle: directory.by_handle(handle, "github") for handle in line.rule.owners}
        where = Location(file, line.rule.line, 1)
        for handle, people in known.items():
            if people is None:
                message = f"{handle} is nobody in governance/access.yaml, so their review counts for nothing"
                fix = "add the handle to a team, or the account to a person"
                yield finding("owner.unknown", where, message, fix)
        everybody = frozenset[str]().union(*(people for people in known.values() if people is not None))
        if not everybody:
            message = f"nobody in governance/access.yaml can review {_paths(line)}"
            yield finding("owner.nobody", where, message, "name owners whom Access knows")
        elif len(everybody) - 1 < line.needed and not alone:
            owners = " and ".join(sorted(everybody)) if len(everybody) < 4 else f"{len(everybody)} people"
            verb = "owns" if len(everybody) == 1 else "own"
            needed = "one approval" if line.needed == 1 else f"{line.needed} approvals"
            message = f"{owners} {verb} {_paths(line)}: too few for {needed} when one of them is the author"
            yield finding("owner.too-few", where, message, "name more owners")


def _paths(line: _Line) -> str:
    return line.example if line.paths == 1 else f"{line.example} and {line.paths - 1} more"


def _shadowed(view: View) -> Iterator[Finding]:
    """Other CODEOWNERS files are read by nobody, or by another forge that then judges differently."""
    deciding = view.parts.codeowners_file
    for place in dict.fromkeys((*GITHUB_CODEOWNERS, *GITLAB_CODEOWNERS)):
        if deciding and place != deciding and place in view.entries:
            message = f"{place} decides nothing: {deciding} comes first"
            yield finding("owner.shadowed", Location(place, 1, 1), message, "remove one of them")
