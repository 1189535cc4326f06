"""`agentgov usage`: what agents really used, as the gate added it up from what they told."""

import click

from agentgov.cli import parameters
from agentgov.cli.context import open_context
from agentgov.cli.gate_client import client_of
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.cli.parameters import ago
from agentgov.model.names import AgentId
from agentgov.repo import clock
from agentgov.report.usage import usage_page

_DAY = 86_400


@click.group()
def usage() -> None:
    """What agents used, at the gate: calls, tokens, cost and errors, by what they told of their work.

    The gate is that of AGENTGOV_GATE, else of agentgov.yaml; you are who is logged in, or whose token lies in the file
    that AGENTGOV_TOKEN_FILE names.
    """


@usage.command()
@click.argument("agent", type=parameters.agent, metavar="[AGENT]", required=False)
@click.option("--since", callback=ago, metavar="TIME|DURATION", help="From when: 7d, or a time; 1d unless said.")
@click.option("--until", callback=ago, metavar="TIME|DURATION", help="To before when; now unless said.")
@repo_option
@format_option()
def show(agent: AgentId | None, since: int | None, until: int | None, repo: str, output: str) -> int:
    """What was used in a period: by one agent, its models, tools and releases, or by all that you may view."""
    end = until if until is not None else clock.now() + 60
    begin = since if since is not None else end - _DAY
    if begin >= end:
        raise click.UsageError("--since comes before --until.")
    place = f"/v1/agents/{agent}/usage" if agent is not None else "/v1/usage"
    asked = {"since": begin * 1000, "until": end * 1000}
    first, *more = client_of(open_context(repo).view()).pages(place, asked)
    found = {name: first[name] for name in ("since", "until")}
    found |= {name: [one for each in (first, *more) for one in each[name]] for name in ("usage", "quarantine")}
    answer(output, usage_page(found, alone=agent is not None), {"schema": "agentgov.usage-show/1", **found})
    return 0
