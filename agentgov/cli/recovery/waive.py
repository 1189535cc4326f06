"""`agentgov waive`: administrators say that a stretch of the journal is no part of it."""

from pathlib import Path

import click

from agentgov.cli.options import format_option, repo_option
from agentgov.cli.together import draft_option, write_together
from agentgov.errors import RefusedError, UsageError
from agentgov.journal.draft import Actor
from agentgov.journal.recovery import write_waive
from agentgov.journal.view import View
from agentgov.model.act import Act
from agentgov.repo import clock


@click.command()
@click.argument("commit", default="")
@click.option("--reason", "-m", required=True, help="What you found out; stands in the journal for ever.")
@click.option("--set-time", is_flag=True, help="Set journal time to this machine's clock, which you have looked at.")
@draft_option
@repo_option
@format_option()
def waive(commit: str, reason: str, set_time: bool, draft: Path | None, repo: str, output: str) -> int:
    """Pass over what does not hold on the journal: everything from COMMIT on, the first that `journal verify` names.

    It forgives form, never a missing review: nothing in the stretch takes effect. Takes as many administrators as the
    threshold says. Without COMMIT, --set-time alone sets a journal that ran ahead back to the time it is.
    """

    def write(view: View, actor: Actor) -> Act:
        _require(view, commit, set_time)
        now = clock.now()
        return write_waive(view, actor, set_time=now if set_time else None, now=now, reason=reason)

    return write_together("waive", output, repo, write, draft, "the chain resumes: agentgov journal verify")


def _require(view: View, commit: str, set_time: bool) -> None:
    """The person names what they looked at; it may not be something else by the time that the act is written."""
    stretch = view.stretch
    if stretch is None:
        if commit:
            raise RefusedError("everything on the journal holds: there is nothing to waive", "agentgov journal verify")
        return
    again = f"look at it: git show {stretch.first[:12]}; then: agentgov waive {stretch.first[:12]} --reason ..."
    if len(commit) < 7:
        raise UsageError(f"name the first commit that does not hold, {stretch.first[:12]}", again)
    if not stretch.first.startswith(commit):
        raise RefusedError(f"what does not hold begins at {stretch.first[:12]}, not at {commit[:12]}", again)
    if stretch.timed and not set_time:
        message = "an act of the stretch is ahead of this machine's clock, so the waive has to say what time it is"
        raise RefusedError(message, "look at this machine's clock, then add --set-time")
