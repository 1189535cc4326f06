"""`agentgov withdraw`: one release goes nowhere any more. What production runs is rolled back instead: withdrawing is
no kill switch, and the law says so."""

import click

from agentgov.cli import parameters
from agentgov.cli.options import format_option, repo_option
from agentgov.cli.order import Done, append_order, tell
from agentgov.journal.draft import Actor, Draft
from agentgov.journal.view import View
from agentgov.model.names import AgentId, ReleaseName
from agentgov.model.units import format_share
from agentgov.release.orders import order_withdraw
from agentgov.repo import clock


@click.command()
@parameters.agent_argument()
@click.argument("release")
@click.option("--reason", "-m", required=True, help="Why; stands in the journal for ever.")
@repo_option
@format_option()
def withdraw(agent: AgentId, release: str, reason: str, repo: str, output: str) -> int:
    """Let RELEASE of AGENT advance no more: its traffic in canary goes at once, and no rollback returns to it.

    What production runs cannot be withdrawn; roll it back.
    """
    name = parameters.release_of(agent, release)

    def write(view: View, actor: Actor) -> Draft:
        return order_withdraw(view, actor, agent, name, now=clock.now(), reason=reason)

    done = append_order(repo, write, about=agent)
    return tell("withdraw", output, done, *_consequences(agent, name, done))


def _consequences(agent: AgentId, name: ReleaseName, done: Done) -> list[str]:
    before, after = done.before.state.deployment(agent), done.after.state.deployment(agent)
    if before == after:
        return [f"{name} was withdrawn already: nothing changed"]
    lines = []
    if before.canary != after.canary:
        lines.append(f"it had {format_share(before.canary.share)} of production in canary, and has none now")
    if before.staging != after.staging:
        lines.append("staging is empty until a newer release comes")
    return [*lines, "it never comes back by itself, and no rollback returns to it; its content may, as a newer release"]
