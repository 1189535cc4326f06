"""`agentgov promote`: a person's word at a gate of the pipeline."""

import click

from agentgov.cli import parameters
from agentgov.cli.options import format_option, repo_option
from agentgov.cli.order import append_order, tell
from agentgov.model.names import AgentId
from agentgov.release.orders import order_promote
from agentgov.repo import clock


@click.command()
@click.argument("agent", type=parameters.agent)
@click.option("--to", "stage", type=click.Choice(["canary", "production"]), default="production", show_default=True)
@click.option("-m", "--reason", default="", help="Why; stands in the journal for ever.")
@repo_option
@format_option()
def promote(agent: AgentId, stage: str, reason: str, repo: str, output: str) -> int:
    """Let the candidate of AGENT enter a stage, as far as that takes a person's word."""
    done = append_order(
        repo, lambda view, actor: order_promote(view, actor, agent, stage, now=clock.now(), reason=reason)
    )
    return tell("promote", output, done, "the reconciler acts on it at its next tick: agentgov reconcile --once")
