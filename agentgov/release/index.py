"""Which agents may move at all: of a large fleet nearly none, and a tick looks at the others no further.

An agent rests where nothing of it soaks, ramps, bakes or waits behind staging, and no release is newer than what
production runs; then no rule of planning but the one of moved tags has anything to say of it, whatever the pipeline,
pauses, freezes and the clock say. That rests on its deployment and its releases alone, so it is worked out again only
where one of these changed; moved tags are found by one comparison for the whole fleet. In doubt an agent may move.
Reads the journal, decides nothing.
"""

from collections.abc import Iterable, KeysView, Mapping
from dataclasses import dataclass, field

from agentgov.errors import AgentgovError
from agentgov.journal.view import View
from agentgov.model.names import AgentId, agent_id, release_name
from agentgov.model.snapshot import TREE, path_text
from agentgov.model.state import Deployment, Release
from agentgov.model.transitions import candidate, is_newer, is_ramping, last_running
from agentgov.release.observations import Memory, fingerprint
from agentgov.release.refs import Refs


def rests(at: Deployment, releases: Iterable[Release]) -> bool:
    """Whether only an act of a person, a new release or a moved tag can bring anything for an agent."""
    moves = is_ramping(at) or at.staging.state == "SOAKING" or at.production.state == "BAKING" or candidate(at)
    if moves:
        return False
    known = tuple(releases)
    running = next((one for one in known if one.tag == last_running(at)), None)
    return not any(is_newer(one, running) for one in known)


@dataclass(frozen=True, slots=True)
class _Place:
    """What is known of one agent, as long as its deployment and its releases are these objects."""

    objects: tuple[str, str]
    rests: bool
    of: str  # the fingerprint of its deployment, "" where it cannot be read
    tags: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Workspace:
    """The same of all agents of a workspace, by the trees of its two folders."""

    trees: tuple[str, str]
    agents: Mapping[AgentId, _Place]


@dataclass(slots=True)
class FleetIndex:
    """Where all agents of a fleet stood at the last look, kept from tick to tick of one process."""

    _workspaces: dict[str, _Workspace] = field(default_factory=dict)
    _restless: frozenset[AgentId] = frozenset()
    _fingerprints: dict[AgentId, str] = field(default_factory=dict)
    _tags: dict[str, str] = field(default_factory=dict)  # of all recorded releases, by name

    def active(self, view: View, refs: Refs) -> tuple[AgentId, ...]:
        """Every agent for which planning could find an act or a wait of its own, by id."""
        self._look(view)
        names = [release_name(name) for name, _ in self._tags.items() - refs.tags.items()]
        return tuple(sorted(self._restless | {name.agent for name in names if name is not None}))

    def recorded(self, view: View) -> KeysView[str]:
        """The names of releases that the journal has recorded, as far as their records can be read."""
        self._look(view)
        return self._tags.keys()

    def unseen(self, memories: Mapping[str, Memory]) -> tuple[AgentId, ...]:
        """Agents of which another state is remembered than the one of the last look: once more, and they rest."""
        nothing = Memory()
        return tuple(agent for agent, of in self._fingerprints.items() if memories.get(str(agent), nothing).of != of)

    def _look(self, view: View) -> None:
        deployments, releases = _entries(view, "deployments"), _entries(view, "releases")
        known = self._workspaces
        self._workspaces = {
            name: _workspace(view, name, (deployments.get(name, ""), tree), known.get(name))
            for name, tree in releases.items()
        }
        if known.keys() == self._workspaces.keys() and all(
            known[name] is one for name, one in self._workspaces.items()
        ):
            return
        places = {agent: one for each in self._workspaces.values() for agent, one in each.agents.items()}
        self._restless = frozenset(agent for agent, one in places.items() if not one.rests)
        self._fingerprints = {agent: one.of for agent, one in places.items() if one.of}
        self._tags = {name: tag for one in places.values() for name, tag in one.tags}


def _workspace(view: View, name: str, trees: tuple[str, str], before: _Workspace | None) -> _Workspace:
    if before is not None and before.trees == trees:
        return before
    deployments, releases = _entries(view, f"deployments/{name}"), _entries(view, f"releases/{name}")
    found = {}
    for one, tree in releases.items():
        agent = agent_id(f"{name}/{one}")
        if agent is None:
            continue
        objects = (deployments.get(f"{one}.yaml", ""), tree)
        known = before.agents.get(agent) if before is not None else None
        found[agent] = known if known is not None and known.objects == objects else _place(view, agent, objects)
    return _Workspace(trees, found)


def _place(view: View, agent: AgentId, objects: tuple[str, str]) -> _Place:
    try:
        at, releases = view.state.deployment(agent), view.state.releases(agent)
    except AgentgovError:  # planning tells of it
        return _Place(objects, False, "", ())
    tags = tuple((release.name, release.tag) for release in releases)
    return _Place(objects, rests(at, releases), fingerprint(at), tags)


def _entries(view: View, folder: str) -> dict[str, str]:
    """The object ids in a folder of the journal's tree, by name."""
    entry = view.repo.entry(view.tree, folder)
    if entry is None or entry.mode != TREE:
        return {}
    return {path_text(one.name): one.oid for one in view.repo.tree(entry.oid)}
