"""`agentgov review`: sign a verdict on a change into the journal."""

import click

from agentgov.cli.change import review_import
from agentgov.cli.options import format_option, repo_option
from agentgov.cli.order import Done, append_order, tell
from agentgov.cli.worktree import note_uncommitted
from agentgov.errors import RefusedError
from agentgov.journal.draft import Actor, Draft
from agentgov.journal.reviewing import Reviewable, Verdict, draft_review, reviewable
from agentgov.journal.view import View
from agentgov.repo import clock
from agentgov.repo.repository import Repository
from agentgov.report.phrases import UNREVIEWED


@click.group()
def review() -> None:
    """Reviews are signed acts that bind contents: a rebase keeps them, a push of other contents does not."""


def _command(verdict: Verdict, help_text: str) -> None:
    @review.command(verdict, help=help_text)
    @click.argument("rev", default="HEAD")
    @click.option("--base", metavar="REV", help="Only the paths that REV changes since its merge base with this one.")
    @click.option("-m", "--message", default="", help="What you have to say; stands in the journal for ever.")
    @repo_option
    @format_option()
    def command(rev: str, base: str | None, message: str, repo: str, output: str) -> int:
        return _run(verdict, rev, base, message, repo, output)


_command("approve", "Approve what REV changes of the authorised contents (default: HEAD).")
_command("request-changes", "Block what REV changes until you approve it or withdraw this.")
_command("withdraw", "Take back your reviews of the paths that REV changes.")
review.add_command(review_import.command)


def _run(verdict: Verdict, rev: str, base: str | None, message: str, repo: str, output: str) -> int:
    here = Repository.open(repo)
    commit, since = here.resolve(rev), here.resolve(base) if base is not None else None
    note_uncommitted(here, commit, rev)

    def write(view: View, actor: Actor) -> Draft:
        found = reviewable(view, commit, since)
        if not found.change.paths:
            hint = "look at what differs with: agentgov diff"
            raise RefusedError(f"commit {commit[:9]} changes nothing that is governed and not authorised yet", hint)
        return draft_review(view, actor, found, verdict, commit=commit, now=clock.now(), reason=message)

    done = append_order(repo, write)
    return tell("review", output, done, *_what_follows(done, reviewable(done.after, commit, since)))


def _what_follows(done: Done, found: Reviewable) -> list[str]:
    """Where the change stands now, and what of this very review does not count and why."""
    me = done.act.actor_id
    lines = _first(
        [
            f"your review of {one.path} does not count: {one.message}"
            for path in found.verdict.paths
            for one in path.uncounted
            if one.person == me
        ],
        "paths likewise",
    )
    waiting = [path for path in found.verdict.paths if path.state != "pass"]
    if any(path.unreviewed for path in found.verdict.paths):
        lines.append(f"unreviewed: {UNREVIEWED}")
    if not waiting:
        return [*lines, "every path has the reviews it needs: it takes effect when it is on main and reconciled"]
    waits = [f"{path.change.path}: {path.message}" for path in waiting]
    return lines + _first(waits, f"paths: agentgov check --head {found.change.head[:9]}")


def _first(lines: list[str], others: str) -> list[str]:
    """The first ten lines; the others are counted."""
    return [*lines[:10], *([f"and {len(lines) - 10} more {others}"] if len(lines) > 10 else [])]
