"""`agentgov rollback`: production back to a prior release, at once. Nothing that only raises risk can block it.

On a terminal it shows first what it would do and asks; for scripts, and with --yes, the act comes first and what it
means is told after it.
"""

from pathlib import Path

import click

from agentgov.cli import parameters
from agentgov.cli.on_call.returning import Order, ask, dry_run_of, send_kept, tell_returned
from agentgov.cli.options import format_option, repo_option
from agentgov.cli.together import write_together
from agentgov.model.names import AgentId


@click.command()
@parameters.agent_argument()
@click.option("--to", "wanted", metavar="RELEASE", help="Version or tag (default: the last good one before this).")
@click.option("--environment", type=click.Choice(["production"]), default="production", hidden=True)
@click.option("--reason", "-m", required=True, help="Why; stands in the journal for ever.")
@click.option("--yes", is_flag=True, help="Do not ask first on a terminal.")
@click.option("--dry-run", is_flag=True, help="Say what it would do and what today's rules deny, and do nothing.")
@click.option(
    "--draft",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the act for a second person, who runs: agentgov cosign FILE.",
)
@repo_option
@format_option()
def rollback(
    agent: AgentId,
    wanted: str | None,
    environment: str,
    reason: str,
    yes: bool,
    dry_run: bool,
    draft: Path | None,
    repo: str,
    output: str,
) -> int:
    """Return AGENT to a prior release in production at once.

    Marks the release it leaves as bad, takes a running canary away and sets a hold, all in one act. What today's rules
    deny of the release it returns to is told and stops nothing. To what is marked bad, or last ran before the window of
    the pipeline, it takes two people. Signed while the remote is away, it is kept, and sent when this is run again.
    """
    order = Order(repo, agent, parameters.release_of(agent, wanted) if wanted else None, reason)
    if dry_run:
        return dry_run_of(order, output)
    if draft is not None:
        return write_together("rollback", output, repo, lambda view, me: order.write(view, me).act, draft, people=2)
    sent = send_kept(order)
    if sent is not None:
        return tell_returned(order, output, sent, "it was signed before, while the remote was away, and is sent now")
    if not yes and not ask(order):
        return 1
    return tell_returned(order, output, order.append())
