"""Who an agent was before: what it takes over when it is released for the first time under its new id.

The first `release-seen` of an agent whose agent.yaml at the release says `formerly` names the old id, and the record of
the agent begins with the bad marks and the hold of that one; pauses of the old id hold for it, too. Nothing of the old
id changes. An id that is still an agent of the fleet, and not retired, hands nothing down. Spend is the run time's.
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
    """What the first release of an agent that moved brings besides itself. Acts of earlier versions say nothing of it,
    and bring nothing."""
    said = act.get("Formerly")
    if not said:
        return {}
    former = past_of(view, release)
    if former is None or str(former) != said:
        return Refusal("release.formerly", f"{release.name} takes over nothing from {said}")
    agent = release.release_name.agent
    own, old = view.state.deployment(agent), view.state.deployment(former)
    bad = (*own.bad, *(closure for closure in old.bad if closure not in own.bad))
    return {deployment_path(agent): replace(own, bad=bad, hold=own.hold or old.hold, formerly=said)}


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
