"""`agentgov access`: who there is, who could do what, and edits of Access that change nothing else in its file.

Looks, and hands the rest to `access_edits`. Decides nothing: rights are `trust`'s, and an edit takes effect by its
reviews.
"""

from typing import TYPE_CHECKING

import click

from agentgov.cli.access.access_edits import EDITS
from agentgov.cli.access.moments import Moment, moment
from agentgov.cli.options import AT_HELP, answer, format_option, repo_option

if TYPE_CHECKING:
    from agentgov.trust.access_review import AccessReview, LastAct


@click.group()
def access() -> None:
    """Who there is and who could do what; edits of governance/access.yaml that keep everything else in it.

    An edit is a change like every other: commit it, and it takes effect when enough administrators approved it.
    """


@access.command()
@click.option("--at", "at", metavar="MOMENT", help=AT_HELP)
@repo_option
@format_option()
def show(at: str | None, repo: str, output: str) -> int:
    """People, bots, their keys, teams and accounts. Without --at: of the working tree."""
    from agentgov.report.access import review_document, show_page
    from agentgov.report.page import Span

    then = moment(repo, at)
    review = _review(then)
    page = show_page(review).blank().line(Span(then.words, "dim"))
    answer(output, page, {"schema": "agentgov.access-show/1", **_of(then), **review_document(review)})
    return 0


@access.command()
@click.option("--at", "at", metavar="MOMENT", help=AT_HELP)
@repo_option
@format_option()
def report(at: str | None, repo: str, output: str) -> int:
    """Who could do what at a moment: every right of everybody, the last act of each, and what somebody should look at.

    Without --at: what is authorised now. An act or a time asks what was authorised then; a revision asks its files, of
    which nobody acted yet.
    """
    from agentgov.cli.access.moments import present
    from agentgov.report.access import report_page, review_document
    from agentgov.report.page import Span

    then = present(repo) if at is None else moment(repo, at)
    review = _review(then)
    page = report_page(review).blank().line(Span(f"{then.words}, on {then.day}", "dim"))
    answer(output, page, {"schema": "agentgov.access-report/1", **_of(then), **review_document(review)})
    return 0


for _edit in EDITS:
    access.add_command(_edit)


def _review(then: Moment) -> "AccessReview":
    from agentgov.trust.access_review import access_review

    return access_review(then.source.governance.access, then.day, _last_acts(then), then.dead)


def _last_acts(then: Moment) -> "dict[str, LastAct] | None":
    """Who acted last when, by the journal up to that moment; None where the journal was not asked."""
    if then.view is None:
        return None
    from agentgov.journal.query import last_acts
    from agentgov.trust.access_review import LastAct

    access = then.source.governance.access
    actors = {f"person:{one.id}" for one in access.people} | {f"bot:{one.id}" for one in access.bots}
    found = last_acts(then.view.repo, then.view.tip, actors)
    return {actor: LastAct(one.head.seq, one.act.kind, one.head.time) for actor, one in found.items()}


def _of(then: Moment) -> dict[str, object]:
    return {"source": then.source.snapshot.name, "act": then.document, "day": then.day.isoformat()}
