"""`agentgov incident review`: write down what is known, for people to write what was learnt."""

import click

from agentgov.cli.context import open_context
from agentgov.cli.on_call.incident_facts import impact_at, impact_in, times_at
from agentgov.cli.on_call.incident_moments import impact_of, moments_of
from agentgov.cli.on_call.incident_place import place_of
from agentgov.cli.on_call.incident_step import branch_option, incident_argument, present
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.errors import RefusedError
from agentgov.incident.review import Findings, write_review
from agentgov.model.incident import review_path
from agentgov.report.page import Page, Span


@click.command("review")
@incident_argument
@branch_option
@click.option("--gate/--no-gate", "gate", default=None, help="With what the gate recorded [default: where logged in].")
@click.option("--store", metavar="URL", help="Take its numbers out of the gate's store on this machine.")
@click.option("--fetch", is_flag=True, help="Ask the remote first.")
@repo_option
@format_option()
def command(
    incident: str, on_branch: bool, gate: bool | None, store: str | None, fetch: bool, repo: str, output: str
) -> int:
    """Write incidents/YEAR/ID/review.md into the working tree: times, numbers and timeline are filled in, the headings
    ask for what people know. Run again, it writes its own parts anew and touches nothing else. It takes effect as every
    change does: by its reviews, on main."""
    context = open_context(repo)
    view, found = present(context, incident, fetch=fetch, over=True)
    if found.is_standing:
        how = f"when it is contained and over: agentgov incident resolve {found.id}"
        raise RefusedError(f"{found.id} is {found.state}: it is not over", how)
    path = review_path(found.id)
    place = place_of(context, view, found.id, path, repo, on_branch=on_branch)
    moments, without = moments_of(view, found, gate)
    times, lacking = times_at(view, found, gate)
    counted = impact_at(view, found, gate, lacking) if store is None else impact_in(view, found, store)
    impact = [*impact_of(found, moments), *counted]
    before = place.read()
    text = write_review(Findings(found, times, moments, impact, [*without, *lacking]), before)
    steps = place.write(text, f"Review of incident {found.id}")
    notes = ["write what was learnt into it, then bring it to main:", *steps]
    notes.append(f"when it is there with its approvals: agentgov incident close {found.id}")
    page = Page().line(Span("wrote anew " if before is not None else "wrote ", "good"), path)
    for note in notes:
        page.line(f"  {note}")
    document = {"schema": "agentgov.incident-review/1", "path": path, "new": before is None, "notes": notes}
    branch = place.branch.name if place.branch is not None else None
    answer(output, page, {**document, "branch": branch, "without": [*without, *lacking]})
    return 0
