"""An agent as it stands in one snapshot, with its files; and which agents two snapshots may disagree on.

Takes the typed agent from whoever read it: nothing here parses or validates YAML.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agentgov.model.agent import Agent
from agentgov.model.closure import closure_paths, named_files, resolve
from agentgov.model.mark import written
from agentgov.model.names import SHARED, AgentId, agent_of_path
from agentgov.model.snapshot import Entry, Snapshot


@dataclass(frozen=True, slots=True)
class AgentVersion:
    """One agent at one moment.

    `texts` are the bytes of the ordinary files of its closure by repository path, agent.yaml not included; `modes` are
    the git modes of everything in its closure, also of what is no ordinary file; `marks` are those in agent.yaml that
    suppress findings, each as code and reason.
    """

    agent_id: AgentId
    agent: Agent
    texts: Mapping[str, bytes] = field(default_factory=dict)
    modes: Mapping[str, int] = field(default_factory=dict)
    marks: tuple[tuple[str, str], ...] = ()

    def text(self, reference: str) -> bytes | None:
        """The bytes of a file that agent.yaml names, None where no ordinary file stands there."""
        path = resolve(self.agent_id, reference)
        return None if path is None else self.texts.get(path)

    def path(self, reference: str) -> str:
        """The repository path of a file that agent.yaml names; agent.yaml itself where the reference leads out."""
        return resolve(self.agent_id, reference) or self.agent_id.file


@dataclass(frozen=True, slots=True)
class Folders:
    """The entries of a snapshot, read once, and the paths in each agent's folder."""

    entries: Mapping[str, Entry]
    of_agent: Mapping[AgentId, tuple[str, ...]]


def folders(snapshot: Snapshot) -> Folders:
    """Sort the paths of a snapshot by the agent in whose folder they lie: one pass for any number of agents."""
    entries = snapshot.entries()
    found: dict[AgentId, list[str]] = {}
    for path in entries:
        if (agent := agent_of_path(path)) is not None:
            found.setdefault(agent, []).append(path)
    return Folders(entries, {agent: tuple(paths) for agent, paths in found.items()})


def version_of(agent_id: AgentId, agent: Agent, snapshot: Snapshot, known: Folders | None = None) -> AgentVersion:
    """The version of an agent in a snapshot; pass `known` (from `folders`) where many agents of it are read."""
    known = folders(snapshot) if known is None else known
    references = (resolve(agent_id, reference) for reference in named_files(agent))
    named = {path for path in references if path is not None and path in known.entries}
    paths = closure_paths(agent_id, agent, named.union(known.of_agent.get(agent_id, ())))
    paths.discard(agent_id.file)
    return AgentVersion(
        agent_id,
        agent,
        {path: snapshot.read(path) for path in sorted(paths) if known.entries[path].is_file},
        {path: known.entries[path].mode for path in sorted(paths)},
        tuple((code, reason) for _, code, reason in written(snapshot.read(agent_id.file))),
    )


def touched_agents(changed: set[str], *snapshots: Folders) -> set[AgentId]:
    """The agents that a change of these paths may concern: those in whose folder one lies, and every agent of a
    workspace with a changed shared text, because only reading the agent tells whether it names that text."""
    touched = {agent for path in changed if (agent := agent_of_path(path)) is not None}
    shared = {parts[1] for path in changed if (parts := path.split("/"))[0] == "agents" and parts[2:3] == [SHARED]}
    for known in snapshots:
        touched.update(agent for agent in known.of_agent if agent.workspace in shared)
    return {agent for agent in touched if any(agent.file in known.entries for known in snapshots)}
