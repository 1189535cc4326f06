"""`agentgov abort`: take the candidate of an agent out of the pipeline."""

import click

from agentgov.cli import parameters
from agentgov.cli.options import format_option, repo_option
from agentgov.cli.order import append_order, tell
from agentgov.model.names import AgentId
from agentgov.release.orders import order_abort
from agentgov.repo import clock


@click.command()
@parameters.agent_argument()
@click.option("-m", "--reason", default="", help="Why; stands in the journal for ever.")
@repo_option
@format_option()
def abort(agent: AgentId, reason: str, repo: str, output: str) -> int:
    """Take the candidate of AGENT out of staging and canary at once; production stays as it is."""
    done = append_order(
        repo, lambda view, actor: order_abort(view, actor, agent, now=clock.now(), reason=reason), about=agent
    )
    return tell("abort", output, done, "it never comes back by itself: release a newer version")
