"""`agentgov incident note`: write something down."""

import click

from agentgov.cli.on_call.incident_step import incident_argument, plain, step
from agentgov.cli.options import format_option, repo_option


@click.command("note")
@incident_argument
@click.argument("text")
@repo_option
@format_option()
def command(incident: str, text: str, repo: str, output: str) -> int:
    """Write something down for the timeline."""
    return step("note", output, repo, incident, plain("note", "note in", text))
