"""`agentgov retire`: an agent ends. Nothing of it has traffic any more, and nothing of it comes back by itself."""

import click

from agentgov.cli import parameters
from agentgov.cli.options import format_option, repo_option
from agentgov.cli.order import Done, append_order, tell
from agentgov.journal.draft import Actor, Draft
from agentgov.journal.view import View
from agentgov.model.names import AgentId
from agentgov.model.units import format_share
from agentgov.release.orders import order_retire
from agentgov.repo import clock


@click.command()
@parameters.agent_argument()
@click.option("--reason", "-m", required=True, help="Why; stands in the journal for ever.")
@repo_option
@format_option()
def retire(agent: AgentId, reason: str, repo: str, output: str) -> int:
    """End all traffic of AGENT: no stage holds anything, a candidate is withdrawn, and the agent is held.

    The way back is `agentgov hold AGENT --lift` and a release newer than it ran last.
    """

    def write(view: View, actor: Actor) -> Draft:
        return order_retire(view, actor, agent, now=clock.now(), reason=reason)

    done = append_order(repo, write, about=agent)
    return tell("retire", output, done, *_consequences(agent, done))


def _consequences(agent: AgentId, done: Done) -> list[str]:
    before, after = done.before.state.deployment(agent), done.after.state.deployment(agent)
    if before == after:
        return [f"{agent} was retired already: nothing changed"]
    lines = []
    running = next((one for one in done.after.state.releases(agent) if one.tag == before.production.release), None)
    if running is not None:
        lines.append(f"production ran {running.name}, and runs nothing now")
    if before.canary != after.canary:
        lines.append(f"the canary had {format_share(before.canary.share)} of production, and has none now")
    return [*lines, f"the way back: agentgov hold {agent} --lift, and a release newer than it ran last"]
