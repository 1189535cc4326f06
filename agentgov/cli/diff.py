"""`agentgov diff`: what a change does to each agent, riskiest first. Reads and prints; `diff.compare` decides."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import click

from agentgov.cli import parameters
from agentgov.cli.options import format_option, repo_option, show, show_json, wants_colour
from agentgov.errors import UsageError
from agentgov.model.finding import Finding, Severity
from agentgov.model.governed import FLEET_FILE
from agentgov.model.names import AgentId, agent_id
from agentgov.model.snapshot import Snapshot

if TYPE_CHECKING:
    from agentgov.cli.sides import Sides
    from agentgov.diff.change import FieldChange
    from agentgov.diff.compare import AgentDiff
    from agentgov.diff.version import AgentVersion, Folders
    from agentgov.model.agent import Agent
    from agentgov.model.fleet import Governance

    Pair = tuple[AgentVersion | None, AgentVersion | None]


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
    from agentgov.cli.sides import read_sides
    from agentgov.report import diff as render

    only = parameters.agent(agent_text) if agent_text is not None else None
    sides = read_sides(repo, base, head, only)
    comparison = _Comparison.of(sides)
    answer = render.Answer(
        sides.base,
        sides.head,
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


@dataclass(slots=True)
class _Comparison:
    """Two snapshots being compared; `problems` are the findings for which something could not be read."""

    before: "_Read"
    after: "_Read"
    changed: set[str]
    problems: list[Finding] = field(default_factory=list)

    @classmethod
    def of(cls, sides: "Sides") -> "_Comparison":
        from agentgov.diff.version import folders

        problems: list[Finding] = []
        before, after = (_Read(snapshot, folders(snapshot), problems) for snapshot in (sides.before, sides.after))
        return cls(before, after, sides.changed, problems)

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

    def _pairs(self, agents: list[AgentId]) -> "list[Pair]":
        """Both versions of every agent that could be read; an agent that moved is one pair, not two."""
        pairs = {agent: self._pair(agent) for agent in agents}
        unread = {problem.where.file for problem in self.problems}
        pairs = {agent: pair for agent, pair in pairs.items() if agent.file not in unread}
        for agent, (old, new) in list(pairs.items()):
            former = agent_id(new.agent.metadata.formerly) if old is None and new is not None else None
            if former is not None and former.file not in self.after.known.entries:
                left = pairs.pop(former)[0] if former in pairs else self.before.agent(former)
                pairs[agent] = (left, new)
        return [pair for pair in pairs.values() if pair != (None, None)]

    def _pair(self, agent: AgentId) -> "Pair":
        """Both versions of an agent; an agent.yaml that is the same on both sides is read once."""
        if agent.file in self.changed:
            return self.before.agent(agent), self.after.agent(agent)
        new = self.after.agent(agent)
        return (self.before.version(agent, new.agent), new) if new is not None else (None, None)

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
        from agentgov.validate.load import load_agent

        if agent.file not in self.known.entries:
            return None
        typed, findings = load_agent(self.snapshot, agent)
        if typed is None:
            self._complain(findings)
            return None
        return self.version(agent, typed)

    def version(self, agent: AgentId, typed: "Agent") -> "AgentVersion":
        from agentgov.diff.version import version_of

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
