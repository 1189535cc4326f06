"""What agents say that they run, beside what they were given: drift, silence, and which pauses they have heard of.

What an agent says proves nothing: it shows who runs something old by mistake, not who lies. Functions of a transaction
keep what was said; what it means is decided from values.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from agentgov.model.document import Environment
from agentgov.model.names import AgentId, agent_id
from agentgov.runtime.deployed import Deployed
from agentgov.runtime.lease import lifetimes
from agentgov.store.port import Transaction

Standing = Literal["ok", "drift", "silent"]
Level = Literal["enforced", "polled", "advisory"]
MOST_INSTANCES = 1000  # of an agent in an environment; the one that was silent for longest makes room
KEPT = 30 * 86_400_000  # milliseconds that the word of an instance is kept
COARSE = 60_000  # milliseconds: how exactly it is kept when something was given
_SILENT = 86_400  # seconds, of an agent that nothing of runs


@dataclass(frozen=True, slots=True)
class Said:
    """The last word of one instance; `said` in epoch milliseconds."""

    agent: AgentId
    environment: Environment
    instance: str
    closure: str
    release: str
    said: int


@dataclass(frozen=True, slots=True)
class Given:
    """When an agent was last given a content, and how it asked; `last` in epoch milliseconds."""

    environment: Environment
    level: Level
    closure: str
    last: int


def standing(said: Said, deployed: Deployed, given: Iterable[Given], now_ms: int) -> Standing:
    """Where an instance stands: silent for longer than its lease can hold, on what runs now or what it was given by a
    lease that may still hold, or on something else."""
    running = [one for one in (deployed.stable, deployed.canary) if one is not None]
    longest = max((lifetimes(one.agent)[1] for one in running), default=_SILENT) * 1000
    if now_ms - said.said > longest:
        return "silent"
    good = {one.closure for one in running}
    held = [one for one in given if one.environment == said.environment and now_ms - one.last <= longest + COARSE]
    good |= {one.closure for one in held}
    return "ok" if said.closure in good else "drift"


def level(given: Iterable[Given], environment: Environment, now_ms: int) -> Level:
    """How far the gate reaches an agent, by how it asked lately: leases expire, flags are polled, and who never asks is
    only told by what is published."""
    recent = {one.level for one in given if one.environment == environment and now_ms - one.last <= KEPT}
    return "enforced" if "enforced" in recent else "polled" if "polled" in recent else "advisory"


def keep_said(tx: Transaction, said: Said, acknowledged: Iterable[str] = ()) -> None:
    """Keep what an instance says, and the ids of the pauses that it has heard of."""
    where = str(said.agent), said.environment
    tx.run(
        "INSERT INTO running (agent, environment, instance, closure, release, said) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (agent, environment, instance) DO UPDATE SET closure = excluded.closure, "
        "release = excluded.release, said = excluded.said",
        *(*where, said.instance, said.closure, said.release, said.said),
    )
    for pause in acknowledged:
        tx.run(
            "INSERT INTO acknowledged (pause, agent, environment, instance, said) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (pause, agent, environment, instance) DO NOTHING",
            *(pause, *where, said.instance, said.said),
        )
    _make_room(tx, where, said.said)


def _make_room(tx: Transaction, where: tuple[str, str], now_ms: int) -> None:
    for table in ("running", "acknowledged"):
        tx.run(f"DELETE FROM {table} WHERE agent = ? AND environment = ? AND said < ?", *where, now_ms - KEPT)  # noqa: S608
    row = tx.one("SELECT count(*) FROM running WHERE agent = ? AND environment = ?", *where)
    if row is not None and row[0] > MOST_INSTANCES:
        tx.run(
            "DELETE FROM running WHERE agent = ? AND environment = ? AND instance IN (SELECT instance FROM running "
            "WHERE agent = ? AND environment = ? ORDER BY said, instance LIMIT ?)",
            *(*where, *where, row[0] - MOST_INSTANCES),
        )


def keep_given(tx: Transaction, agent: AgentId, given: Given) -> None:
    """Keep what an agent was given."""
    tx.run(
        "INSERT INTO given (agent, environment, level, closure, last) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (agent, environment, level, closure) DO UPDATE SET last = excluded.last",
        *(str(agent), given.environment, given.level, given.closure, given.last),
    )
    tx.run("DELETE FROM given WHERE agent = ? AND last < ?", str(agent), given.last - KEPT)


def read_said(tx: Transaction, agent: AgentId) -> Sequence[Said]:
    """What the instances of an agent said last, by environment and name."""
    rows = tx.all(
        "SELECT environment, instance, closure, release, said FROM running WHERE agent = ? "
        "ORDER BY environment, instance",
        str(agent),
    )
    return [Said(agent, *row) for row in rows]


def read_page(tx: Transaction, after: str, most: int) -> Sequence[Said]:
    """The next instances of all agents behind a place, by agent, environment and name; "" is before the first."""
    agent, _, rest = after.partition(" ")
    environment, _, instance = rest.partition(" ")
    rows = tx.all(
        "SELECT agent, environment, instance, closure, release, said FROM running "
        "WHERE (agent, environment, instance) > (?, ?, ?) ORDER BY agent, environment, instance LIMIT ?",
        *(agent, environment, instance, most),
    )
    return [Said(found, *row[1:]) for row in rows if (found := agent_id(row[0])) is not None]


def place_of(said: Said) -> str:
    """Where an instance stands in the order of all."""
    return f"{said.agent} {said.environment} {said.instance}"


def read_given(tx: Transaction, agent: AgentId) -> tuple[Given, ...]:
    """What an agent was given lately."""
    rows = tx.all(
        "SELECT environment, level, closure, last FROM given WHERE agent = ? ORDER BY environment, level, last",
        str(agent),
    )
    return tuple(Given(*row) for row in rows)


def acknowledged_by(tx: Transaction, pause: str) -> Sequence[tuple[str, Environment, str, int]]:
    """(agent, environment, instance, when) of everybody who has heard of a pause, in the order that they said so."""
    rows = tx.all(
        "SELECT agent, environment, instance, said FROM acknowledged WHERE pause = ? ORDER BY said, agent, instance",
        pause,
    )
    return [(agent, environment, instance, said) for agent, environment, instance, said in rows]


def heard_by(tx: Transaction, agent: AgentId) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """By (environment, instance) of an agent: the pauses that it has heard of."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    rows = tx.all(
        "SELECT environment, instance, pause FROM acknowledged WHERE agent = ? ORDER BY said, pause", str(agent)
    )
    for environment, instance, pause in rows:
        found[environment, instance] = (*found.get((environment, instance), ()), pause)
    return found
