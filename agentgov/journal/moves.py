"""Who an agent was before: what it takes over when it is released for the first time under its new id.

The first `release-seen` of an agent whose agent.yaml at the release says `formerly` names the old id, and the record of
the agent begins with the bad marks and the hold of that one; pauses of the old id hold for it, too. Nothing of the old
id changes. An id that is still an agent of the fleet, and not retired, hands nothing down. Spend is the run time's.

Version 0.1 knew of no past, so an act that leaves one out stands in its journals. It is refused where a later version
wrote before: the old id is retired, the journal holds a result of an evaluation, or some agent took over a past.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from agentgov.journal.released_agent import agent_of
from agentgov.journal.view import View
from agentgov.model.act import Act
from agentgov.model.names import AgentId, agent_id
from agentgov.model.state import Changes, Release, deployment_path
from agentgov.model.transitions import Refusal, is_retired

_MOST = 16  # moves of one agent that are followed


def past_of(view: View, release: Release) -> AgentId | None:
    """The id whose past an agent takes over with this release, None where it takes over none."""
    agent = release.release_name.agent
    if view.state.releases(agent):
        return None  # it has a past of its own
    document = agent_of(view, release)
    former = agent_id(document.metadata.formerly) if document is not None else None
    if former is None or former == agent:
        return None
    gone = view.repo.entry(view.authorised, former.file) is None
    return former if gone or is_retired(view.state.deployment(former)) else None


def taken_over(view: View, act: Act, release: Release) -> Changes | Refusal:
    """What the first release of an agent that moved brings besides itself."""
    said, former = act.get("Formerly"), past_of(view, release)
    if said and (former is None or str(former) != said):
        return Refusal("release.formerly", f"{release.name} takes over nothing from {said}")
    if former is None:
        return {}
    if not said:
        return _left_out(view, release, former) or {}
    agent = release.release_name.agent
    own, old = view.state.deployment(agent), view.state.deployment(former)
    bad = (*own.bad, *(closure for closure in old.bad if closure not in own.bad))
    return {deployment_path(agent): replace(own, bad=bad, hold=own.hold or old.hold, formerly=said)}


def _left_out(view: View, release: Release, former: AgentId) -> Refusal | None:
    """Refusal of an act without the past of its agent, where whoever wrote it knew that there is one to tell. Looks at
    every deployment at worst, and only where a past was left out."""
    knew = (
        is_retired(view.state.deployment(former))
        or view.repo.entry(view.tree, "evidence") is not None
        or any(one.formerly for one in view.state.deployments())
    )
    if not knew:
        return None
    return Refusal("release.formerly", f"{release.name} takes over the past of {former}, and the act leaves it out")


def former_ids(view: View, agent: AgentId) -> Iterator[AgentId]:
    """The ids that an agent had before, newest first."""
    seen = {agent}
    for _ in range(_MOST):
        found = agent_id(view.state.deployment(agent).formerly)
        if found is None or found in seen:
            return
        yield found
        seen.add(found)
        agent = found
