"""Who is to be told of a tick, by what agentgov.yaml asks for. Reads nothing else."""

from agentgov.delivery.branch import RenderedBranch
from agentgov.journal.branch import Journal
from agentgov.journal.draft import Actor
from agentgov.journal.view import View


def followers(journal: Journal, actor: Actor, view: View) -> tuple[RenderedBranch, ...]:
    """One follower for each environment that is rendered; none where agentgov.yaml asks for nothing."""
    wanted = dict.fromkeys(view.governance.fleet.delivery.rendered)
    return tuple(RenderedBranch(journal, actor.appender, environment) for environment in wanted)
