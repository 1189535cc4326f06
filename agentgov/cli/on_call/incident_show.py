"""`agentgov incident show`: one incident, how long it took, and those of the past that look like it."""

from collections.abc import Sequence

import click

from agentgov.cli.context import journal_json, journal_line, open_context
from agentgov.cli.on_call.incident_facts import times_at
from agentgov.cli.on_call.incident_step import incident_argument, present
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.incident.similar import Similar, similar_to
from agentgov.incident.times import Times
from agentgov.report.incidents import incident_json, incident_page, span
from agentgov.report.page import Page, Span

_SPANS = ("detect", "acknowledge", "mitigate", "obeyed", "resolve")


@click.command("show")
@incident_argument
@click.option("--fetch", is_flag=True, help="Ask the remote first.")
@click.option("--gate/--no-gate", "gate", default=None, help="With what the gate knows [default: where logged in].")
@repo_option
@format_option()
def command(incident: str, fetch: bool, gate: bool | None, repo: str, output: str) -> int:
    """One incident: who leads, what happened when, how long it took, and what it looks like."""
    view, found = present(open_context(repo), incident, fetch=fetch)
    times, without = times_at(view, found, gate)
    alike = similar_to(found, view.state.incidents().values())
    page = incident_page(found)
    _tell_times(page, times, without)
    _tell_alike(page, alike)
    document = {
        "schema": "agentgov.incident-show/1",
        "incident": incident_json(found),
        "times": {**{name: getattr(times, name) for name in _SPANS}, "waiting": list(times.waiting)},
        "without": without,
        "similar": [{"id": one.incident.id, "score": one.score, "because": list(one.because)} for one in alike],
        "journal": journal_json(view),
    }
    answer(output, page.line(journal_line(view)), document)
    return 0


def _tell_times(page: Page, times: Times, without: Sequence[str]) -> None:
    """How long it took; what nobody could say is said to be lacking."""
    words = {"detect": "noticed {} after its first alert", "obeyed": "last instance heard after {}"}
    known = [(name, getattr(times, name)) for name in _SPANS]
    told = [words.get(name, name + " after {}").format(span(took)) for name, took in known if took is not None]
    if told:
        page.line("  " + ", ".join(told))
    for one in times.waiting:
        page.line(Span("  has not heard yet: ", "warn"), one)
    for note in without:
        page.line(Span("  without ", "warn"), note)


def _tell_alike(page: Page, alike: tuple[Similar, ...]) -> None:
    if alike:
        page.line("looks like")
    for one in alike:
        other = one.incident
        page.line(f"  {other.id}  {other.title}", Span(f"  {'; '.join(one.because)}", "dim"))
