"""`agentgov resume`: let what was paused go on."""

import click

from agentgov.cli import parameters
from agentgov.cli.options import format_option, repo_option
from agentgov.cli.order import append_order, tell
from agentgov.release.orders import order_resume
from agentgov.repo import clock


@click.command()
@click.argument("selector", type=parameters.selector)
@click.option("--reason", "-m", default="", help="Why; stands in the journal for ever.")
@repo_option
@format_option()
def resume(selector: str, reason: str, repo: str, output: str) -> int:
    """Lift every pause with exactly this SELECTOR: an agent's id, or WORKSPACE/*."""
    done = append_order(repo, lambda view, actor: order_resume(view, actor, selector, now=clock.now(), reason=reason))
    return tell("resume", output, done)
