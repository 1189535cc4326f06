"""`agentgov incident done`: an action that a review promised is done."""

from datetime import date

import click

from agentgov.cli.context import open_context
from agentgov.cli.on_call.incident_place import place_of
from agentgov.cli.on_call.incident_step import branch_option, incident_argument, present
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.errors import UsageError
from agentgov.model.incident import review_path
from agentgov.repo import clock
from agentgov.report.moments import stamp
from agentgov.report.page import Page, Span
from agentgov.scaffold.review_edit import finish_action


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise click.BadParameter(f"{text!r} is no day; write 2026-12-20") from None


@click.command("done")
@incident_argument
@click.argument("action", metavar="ACTION")
@click.option("--on", "day", type=_day, metavar="DAY", help="The day, such as 2026-12-20 [default: today, in UTC].")
@branch_option
@repo_option
@format_option()
def command(incident: str, action: str, day: str | None, on_branch: bool, repo: str, output: str) -> int:
    """Say in the review of an incident that ACTION, the id of an action there, is done. Nothing else of the file
    changes, and it takes effect as every change does: by its reviews, on main."""
    context = open_context(repo)
    view, found = present(context, incident)
    path, today = review_path(found.id), stamp(clock.now())[:10]
    if day is not None and day > today:
        raise UsageError(f"{day} is yet to come", "say the day when it is done")
    place = place_of(context, view, found.id, path, repo, on_branch=on_branch)
    text = place.read()
    if text is None:
        where = f"on {place.branch.name}, or main" if place.branch is not None else "in this working tree"
        raise UsageError(f"there is no {path} {where}", f"git pull, or write it: agentgov incident review {found.id}")
    notes = place.write(finish_action(text, action, day or today, path), f"Done: {action} of incident {found.id}")
    page = Page().line(Span("done ", "good"), f"{action} of {found.id}, once it is on main with its approvals:")
    for note in notes:
        page.line(f"  {note}")
    document = {"schema": "agentgov.incident-done/1", "path": path, "action": action, "done": day or today}
    branch = place.branch.name if place.branch is not None else None
    answer(output, page, {**document, "branch": branch, "notes": notes})
    return 0
