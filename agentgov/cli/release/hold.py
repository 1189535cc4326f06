"""`agentgov hold`: keep an agent where it is, or lift that."""

import click

from agentgov.cli import parameters
from agentgov.cli.options import format_option, repo_option
from agentgov.cli.order import append_order, tell
from agentgov.errors import RefusedError
from agentgov.journal.draft import Actor, Draft
from agentgov.journal.view import View
from agentgov.model.names import AgentId
from agentgov.release.orders import order_hold
from agentgov.repo import clock


@click.command()
@parameters.agent_argument()
@click.option("--lift", is_flag=True, help="Lift the hold.")
@click.option("-m", "--reason", default="", help="Why; stands in the journal for ever.")
@repo_option
@format_option()
def hold(agent: AgentId, lift: bool, reason: str, repo: str, output: str) -> int:
    """Keep AGENT where it is: nothing raises its risk until the hold is lifted. A rollback always works."""

    def write(view: View, actor: Actor) -> Draft:
        if lift and view.state.deployment(agent).hold is None:
            raise RefusedError(f"nothing holds {agent}", f"see where it stands: agentgov status {agent}")
        return order_hold(view, actor, agent, lift=lift, now=clock.now(), reason=reason)

    done = append_order(repo, write, about=agent)
    return tell("hold", output, done, *([] if lift else [f"lift it with: agentgov hold {agent} --lift"]))
