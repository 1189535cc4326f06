"""What a released agent is: its agent.yaml, and the files of its closure, as they stand at the commit of the release.

Never what is authorised today: what an agent asks of its own evaluations is part of what was reviewed and released.
IncompleteError where the commit is missing.
"""

from collections.abc import Mapping

from agentgov.journal.parts import Overlay, Part, agent_part
from agentgov.journal.view import View
from agentgov.model.agent import Agent
from agentgov.model.closure import closure_of
from agentgov.model.state import Release
from agentgov.repo.objects import ObjectError
from agentgov.validate.load import load_agent


def agent_of(view: View, release: Release) -> Agent | None:
    """The agent.yaml of a release; None where it cannot be read."""
    agent, known = release.release_name.agent, view.memory.agents
    try:
        tree = view.repo.commit(release.commit).tree
        entry = view.repo.entry(tree, agent.file)
        if entry is None or not entry.is_file:
            return None
        key = (agent, entry.oid)
        if key not in known:
            known[key], _ = load_agent(Part(Overlay(view.repo), tree, release.name, (agent.file,)), agent)
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
