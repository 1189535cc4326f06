"""`agentgov rollback`: production back to a prior release, at once. Nothing that only raises risk can block it."""

import click

from agentgov.cli import parameters
from agentgov.cli.options import format_option, repo_option
from agentgov.cli.order import Done, append_order, tell
from agentgov.journal.draft import Actor, Draft
from agentgov.journal.view import View
from agentgov.model.names import AgentId, ReleaseName
from agentgov.model.state import Release
from agentgov.release.orders import by_tag, order_rollback, recorded, running
from agentgov.repo import clock


@click.command()
@parameters.agent_argument()
@click.option("--to", "wanted", metavar="RELEASE", help="Version or tag (default: the last good one before this).")
@click.option("--environment", type=click.Choice(["production"]), default="production", hidden=True)
@click.option("--reason", "-m", required=True, help="Why; stands in the journal for ever.")
@repo_option
@format_option()
def rollback(agent: AgentId, wanted: str | None, environment: str, reason: str, repo: str, output: str) -> int:
    """Return AGENT to a prior release in production at once.

    Marks the release it leaves as bad, takes a running canary away and sets a hold, all in one act.
    """
    name = parameters.release_of(agent, wanted) if wanted else None
    seen: list[Release | None] = []  # what ran when this person gave the order, whoever else rolls back meanwhile

    def write(view: View, actor: Actor) -> Draft:
        if name is not None:
            recorded(view, name)
        seen.append(running(view, agent))
        return order_rollback(view, actor, agent, name, leaves=seen[0], now=clock.now(), reason=reason)

    done = append_order(repo, write, about=agent)
    return tell("rollback", output, done, *_consequences(agent, name, done))


def _consequences(agent: AgentId, wanted: ReleaseName | None, done: Done) -> list[str]:
    before, after = done.before.state.deployment(agent), done.after.state.deployment(agent)
    if before == after:
        return ["production had left that release already: nothing changed"]
    now_running = by_tag(done.after, agent, after.production.release)
    was_running = by_tag(done.before, agent, before.production.release)
    lines = [f"production now runs {now_running.name if now_running else after.production.release}"]
    if was_running is not None and was_running.closure in after.bad:
        lines.append(f"{was_running.name} is marked bad and never returns by itself")
    if before.canary.state in ("RAMP", "INCONCLUSIVE"):
        lines.append("the canary that was running is gone")
    if after.hold is not None:
        lines.append(f"a hold is set; when it is fixed: agentgov hold {agent} --lift")
    return lines
