"""`agentgov incident severity`: say how bad it is."""

from pathlib import Path

import click

from agentgov.cli.on_call.incident_step import draft_option, incident_argument, plain, reason_option, step
from agentgov.cli.options import format_option, repo_option


@click.command("severity")
@incident_argument
@click.argument("level", type=click.Choice(["1", "2", "3", "4"]), metavar="LEVEL")
@reason_option()
@draft_option
@repo_option
@format_option()
def command(incident: str, level: str, reason: str, draft: Path | None, repo: str, output: str) -> int:
    """Say how bad it is: LEVEL is 1 (the worst) to 4."""
    return step(
        "severity",
        output,
        repo,
        incident,
        plain("severity", f"set severity {level} of", reason, [("Severity", level)]),
        file=draft,
    )
