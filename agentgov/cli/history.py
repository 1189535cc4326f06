"""`agentgov history`: every act on an agent, who did it, when and why."""

from itertools import islice

import click

from agentgov.cli import parameters
from agentgov.cli.context import journal_json, journal_line, open_context
from agentgov.cli.journal import as_json
from agentgov.cli.known import require_agent
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.journal.query import acts_on
from agentgov.model.names import AgentId
from agentgov.report.moments import stamp
from agentgov.report.page import Page, Span


@click.command()
@parameters.agent_argument()
@click.option("-n", "--last", type=click.IntRange(1), default=50, show_default=True, help="How many acts.")
@repo_option
@format_option()
def history(agent: AgentId, last: int, repo: str, output: str) -> int:
    """What happened to AGENT, newest first: reviews, releases, stages, pauses, rollbacks."""
    context = open_context(repo)
    view = context.view()
    require_agent(view, agent)
    found = list(islice(acts_on(context.repo, view.tip, agent), last))
    page = Page()
    for one in found:
        page.line(Span(f"{stamp(one.head.time)}  ", "dim"), f"{one.act.actor_id:<12} ", one.act.subject)
        for line in one.act.reason.splitlines():
            page.line(Span(f"{'':<35}{line}", "dim"))
    page.line(journal_line(view))
    acts = [as_json(one) for one in found]
    document = {"schema": "agentgov.history/1", "agent": str(agent), "acts": acts, "journal": journal_json(view)}
    answer(output, page, document)
    return 0
