"""What the journal's state says of revoked keys: the releases and the times that rested on one."""

from collections.abc import Iterable

from agentgov.journal.parts import shared_folder
from agentgov.journal.view import View
from agentgov.model.names import AgentId
from agentgov.model.state import Release


def revoked_tags(view: View, releases: Iterable[Release]) -> frozenset[str]:
    """The tag objects of those releases that rest on a revoked key."""
    names = {name for one in view.state.revoked().values() for name in one.releases}
    return frozenset(release.tag for release in releases if release.name in names) if names else frozenset()


def spans_of(view: View, agent: AgentId) -> tuple[range, ...]:
    """The numbers of the acts after which an agent's authorised contents rested on a key that is revoked since."""
    places = (f"{agent.folder}/", f"{shared_folder(agent)}/")
    return tuple(
        range(min(numbers), one.seq)
        for one in view.state.revoked().values()
        if (numbers := [seq for path, seq in one.paths.items() if path.startswith(places)])
    )
