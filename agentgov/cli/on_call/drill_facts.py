"""What is known of a fleet when a drill begins: gathered from contents, journal and gate; judged elsewhere."""

import os
import time
from datetime import date

from agentgov.cli.practice import Practice, agent_of, named
from agentgov.errors import AgentgovError, UsageError
from agentgov.incident.drill_gaps import Facts
from agentgov.model.names import AgentId, agent_id
from agentgov.model.playbook import Drill, Playbook
from agentgov.release.orders import target_of

_PATIENCE = 3.0  # seconds for a gate to answer


def playbook_of(found: Practice, drill: Drill) -> Playbook:
    """The playbook that a drill practises. UsageError where it cannot be read."""
    return named(found.playbooks, drill.playbook, "playbook", found.name)[1]


def about(found: Practice, drill: Drill) -> AgentId:
    """The agent that a drill is about. UsageError where neither it nor its playbook says which."""
    agent = agent_id(drill.agent) or agent_of(playbook_of(found, drill))
    if agent is None:
        raise UsageError(f"the drill {drill.name} does not say which agent it is about", "add agent: WORKSPACE/AGENT")
    return agent


def facts_of(found: Practice, drill: Drill, today: date) -> Facts:
    """What gaps are judged from."""
    agent, playbook = about(found, drill), playbook_of(found, drill)
    document = found.agent(agent)
    chain = document.spec.oncall.escalate if document is not None and document.spec.oncall is not None else ()
    selectors = (*playbook.responders, *playbook.next, *(one.to for one in playbook.comms), *chain, *drill.participants)
    directory = found.parts.directory
    people = {one: tuple(sorted(directory.members(one, today))) if directory is not None else () for one in selectors}
    answering = sorted({who for one in (*playbook.responders, *playbook.next) for who in people[one]})

    def may(verb: str) -> tuple[str, ...]:
        if directory is None:
            return ()
        return tuple(who for who in answering if directory.permission(who, verb, agent, "production", today).allowed)

    url = os.environ.get("AGENTGOV_GATE") or (found.parts.fleet.gate.url if found.parts.fleet is not None else "")
    return Facts(
        agent=str(agent),
        owner=drill.participants[0] if drill.participants else playbook.responders[0],
        people=people,
        chain=tuple(chain),
        may_pause=may("pause"),
        may_roll_back=may("rollback"),
        prior=None if found.view is None else target_of(found.view, agent, None) is not None,
        routes=_routes(found),
        gate=url,
        gate_answers=_answers(url) if url else None,
    )


def _routes(found: Practice) -> dict[str, bool | None] | None:
    """Whether a test ever came through each alert route, as the gate knows; None where nobody is logged in there."""
    from agentgov.cli.gate_client import client_of, has_gate

    if found.view is None or not has_gate(found.view):
        return None
    try:
        told = client_of(found.view).ask("GET", "/v1/alert-routes")["routes"]
    except AgentgovError:
        return None
    return {str(one["name"]): bool(one["tested"] or one["delivered"]) for one in told}


def _answers(url: str) -> bool:
    """Whether the gate is alive."""
    from agentgov.net.address import parse_base
    from agentgov.net.asking import Asking

    try:
        base = parse_base(url, "the gate", "write it as https://gate.example", rule="gate.url")
        asking = Asking(base, {}, clock=time.monotonic, other="the gate")
        return asking.ask("GET", "/healthz", seconds=_PATIENCE).status == 200
    except (AgentgovError, OSError):
        return False
