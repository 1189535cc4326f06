"""`agentgov incident assign`: hand a role over."""

import click

from agentgov.cli.on_call.incident_step import incident_argument, reason_option, step
from agentgov.cli.options import format_option, repo_option
from agentgov.errors import UsageError
from agentgov.incident.orders import assign
from agentgov.journal.draft import Actor, Draft
from agentgov.journal.view import View
from agentgov.model import guess
from agentgov.model.incident import LEAD, Incident
from agentgov.model.names import is_label
from agentgov.repo import clock


def _role(text: str) -> str:
    if not is_label(text):
        raise click.BadParameter(f"{text!r} is no name of a role: lower-case letters, digits and inner hyphens.")
    return text


@click.command("assign")
@incident_argument
@click.argument("who", metavar="WHO")
@click.option(
    "--role", type=_role, default=LEAD, show_default=True, metavar="ROLE", help="Or comms, scribe, as you call it."
)
@reason_option()
@repo_option
@format_option()
def command(incident: str, who: str, role: str, reason: str, repo: str, output: str) -> int:
    """Hand the lead, or another role, to WHO, a person's id. Whoever has it now is named in the act."""

    def write(view: View, actor: Actor, found: Incident) -> Draft:
        if view.directory.person(who) is None:
            raise UsageError(f"there is nobody called {who!r} in Access", _people(view, who))
        return assign(view, actor, found, role, who, now=clock.now(), reason=reason)

    return step("assign", output, repo, incident, write)


def _people(view: View, who: str) -> str:
    meant = guess.question(who, (one.id for one in view.governance.access.people))
    return f"{meant} all of them: agentgov access show".lstrip()
