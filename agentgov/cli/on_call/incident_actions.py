"""`agentgov incident actions`: what incidents still owe, who owes it, and until when."""

from typing import Any

import click

from agentgov.cli import parameters
from agentgov.cli.context import journal_json, journal_line, open_context
from agentgov.cli.known import require_agent
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.journal.owed import Owed, owed
from agentgov.model.names import AgentId
from agentgov.repo import clock
from agentgov.report.moments import stamp
from agentgov.report.page import Page, Part, Span


@click.command("actions")
@parameters.agent_argument(required=False)
@click.option("--overdue", is_flag=True, help="Only those that are late.")
@click.option("--fetch", is_flag=True, help="Ask the remote first.")
@repo_option
@format_option()
def command(agent: AgentId | None, overdue: bool, fetch: bool, repo: str, output: str) -> int:
    """Reviews that nobody has written and actions that are not done, with owner and day; of one AGENT, or of all.

    What is late holds every new release of an agent of high risk. Exit 1 where something is late."""
    view = open_context(repo).view(fetch=fetch)
    if agent is not None:
        require_agent(view, agent)
    now = max(clock.now(), view.state.head.time)
    found = [
        one
        for one in owed(view)
        if (agent is None or str(agent) in one.incident.agents) and (not overdue or now > one.late)
    ]
    page = Page()
    if found:
        page.table(("incident", "what", "owner", "due", ""), [_row(one, now) for one in found])
    else:
        page.line("no incident owes anything" + (" that is late" if overdue else ""))
    document = {
        "schema": "agentgov.incident-actions/1",
        "actions": [_json(one, now) for one in found],
        "journal": journal_json(view),
    }
    answer(output, page.line(journal_line(view)), document)
    return 1 if any(now > one.late for one in found) else 0


def _row(one: Owed, now: int) -> tuple[Part, ...]:
    late = Span("overdue", "bad") if now > one.late else ""
    action = one.action
    if action is None:
        return one.incident.id, "its review", one.incident.lead or "nobody", stamp(one.late), late
    return one.incident.id, f"{action.id}: {action.title}", action.owner, action.due, late


def _json(one: Owed, now: int) -> dict[str, Any]:
    action = one.action
    return {
        "incident": one.incident.id,
        "kind": "review" if action is None else "action",
        "id": action.id if action is not None else None,
        "title": action.title if action is not None else one.words,
        "owner": (action.owner if action is not None else one.incident.lead) or None,
        "due": action.due if action is not None else stamp(one.late),
        "overdue": now > one.late,
        "agents": list(one.incident.agents),
        "next": one.command,
    }
