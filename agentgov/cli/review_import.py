"""`agentgov review import`: the reviews of a pull request, from a file, into the journal by the importer's key.

Drafts what is not there yet and takes back what was dismissed; what a forge says is not asked here.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from agentgov.cli.context import journal_json, open_context
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.errors import ConfigurationError, IncompleteError
from agentgov.journal.draft import Actor, Draft
from agentgov.journal.importing import ForgeReview, draft_dismissal, draft_import
from agentgov.journal.view import View
from agentgov.repo import clock
from agentgov.report.page import Page, Span
from agentgov.review.forge_reviews import MOST, ForgeReviews, SubmittedReview, read_forge_reviews
from agentgov.review.votes import OPINIONS, Submitted


@dataclass(slots=True)
class _Found:
    """What becomes of each review."""

    drafts: dict[str, Draft] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


@click.command("import")
@click.option(
    "--facts",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The reviews of one pull request, as JSON (docs/reviews.md).",
)
@repo_option
@format_option()
def command(facts: Path, repo: str, output: str) -> int:
    """Bring the reviews of a pull request into the journal, with the importer's key (AGENTGOV_KEY_FILE).

    A review lands once, by its id, so running it again changes nothing; one that was dismissed is taken back. Exit 3: a
    reviewed commit is not in this clone, and the others were imported.
    """
    told = _read(facts)
    context = open_context(repo)
    actor = context.bot(context.view(fetch=True), "importer")
    found = _Found()

    def propose(view: View) -> list[Draft]:
        nonlocal found
        found = _Found()
        for review in told.reviews:
            _look_at(view, actor, told, review, found)
        return list(found.drafts.values())

    after = context.journal.append(propose, actor.appender, clock.now)
    answer(output, _page(found), _document(after, found))
    return 3 if found.missing else 0


def _read(file: Path) -> ForgeReviews:
    try:
        with file.open("rb") as stream:
            data = stream.read(MOST + 1)
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from error
    if len(data) > MOST:
        raise ConfigurationError(f"{file} is larger than {MOST // 2**20} MiB")
    return read_forge_reviews(data, str(file))


def _look_at(view: View, actor: Actor, told: ForgeReviews, review: SubmittedReview, found: _Found) -> None:
    """Draft what the review asks for, or say why there is nothing to do."""
    landed = view.state.landed(told.forge, review.id)
    if review.state is Submitted.DISMISSED:
        if landed is None or landed.withdrawn:
            found.skipped[review.id] = "it was dismissed"
        else:
            given = _as_given(told, review, Submitted.APPROVED)
            found.drafts[review.id] = draft_dismissal(view, actor, given, now=clock.now())
    elif review.state not in OPINIONS:
        found.skipped[review.id] = "it neither approves nor requests changes"
    elif landed is not None:
        found.skipped[review.id] = "it has landed already"
    else:
        _draft(view, actor, told, review, found)


def _draft(view: View, actor: Actor, told: ForgeReviews, review: SubmittedReview, found: _Found) -> None:
    try:
        draft = draft_import(view, actor, _as_given(told, review, review.state), told.base, now=clock.now())
    except IncompleteError as error:
        found.missing[review.id] = f"{error.message}; {error.hint}" if error.hint else error.message
        return
    if draft is None:
        found.skipped[review.id] = "its commit changes nothing that waits to be authorised"
    else:
        found.drafts[review.id] = draft


def _as_given(told: ForgeReviews, review: SubmittedReview, state: Submitted) -> ForgeReview:
    return ForgeReview(
        forge=told.forge,
        review_id=review.id,
        account=review.account,
        login=review.login,
        verdict="approve" if state is Submitted.APPROVED else "request-changes",
        commit=review.commit,
        opener=told.opener,
        pushers=tuple(dict.fromkeys(told.pushers)),
    )


def _page(found: _Found) -> Page:
    page = Page()
    for name, draft in found.drafts.items():
        page.line(Span("imported ", "good"), f"review {name}: {draft.act.subject}")
    for name, why in found.skipped.items():
        page.line(Span("skipped  ", "dim"), f"review {name}: {why}")
    for name, why in found.missing.items():
        page.line(Span("missing  ", "bad"), f"review {name}: {why}")
    if found.drafts:
        return page.line("whether they count: agentgov check")
    return page if found.skipped or found.missing else page.line("there are no reviews to import")


def _document(view: View, found: _Found) -> dict[str, Any]:
    return {
        "schema": "agentgov.review-import/1",
        "imported": [
            {"review": name, "act": draft.act.id, "subject": draft.act.subject} for name, draft in found.drafts.items()
        ],
        "skipped": [{"review": name, "reason": why} for name, why in found.skipped.items()],
        "missing": [{"review": name, "reason": why} for name, why in found.missing.items()],
        "journal": journal_json(view),
    }
