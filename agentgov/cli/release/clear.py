"""`agentgov clear`: take a bad mark off a release, or start an inconclusive canary anew."""

import click

from agentgov.cli import parameters
from agentgov.cli.options import format_option, repo_option
from agentgov.cli.order import append_order, tell
from agentgov.model.names import AgentId
from agentgov.release.orders import order_clear
from agentgov.repo import clock


@click.command()
@parameters.agent_argument()
@click.argument("release", required=False)
@click.option("--reason", "-m", required=True, help="Why; stands in the journal for ever.")
@repo_option
@format_option()
def clear(agent: AgentId, release: str | None, reason: str, repo: str, output: str) -> int:
    """Take the bad mark off the content of RELEASE, so that it may be released again.

    Without RELEASE: start the canary of the candidate of AGENT anew, after it was inconclusive.
    """
    name = parameters.release_of(agent, release) if release else None
    done = append_order(
        repo, lambda view, actor: order_clear(view, actor, agent, name, now=clock.now(), reason=reason), about=agent
    )
    return tell("clear", output, done)
