"""`agentgov override`: administrators let one content or one release through without its reviews."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from agentgov.cli import parameters
from agentgov.cli.options import format_option, repo_option
from agentgov.cli.order import append_order, tell
from agentgov.cli.together import draft_option, write_together
from agentgov.cli.worktree import note_uncommitted
from agentgov.errors import IncompleteError, RefusedError, UsageError
from agentgov.journal.branch import Journal
from agentgov.journal.draft import Actor, sign
from agentgov.journal.recovery import write_confirm, write_override, write_release_override
from agentgov.journal.reviewing import reviewable
from agentgov.journal.tags import parse_tag_message
from agentgov.journal.view import View
from agentgov.model.act import Act
from agentgov.model.names import ReleaseName, release_name
from agentgov.release.refs import known_refs
from agentgov.repo import clock
from agentgov.repo.objects import ObjectError, parse_tag
from agentgov.repo.remote import Remote
from agentgov.repo.repository import Repository

Command = TypeVar("Command", bound=Callable[..., Any])
_SHOWN = "it stands in the journal, and is shown as overridden, for ever"


@click.group()
def override() -> None:
    """Let one content, or one release, through without its reviews: two administrators, and it is shown for ever.

    Where the threshold is one, a single administrator may, and owes a follow-up review by somebody else (--due): when
    it is overdue, nothing that raises risk happens to the agents it touched.
    """


def _due_option(command: Command) -> Command:
    return click.option(
        "--due",
        type=parameters.moment,
        default=0,
        metavar="TIME",
        help="When the follow-up review is owed, within a week: 24h, or 2026-11-23T08:00Z.",
    )(command)


_reason = click.option("--reason", "-m", required=True, help="Why it cannot wait; stands in the journal for ever.")


@override.command()
@click.argument("rev", default="HEAD")
@_reason
@_due_option
@draft_option
@repo_option
@format_option()
def content(rev: str, reason: str, due: int, draft: Path | None, repo: str, output: str) -> int:
    """Let through what REV changes of the authorised contents and lacks its reviews (default: HEAD).

    Bound to exactly these contents, and used up when they are taken over. Never the governance set.
    """
    here = Repository.open(repo)
    commit = here.resolve(rev)
    note_uncommitted(here, commit, rev)

    def write(view: View, actor: Actor) -> Act:
        found, now = reviewable(view, commit), clock.now()
        return write_override(view, actor, found, commit, due=due, now=now, reason=reason)

    takes = "it takes effect when it is on main and reconciled"
    return write_together("override-content", output, repo, write, draft, takes, _SHOWN)


@override.command()
@click.argument("tag")
@_reason
@_due_option
@draft_option
@repo_option
@format_option()
def release(tag: str, reason: str, due: int, draft: Path | None, repo: str, output: str) -> int:
    """Let the release TAG through (support/refund-assistant/v1.4.0), whose content was never authorised.

    Bound to exactly this tag object. It skips no stage of the pipeline, and forgives no bad mark.
    """
    name = release_name(tag.removeprefix("refs/tags/"))
    if name is None:
        raise UsageError(f"{tag!r} names no release", "write it as workspace/agent/v1.4.0")

    def write(view: View, actor: Actor) -> Act:
        bound, now = _bound(Repository.open(repo), view, name), clock.now()
        return write_release_override(view, actor, name, bound, due=due, now=now, reason=reason)

    takes = "it takes effect when the reconciler records the release"
    return write_together("override-release", output, repo, write, draft, takes, _SHOWN)


@override.command()
@click.argument("act")
@click.option("--reason", "-m", default="", help="What you found; stands in the journal for ever.")
@repo_option
@format_option()
def confirm(act: str, reason: str, repo: str, output: str) -> int:
    """The follow-up review of an override: you looked at what it let through, and it may stay. ACT is its number."""

    def write(view: View, actor: Actor) -> Any:
        return sign(write_confirm(view, actor, act, now=clock.now(), reason=reason), actor.appender.signer)

    return tell("override-confirm", output, append_order(repo, write), "what it held back goes on")


def _bound(repo: Repository, view: View, name: ReleaseName) -> tuple[str, str, str]:
    """The tag object, commit and closure of a release tag, as it is here."""
    journal = Journal(repo, remote=Remote.of(repo))
    oid = known_refs(journal, view.governance.fleet.main).tags.get(str(name))
    if oid is None:
        raise IncompleteError(f"this clone has no tag {name}", "fetch it: git fetch origin --tags")
    try:
        found = parse_tag(repo.read(oid, "tag"))
    except ObjectError as error:
        raise RefusedError(f"{name} is no release tag: {error}", "tag with: agentgov release") from error
    text = parse_tag_message(found.message)
    if text is None:
        raise RefusedError(f"{name} binds no content", "tag with: agentgov release")
    return oid, found.object, text.closure
