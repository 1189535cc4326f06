"""`agentgov incident message`: tell people, and have it recorded."""

import click

from agentgov.cli.on_call.incident_step import incident_argument
from agentgov.cli.on_call.order_gate import order
from agentgov.cli.options import format_option, repo_option
from agentgov.errors import UsageError
from agentgov.incident.messages import facts_of, fill, marked, refuse_unknown
from agentgov.incident.orders import incident_of, release_of, tell
from agentgov.incident.people import people_of
from agentgov.journal.draft import Actor, Draft
from agentgov.journal.view import View
from agentgov.repo import clock


@click.command("message")
@incident_argument
@click.argument("text")
@click.option("--to", required=True, multiple=True, metavar="WHO", help="A person's id, team:ID or role:NAME.")
@repo_option
@format_option()
def command(incident: str, text: str, to: tuple[str, ...], repo: str, output: str) -> int:
    """Record what somebody is told. {time}, {agent}, {status} and the like in TEXT are filled in; {{time}} is not.

    A gate whose routes reach them sends it; without one, you do.
    """
    if refused := refuse_unknown(text):
        raise UsageError(*refused)
    told: list[str] = []

    def write(view: View, actor: Actor) -> Draft:
        found = incident_of(view, incident)
        strange = [one for one in to if not people_of(view, found, one)]
        if strange:
            how = "name a person's id, team:ID or role:NAME: agentgov access show"
            raise UsageError(f"Access knows nobody called {', '.join(strange)}", how)
        said = marked(found, fill(text, facts_of(found, now=clock.now(), release=release_of(view, found))))
        told[:] = [f"they read: {said}"]
        return tell(view, actor, found, sorted(set(to)), said, now=clock.now())

    return order("incident-message", output, repo, write, None, lambda _: told)
