"""Under which retention class each agent was recorded, and since when: noted whenever that changes.

A record is kept by the class that its agent had when it was made, so a new release changes nothing about old records.
What was noted first is taken to have been so before. The store knows up to which act classes were noted, so only agents
are read whose deployments are others since: not all of them each time that somebody asks.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from agentgov.errors import AgentgovError
from agentgov.journal.moves import former_ids
from agentgov.journal.release_contents import contents_of, release_of
from agentgov.journal.released_agent import agent_of, authorised_agent
from agentgov.journal.view import View
from agentgov.model.agent import Agent
from agentgov.model.names import AgentId, agent_id
from agentgov.model.policies import LegalHold
from agentgov.model.state import Deployment
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.holds import Holds, Labels
from agentgov.runtime.retention import Noted, Rules
from agentgov.runtime.subjects import known_index
from agentgov.store.port import Transaction
from agentgov.validate.load import load_agent

_LAST = (
    "SELECT k.agent, k.slot, k.class FROM kept_as k WHERE k.since = "
    "(SELECT max(o.since) FROM kept_as o WHERE o.agent = k.agent AND o.slot = k.slot)"
)
_NOTE = (
    "INSERT INTO kept_as (agent, slot, since, class) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (agent, slot, since) DO UPDATE SET class = excluded.class"
)
_MARK = "retention.classes"
_KEEP = "INSERT INTO marks (name, said) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET said = excluded.said"
Classes = Mapping[tuple[str, str], str]


class UpTo(msgspec.Struct, frozen=True):
    """The act of the journal up to which classes were noted, by its number and its tree; `missed` are agents of which
    something could not be read then."""

    seq: int = -1
    tree: str | None = None
    missed: tuple[str, ...] = ()


class Unnoted(msgspec.Struct, frozen=True):
    """What is to be noted, by agent and slot (staging, production, canary), and up to where it is noted after that."""

    classes: Classes
    upto: UpTo


def noted_upto(tx: Transaction) -> UpTo:
    """Up to where classes were noted."""
    row = tx.one("SELECT said FROM marks WHERE name = ?", _MARK)
    return msgspec.json.decode(str(row[0]), type=UpTo) if row is not None else UpTo()


def unnoted(view: View, since: UpTo) -> Unnoted:
    """The classes that releases name today, of agents whose deployment is another than the one noted last."""
    if view.state.head.seq <= since.seq:
        return Unnoted({}, since)
    classes, missed = dict[tuple[str, str], str](), []
    for agent in _changed(view, since):
        try:
            record = view.state.deployment(agent)
            for tag, slots in _slots(record).items():
                name = _class_of(view, agent, tag)
                if name is not None:
                    classes |= {(str(agent), slot): name for slot in slots}
        except AgentgovError:
            missed.append(str(agent))
    return Unnoted(classes, UpTo(view.state.head.seq, view.tree, tuple(missed)))


def note_classes(tx: Transaction, found: Unnoted, now_ms: int) -> int:
    """Note what has changed; how much that was. A slot that runs nothing any more goes on with its last class."""
    if noted_upto(tx).seq >= found.upto.seq:
        return 0
    last = {(agent, slot): name for agent, slot, name in tx.all(_LAST)}
    rows = [(*key, now_ms, name) for key, name in found.classes.items() if last.get(key) != name]
    tx.many(_NOTE, rows)
    tx.run(_KEEP, _MARK, msgspec.json.encode(found.upto).decode())
    return len(rows)


def _changed(view: View, since: UpTo) -> list[AgentId]:
    changed = view.changed_deployments(since.tree)
    names = changed if changed is not None else map(str, view.deployed())  # this clone does not know that act
    return sorted(filter(None, map(agent_id, {*names, *since.missed})))


def _slots(at: Deployment) -> Mapping[str, list[str]]:
    """Where each release runs, by its tag."""
    found = defaultdict[str, list[str]](list)
    found[at.staging.release].append("staging")
    found[at.production.release].append("production")
    found[at.canary.release if at.canary.share else ""].append("canary")
    return {tag: slots for tag, slots in found.items() if tag and tag not in at.withdrawn}


def _class_of(view: View, agent: AgentId, tag: str) -> str | None:
    """The class that a release names, the same in every environment; None where its document cannot be read."""
    release = release_of(view, agent, tag)
    document = load_agent(contents_of(view, release), agent)[0] if release is not None else None
    return document.spec.audit.retention if document is not None else None


def rules_of(tx: Transaction, fleet: Fleet) -> Rules:
    """How long everything is kept, by the governance that is authorised."""
    noted: dict[str, list[Noted]] = defaultdict(list)
    for agent, slot, since, name in tx.all("SELECT agent, slot, since, class FROM kept_as"):
        noted[agent].append(Noted(since, slot, name))
    retention = fleet.governance.retention
    if retention is None or not retention.holds:
        return Rules(retention, noted)
    index = {name: known_index(tx, name) for one in retention.holds for name in one.match.subjects}
    return Rules(retention, noted, holds_of(fleet.view, retention.holds, index.__getitem__))


def holds_of(view: View, holds: Sequence[LegalHold], index_of: Callable[[str], str]) -> Holds:
    """Legal holds, with the ids and labels of agents as the journal says; `index_of` is the digest of a subject."""
    today = known_as(view)
    return Holds(holds, lambda agent: today.get(agent, ()), Labelled(view), index_of)


class Labelled:
    """The labels that an agent ever had: in what is authorised, and in each of its releases. Read when asked for."""

    def __init__(self, view: View) -> None:
        self._view = view

    def __call__(self, agent: str) -> Labels | None:
        """All of them; None where some cannot be read, or nothing is known of the agent."""
        known, found = agent_id(agent), list[Agent | None]()
        if known is None:
            return None
        if self._view.repo.entry(self._view.authorised, known.file) is not None:
            found.append(authorised_agent(self._view, known))
        found += [agent_of(self._view, release) for release in self._view.state.releases(known)]
        read = [one for one in found if one is not None]
        if not read or len(read) < len(found):
            return None
        return frozenset(item for one in read for item in one.metadata.labels.items())


def known_as(view: View) -> Mapping[str, Iterable[str]]:
    """The ids of today by each id that an agent had before."""
    found: dict[str, list[str]] = defaultdict(list)
    for record in view.state.deployments():
        agent = agent_id(record.agent) if record.formerly else None
        for earlier in former_ids(view, agent) if agent is not None else ():
            found[str(earlier)].append(record.agent)
    return found
