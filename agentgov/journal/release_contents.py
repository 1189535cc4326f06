"""A release by its tag object, and the contents that it was made of. Reads; whether they may run is not asked here."""

from agentgov.errors import IncompleteError
from agentgov.journal.overriding import release_override
from agentgov.journal.parts import Overlay, agent_part, shared_folder
from agentgov.journal.view import View, ids_in
from agentgov.model.names import AgentId, release_name
from agentgov.model.snapshot import Snapshot
from agentgov.model.state import Release


def release_of(view: View, agent: AgentId, tag: str) -> Release | None:
    """The release of a tag object; the newest are looked at first, since mostly one of them is asked for."""
    files = ids_in(view.repo, view.tree, f"releases/{agent}")
    names = (release_name(f"{agent}/{one.removesuffix('.yaml')}") for one in files)
    newest = sorted((one for one in names if one is not None), key=lambda one: one.precedence, reverse=True)
    found = (view.state.release(name) for name in newest)
    return next((one for one in found if one is not None and one.tag == tag), None)


def contents_of(view: View, release: Release) -> Snapshot:
    """The agent's part of the authorised contents that a release was made of; of its commit, where an override let it
    through. IncompleteError where they are not here."""
    agent, trees = release.release_name.agent, Overlay(view.repo)
    if release_override(view, release.tag) is not None:
        tree = view.repo.commit(release.commit).tree
        return agent_part(trees, tree, agent, f"commit {release.commit[:7]}")
    folders = (agent.folder, shared_folder(agent))
    for standing in view.memory.line.standings(folders, view.tip):
        if standing.seq <= release.authorised_at:
            return agent_part(trees, standing.tree, agent, "authorised contents")
    raise IncompleteError(f"the journal never held what {release.name} was made of")
