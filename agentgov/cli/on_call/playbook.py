"""`agentgov playbook`: what to do when it goes wrong: which there are, what they say, following one, starting one."""

from pathlib import Path

import click

from agentgov.cli import parameters
from agentgov.cli.options import format_option, repo_option
from agentgov.model.names import AgentId
from agentgov.model.playbook_kinds import KINDS, Kind

_WHICH = "PLAYBOOK|AGENT"


@click.group()
def playbook() -> None:
    """What people do when it goes wrong, step by step (docs/playbooks.md)."""


@playbook.command("list")
@repo_option
@format_option()
def list_(repo: str, output: str) -> int:
    """Every playbook: what it is for, for whom, who answers, until when it has to be read again.

    Exit code 1 where the day is past by which somebody had to read one again.
    """
    from agentgov.cli.on_call.playbook_shown import list_playbooks

    return list_playbooks(repo, output)


@playbook.command()
@click.argument("which", metavar=_WHICH, shell_complete=parameters.complete_agent)
@repo_option
@format_option("markdown")
def show(which: str, repo: str, output: str) -> int:
    """One playbook as it is followed: its steps, their commands and checks, where they lead, who is told what."""
    from agentgov.cli.on_call.playbook_shown import show_playbook

    return show_playbook(repo, which, output)


@playbook.command()
@click.argument("which", metavar=_WHICH, shell_complete=parameters.complete_agent)
@click.option("--agent", type=parameters.agent, metavar="AGENT", help="Whom it is about, where it is about several.")
@click.option("--incident", default="", metavar="ID", help="Note every step in this incident.")
@click.option("--reason", "-m", default="", metavar="TEXT", help="Why; stands in every command that takes a reason.")
@click.option(
    "--answers",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="Answers by step, instead of asking.",
)
@click.option("--yes", is_flag=True, help="Run every command unasked; what a person has to do or decide is left.")
@click.option("--dry-run", is_flag=True, help="Show every step with its commands filled in, and run nothing.")
@click.option("--restart", is_flag=True, help="Begin anew, although this playbook was left half-way.")
@repo_option
@format_option()
def run(
    which: str,
    agent: AgentId | None,
    incident: str,
    reason: str,
    answers: Path | None,
    yes: bool,
    dry_run: bool,
    restart: bool,
    repo: str,
    output: str,
) -> int:
    """Follow a playbook, or that of AGENT, step by step.

    Each command is shown and asked for before it runs. Only agentgov's own commands are run, without a shell, and only
    those of the authorised contents; everything else is shown, for a person to do. Stopped half-way, it goes on where
    it stood when it is run again. Exit 0: followed to its end and nothing failed; 1: a step failed or ended it; 3: it
    is not over.
    """
    from agentgov.cli.on_call.playbook_follow import Asked, follow

    return follow(repo, which, Asked(agent, incident, reason, answers, yes, dry_run, restart), output)


@playbook.command()
@click.argument("kind", type=click.Choice(KINDS), metavar="KIND")
@click.argument("agent", type=parameters.agent, required=False, shell_complete=parameters.complete_agent)
@click.option("--owner", metavar="WHO", help="Who answers: a person or team:ID (default: whoever answers for AGENT).")
@repo_option
@format_option()
def new(kind: Kind, agent: AgentId | None, owner: str | None, repo: str, output: str) -> int:
    """Write a playbook to begin with, for AGENT or for all agents.

    KIND: runaway-cost, loop, bad-release, tool-misuse, data-leak, provider-outage, injection, wrong-answers.
    Exit code 1 where its file is there already.
    """
    from agentgov.cli.on_call.playbook_shown import new_playbook

    return new_playbook(repo, kind, agent, owner, output)
