"""The fleet as it stands at one act of the journal: what of each agent runs, and within which limits.

A fleet never changes; the next act makes the next one, and what is still the same is shared with the one before. Reads
the journal's repository when somebody first asks for an agent; threads may ask at the same time. Pauses are not judged
here: they are in the store, too.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice

from agentgov.delivery.released import ReleasedAgents
from agentgov.errors import AgentgovError
from agentgov.journal.ahead import read_ahead
from agentgov.journal.moves import former_ids
from agentgov.journal.view import View
from agentgov.model.document import ENVIRONMENTS, Environment
from agentgov.model.fleet import Governance
from agentgov.model.names import AgentId
from agentgov.model.state import Deployment
from agentgov.model.transitions import is_retired
from agentgov.model.verdict import Reason, deny, unknown
from agentgov.repo.changes import changed_paths
from agentgov.runtime.deployed import Deployed, Release
from agentgov.runtime.lease import Grounds
from agentgov.runtime.limits import narrowed
from agentgov.runtime.rollouts import Rollouts
from agentgov.trust.identity import Directory

_Key = tuple[AgentId, Environment]
_MOST_KEPT = 65_536


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found of one agent, and what it was found from; under no governance where it is to be found again."""

    record: Deployment
    governance: str
    deployed: Deployed


