"""`agentgov incident`: open one, work in it, close it; every step is a signed act of the journal."""

import importlib

import click

# name -> module under agentgov.cli, and what holds the command there unless it is `command`
_COMMANDS = {
    "open": "incident_open",
    "list": "incident_list",
    "show": "incident_show",
    "ack": "incident_plain:ack",
    "assign": "incident_assign",
    "note": "incident_note",
    "severity": "incident_severity",
    "mitigate": "incident_mitigate",
    "resolve": "incident_plain:resolve",
    "close": "incident_plain:close",
    "cancel": "incident_plain:cancel",
    "message": "incident_message",
    "timeline": "incident_timeline",
    "review": "incident_review",
    "actions": "incident_actions",
    "done": "incident_done",
}


class _Lazy(click.Group):
    """Loads the command that is asked for, and no other."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module, _, name = _COMMANDS.get(cmd_name, "").partition(":")
        if not module:
            return None
        found: click.Command = getattr(importlib.import_module(f"agentgov.cli.on_call.{module}"), name or "command")
        return found


@click.group(cls=_Lazy)
def incident() -> None:
    """Incidents: open, acknowledge, contain, resolve, close, and everything that was said on the way.

    Each step is an act that you sign with your own key; where the fleet has a gate, the gate brings it to the journal,
    so no right to push is needed.
    """
