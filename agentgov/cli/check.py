"""`agentgov check`: the required-review verdict. Reads what there is to judge; `review` judges it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from agentgov.cli.options import json_text, repo_option, report_options
from agentgov.cli.publish import Renderers, ReportFile, publish, write_reports
from agentgov.errors import UsageError

if TYPE_CHECKING:
    from agentgov.model.state import OpenReview
    from agentgov.report.page import Page, Span
    from agentgov.review.change import ChangeVerdict
    from agentgov.review.decide import Progress
    from agentgov.review.facts import Facts
    from agentgov.review.passing import Passing
    from agentgov.trust.identity import Directory


_MOST_HELPERS = 20  # people; nobody gathers more than that to let one change pass


@click.command()
@click.option(
    "--facts", type=click.File("rb"), metavar="FILE", help="Judge the facts in a file (- reads standard input)."
)
@click.option("--head", metavar="REV", default="HEAD", help="The commit to judge (default: HEAD).")
@click.option("--base", metavar="REV", help="Judge only the paths that differ from this commit's merge base.")
@click.option(
    "--assume-approval", "assumed", multiple=True, metavar="WHO", help="As if WHO approved what is there now."
)
@click.option("--write-facts", "target", metavar="FILE", help="Write what the verdict rests on, for --facts.")
@repo_option
@report_options("markdown", "github")
def check(
    facts: IO[bytes] | None,
    head: str,
    base: str | None,
    assumed: tuple[str, ...],
    target: str | None,
    repo: str,
    output: str,
    reports: tuple[ReportFile, ...],
) -> int:
    """Who approved, who is missing, and why a review was not counted.

    Compares the contents that are authorised with those of a commit, under the authorised governance; with --facts,
    judges by the facts alone: of a pull request, or of a change that --write-facts has written. Exit 0: every
    requirement is met, 1: pending or blocked.
    """
    if facts is not None:
        data = facts.read()
        told = judge_facts(data, getattr(facts, "name", "standard input"), assumed)
    else:
        told, data = _judge_change(repo, head, base, assumed, record=target is not None)
    renderers: Renderers = {
        "json": lambda: json_text(told.document),
        "markdown": told.markdown,
        "text": told.page.text,
        "github": partial(_github, told),
    }
    if target is not None:
        write_reports((ReportFile("facts", Path(target)),), {"facts": lambda: data.decode("utf-8", "replace")})
    publish(output, reports, renderers, lambda: told.page, lambda _: told.markdown())
    return 0 if told.passes else 1


@dataclass(frozen=True, slots=True)
class Told:
    """A verdict in the forms in which it can be printed."""

    passes: bool
    page: "Page"
    document: Mapping[str, Any]
    markdown: Callable[[], str]


def _github(told: Told) -> str:
    from agentgov.report.check_github import github

    return github(told.document, told.page.text())


def judge_facts(data: bytes, name: str, assumed: tuple[str, ...] = ()) -> Told:
    """The verdict by a facts file, of a pull request or of a recorded change."""
    from agentgov.review.recorded import is_recorded

    if is_recorded(data):
        return _judge_recorded(data, name, assumed)
    from agentgov.report.passing import passing_document, with_passing
    from agentgov.report.review import review_document, review_page
    from agentgov.report.review_markdown import review_markdown
    from agentgov.review.decide import Outcome
    from agentgov.review.facts import read_facts
    from agentgov.review.pull_request import decide_pull_request

    facts = read_facts(data, name)
    verdict = decide_pull_request(_with_approvals(facts, assumed))
    passes = verdict.outcome is Outcome.PASS

    def helps(people: tuple[str, ...]) -> bool:
        return decide_pull_request(_with_approvals(facts, (*assumed, *people))).outcome is Outcome.PASS

    passing = None if passes else _passing(verdict.progress, helps)
    return Told(
        passes,
        with_passing(review_page(verdict, assumed), passing),
        {**review_document(verdict, assumed), "would_pass": passing_document(passing)},
        lambda: review_markdown(verdict, f"judged by the facts in {name}", passing, assumed),
    )


def _judge_change(
    repo: str, head: str, base: str | None, assumed: tuple[str, ...], *, record: bool
) -> tuple[Told, bytes]:
    """What a commit changes of the authorised contents, and where it is to be recorded its facts."""
    from agentgov.cli.context import journal_json, journal_line, open_context
    from agentgov.cli.worktree import WorkTreeNote
    from agentgov.journal.reviewing import reviewable, with_approvals
    from agentgov.report.page import Span

    context = open_context(repo)
    with WorkTreeNote(context.repo, head) as note:
        view = context.view()
        _known_people(view.directory, assumed, "the authorised Access")
        commit = context.repo.resolve(head)
        found = reviewable(view, commit, since=context.repo.resolve(base) if base is not None else None)
        facts = b""
        if record:
            from agentgov.journal.recording import recorded
            from agentgov.review.recorded import encode

            facts = encode(recorded(view, found.change))
        verdict = with_approvals(view, found, assumed) if assumed else found.verdict
        note.tell(commit)
    line = (Span(f"commit {commit[:9]} against ", "dim"), journal_line(view))

    def judged(people: tuple[str, ...]) -> "ChangeVerdict":
        return with_approvals(view, found, people)

    return _told(verdict, view.state.reviews(), commit, journal_json(view), line, assumed, judged), facts


def _judge_recorded(data: bytes, name: str, assumed: tuple[str, ...]) -> Told:
    """A recorded change as it was judged when it was recorded."""
    from agentgov.report.page import Span
    from agentgov.review.change import decide_change, with_assumed
    from agentgov.review.recorded import read_recorded

    told = read_recorded(data, name)
    _known_people(told.directory, assumed, f"the Access in {name}")
    point = told.journal

    def judged(people: tuple[str, ...]) -> "ChangeVerdict":
        reviews = with_assumed(told.reviews, told.change, people, point.seq, point.time)
        rest = (told.overrides, told.imported)
        return decide_change(told.change, told.governance, told.directory, reviews, point.time, *rest)

    line = (Span(f"commit {told.change.head[:9]}, as it was recorded at act {point.seq} of the journal", "dim"),)
    journal = {"tip": point.tip, "seq": point.seq, "time": point.time}
    return _told(judged(assumed), told.reviews, told.change.head, journal, line, assumed, judged)


def _told(
    verdict: "ChangeVerdict",
    reviews: "Mapping[str, OpenReview]",
    commit: str,
    journal: Mapping[str, Any],
    line: "tuple[Span, ...]",
    assumed: tuple[str, ...],
    judged: "Callable[[tuple[str, ...]], ChangeVerdict]",
) -> Told:
    from agentgov.report.change_review import change_document, change_page
    from agentgov.report.passing import passing_document, with_passing
    from agentgov.report.review_markdown import change_markdown

    passes = verdict.state == "pass"
    missing = (item for path in verdict.paths if path.state != "pass" for item in path.requirements)
    passing = None if passes else _passing(missing, lambda people: judged((*assumed, *people)).state == "pass")
    document = change_document(verdict, reviews, journal["tip"], commit, assumed)
    return Told(
        passes,
        with_passing(change_page(verdict, assumed), passing).line(*line),
        {**document, "would_pass": passing_document(passing), "journal": journal},
        lambda: change_markdown(verdict, "".join(span.text for span in line), passing, assumed),
    )


def _passing(progress: "Iterable[Progress]", helps: Callable[[tuple[str, ...]], bool]) -> "Passing | None":
    """The fewest people whose approvals make it pass, where the decision itself says so; None where there are none."""
    from agentgov.review.passing import would_pass

    people = (found := would_pass(progress)).people
    return found if people and len(people) <= _MOST_HELPERS and helps(people) else None


def _known_people(directory: "Directory", assumed: tuple[str, ...], where: str) -> None:
    for person in assumed:
        if directory.person(person) is None:
            raise UsageError(f"there is nobody called {person!r} in {where}", "see: agentgov who review")


def _with_approvals(facts: "Facts", people: tuple[str, ...]) -> "Facts":
    """The facts as they would be if these people approved the last commit now."""
    from msgspec.structs import replace

    from agentgov.review.facts import SubmittedReview
    from agentgov.review.votes import Submitted

    head = facts.pr.commits[-1].sha if facts.pr.commits else None
    added = tuple(SubmittedReview(person, Submitted.APPROVED, head) for person in people)
    return replace(facts, pr=replace(facts.pr, reviews=facts.pr.reviews + added))
