"""`agentgov incident list`: what goes on, and what went on."""

import click

from agentgov.cli import parameters
from agentgov.cli.context import journal_json, journal_line, open_context
from agentgov.cli.known import require_agent
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.model.names import AgentId
from agentgov.report.incidents import incident_json, incidents_page
from agentgov.report.page import Span

_OVER = ("closed", "cancelled")


@click.command("list")
@parameters.agent_argument(required=False)
@click.option("--all", "everything", is_flag=True, help="Those that are closed or cancelled, too.")
@click.option("--fetch", is_flag=True, help="Ask the remote first.")
@repo_option
@format_option()
def command(agent: AgentId | None, everything: bool, fetch: bool, repo: str, output: str) -> int:
    """The incidents that are not closed, newest first; of one AGENT, or of all."""
    context = open_context(repo)
    view = context.view(fetch=fetch)
    if agent is not None:
        require_agent(view, agent)
    found = [
        one
        for one in view.state.incidents().values()
        if (everything or one.state not in _OVER) and (agent is None or str(agent) in one.agents)
    ]
    found.sort(key=lambda one: -one.opened.seq)
    page = incidents_page(found)
    if not (found or fetch) and context.journal.remote is not None:
        page.line(Span("  as this clone knows; ask the remote: agentgov incident list --fetch", "dim"))
    page.line(journal_line(view))
    document = {
        "schema": "agentgov.incident-list/1",
        "incidents": [incident_json(one) for one in found],
        "journal": journal_json(view),
    }
    answer(output, page, document)
    return 0
