"""Where all agents of a fleet stand, kept from look to look: what did not change is neither read nor made again.

A row rests on its agent's own objects in the journal (deployment, releases, results, folder as authorised), on
governance and on pauses. The trees of a workspace tell by one comparison whether any of the former changed; what
changed is read in few goes, and of an agent's releases only those that its row speaks of. Decides nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from agentgov.errors import AgentgovError
from agentgov.journal.pausing import pauses_on, strictest
from agentgov.journal.view import View, ids_in, read_record
from agentgov.model.names import AgentId, agent_id, release_name
from agentgov.model.snapshot import path_text
from agentgov.model.state import Deployment, Pause, Release, deployment_path, release_path
from agentgov.model.transitions import last_running
from agentgov.release.index import rests
from agentgov.release.view import Wait
from agentgov.report.judge import Judged
from agentgov.report.standing import Standing, missing_of

_AT_ONCE = 4096  # agents whose objects are read in one go

_Trees = tuple[str, str, str, str]  # of a workspace: deployments, releases, evidence, agents as authorised
_Objects = tuple[str, str, str, str]  # of an agent: the same
_File = tuple[str, str]  # a record: path and blob


@dataclass(frozen=True, slots=True)
class _Place:
    """What is known of one agent as long as its objects are these."""

    objects: _Objects
    standing: Standing  # without its pause and without waits
    moves: bool


@dataclass(slots=True)
class Standings:
    """Where all agents stood at the last look of this process."""

    _ground: str = ""  # the governance that all of it rests on
    _trees: Mapping[str, _Trees] = field(default_factory=dict)
    _places: Mapping[AgentId, _Place] = field(default_factory=dict)
    _pauses: str = ""  # the tree of all of them
    _paused: dict[AgentId, tuple[Pause, ...]] = field(default_factory=dict)  # also by one whose time is over
    _rows: Mapping[AgentId, Standing] = field(default_factory=dict)

    def look(self, view: View) -> None:
        """Take over what changed since the last look. IncompleteError where a record cannot be read."""
        if self._ground != view.state.head.governance:
            self._trees, self._places, self._ground = {}, {}, view.state.head.governance
        trees = _workspaces(view)
        self._pause(view, self._read(view, trees) if trees != self._trees else ())

    def moving(self) -> Mapping[AgentId, Deployment]:
        """Where those agents stand that time, counts or the reconciler can move; no other one waits for anything."""
        return {agent: place.standing.at for agent, place in self._places.items() if place.moves}

    def rows(
        self,
        time: int,
        waits: Mapping[AgentId, tuple[Wait, ...]],
        judged: Mapping[AgentId, Judged] = MappingProxyType({}),
    ) -> tuple[Standing, ...]:
        """All agents by id, at this time. A row that is as it was is the very same value."""
        before, rows = self._rows, {agent: place.standing for agent, place in self._places.items()}
        for agent in (self._paused.keys() | waits.keys() | judged.keys()) & rows.keys():
            pause = strictest(self._paused.get(agent, ()), time)
            row = replace(rows[agent], pause=pause, waits=waits.get(agent, ()), judged=judged.get(agent))
            rows[agent] = before[agent] if before.get(agent) == row else row
        self._rows = rows
        return tuple(rows.values())

    def _read(self, view: View, trees: Mapping[str, _Trees]) -> Iterable[AgentId]:
        """Read what changed; the agents that are new, or others than before."""
        changed = [name for name, four in trees.items() if self._trees.get(name) != four]
        objects = {agent: four for name in changed for agent, four in _agents(view, name)}
        known = self._places
        fresh = [(agent, four) for agent, four in objects.items() if agent not in known or known[agent].objects != four]
        made = dict(_made(view, fresh))
        same = {
            agent: place
            for agent, place in known.items()
            if agent in objects or (agent.workspace in trees and agent.workspace not in changed)
        }
        self._places, self._trees = dict(sorted((same | made).items())), trees
        return made

    def _pause(self, view: View, fresh: Iterable[AgentId]) -> None:
        """Who is paused: asked of all where a pause came or went, else of those that are new or were others before."""
        entry = view.repo.entry(view.tree, "pauses")
        tree = entry.oid if entry is not None else ""
        moved = [agent for agent, place in self._places.items() if place.standing.at.formerly] if tree else []
        asked = (*fresh, *moved) if tree == self._pauses else self._places
        found = {agent: tuple(pauses_on(view, agent).values()) for agent in asked} if tree else {}
        kept = self._paused if tree == self._pauses else {}
        self._paused = {agent: pauses for agent, pauses in (kept | found).items() if pauses}
        self._pauses = tree


def _workspaces(view: View) -> dict[str, _Trees]:
    repo = view.repo
    deployments, releases, evidence = (ids_in(repo, view.tree, one) for one in ("deployments", "releases", "evidence"))
    contents = ids_in(repo, view.authorised, "agents")
    return {
        name: (deployments.get(name, ""), releases.get(name, ""), evidence.get(name, ""), contents.get(name, ""))
        for name in {*releases, *contents}
    }


def _agents(view: View, workspace: str) -> Iterator[tuple[AgentId, _Objects]]:
    """The agents of a workspace that have a release, or are authorised to have one."""
    repo = view.repo
    deployments, releases, evidence = (
        ids_in(repo, view.tree, f"{folder}/{workspace}") for folder in ("deployments", "releases", "evidence")
    )
    contents = ids_in(repo, view.authorised, f"agents/{workspace}")
    repo.read_trees([oid for name, oid in contents.items() if name not in releases])
    for name in {*releases, *contents}:
        agent = agent_id(f"{workspace}/{name}")
        if agent is not None and (name in releases or repo.entry(view.authorised, agent.file) is not None):
            at = deployments.get(f"{name}.yaml", "")
            yield agent, (at, releases.get(name, ""), evidence.get(name, ""), contents.get(name, ""))


def _made(view: View, agents: Sequence[tuple[AgentId, _Objects]]) -> Iterator[tuple[AgentId, _Place]]:
    for start in range(0, len(agents), _AT_ONCE):
        some = agents[start : start + _AT_ONCE]
        with suppress(AgentgovError):  # whoever asks for that one is told
            view.repo.read_trees([objects[1] for _, objects in some if objects[1]])
        files = {agent: _newest_first(view, agent, objects[1]) for agent, objects in some}
        _read_ahead(view, [(deployment_path(agent), objects[0]) for agent, objects in some if objects[0]])
        _read_ahead(view, [found[0] for found in files.values() if found])
        yield from ((agent, _place(view, agent, objects, files[agent])) for agent, objects in some)


def _read_ahead(view: View, records: Sequence[_File]) -> None:
    unread = [oid for path, oid in records if view.memory.records.get(path, oid) is None]
    with suppress(AgentgovError):
        view.repo.read_ahead("blob", unread)


def _place(view: View, agent: AgentId, objects: _Objects, files: Sequence[_File]) -> _Place:
    at = Deployment(agent=str(agent))
    if objects[0]:
        found = read_record(view.repo, view.memory.records, deployment_path(agent), objects[0])
        at = found if isinstance(found, Deployment) else at
    releases = _releases(view, at, files)
    standing = Standing(agent, at, releases, missing=missing_of(view, at, releases.values()))
    return _Place(objects, standing, not rests(at, releases.values()))


def _releases(view: View, at: Deployment, files: Sequence[_File]) -> Mapping[str, Release]:
    """Of the releases of an agent the newest, and those that its deployment names, by tag object, oldest first."""
    named = {at.staging.release, at.canary.release, at.production.release, last_running(at)}
    named = {*named, *(alarm.partition(" ")[0] for alarm in at.alarms)} - {""}
    found: dict[str, Release] = {}
    for path, oid in files:
        if found and not named:
            break
        record = read_record(view.repo, view.memory.records, path, oid)
        if isinstance(record, Release) and (not found or record.tag in named):
            found[record.tag] = record
            named.discard(record.tag)
    return dict(reversed(found.items()))


def _newest_first(view: View, agent: AgentId, tree: str) -> list[_File]:
    """The records of an agent's releases."""
    files = [one for one in view.repo.tree(tree) if one.name.endswith(b".yaml")] if tree else []
    named = [(release_name(f"{agent}/{path_text(one.name).removesuffix('.yaml')}"), one.oid) for one in files]
    known = [(name, oid) for name, oid in named if name is not None]
    known.sort(key=lambda one: (one[0].precedence, str(one[0])), reverse=True)
    return [(release_path(name), oid) for name, oid in known]
