"""Until when agents in production ran on what an incident contained: the last word of an instance on an old release,
and when the last one heard of a pause.

What instances say proves nothing: it shows who has not heard yet. Who was not heard for longer than a lease holds runs
nothing any more, and nobody waits for it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agentgov.incident.brought import with_traffic
from agentgov.journal.pausing import pause_of
from agentgov.journal.query import acts, concerns_agent, view_at_act
from agentgov.journal.view import View
from agentgov.model.incident import Incident, pause_key
from agentgov.model.names import AgentId, agent_id
from agentgov.runtime import running
from agentgov.runtime.deployed import Deployed
from agentgov.runtime.lease import lifetimes
from agentgov.store.port import Transaction

_SILENT = 86_400  # seconds, of an agent that nothing of runs


@dataclass(frozen=True, slots=True)
class Contained:
    """What no instance of an agent is to run on: the closures that were left, and the orders that pause it. Once it is
    `resumed`, nobody has to hear of those any more."""

    agent: AgentId
    left: frozenset[str]
    pauses: tuple[str, ...]
    resumed: bool
    silent: int  # milliseconds after which nobody waits for an instance


@dataclass(frozen=True, slots=True)
class Obeyed:
    """When the last instance was seen on what is contained (epoch milliseconds, 0 where none was), and which have not
    heard yet: `agent instance`."""

    last: int
    waiting: tuple[str, ...] = ()


def contained(view: View, incident: Incident, deployed: Mapping[AgentId, Deployed], now: int) -> list[Contained]:
    """What the incident left behind of each agent; `deployed` is what production runs of them now (epoch seconds)."""
    then, pauses = view_at_act(view, incident.opened.seq), _pauses(view, incident)
    found = []
    for agent, at in deployed.items():
        runs = [one for one in (at.stable, at.canary) if one is not None]
        old = {release.closure for _, release in with_traffic(then, agent)} - {one.closure for one in runs}
        silent = max((lifetimes(one.agent)[1] for one in runs), default=_SILENT) * 1000
        resumed = pause_of(view, agent, now) is None
        found.append(Contained(agent, frozenset(old), tuple(pauses.get(str(agent), ())), resumed, silent))
    return found


def obeyed(tx: Transaction, what: Iterable[Contained], since_ms: int, now_ms: int) -> Obeyed | None:
    """How far it is obeyed; None where nothing was left and nobody is paused, or where no instance said anything."""
    last, waiting, told = 0, list[str](), False
    for one in what:
        if not one.left and not one.pauses:
            continue
        heard, given = _heard(tx, one), running.read_given(tx, one.agent)
        last = max([last, *heard.values(), *(each.last for each in given if each.closure in one.left)])
        for said in running.read_said(tx, one.agent):
            if said.environment != "production" or said.said < since_ms:
                continue
            told, is_old = True, said.closure in one.left
            last = max(last, said.said) if is_old else last
            deaf = bool(one.pauses) and not one.resumed and said.instance not in heard
            if (is_old or deaf) and now_ms - said.said <= one.silent:
                waiting.append(f"{one.agent} {said.instance}")
    return Obeyed(last, tuple(waiting)) if told else None


def _heard(tx: Transaction, what: Contained) -> dict[str, int]:
    """When each instance in production first heard of one of the pauses."""
    found: dict[str, int] = {}
    for pause in what.pauses:
        for agent, environment, instance, said in running.acknowledged_by(tx, pause):
            if agent == str(what.agent) and environment == "production":
                found[instance] = min(said, found.get(instance, said))
    return found


def _pauses(view: View, incident: Incident) -> dict[str, list[str]]:
    """By agent: the orders that paused it while the incident went on, as the gate calls them."""
    found: dict[str, list[str]] = {name: [] for name in incident.agents}
    end = incident.resolved.seq if incident.resolved is not None else view.state.head.seq
    for logged in acts(view.repo, view.tip):
        act = logged.act
        if logged.head.seq < incident.opened.seq:
            break
        if act.kind == "incident" and act.get("Mode") and act.get("Incident") == incident.id:
            for number, name in enumerate(act.all("Agent"), 1):
                found[name].append(pause_key(act.id, number))
        elif act.kind == "pause" and logged.head.seq <= end:
            for agent in filter(None, map(agent_id, incident.agents)):
                if concerns_agent(view.repo, logged, agent):
                    found[str(agent)].append(act.id)
    return found
