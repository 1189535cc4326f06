"""Which agents may move at all: of a large fleet nearly none, and a tick looks at the others no further.

An agent rests where nothing of it soaks, ramps, bakes or waits behind staging, and no release is newer than what
production runs; then no rule of planning but the one of moved tags has anything to say of it, whatever the pipeline,
pauses, freezes and the clock say. That rests on its deployment and its releases alone, so it is worked out again only
where one of these changed; moved tags are found by one comparison for the whole fleet. In doubt an agent may move.
What was worked out is kept for the next process under the machine's seal, as verdicts are. Reads the journal, decides
nothing.
"""

from collections.abc import Collection, Iterable, KeysView, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec

from agentgov.errors import AgentgovError
from agentgov.journal.line import WORTH_KEEPING
from agentgov.journal.verdict_cache import VerdictCache
from agentgov.journal.view import View, ids_in
from agentgov.model.names import AgentId, agent_id, release_name
from agentgov.model.state import Deployment, Release
from agentgov.model.transitions import candidate, is_newer, is_ramping, last_running
from agentgov.release.observations import Memory, fingerprint
from agentgov.release.refs import Refs

_KIND, _FORM = "index", 1  # another form where what is kept, or what resting means, changes


def rests(at: Deployment, releases: Iterable[Release]) -> bool:
    """Whether only an act of a person, a new release or a moved tag can bring anything for an agent."""
    moves = is_ramping(at) or at.staging.state == "SOAKING" or at.production.state == "BAKING" or candidate(at)
    if moves:
        return False
    known = tuple(releases)
    running = next((one for one in known if one.tag == last_running(at)), None)
    return not any(is_newer(one, running) for one in known)


class _Place(msgspec.Struct, frozen=True, array_like=True):
    """What is known of one agent, as long as its deployment and its releases are these objects."""

    objects: tuple[str, str]
    rests: bool
    of: str  # the fingerprint of its deployment, "" where it cannot be read
    tags: tuple[tuple[str, str], ...]


class _Workspace(msgspec.Struct, frozen=True, array_like=True):
    """The same of all agents of a workspace, by name, and by the trees of its two folders."""

    trees: tuple[str, str]
    agents: dict[str, _Place]


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    form: int
    workspaces: dict[str, _Workspace]


@dataclass(slots=True)
class FleetIndex:
    """Where all agents of a fleet stood at the last look, kept from tick to tick of one process, and from process to
    process where `kept_in` says where."""

    _workspaces: dict[str, _Workspace] = field(default_factory=dict)
    _restless: frozenset[AgentId] = frozenset()
    _fingerprints: dict[str, str] = field(default_factory=dict)
    _tags: dict[str, str] = field(default_factory=dict)  # of all recorded releases, by name
    _cache: VerdictCache | None = None
    _unkept: int = 0  # places worked out since they were kept

    def kept_in(self, cache: VerdictCache) -> None:
        """Begin with what an earlier process kept there, and keep there what takes long to work out again."""
        if self._cache == cache:
            return
        self._cache = cache
        kept = cache.get(_KIND)
        with suppress(msgspec.DecodeError):
            found = msgspec.msgpack.decode(kept[1], type=_Kept) if kept is not None else None
            if found is not None and found.form == _FORM:
                self._take(found.workspaces)

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
        names = [name for name, of in self._fingerprints.items() if memories.get(name, nothing).of != of]
        return tuple(agent for name in names if (agent := agent_id(name)) is not None)

    def _look(self, view: View) -> None:
        deployments, releases = ids_in(view.repo, view.tree, "deployments"), ids_in(view.repo, view.tree, "releases")
        trees = {name: (deployments.get(name, ""), tree) for name, tree in releases.items()}
        if trees == {name: one.trees for name, one in self._workspaces.items()}:
            return
        found = {name: self._workspace(view, name, both) for name, both in trees.items()}
        self._take(found)
        if self._cache is not None and self._unkept >= WORTH_KEEPING:
            self._cache.put(_KIND, view.tip, msgspec.msgpack.encode(_Kept(_FORM, found)))
            self._unkept = 0

    def _take(self, workspaces: dict[str, _Workspace]) -> None:
        self._workspaces = workspaces
        places = {f"{name}/{one}": at for name, each in workspaces.items() for one, at in each.agents.items()}
        restless = (agent_id(name) for name, one in places.items() if not one.rests)
        self._restless = frozenset(agent for agent in restless if agent is not None)
        self._fingerprints = {name: one.of for name, one in places.items() if one.of}
        self._tags = {name: tag for one in places.values() for name, tag in one.tags}

    def _workspace(self, view: View, name: str, trees: tuple[str, str]) -> _Workspace:
        before = self._workspaces.get(name)
        if before is not None and before.trees == trees:
            return before
        deployments, releases = (
            ids_in(view.repo, view.tree, f"deployments/{name}"),
            ids_in(view.repo, view.tree, f"releases/{name}"),
        )
        known = before.agents if before is not None else {}
        objects = {
            one: (deployments.get(f"{one}.yaml", ""), tree)
            for one, tree in releases.items()
            if agent_id(f"{name}/{one}") is not None
        }
        fresh = {one: both for one, both in objects.items() if one not in known or known[one].objects != both}
        self._unkept += len(fresh)
        _read_ahead(view, fresh.values())
        made = {one: _place(view, AgentId(name, one), both) for one, both in fresh.items()}
        return _Workspace(trees, {one: made.get(one) or known[one] for one in objects})


def _read_ahead(view: View, objects: Collection[tuple[str, str]]) -> None:
    """What many agents are told from, read in one go."""
    repo = view.repo
    deployments, trees = zip(*objects, strict=True) if objects else ((), ())
    try:
        repo.read_trees(trees)
        records = [one.oid for tree in trees for one in repo.tree(tree) if one.name.endswith(b".yaml")]
        repo.read_ahead("blob", [oid for oid in (*deployments, *records) if oid])
    except AgentgovError:
        return  # whoever asks for that one is told


def _place(view: View, agent: AgentId, objects: tuple[str, str]) -> _Place:
    try:
        at, releases = view.state.deployment(agent), view.state.releases(agent)
    except AgentgovError:  # planning tells of it
        return _Place(objects, False, "", ())
    tags = tuple((release.name, release.tag) for release in releases)
    return _Place(objects, rests(at, releases), fingerprint(at), tags)
