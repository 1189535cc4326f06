"""`agentgov incident open`: one act that opens, and that pauses too where that is asked."""

import click

from agentgov.cli import parameters
from agentgov.cli.on_call.incident_found import opening
from agentgov.cli.on_call.incident_step import afterwards, reason_option
from agentgov.cli.on_call.order_gate import order
from agentgov.cli.options import format_option, repo_option
from agentgov.errors import UsageError
from agentgov.incident.orders import Opening, open_incident
from agentgov.journal.draft import Actor, Draft
from agentgov.journal.view import View
from agentgov.model.names import AgentId
from agentgov.repo import clock
from agentgov.report.moments import stamp


@click.command("open")
@click.argument(
    "agents", type=parameters.agent, metavar="[AGENT]...", nargs=-1, shell_complete=parameters.complete_agent
)
@click.option("--title", "-t", default="", help="What is wrong, in one line.")
@click.option("--severity", type=click.IntRange(1, 4), help="1 is the worst [default: the playbook's, else 3].")
@click.option("--alert", "alerts", multiple=True, metavar="FINGERPRINT", help="The alert it is about; may be repeated.")
@click.option("--playbook", default="", metavar="PATH", help="The playbook to follow [default: the agent's].")
@click.option("--pause", "pause", is_flag=True, help="Pause the agents by the same act.")
@click.option("--read-only", is_flag=True, help="Pause them in part: tools of effect read are left.")
@click.option("--until", type=parameters.moment, default=0, metavar="TIME", help="Until when they are paused: 4h.")
@reason_option()
@repo_option
@format_option()
def command(
    agents: tuple[AgentId, ...],
    title: str,
    severity: int | None,
    alerts: tuple[str, ...],
    playbook: str,
    pause: bool,
    read_only: bool,
    until: int,
    reason: str,
    repo: str,
    output: str,
) -> int:
    """Open an incident about AGENTs. With --pause they are paused by the same act: there is no moment between.

    With --alert, agents and title are those of the alert, as the gate tells them.
    """
    mode = "read-only" if read_only else "stop" if pause else ""
    if until and not mode:
        raise UsageError("--until says how long they are paused", "add --pause or --read-only")
    if until and until <= clock.now():
        raise UsageError(f"{stamp(until)} is over already", "name a time to come, such as 4h from now: --until 4h")
    if not agents and not alerts:
        raise UsageError("nobody says whom it is about", "agentgov incident open WORKSPACE/AGENT --title ...")

    lines: list[str] = []

    def write(view: View, actor: Actor) -> Draft:
        what = opening(view, agents, title, severity, alerts, playbook, mode, until)
        draft = open_incident(view, actor, what, now=clock.now(), reason=reason)
        lines[:] = _next(draft, what, mode)
        return draft

    return order("incident-open", output, repo, write, None, lambda _: lines)


def _next(draft: Draft, what: Opening, mode: str) -> list[str]:
    """What can follow."""
    one, about = draft.act.get("Incident"), what.agents[0]
    lines = [f"follow the playbook: agentgov playbook run {about} --incident {one}"] if what.playbook else []
    if mode:
        return [*lines, *afterwards(one, what.agents)]
    return [*lines, f"contain it: agentgov incident mitigate {one} --pause, or --rollback"]
