"""Whether somebody's word at a gate still counts: by today's permissions, not by those of the day that it was given."""

from agentgov.journal.pipelines import pipeline_of
from agentgov.journal.view import View
from agentgov.model.names import AgentId
from agentgov.model.state import Vote
from agentgov.trust.permissions import standing


def still_promotes(view: View, agent: AgentId, vote: Vote) -> bool:
    """Whether a vote counts for what is planned now: its author may also promote this very agent today. Verifiers do
    not ask that, as it was not asked of the acts of old journals."""
    grants = standing(view.governance.access, "promote", view.today)
    mine = [one for one in grants if one.person == vote.by and "production" in one.environments]
    return any(grant.covers(agent) for grant in mine) and may_promote(view, agent, vote)


def may_promote(view: View, agent: AgentId, vote: Vote) -> bool:
    """Whether a promote vote still counts: its author may promote in production today, and is among those whom the
    stage's promoters name, where it names any."""
    grants = standing(view.governance.access, "promote", view.today)
    if not any(grant.person == vote.by and "production" in grant.environments for grant in grants):
        return False
    promoters = pipeline_of(view, agent).stage(vote.stage).promoters
    if promoters is None or not promoters.sources:
        return True
    return any(vote.by in view.directory.members(source, view.today) for source in promoters.sources)
