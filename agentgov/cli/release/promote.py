"""`agentgov promote`: a person's word at a gate of the pipeline."""

import click

from agentgov.cli import parameters
from agentgov.cli.options import format_option, repo_option
from agentgov.cli.order import Done, append_order, tell
from agentgov.journal.pipelines import pipeline_of
from agentgov.journal.votes import still_promotes
from agentgov.model.names import AgentId
from agentgov.release.orders import order_promote
from agentgov.repo import clock


@click.command()
@parameters.agent_argument()
@click.option("--to", "stage", type=click.Choice(["canary", "production"]), default="production", show_default=True)
@click.option("-m", "--reason", default="", help="Why; stands in the journal for ever.")
@repo_option
@format_option()
def promote(agent: AgentId, stage: str, reason: str, repo: str, output: str) -> int:
    """Let the candidate of AGENT enter a stage, as far as that takes a person's word."""
    done = append_order(
        repo,
        lambda view, actor: order_promote(view, actor, agent, stage, now=clock.now(), reason=reason),
        about=agent,
    )
    return tell("promote", output, done, *_standing(done, agent, stage))


def _standing(done: Done, agent: AgentId, stage: str) -> list[str]:
    """Whether the word counts, and how many more the stage asks for."""
    view, me = done.after, done.act.actor_id
    release = done.act.get("Release").split(" ")[1]
    votes = [vote for vote in view.state.deployment(agent).votes if (vote.release, vote.stage) == (release, stage)]
    counted = {vote.by for vote in votes if still_promotes(view, agent, vote)}
    promoters = next((one.promoters for one in pipeline_of(view, agent).stages if one.name == stage), None)
    if promoters is not None and me not in counted:
        return [f"your word does not count there: {stage} asks for {' or '.join(promoters.sources)}"]
    missing = promoters.count - len(counted) if promoters is not None else 0
    if missing > 0:
        return [f"{stage} asks for {missing} more"]
    return ["the reconciler acts on it at its next tick"]
