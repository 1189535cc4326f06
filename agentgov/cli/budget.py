"""`agentgov budget`: how full budgets are, at the gate."""

import click

from agentgov.cli import parameters
from agentgov.cli.context import open_context
from agentgov.cli.gate_client import client_of
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.model.names import AgentId
from agentgov.report.budget import budgets_page


@click.group()
def budget() -> None:
    """What agents have spent and set aside, at the gate.

    The gate is that of AGENTGOV_GATE, else of agentgov.yaml; you are who is logged in, or whose token lies in the file
    that AGENTGOV_TOKEN_FILE names.
    """


@budget.command()
@click.argument("agent", type=parameters.agent, metavar="[AGENT]", required=False)
@repo_option
@format_option()
def show(agent: AgentId | None, repo: str, output: str) -> int:
    """The budgets of today and this month: of one agent and what it belongs to, or of all that you may view."""
    place = f"/v1/budgets/{agent}" if agent is not None else "/v1/budgets"
    found = client_of(open_context(repo).view()).ask("GET", place)["budgets"]
    page = budgets_page(found, alone=agent is not None)
    answer(output, page, {"schema": "agentgov.budget-show/1", "budgets": found})
    return 0