@dataclass(frozen=True, slots=True)
class _Shared:
    """What all fleets of one journal have in common."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    released: ReleasedAgents = field(default_factory=ReleasedAgents)
    rollouts: Rollouts = field(default_factory=Rollouts)


class Fleet:
    """One state of the journal; `before` is an earlier one of the same journal, if there is one."""

    def __init__(self, view: View, before: "Fleet | None" = None) -> None:
        head = view.state.head
        self.view = view
        self.id, self.seq, self.time, self.tip = head.fleet, head.seq, head.time, view.tip
        self.governance: Governance = view.governance
        self.governance_digest = head.governance
        self.directory: Directory = view.directory
        self._shared: _Shared = before._shared if before is not None else _Shared()
        self._found: dict[_Key, _Found] = {}
        self._earlier: dict[_Key, _Found] = {}
        if before is not None:
            self._take_over(before)

    @property
    def grounds(self) -> Grounds:
        """What every lease of this state rests on."""
        return Grounds(self.id, self.governance_digest)

    def deployed(self, agent: AgentId, environment: Environment) -> Deployed:
        """What of an agent runs in an environment, or why nothing does; an agent nobody knows was never released."""
        known = self.known(agent, environment)
        if known is not None:
            return known
        with self._shared.lock:  # somebody else may have found it meanwhile
            found = self._found.get((agent, environment))
            return found.deployed if found is not None else self._find(agent, environment)

    def known(self, agent: AgentId, environment: Environment) -> Deployed | None:
        """The same where nothing has to be read for it; None where something has."""
        found = self._found.get((agent, environment))
        return found.deployed if found is not None else None

    def read_ahead(self, agents: Iterable[AgentId]) -> None:
        """All of these will be asked for next: read in few goes what has to be read for it."""
        places = ((one, place) for one in agents for place in ENVIRONMENTS)
        unread = {agent for agent, place in places if self.known(agent, place) is None}
        with self._shared.lock:
            read_ahead(self.view, unread)

    def refresh(self, most: int = 1000) -> None:
        """Find now what was asked for before and may have changed, so that nobody waits for it; of so many at most, so
        that nobody waits for the fleet."""
        with self._shared.lock:
            earlier = tuple(islice(self._earlier, most))
        self.read_ahead(agent for agent, _ in earlier)
        for agent, environment in earlier:
            self.deployed(agent, environment)

    def agents(self) -> tuple[AgentId, ...]:
        """Every agent that is authorised, or that the pipeline knows, by id."""
        return self._agents

    def knows(self, agent: AgentId) -> bool:
        """Whether the agent is authorised, or the pipeline knows it."""
        return agent in self._known

    @cached_property
    def _agents(self) -> tuple[AgentId, ...]:
        with self._shared.lock:
            known = {*self.view.agents(), *self.view.deployed()}
        return tuple(sorted(known))

    @cached_property
    def _known(self) -> frozenset[AgentId]:
        return frozenset(self._agents)

    def _take_over(self, before: "Fleet") -> None:
        """What is still as it was there; the rest is looked at once somebody asks."""
        changed = self.view.changed_deployments(before.view.tree)
        with self._shared.lock:
            known = {**before._earlier, **before._found}
        for key, found in known.items():
            same = found.governance == self.governance_digest and changed is not None and str(key[0]) not in changed
            (self._found if same else self._earlier)[key] = found
        if changed is not None and not any(changed.values()) and not _comes_or_goes(before.view, self.view):
            known_there = before.__dict__  # whoever is served by that one may find something this very moment
            self.__dict__ |= {name: known_there[name] for name in ("_agents", "_known") if name in known_there}

    def _find(self, agent: AgentId, environment: Environment) -> Deployed:
        key = agent, environment
        try:
            record = self.view.state.deployment(agent)
            kept = self._earlier.pop(key, None)
            same = kept is not None and (kept.record, kept.governance) == (record, self.governance_digest)
            found = kept if kept is not None and same else None
            if found is None:
                found = self._resolve(agent, environment, record)
        except AgentgovError as error:  # what is damaged or missing may be there again the next time
            return Deployed(agent, environment, refused=(unknown("runtime.incomplete", error.message, str(agent)),))
        if len(self._found) < _MOST_KEPT and (record.staging.release or record.production.release):
            self._found[key] = found
        return found.deployed

    def _resolve(self, agent: AgentId, environment: Environment, at: Deployment) -> _Found:
        former = tuple(former_ids(self.view, agent)) if at.formerly else ()
        tag = at.production.release if environment == "production" else at.staging.release
        stable = self._release(agent, environment, at, tag) if tag else None
        if isinstance(stable, Reason):
            return _Found(at, self.governance_digest, Deployed(agent, environment, formerly=former, refused=(stable,)))
        refused = () if stable is not None else (_nothing(agent, environment, at),)
        alone = Deployed(agent, environment, stable, formerly=former, refused=refused)
        if environment != "production" or not at.canary.share or not at.canary.release:
            return _Found(at, self.governance_digest, alone)
        try:
            canary = self._release(agent, environment, at, at.canary.release)
            rollout = self._shared.rollouts.of(self.view, agent)
        except AgentgovError:
            if stable is None:
                raise
            return _Found(at, "", alone)  # what is missing is looked for again at the next act
        if isinstance(canary, Reason):  # what cannot run gets no traffic, and nothing changes for the others
            return _Found(at, self.governance_digest, alone)
        both = replace(alone, canary=canary, share=at.canary.share, rollout=rollout)
        return _Found(at, self.governance_digest, both)

    def _release(self, agent: AgentId, environment: Environment, at: Deployment, tag: str) -> Release | Reason:
        if tag in at.withdrawn:
            return deny("runtime.withdrawn", f"release {tag[:12]} of {agent} is withdrawn", str(agent))
        found = self._shared.released.of(self.view, agent, tag, environment)
        if isinstance(found, Reason):
            return found
        left = narrowed(found.agent, found.config, self.governance.workspaces.get(agent.workspace))
        return Release(
            found.name, found.tag, found.commit, found.closure, left.agent, left.config, found.files, left.reasons
        )


def _comes_or_goes(before: View, after: View) -> bool:
    """Whether an agent is authorised at one of two acts and not at the other, as far as that can be told."""
    try:
        paths = changed_paths(after.repo, before.authorised, after.authorised, ("agents",))
    except AgentgovError:
        return True
    return any(path.endswith("/agent.yaml") and None in entries for path, entries in paths.items())


def _nothing(agent: AgentId, environment: Environment, at: Deployment) -> Reason:
    if is_retired(at):
        return deny("runtime.retired", f"{agent} is retired", str(agent))
    return deny("runtime.never-released", f"{agent} has no release in {environment}", str(agent))
