"""`agentgov pause`: stop one agent, or those of a selector, and nobody else."""

from shlex import quote

import click

from agentgov.cli import parameters
from agentgov.cli.on_call.order_gate import order
from agentgov.cli.options import format_option, repo_option
from agentgov.errors import UsageError
from agentgov.release.orders import order_pause
from agentgov.repo import clock
from agentgov.report.moments import stamp


@click.command()
@parameters.selector_argument()
@click.option("--reason", "-m", required=True, help="Why; stands in the journal for ever.")
@click.option("--mode", type=click.Choice(["stop", "read-only"]), default="stop", show_default=True)
@click.option("--until", type=parameters.moment, default=0, metavar="TIME", help="2026-11-23T08:00Z, or 4h from now.")
@repo_option
@format_option()
def pause(selector: str, reason: str, mode: str, until: int, repo: str, output: str) -> int:
    """Pause the agents that SELECTOR means: an agent's id, WORKSPACE/*, label=value, tool:NAME or model:NAME."""
    if until and until <= clock.now():
        raise UsageError(f"{stamp(until)} is over already", "name a time to come, such as 4h from now: --until 4h")
    return order(
        "pause",
        output,
        repo,
        lambda view, actor: order_pause(view, actor, selector, mode=mode, until=until, now=clock.now(), reason=reason),
        selector,
        lambda _: [f"let it go on with: agentgov resume {quote(selector)}"],
    )
