"""`agentgov incident mitigate`: contain it and say so, by one command; opens the incident where none stands."""

import click

from agentgov.cli.known import require_agent
from agentgov.cli.on_call.incident_found import opening
from agentgov.cli.on_call.incident_step import afterwards, reason_option
from agentgov.cli.on_call.order_gate import orders
from agentgov.cli.options import format_option, repo_option
from agentgov.errors import UsageError
from agentgov.incident.containing import Containing, contain
from agentgov.incident.orders import incident_of
from agentgov.journal.draft import Actor, Draft
from agentgov.journal.incidents import standing_on
from agentgov.journal.view import View
from agentgov.model.incident import Incident, is_incident_id
from agentgov.model.names import AgentId, agent_id
from agentgov.repo import clock


def _about(text: str) -> str | AgentId:
    agent = agent_id(text)
    if agent is None and not is_incident_id(text.lower()):
        raise click.BadParameter(f"{text!r} is no incident and no agent; write 2026-1123-k7qd or workspace/agent")
    return agent or text.lower()


@click.command("mitigate")
@click.argument("about", type=_about, metavar="ID|AGENT")
@click.option("--pause", is_flag=True, help="Pause its agents.")
@click.option("--read-only", is_flag=True, help="Pause them in part: tools of effect read are left.")
@click.option("--abort", is_flag=True, help="Take the releases of its agents that are on their way out of the canary.")
@click.option("--rollback", is_flag=True, help="Bring production of its agents back to the release before.")
@click.option("--title", "-t", default="", help="What is wrong, where an incident has to be opened.")
@click.option("--alert", "alerts", multiple=True, metavar="FINGERPRINT", help="The alert, where one has to be opened.")
@reason_option()
@repo_option
@format_option()
def command(
    about: str | AgentId,
    pause: bool,
    read_only: bool,
    abort: bool,
    rollback: bool,
    title: str,
    alerts: tuple[str, ...],
    reason: str,
    repo: str,
    output: str,
) -> int:
    """Contain an incident, and say so: its agents are paused, rid of their canary, or back on their release before,
    all by this command.

    With an AGENT the incident that stands for it is meant; where none stands, one is opened. Without any of --pause,
    --read-only, --abort and --rollback it only says that it is contained.
    """
    mode = "read-only" if read_only else "stop" if pause else ""
    if isinstance(about, AgentId) and not (mode or abort or rollback):
        raise UsageError("nobody says how it is contained", "add --pause, --read-only, --abort or --rollback")
    lines: list[str] = []

    def write(view: View, actor: Actor) -> list[Draft]:
        if isinstance(about, str):
            what: Containing = incident_of(view, about)
        else:
            agent = require_agent(view, about)
            what = standing_on(view, agent) or opening(
                view, [agent], title or reason, None, alerts, "", mode, 0, f"{agent} misbehaves"
            )
        drafts = contain(view, actor, what, mode=mode, abort=abort, rollback=rollback, now=clock.now(), reason=reason)
        opened = next((one.act.get("Incident") for one in drafts if one.act.kind == "incident"), "")
        lines[:] = afterwards(
            what.id if isinstance(what, Incident) else opened,
            what.agents if mode else (),
            what.agents if rollback else (),
        )
        return drafts

    return orders("incident-mitigate", output, repo, write, None, lambda _: lines)
