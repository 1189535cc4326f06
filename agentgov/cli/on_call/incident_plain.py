"""`agentgov incident ack`, `resolve`, `close` and `cancel`: the steps that say no more than why."""

from pathlib import Path

import click

from agentgov.cli.on_call.incident_step import draft_option, incident_argument, plain, reason_option, step
from agentgov.cli.options import format_option, repo_option


def _command(name: str, verb: str, told: str, *more: str, required: bool = False) -> click.Command:
    """The command of one step; `told` is its help, `more` are lines about what can follow."""

    @click.command(name, help=told)
    @incident_argument
    @reason_option(required=required)
    @draft_option
    @repo_option
    @format_option()
    def command(incident: str, reason: str, draft: Path | None, repo: str, output: str) -> int:
        return step(name, output, repo, incident, plain(verb, verb, reason), *more, file=draft)

    return command


ack = _command(
    "ack",
    "acknowledge",
    "Say that you are on it: nobody else is called any more, and you lead where nobody does.",
    "contain it with: agentgov incident mitigate {id} --pause, or --rollback",
)
resolve = _command(
    "resolve",
    "resolve",
    "Say that it is over. What was paused stays paused until somebody resumes it.",
    "write down what was learnt: agentgov incident review {id}",
    "when the review is on main: agentgov incident close {id}",
)
close = _command(
    "close", "close", "Close it. Its review has to stand authorised on main first, unless its severity is 4."
)
cancel = _command("cancel", "cancel", "Say that it was none after all.", required=True)
