"""Who is to be told of a tick, by what agentgov.yaml asks for. Reads nothing else."""

import os
import time

from agentgov.delivery.branch import RenderedBranch
from agentgov.delivery.webhook import VARIABLE, Webhooks
from agentgov.journal.branch import Journal
from agentgov.journal.draft import Actor
from agentgov.journal.view import View
from agentgov.trust.places import state_path


def followers(journal: Journal, actor: Actor, view: View) -> tuple[RenderedBranch | Webhooks, ...]:
    """One follower for each environment that is rendered, and one for all receivers of events."""
    wanted = dict.fromkeys(view.governance.fleet.delivery.rendered)
    branches = [RenderedBranch(journal, actor.appender, environment) for environment in wanted]
    cursors = state_path("webhooks", view.state.head.fleet)
    return (*branches, Webhooks(cursors, os.environ.get(VARIABLE, ""), time.monotonic))
