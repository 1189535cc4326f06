"""`agentgov budget`: how full budgets are, at the gate."""

import click

from agentgov.cli import parameters
from agentgov.cli.context import open_context
from agentgov.cli.gate_client import client_of
from agentgov.cli.options import answer, format_option, repo_option, store_option
from agentgov.cli.run_time.budget_check import check_budgets
from agentgov.model.names import AgentId
from agentgov.report.budget import budgets_page, labels_page, spent_page

_SCHEMA, _PURPOSE = "agentgov.budget-show/1", "purpose"


@click.group()
def budget() -> None:
    """What agents have spent and set aside, at the gate.

    The gate is that of AGENTGOV_GATE, else of agentgov.yaml; you are who is logged in, or whose token lies in the file
    that AGENTGOV_TOKEN_FILE names.
    """


@budget.command()
@click.argument("agent", type=parameters.agent, metavar="[AGENT]", required=False)
@click.option(
    "--by",
    "label",
    metavar="LABEL",
    help="What agents cost, by the values of a label; purpose: by what money was set aside for.",
)
@click.option("--subject", metavar="NAME", help="What was spent about a subject; that you ask is recorded.")
@repo_option
@format_option()
def show(agent: AgentId | None, label: str | None, subject: str | None, repo: str, output: str) -> int:
    """How full budgets are, how fast they go, and when they are gone: of one agent, or of all that you may view.

    Nobody raises a budget here: that is a change in git.
    """
    if subject is not None and (agent is not None or label is not None):
        raise click.UsageError("--subject stands alone: what was spent about it, by every agent")
    client = client_of(open_context(repo).view())
    if subject is not None:
        about = client.pages("/v1/spending/subject", {"subject": subject})
        spent = [one for each in about for one in each["spending"]]
        answer(output, spent_page(spent, "about it"), {"schema": _SCHEMA, "budgets": [], "spending": spent})
        return 0
    of = f"/{agent}" if agent is not None else ""
    found = [one for each in client.pages(f"/v1/budgets{of}") for one in each["budgets"]]
    page, document = budgets_page(found, alone=agent is not None), {"schema": _SCHEMA, "budgets": found}
    if label == _PURPOSE:
        spent = [one for each in client.pages(f"/v1/spending{of}") for one in each["spending"]]
        page.blank().then(spent_page(spent, "for a purpose"))
        document["spending"] = spent
    elif label is not None:
        page.blank().then(labels_page(found, label))
    answer(output, page, document)
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
