"""`agentgov budget`: how full budgets are, at the gate."""

import click

from agentgov.cli import parameters
from agentgov.cli.budget_check import check_budgets
from agentgov.cli.context import open_context
from agentgov.cli.gate_client import client_of
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.cli.token import store_option
from agentgov.model.names import AgentId
from agentgov.report.budget import budgets_page, labels_page


@click.group()
def budget() -> None:
    """What agents have spent and set aside, at the gate.

    The gate is that of AGENTGOV_GATE, else of agentgov.yaml; you are who is logged in, or whose token lies in the file
    that AGENTGOV_TOKEN_FILE names.
    """


@budget.command()
@click.argument("agent", type=parameters.agent, metavar="[AGENT]", required=False)
@click.option("--by", "label", metavar="LABEL", help="What agents cost, by the values of a label.")
@repo_option
@format_option()
def show(agent: AgentId | None, label: str | None, repo: str, output: str) -> int:
    """How full budgets are, how fast they go, and when they are gone: of one agent, or of all that you may view.

    Nobody raises a budget here: that is a change in git.
    """
    place = f"/v1/budgets/{agent}" if agent is not None else "/v1/budgets"
    found = client_of(open_context(repo).view()).ask("GET", place)["budgets"]
    page = budgets_page(found, alone=agent is not None)
    if label is not None:
        page.blank().then(labels_page(found, label))
    answer(output, page, {"schema": "agentgov.budget-show/1", "budgets": found})
    return 0


@budget.command()
@store_option
@repo_option
@format_option()
def check(store: str | None, repo: str, output: str) -> int:
    """Whether budgets hold what the ledger says, and open reservations add up: in the gate's store on this machine.

    The gate looks itself, every minute, at what stands beside each other; this replays all records as well.
    """
    return check_budgets(repo, store, output)
