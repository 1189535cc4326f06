"""Under which retention class each agent was recorded, and since when: noted whenever that changes.

A record is kept by the class that its agent had when it was made, so a new release changes nothing about old records.
What was noted first is taken to have been so before.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from agentgov.model.document import Environment
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.retention import Noted, Rules
from agentgov.store.port import Transaction

_LAST = (
    "SELECT k.agent, k.slot, k.class FROM kept_as k WHERE k.since = "
    "(SELECT max(o.since) FROM kept_as o WHERE o.agent = k.agent AND o.slot = k.slot)"
)
_NOTE = (
    "INSERT INTO kept_as (agent, slot, since, class) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (agent, slot, since) DO UPDATE SET class = excluded.class"
)
Classes = Mapping[tuple[str, str], str]


def classes_of(fleet: Fleet) -> Classes:
    """The class that each release of each agent names today, by agent and slot (staging, production, canary)."""
    found: dict[tuple[str, str], str] = {}
    environments: tuple[Environment, ...] = "staging", "production"
    for agent in fleet.agents():
        for environment in environments:
            deployed = fleet.deployed(agent, environment)
            for slot, release in ((environment, deployed.stable), ("canary", deployed.canary)):
                if release is not None:
                    found[str(agent), slot] = release.agent.spec.audit.retention
    return found


def note_classes(tx: Transaction, now: Classes, now_ms: int) -> int:
    """Note what has changed; how much that was. A slot that runs nothing any more goes on with its last class."""
    last = {(agent, slot): name for agent, slot, name in tx.all(_LAST)}
    rows = [(*key, now_ms, name) for key, name in now.items() if last.get(key) != name]
    tx.many(_NOTE, rows)
    return len(rows)


def rules_of(tx: Transaction, fleet: Fleet) -> Rules:
    """How long everything is kept, by the governance that is authorised."""
    noted: dict[str, list[Noted]] = defaultdict(list)
    for agent, slot, since, name in tx.all("SELECT agent, slot, since, class FROM kept_as"):
        noted[agent].append(Noted(since, slot, name))
    retention = fleet.governance.retention
    known_as = _known_as(fleet) if retention is not None and retention.holds else {}
    return Rules(retention, noted, lambda agent: known_as.get(agent, ()))


def _known_as(fleet: Fleet) -> Mapping[str, Iterable[str]]:
    """The ids of today by each id that an agent had before."""
    found: dict[str, list[str]] = defaultdict(list)
    for agent in fleet.agents():
        for earlier in fleet.deployed(agent, "production").formerly:
            found[str(earlier)].append(str(agent))
    return found
