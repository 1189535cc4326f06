"""`agentgov verify`: would the reconciler release this? The full trust verdict on a tag, or on a commit of main."""

from collections.abc import Callable, Mapping
from typing import Any

import click

from agentgov.cli.context import Context, journal_line, open_context
from agentgov.cli.judged import journal_of, reasons_of, where_of
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.cli.worktree import note_uncommitted
from agentgov.errors import IncompleteError, RefusedError
from agentgov.journal.clock import stale_words
from agentgov.journal.verdicts import Answer, Point, Where, answer_on_journal, head_of
from agentgov.journal.view import View
from agentgov.model.document import ENVIRONMENTS, Environment
from agentgov.model.names import release_name
from agentgov.model.verdict import deny, note, unknown
from agentgov.release.examine import Examined, Subject, examine_commit, examine_tag
from agentgov.release.refs import known_refs
from agentgov.repo import clock
from agentgov.report.change_review import MOST_PATHS
from agentgov.report.page import Page, Span, Style
from agentgov.report.phrases import UNREVIEWED


@click.command()
@click.argument("what", metavar="[REV|TAG]", default="")
@click.option(
    "--rendered", type=click.Choice(ENVIRONMENTS), metavar="ENVIRONMENT", help="Is this what the journal says runs?"
)
@repo_option
@format_option()
def verify(what: str, rendered: Environment | None, repo: str, output: str) -> int:
    """Would the reconciler release this? A TAG (support/refund-assistant/v1.4.0) or a commit (default: HEAD).

    Pins, the journal, authorised contents, the tag's signature and closure, findings, the promotion chain. Exit 0
    accept, 1 reject, 3 cannot tell (an object is missing, or the journal is stale).

    With --rendered: is REV (default: the branch agentgov/rendered/ENVIRONMENT as this clone knows it) signed by a
    reconciler, and the very tree that the journal says? The first path that differs is named.
    """
    context, rendering = open_context(repo), None
    if rendered is None:
        what = what or "HEAD"
        view, found, subject = judged(context, what)
    else:
        from agentgov.cli.trust.verify_rendered import judged_rendering

        what, view, found, subject, rendering = judged_rendering(context, rendered, what)
    document = _document(what, found, subject, view)
    answer(output, _page(what, found, subject, view), document | ({"rendered": rendering} if rendering else {}))
    return {"accept": 0, "reject": 1}.get(found.word, IncompleteError.exit_code)


def judged(context: Context, what: str, tags: Mapping[str, str] | None = None) -> tuple[View | None, Answer, Subject]:
    """The verdict on a tag or a commit, by the journal that this clone knows; `tags` say where tags point, where that
    is known better than this clone does."""
    return judged_by(context, lambda view, pinned: _examined(context, view, what, pinned, tags))


def judged_by(context: Context, examine: Callable[[View, bool], Examined]) -> tuple[View | None, Answer, Subject]:
    """What `examine` says by a journal that holds; the view, and whether this machine has pins, are what it is told."""
    view: View | None = None
    found, subject = Answer(()), Subject()
    try:
        context.tip()
        present = context.journal.present(clock.now())
        pinned = present.view is not None and context.journal.pins(present.view) is not None
        found = answer_on_journal(context.repo, present, pinned)
        view = present.view
        if present.offence is not None or view is None:
            return view, found, subject
        if len(view.governance.access.people) == 1:
            found = found.and_also([Point(note("contents.unreviewed", UNREVIEWED))])
        subject, points = examine(view, pinned)
        found = found.and_also(points)
        if view.is_stale(clock.now()):
            found = found.and_also([_stale(context, view)])
    except IncompleteError as error:
        message = error.message + (f" ({error.hint})" if error.hint else "")
        found = found.and_also([Point(unknown("verify.incomplete", message))])
    except RefusedError as error:
        found = found.and_also([Point(deny("journal.rejected", error.message))])
    return view, found, subject


def _examined(context: Context, view: View, what: str, pinned: bool, tags: Mapping[str, str] | None = None) -> Examined:
    name = release_name(what.removeprefix("refs/tags/"))
    if name is not None:
        known = tags if tags is not None else known_refs(context.journal, view.governance.fleet.main).tags
        return examine_tag(view, name, known.get(str(name)), pinned)
    commit = context.repo.resolve(what)
    note_uncommitted(context.repo, commit, what)
    return examine_commit(view, commit)


def _stale(context: Context, view: View) -> Point:
    """Nothing is released by an old journal, and a newer one may say something else: it cannot be told."""
    remote = context.journal.remote
    fetch = "see why no reconciler has been there: agentgov doctor"
    if remote is not None:
        branch = context.journal.ref.removeprefix("refs/heads/")
        fetch = f"git fetch {remote.name} {branch}:refs/remotes/{remote.name}/{branch}"
    where = Where(head_of(view).commit, rule="journal.stale", seq=head_of(view).seq)
    return Point(unknown("journal.stale", f"{stale_words(view)} ({fetch})"), where)


def _page(what: str, found: Answer, subject: Subject, view: View | None) -> Page:
    styles: dict[str, Style] = {"accept": "good", "reject": "bad"}
    commit = subject.commit
    which = f" (commit {commit[:9]})" if commit and not commit.startswith(what) else ""
    page = Page().line(Span(f"{found.word} ", styles.get(found.word, "warn")), f"{what}{which}")
    for point in found.points[:MOST_PATHS]:
        page.line(f"  {point.reason.message} ", Span(f"({point.reason.rule})", "dim"))
    if len(found.points) > MOST_PATHS:
        page.line(Span(f"  and {len(found.points) - MOST_PATHS} more reasons: --json lists them all", "dim"))
    if found.first is not None and found.first.where.seq is not None:
        where = found.first.where
        page.line(f"  first offence: act {where.seq} of the journal, commit {where.commit[:12]}")
    return page if view is None else page.line(journal_line(view))


def _document(what: str, found: Answer, subject: Subject, view: View | None) -> dict[str, Any]:
    name = release_name(what.removeprefix("refs/tags/"))
    judged: dict[str, Any] = {"commit": subject.commit or None} if subject != Subject() else {}
    if name is not None and judged:
        judged |= {"ref": name.ref, "tag": subject.tag or None}
    return {
        "schema": "agentgov.verify/1",
        "subject": what,
        "verdict": found.word,
        "code": found.code,
        "where": {**judged, **where_of(found)},
        "reasons": reasons_of(found),
        "journal": journal_of(view, clock.now()) if view is not None else None,
    }
