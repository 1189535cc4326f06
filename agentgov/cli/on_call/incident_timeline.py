"""`agentgov incident timeline`: what happened when, each entry with where it is recorded."""

import click

from agentgov.cli.context import journal_json, journal_line, open_context
from agentgov.cli.on_call.incident_moments import moments_of
from agentgov.cli.on_call.incident_step import incident_argument, present
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.incident.timeline import Moment
from agentgov.report.moments import stamp
from agentgov.report.page import Page, Span


@click.command("timeline")
@incident_argument
@click.option("--fetch", is_flag=True, help="Ask the remote first.")
@click.option("--gate/--no-gate", "gate", default=None, help="With what the gate recorded [default: where logged in].")
@repo_option
@format_option("markdown")
def command(incident: str, fetch: bool, gate: bool | None, repo: str, output: str) -> int:
    """What happened when, in UTC. Nobody writes it: acts of the journal on its agents, what changed since the last good
    release, and with a gate its alerts, denials and pauses. Each entry says where it is recorded."""
    view, found = present(open_context(repo), incident, fetch=fetch)
    moments, notes = moments_of(view, found, gate)
    rows = [(stamp(one.at // 1000), one.who, _told(one), Span(one.place, "dim")) for one in moments]
    if output == "markdown":
        lines = [f"| {' | '.join(cell.replace('|', '/') for cell in row[:3])} | {row[3].text} |\n" for row in rows]
        click.echo("| UTC | who | what | source |\n|---|---|---|---|\n" + "".join(lines), nl=False)
        return 0
    page = Page().table(("utc", "who", "what", "source"), rows)
    for note in notes:
        page.line(Span("without ", "warn"), note)
    document = {
        "schema": "agentgov.incident-timeline/1",
        "incident": found.id,
        "entries": [
            {"at": stamp(one.at // 1000), "ms": one.at, "source": one.source, "place": one.place}
            | {"who": one.who, "what": one.what, "said": one.said}
            for one in moments
        ],
        "without": notes,
        "journal": journal_json(view),
    }
    answer(output, page.line(journal_line(view)), document)
    return 0


def _told(one: Moment) -> str:
    """What happened, with the first line of what was said about it."""
    said = one.said.partition("\n")[0]
    return f"{one.what}: {said}" if said and said not in one.what else one.what
