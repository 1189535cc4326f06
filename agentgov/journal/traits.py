"""What selectors look at in an agent: labels, tools and models of what is authorised and of every release that runs.

An order on a tool stops whoever has it today in any stage, and whoever would have it with what is authorised.
"""

from collections.abc import Iterator

from agentgov.journal.released_agent import agent_of, authorised_agent
from agentgov.journal.view import View
from agentgov.model.agent import Agent
from agentgov.model.names import AgentId
from agentgov.model.selector import Traits, parse_selector

_UNKNOWN = Traits(known=False)


def traits_of(view: View, agent: AgentId) -> Traits:
    """The traits of an agent at this place of the journal."""
    found = Traits()
    for document in _documents(view, agent):
        found |= _traits(document) if document is not None else _UNKNOWN
    return found


def selects(view: View, selector: str, agent: AgentId) -> bool:
    """Whether a selector means an agent at this place of the journal."""
    parsed = parse_selector(selector)
    if parsed is None:
        return False
    return parsed.means(agent, traits_of(view, agent) if parsed.needs_traits else Traits())


def selected(view: View, selector: str) -> Iterator[AgentId]:
    """The agents that a selector means: authorised ones, and those that run all the same."""
    parsed = parse_selector(selector)
    if parsed is None:
        return
    if parsed.kind == "workspace":
        yield from view.agents(parsed.name)
        return
    known = list(view.agents())
    if parsed.needs_traits:
        authorised = frozenset(known)
        known += [one for one in view.state.released() if one not in authorised and _runs(view, one)]
    yield from (one for one in known if selects(view, selector, one))


def _documents(view: View, agent: AgentId) -> Iterator[Agent | None]:
    if view.repo.entry(view.authorised, agent.file) is not None:
        yield authorised_agent(view, agent)
    at = view.state.deployment(agent)
    tags = {at.staging.release, at.canary.release, at.production.release} - {""}
    if tags:
        yield from (agent_of(view, one) for one in view.state.releases(agent) if one.tag in tags)


def _runs(view: View, agent: AgentId) -> bool:
    at = view.state.deployment(agent)
    return bool(at.staging.release or at.canary.release or at.production.release)


def _traits(agent: Agent) -> Traits:
    patched = (one.get("labels") for one in agent.spec.environments.values())
    labels = [agent.metadata.labels, *(one for one in patched if isinstance(one, dict))]
    return Traits(
        labels=frozenset((key, value) for one in labels for key, value in one.items() if isinstance(value, str)),
        tools=frozenset(tool.name for tool in agent.spec.tools),
        models=frozenset((agent.spec.model.primary, *agent.spec.model.fallback)),
    )
