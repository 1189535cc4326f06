"""What had changed when an incident began: how each release that had traffic then differs from the one before it."""

from collections.abc import Iterator

from agentgov.errors import AgentgovError
from agentgov.incident.timeline import Moment
from agentgov.journal.query import view_at_act
from agentgov.journal.view import View
from agentgov.model.incident import Incident
from agentgov.model.names import AgentId, agent_id
from agentgov.model.state import Release
from agentgov.model.transitions import is_ramping
from agentgov.release.changes import changes_of, prior_release

_MOST = 20  # changes of one release


def brought(view: View, incident: Incident) -> tuple[list[Moment], list[str]]:
    """The semantic diff of each such release, as moments of when it got its traffic, and what cannot be told."""
    found, without = list[Moment](), list[str]()
    then = view_at_act(view, incident.opened.seq)
    for agent in filter(None, map(agent_id, incident.agents)):
        for since, release in with_traffic(then, agent):
            try:
                found += _moments(then, agent, since, release)
            except AgentgovError as error:
                without.append(f"what {release.name} brought: {error.message}")
    return found, without


def with_traffic(view: View, agent: AgentId) -> Iterator[tuple[int, Release]]:
    """The releases that had traffic, each with since when (journal time)."""
    at = view.state.deployment(agent)
    known = {one.tag: one for one in view.state.releases(agent)}
    stages = [(at.production.since, at.production.release)]
    stages += [(at.canary.since, at.canary.release)] if is_ramping(at) else []
    return ((since, known[tag]) for since, tag in stages if tag in known)


def _moments(view: View, agent: AgentId, since: int, release: Release) -> Iterator[Moment]:
    prior = prior_release(view, release.release_name)
    if prior is None:
        return
    changes = changes_of(view, agent, release.commit, prior)
    place = f"diff v{prior.release_name.version}..v{release.release_name.version}"
    reviewed = f", reviewed by {', '.join(changes.reviewers)}" if changes.reviewers else ""
    for number, change in enumerate(changes.diff.changes[:_MOST], 1):
        what = f"{release.name} brought ({change.klass}{reviewed}): {change.sentence}"
        yield Moment(since * 1000, "diff", f"{place} #{number}", release.by, what)
