"""What an agent is in a tree: its agent.yaml as it was released or as it is authorised now, and the files of a closure.

What an agent asks of its own evaluations is part of what was reviewed and released, so it is read at the commit of the
release; which pipeline it goes through is asked of what is authorised. IncompleteError where an object is missing.
"""

from collections.abc import Mapping

from agentgov.journal.parts import Overlay, Part, agent_part
from agentgov.journal.view import View
from agentgov.model.agent import Agent
from agentgov.model.closure import closure_of
from agentgov.model.names import AgentId
from agentgov.model.state import Release
from agentgov.repo.objects import ObjectError
from agentgov.validate.load import load_agent


def agent_of(view: View, release: Release) -> Agent | None:
    """The agent.yaml of a release; None where it cannot be read."""
    try:
        tree = view.repo.commit(release.commit).tree
    except ObjectError:
        return None
    return _in_tree(view, tree, release.release_name.agent)


def authorised_agent(view: View, agent: AgentId) -> Agent | None:
    """The agent.yaml of an agent as last authorised; None where there is none, or none that can be read."""
    return _in_tree(view, view.authorised, agent)


def _in_tree(view: View, tree: str, agent: AgentId) -> Agent | None:
    known = view.memory.agents
    try:
        entry = view.repo.entry(tree, agent.file)
        if entry is None or not entry.is_file:
            return None
        key = (agent, entry.oid)
        if key not in known:
            known[key], _ = load_agent(Part(Overlay(view.repo), tree, str(agent), (agent.file,)), agent)
    except ObjectError:
        return None
    return known[key]


def closure_files(view: View, release: Release) -> Mapping[str, tuple[int, str]]:
    """The files of the closure of a release, by path; none where the agent cannot be read."""
    agent, document = release.release_name.agent, agent_of(view, release)
    if document is None:
        return {}
    part = agent_part(Overlay(view.repo), view.repo.commit(release.commit).tree, agent, release.name)
    return closure_of(agent, document, part).files
