"""`agentgov check`: the required-review verdict. Reads what there is to judge; `review` judges it."""

from typing import IO, TYPE_CHECKING

import click

from agentgov.cli.options import answer, format_option, repo_option
from agentgov.errors import UsageError

if TYPE_CHECKING:
    from agentgov.review.facts import Facts


@click.command()
@click.option(
    "--facts", type=click.File("rb"), metavar="FILE", help="Facts of a pull request (- reads standard input)."
)
@click.option("--head", metavar="REV", default="HEAD", help="The commit to judge (default: HEAD).")
@click.option("--base", metavar="REV", help="Judge only the paths that differ from this commit's merge base.")
@click.option(
    "--assume-approval", "assumed", multiple=True, metavar="WHO", help="As if WHO approved what is there now."
)
@repo_option
@format_option()
def check(
    facts: IO[bytes] | None, head: str, base: str | None, assumed: tuple[str, ...], repo: str, output: str
) -> int:
    """Who approved, who is missing, and why a review was not counted.

    Compares the contents that are authorised with those of a commit, under the authorised governance; with --facts,
    judges a pull request by its facts alone. Exit 0: every requirement is met, 1: pending or blocked.
    """
    if facts is not None:
        return check_facts(facts.read(), getattr(facts, "name", "standard input"), assumed, output)
    return check_change(repo, head, base, assumed, output)


def check_change(repo: str, head: str, base: str | None, assumed: tuple[str, ...], output: str) -> int:
    """Judge what a commit changes of the authorised contents and print the verdict; the exit code says if it passes."""
    from agentgov.cli.context import journal_json, journal_line, open_context
    from agentgov.cli.worktree import note_uncommitted
    from agentgov.journal.reviewing import reviewable, with_approvals
    from agentgov.report.change_review import change_document, change_page
    from agentgov.report.page import Span

    context = open_context(repo)
    view = context.view()
    for person in assumed:
        if view.directory.person(person) is None:
            raise UsageError(f"there is nobody called {person!r} in the authorised Access", "see: agentgov who review")
    commit = context.repo.resolve(head)
    note_uncommitted(context.repo, commit, head)
    found = reviewable(view, commit, since=context.repo.resolve(base) if base is not None else None)
    verdict = with_approvals(view, found, assumed) if assumed else found.verdict
    document = change_document(verdict, view.state.reviews(), view.tip, commit, assumed)
    page = change_page(verdict, assumed).line(Span(f"commit {commit[:9]} against ", "dim"), journal_line(view))
    answer(output, page, {**document, "journal": journal_json(view)})
    return 0 if verdict.state == "pass" else 1


def check_facts(data: bytes, name: str, assumed: tuple[str, ...], output: str) -> int:
    """Judge one pull request by its facts file and print the verdict; the exit code says whether it passes."""
    from agentgov.report.review import review_document, review_page
    from agentgov.review.decide import Outcome
    from agentgov.review.facts import read_facts
    from agentgov.review.pull_request import decide_pull_request

    verdict = decide_pull_request(_with_approvals(read_facts(data, name), assumed))
    answer(output, review_page(verdict, assumed), review_document(verdict, assumed))
    return 0 if verdict.outcome is Outcome.PASS else 1


def _with_approvals(facts: "Facts", people: tuple[str, ...]) -> "Facts":
    """The facts as they would be if these people approved the last commit now."""
    from msgspec.structs import replace

    from agentgov.review.facts import SubmittedReview
    from agentgov.review.votes import Submitted

    head = facts.pr.commits[-1].sha if facts.pr.commits else None
    added = tuple(SubmittedReview(person, Submitted.APPROVED, head) for person in people)
    return replace(facts, pr=replace(facts.pr, reviews=facts.pr.reviews + added))
