"""The contents that a release was made of. Reads; whether they may run is not asked here."""

from agentgov.errors import IncompleteError
from agentgov.journal.overriding import release_override
from agentgov.journal.parts import Overlay, agent_part, shared_folder
from agentgov.journal.view import View
from agentgov.model.snapshot import Snapshot
from agentgov.model.state import Release


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
