"""Two snapshots compared agent by agent, and what the governance asks for the result. `diff` and `review` decide.

An agent that cannot be read on a side is a finding, and hides no other. An agent that moved is one agent: as it says
itself (`formerly`), or as its files say where it says nothing.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

from agentgov.errors import UsageError
from agentgov.model.document import RISKS
from agentgov.model.finding import Finding, Severity
from agentgov.model.governed import FLEET_FILE, RETENTION_FILE, in_governance_set
from agentgov.model.names import SHARED, AgentId, agent_id, agent_of_path
from agentgov.model.snapshot import Snapshot, path_bytes

if TYPE_CHECKING:
    from agentgov.cli.change.sides import Sides
    from agentgov.diff.change import FieldChange
    from agentgov.diff.compare import AgentDiff
    from agentgov.diff.practice import Practice
    from agentgov.diff.version import AgentVersion, Folders
    from agentgov.model.agent import Agent
    from agentgov.model.document import Environment
    from agentgov.model.fleet import Governance
    from agentgov.model.policies import Retention
    from agentgov.review.needs import Need

    Pair = tuple[AgentVersion | None, AgentVersion | None]

_MOST_SHARING = 100  # agents that are compared for one shared text; a company's tone of voice may be in thousands
_RISK = re.compile(rb"^ +risk: *[\"']?([a-z]+)", re.MULTILINE)


@dataclass(slots=True)
class Comparison:
    """Two snapshots being compared; `problems` are the findings for which something could not be read."""

    sides: "Sides"
    before: "_Read"
    after: "_Read"
    problems: list[Finding] = field(default_factory=list)
    sharing: list[tuple[str, tuple[AgentId, ...]]] = field(default_factory=list)  # shared text, agents not compared

    @classmethod
    def of(cls, sides: "Sides") -> "Comparison":
        """The comparison of two sides; nothing is read yet."""
        from agentgov.diff.version import folders

        problems: list[Finding] = []
        before, after = (_Read(snapshot, folders(snapshot), problems) for snapshot in (sides.before, sides.after))
        return cls(sides, before, after, problems)

    def agents(self) -> tuple["AgentDiff", ...]:
        """The agents that differ, riskiest first; UsageError when the only one asked for is on neither side."""
        from agentgov.diff.compare import compare, riskiest_agents_first
        from agentgov.diff.moves import moved_agents
        from agentgov.diff.version import touched_agents

        before, after, only = self.before.known, self.after.known, self.sides.only
        if only is not None and only.file not in before.entries and only.file not in after.entries:
            names = f"{self.before.snapshot.name} nor in the {self.after.snapshot.name}"
            raise UsageError(f"there is no agent {only}, neither in the {names}")
        touched = touched_agents(self.sides.changed, before, after)
        if only is None:
            touched = self._worth_comparing(touched)
        else:
            touched = self._with_former(only, touched) if self._may_differ(only, touched) else set()
        pairs = moved_agents(self._pairs(sorted(touched)))
        if only is not None:
            pairs = [pair for pair in pairs if only in {side.agent_id for side in pair if side is not None}]
        retention = cache(self.before.retention)  # of the governance that judges, read if an agent changes its class
        found = (compare(*self._resolved(pair), retention() if _other_class(*pair) else None) for pair in pairs)
        return riskiest_agents_first(diff for diff in found if diff.changes)

    def _with_former(self, only: AgentId, touched: set[AgentId]) -> set[AgentId]:
        """The agent, and if it is on one side alone those that are on the other alone: one of them may be the same."""
        before, after = self.before.known.entries, self.after.known.entries
        if (only.file in before) == (only.file in after):
            return {only}
        return {only, *(agent for agent in touched if (agent.file in before) != (agent.file in after))}

    def _worth_comparing(self, touched: set[AgentId]) -> set[AgentId]:
        """Those with a changed file of their own, and the riskiest of those that a changed shared text may concern;
        the others become `sharing`."""
        own = {agent for path in self.sides.changed if (agent := agent_of_path(path)) is not None}
        shared = sorted(path for path in self.sides.changed if path.split("/")[2:3] == [SHARED])
        found = touched & own
        for path in shared:
            naming = sorted(
                (-risk, agent)
                for agent in touched - own
                if agent.workspace == path.split("/")[1] and (risk := self._naming(agent, path)) is not None
            )
            agents = [agent for _, agent in naming]
            found.update(agents[:_MOST_SHARING])
            if len(agents) > _MOST_SHARING:
                self.sharing.append((path, tuple(sorted(agents[_MOST_SHARING:]))))
        return found

    def _naming(self, agent: AgentId, path: str) -> int | None:
        """About how risky an agent is that seems to name a shared text; None where it cannot name it.

        By bytes: an agent.yaml that names a file spells its name, unless it has an escape or a folded line in it.
        """
        raw = self.after.raw(agent.file)
        name = path_bytes(path).rpartition(b"/")[2]
        if raw is None or not (name in raw or b" " in name or b"\\" in raw):
            return None
        said = _RISK.search(raw)
        risk = said[1].decode() if said else RISKS[-1]
        return RISKS.index(next((known for known in RISKS if known == risk), RISKS[-1]))

    def _may_differ(self, only: AgentId, touched: set[AgentId]) -> bool:
        """Whether an agent can differ at all: by its files, or because two environments are compared."""
        first, second = self.sides.environments
        return only in touched or first != second

    def _pairs(self, agents: list[AgentId]) -> "list[Pair]":
        """Both versions of every agent that could be read; an agent that says what it was is one pair, not two."""
        from agentgov.cli.progress import Progress

        progress = Progress("comparing", "agents")
        pairs = {}
        for number, agent in enumerate(agents):
            progress.tell(number, len(agents))
            pairs[agent] = self._pair(agent)
        progress.done()
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
        if agent.file in self.sides.changed:
            return self.before.agent(agent), self.after.agent(agent)
        new = self.after.agent(agent)
        return (self.before.version(agent, new.agent), new) if new is not None else (None, None)

    def _resolved(self, pair: "Pair") -> "Pair":
        before, after = (
            version if version is None or environment is None else _in(version, environment)
            for version, environment in zip(pair, self.sides.environments, strict=True)
        )
        return before, after

    def governance(self) -> tuple["FieldChange", ...]:
        """What changed in the governance set; nothing is read where none of its files did."""
        changed = self.sides.changed
        if self.sides.only is not None or not any(map(in_governance_set, changed)):
            return ()
        from agentgov.diff.governance import compare_governance, other_files, typed_files

        unread = len(self.problems)
        before, after = self.before.governance(self.problems), self.after.governance(self.problems)
        if len(self.problems) > unread:  # what cannot be read cannot be compared: its files are named, no more
            return other_files(changed, set(), set())
        found = compare_governance(before, after)
        told = {change.path for change in found}
        return (*found, *other_files(changed, told, typed_files(before) & typed_files(after)))

    def practice(self) -> tuple["FieldChange", ...]:
        """What changed in playbooks and drills."""
        from agentgov.model.governed import kind_of

        if self.sides.only is not None:
            return ()
        changed = sorted(path for path in self.sides.changed if kind_of(path) in ("Playbook", "Drill"))
        if not changed:
            return ()
        from agentgov.diff.practice import compare_practice

        found: list[FieldChange] = []
        for path in changed:
            there = path in self.before.known.entries, path in self.after.known.entries
            found += compare_practice(path, self.before.practice(path), self.after.practice(path), there)
        return tuple(found)

    def needs(self, diffs: Iterable["AgentDiff"]) -> Mapping[AgentId, tuple["Need", ...]] | None:
        """What the governance of the base asks for each agent; None where it has none that can be read, or where two
        environments are compared, which is no change of anything."""
        first, second = self.sides.environments
        governance = self.before.governance([]) if first == second else None
        if governance is None:
            return None
        from datetime import UTC, datetime

        from agentgov.repo import clock
        from agentgov.review.needs import needs_of
        from agentgov.trust.identity import Directory

        today = datetime.fromtimestamp(clock.now(), UTC).date()
        directory = Directory(governance.access)
        return {diff.agent_id: needs_of(diff, governance, directory, today) for diff in diffs}


def _other_class(base: "AgentVersion | None", head: "AgentVersion | None") -> bool:
    """Whether records of an agent are kept by another class afterwards."""
    return base is not None and head is not None and base.agent.spec.audit.retention != head.agent.spec.audit.retention


def _in(version: "AgentVersion", environment: "Environment") -> "AgentVersion":
    """The agent as it is in an environment; as it is written where its override does not fit its types."""
    from agentgov.diff.environments import resolved

    agent = resolved(version.agent, environment)
    return version if agent is None else replace(version, agent=agent)


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
            self._complain(findings, self.problems)
            return None
        return self.version(agent, typed)

    def version(self, agent: AgentId, typed: "Agent") -> "AgentVersion":
        from agentgov.diff.version import version_of

        return version_of(agent, typed, self.snapshot, self.known)

    def raw(self, path: str) -> bytes | None:
        """The bytes of a file, None where there is none."""
        entry = self.known.entries.get(path)
        return self.snapshot.read(path) if entry is not None and entry.is_file else None

    def governance(self, problems: list[Finding]) -> "Governance | None":
        from agentgov.validate.load import load_governance

        if FLEET_FILE not in self.known.entries:
            return None
        loaded, findings = load_governance(self.snapshot)
        if loaded is None:
            self._complain(findings, problems)
        return loaded

    def retention(self) -> "Retention | None":
        """How long records are kept; None where no file says so, or where it cannot be read."""
        from agentgov.model.policies import Retention
        from agentgov.validate.load import load_document

        return load_document(self.snapshot, "Retention", Retention, RETENTION_FILE).typed

    def practice(self, path: str) -> "Practice | None":
        """A playbook or drill; None where it is not there, or cannot be read as one."""
        from agentgov.model.playbook import Drill, Playbook
        from agentgov.validate.load import load_document

        if path.startswith("playbooks/"):
            return load_document(self.snapshot, "Playbook", Playbook, path).draft
        return load_document(self.snapshot, "Drill", Drill, path).draft

    def _complain(self, findings: tuple[Finding, ...], problems: list[Finding]) -> None:
        errors = (found for found in findings if found.severity is Severity.ERROR)
        for found in errors:
            message = f"{found.message} ({self.snapshot.name})"
            problems.append(replace(found, message=message))
