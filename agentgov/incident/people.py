"""Who answers for an incident: the chain of its agents, and the playbook that it follows, as authorised."""

from agentgov.incident.escalation import Chain
from agentgov.incident.playbooks import playbook_of
from agentgov.journal.released_agent import authorised_agent
from agentgov.journal.view import View
from agentgov.model.incident import Incident
from agentgov.model.names import AgentId, agent_id
from agentgov.model.playbook import Message
from agentgov.model.units import parse_duration
from agentgov.runtime.permit_votes import Electorate

_WITHIN = 900  # seconds, where no agent says how long somebody may take


def chain_of(view: View, incident: Incident) -> Chain:
    """Who is called, in order: those of its first agent that names some, else the responders of its playbook."""
    for name in incident.agents:
        agent = agent_id(name)
        found = authorised_agent(view, agent) if agent is not None else None
        if found is not None and found.spec.oncall.escalate:
            return Chain(found.spec.oncall.escalate, parse_duration(found.spec.oncall.ack_within))
    book = playbook_of(view, incident.playbook) if incident.playbook else None
    return Chain(book.responders if book is not None else (), _WITHIN)


def people_of(view: View, incident: Incident, to: str) -> tuple[str, ...]:
    """Whom one entry of a chain or a message means, by id: a person, `team:ID`, or `role:NAME` on any of its agents in
    production, as Access has it today. Nobody, where Access knows nothing of that name."""
    found: frozenset[str] = frozenset()
    access, directory = view.governance.access, view.directory
    for agent in filter(None, map(agent_id, incident.agents)):
        found |= Electorate(access, directory, agent, "production", view.today, told=True)(to)
    return tuple(sorted(found))


def comms_of(view: View, incident: Incident) -> tuple[Message, ...]:
    """What its playbook says that people are told."""
    book = playbook_of(view, incident.playbook) if incident.playbook else None
    return book.comms if book is not None else ()


def playbook_path(view: View, agent: AgentId) -> str:
    """The playbook that an agent names, "" for none."""
    found = authorised_agent(view, agent)
    return found.spec.playbook if found is not None else ""
