"""`agentgov diff`: what a change does to each agent, riskiest first. Reads and prints; `diff.compare` decides."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import click

from agentgov.cli import parameters
from agentgov.cli.options import format_option, repo_option, show, show_json, wants_colour
from agentgov.errors import ConfigurationError, UsageError
from agentgov.model.finding import Finding, Severity
from agentgov.model.governed import FLEET_FILE
from agentgov.model.names import AgentId, agent_id
from agentgov.model.snapshot import MemorySnapshot, Snapshot

if TYPE_CHECKING:
    from agentgov.diff.change import FieldChange
    from agentgov.diff.compare import AgentDiff
    from agentgov.diff.version import AgentVersion, Folders
    from agentgov.model.fleet import Governance
    from agentgov.repo.repository import Repository
    from agentgov.report.diff import Side

_WORK_TREE = "working tree"


@click.command()
@click.argument("base", required=False, metavar="[BASE]")
@click.argument("head", required=False, metavar="[HEAD]")
@click.option("--agent", "agent_text", metavar="ID", help="Only this agent.")
@click.option("--exit-code", is_flag=True, help="Exit 1 when something differs.")
@repo_option
@format_option("markdown")
def diff(base: str | None, head: str | None, agent_text: str | None, exit_code: bool, repo: str, output: str) -> int:
    """What a change does to each agent, riskiest first.

    BASE is a revision (default: HEAD), HEAD another (default: the working tree); BASE...HEAD starts where HEAD left
    BASE. `loosens` is what lets an agent do more, or checks it less, or cannot be told. Key order, comments and moved
    texts are no change. Exit 0; with --exit-code 1 when something differs; 2 when an agent cannot be read.
    """
    from agentgov.report import diff as render

    before, after = _sides(repo, base, head)
    comparison = _Comparison.of(before.snapshot, after.snapshot)
    only = parameters.agent(agent_text) if agent_text is not None else None
    answer = render.Answer(
        before.side,
        after.side,
        comparison.agents(only),
        comparison.governance() if only is None else (),
        tuple(comparison.problems),
    )
    if output == "json":
        show_json(render.document(answer))
    elif output == "markdown":
        click.echo(render.markdown(answer), nl=False)
    else:
        show(render.page(answer, marks=not wants_colour()))
    if answer.problems:
        show(render.problems_page(answer.problems), err=True)
        return 2
    return 1 if exit_code and answer.differs else 0


@dataclass(frozen=True, slots=True)
class _Version:
    """One side: its files, and what to call it."""

    snapshot: Snapshot
    side: "Side"


def _sides(start: str, base: str | None, head: str | None) -> tuple[_Version, _Version]:
    from agentgov.repo.repository import Repository
    from agentgov.repo.snapshot import WorkTreeSnapshot
    from agentgov.report.diff import Side

    repo = Repository.open(start)
    if base is not None and ".." in base:
        if head is not None:
            raise UsageError(f"{base} names both sides already", "leave the second revision out")
        return _range(repo, base)
    before = _committed(repo, base or "HEAD", missing_ok=base is None)
    if head is not None:
        return before, _committed(repo, head)
    if repo.root is None:
        raise ConfigurationError("this repository has no working tree", "name two revisions: agentgov diff main~1 main")
    return before, _Version(WorkTreeSnapshot(repo.root), Side("", None, _WORK_TREE))


def _range(repo: "Repository", text: str) -> tuple[_Version, _Version]:
    """`A...B`: from where B left A to B; `A..B`: from A to B."""
    dots = "..." if "..." in text else ".."
    first, _, second = text.partition(dots)
    before, after = _committed(repo, first or "HEAD"), _committed(repo, second or "HEAD")
    if dots == "..." and before.side.commit and after.side.commit:
        fork = repo.merge_base(before.side.commit, after.side.commit)
        if fork is None:
            raise UsageError(f"{first or 'HEAD'} and {second or 'HEAD'} have no history in common")
        before = _committed(repo, fork)
    return before, after


def _committed(repo: "Repository", rev: str, missing_ok: bool = False) -> _Version:
    """The files of a revision; of a branch without commits (`missing_ok`) no files at all."""
    from agentgov.repo.snapshot import commit_snapshot
    from agentgov.report.diff import Side

    if missing_ok and repo.head() is None:
        return _Version(MemorySnapshot({}, "nothing"), Side(rev, None, "nothing"))
    commit = repo.resolve(rev)
    snapshot = commit_snapshot(repo, commit)
    return _Version(snapshot, Side(rev, commit, snapshot.name))


@dataclass(slots=True)
class _Comparison:
    """Two snapshots being compared; `problems` are the findings for which something could not be read."""

    before: "_Read"
    after: "_Read"
    changed: set[str]
    problems: list[Finding] = field(default_factory=list)

    @classmethod
    def of(cls, before: Snapshot, after: Snapshot) -> "_Comparison":
        from agentgov.diff.version import changed_paths, folders

        changed = changed_paths(before, after)
        problems: list[Finding] = []
        left, right = (_Read(snapshot, folders(snapshot), problems) for snapshot in (before, after))
        return cls(left, right, changed, problems)

    def agents(self, only: AgentId | None) -> tuple["AgentDiff", ...]:
        """The agents that differ, riskiest first; UsageError when the only one asked for is on neither side."""
        from agentgov.diff.compare import compare, riskiest_agents_first
        from agentgov.diff.version import touched_agents

        before, after = self.before.known, self.after.known
        if only is not None and only.file not in before.entries and only.file not in after.entries:
            names = f"{self.before.snapshot.name} nor in the {self.after.snapshot.name}"
            raise UsageError(f"there is no agent {only}, neither in the {names}")
        touched = touched_agents(self.changed, before, after)
        pairs = self._pairs(sorted(touched if only is None else touched & {only}))
        return riskiest_agents_first(found for pair in pairs if (found := compare(*pair)).changes)

    def _pairs(self, agents: list[AgentId]) -> list[tuple["AgentVersion | None", "AgentVersion | None"]]:
        """Both versions of every agent that could be read; an agent that moved is one pair, not two."""
        pairs = {agent: (self.before.agent(agent), self.after.agent(agent)) for agent in agents}
        unread = {problem.where.file for problem in self.problems}
        pairs = {agent: pair for agent, pair in pairs.items() if agent.file not in unread}
        for agent, (old, new) in list(pairs.items()):
            former = agent_id(new.agent.metadata.formerly) if old is None and new is not None else None
            if former is not None and former.file not in self.after.known.entries:
                left = pairs.pop(former)[0] if former in pairs else self.before.agent(former)
                pairs[agent] = (left, new)
        return [pair for pair in pairs.values() if pair != (None, None)]

    def governance(self) -> tuple["FieldChange", ...]:
        """What changed in the governance set; nothing is read where none of its files did."""
        from agentgov.diff.governance import compare_governance, other_files, typed_files
        from agentgov.model.governed import in_governance_set

        if not any(map(in_governance_set, self.changed)):
            return ()
        unread = len(self.problems)
        before, after = self.before.governance(), self.after.governance()
        if len(self.problems) > unread:  # what cannot be read cannot be compared: its files are named, no more
            return other_files(self.changed, set(), set())
        found = compare_governance(before, after)
        told = {change.path for change in found}
        return (*found, *other_files(self.changed, told, typed_files(before) & typed_files(after)))


@dataclass(frozen=True, slots=True)
class _Read:
    """One snapshot as typed values; what has an error is None and its findings go to `problems`."""

    snapshot: Snapshot
    known: "Folders"
    problems: list[Finding]

    def agent(self, agent: AgentId) -> "AgentVersion | None":
        from agentgov.diff.version import version_of
        from agentgov.validate.load import load_agent

        if agent.file not in self.known.entries:
            return None
        typed, findings = load_agent(self.snapshot, agent)
        if typed is None:
            self._complain(findings)
            return None
        return version_of(agent, typed, self.snapshot, self.known)

    def governance(self) -> "Governance | None":
        from agentgov.validate.load import load_governance

        if FLEET_FILE not in self.known.entries:
            return None
        loaded, findings = load_governance(self.snapshot)
        if loaded is None:
            self._complain(findings)
        return loaded

    def _complain(self, findings: tuple[Finding, ...]) -> None:
        errors = (found for found in findings if found.severity is Severity.ERROR)
        for found in errors:
            message = f"{found.message} ({self.snapshot.name})"
            self.problems.append(replace(found, message=message))
