"""What the placeholders of a playbook stand for, for one agent now: from the journal, and from whoever runs it."""

from agentgov.journal.view import View
from agentgov.model.names import AgentId
from agentgov.release.changes import prior_release
from agentgov.release.orders import by_tag
from agentgov.repo import clock
from agentgov.report.moments import stamp


def values_of(view: View | None, agent: AgentId, incident: str, reason: str) -> dict[str, str]:
    """The values that are known; what is not has none, and its command is left to a person."""
    values = {"agent": str(agent), "time": stamp(clock.now()), "reason": reason, "incident": incident}
    if view is None:
        return values
    about = view.state.incident(incident) if incident else None
    if about is not None:
        values["reason"] = reason or about.title
    tag = view.state.deployment(agent).production.release
    running = by_tag(view, agent, tag) if tag else None
    if running is not None:
        values["release"] = str(running.release_name.version)
        prior = prior_release(view, running.release_name)
        values["prior"] = str(prior.release_name.version) if prior is not None else ""
    return values
