"""What the judgement of one agent needs to know of all the other paths of its fleet, worked out once for a snapshot.

Many releases point at one commit; were every path of it looked at for each of them, ten thousand releases of ten
thousand agents would never be seen. Pure.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from agentgov.model.names import SHARED, AgentId
from agentgov.validate.layout import collisions


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The paths of a snapshot by the folder of their agent, and the names that are one path on other machines."""

    folders: Mapping[str, Collection[str]]  # agents/<workspace>/<agent>, or .../shared
    collisions: Collection[Collection[str]]

    def of(self, agent: AgentId) -> Collection[str]:
        """The paths in the folder of an agent."""
        return self.folders.get(agent.folder, ())

    def nameable(self, agent: AgentId) -> Collection[str]:
        """All paths that can belong to an agent: those in its folder, and the shared texts of its workspace."""
        return (*self.of(agent), *self.folders.get(f"agents/{agent.workspace}/{SHARED}", ()))


def neighbours(paths: Collection[str]) -> Neighbours:
    """The neighbours of every agent of a snapshot with these paths."""
    folders: dict[str, list[str]] = {}
    for path in paths:
        parts = path.split("/", 3)
        if len(parts) > 3 and parts[0] == "agents":
            folders.setdefault(path[: -len(parts[3]) - 1], []).append(path)
    return Neighbours(folders, tuple(tuple(names) for names, _ in collisions(paths)))
