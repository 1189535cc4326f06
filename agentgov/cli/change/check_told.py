"""A review verdict in the forms in which `check` prints it, and the verdict by a facts file.

Puts together what is printed; `review` judges.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agentgov.errors import UsageError

if TYPE_CHECKING:
    from agentgov.model.state import OpenReview
    from agentgov.report.page import Page, Span
    from agentgov.report.review_told import ReviewsTold
    from agentgov.review.change import ChangeVerdict
    from agentgov.review.decide import Progress
    from agentgov.review.facts import Facts
    from agentgov.review.passing import Passing
    from agentgov.trust.identity import Directory


_MOST_HELPERS = 20  # people; nobody gathers more than that to let one change pass


@dataclass(frozen=True, slots=True)
class Told:
    """A verdict in the forms in which it can be printed."""

    passes: bool
    page: "Page"
    document: Mapping[str, Any]
    markdown: Callable[[], str]
    reviews: "ReviewsTold"
    passing: "Passing | None" = None


def judge_facts(data: bytes, name: str, assumed: tuple[str, ...] = ()) -> Told:
    """The verdict by a facts file, of a pull request or of a recorded change."""
    from agentgov.review.recorded import is_recorded

    if is_recorded(data):
        return _judge_recorded(data, name, assumed)
    from agentgov.report.passing import passing_document, with_passing
    from agentgov.report.review import review_document, review_page
    from agentgov.report.review_markdown import review_markdown
    from agentgov.report.review_told import told_review
    from agentgov.review.decide import Outcome
    from agentgov.review.facts import read_facts
    from agentgov.review.pull_request import decide_pull_request

    facts = read_facts(data, name)
    verdict = decide_pull_request(_with_approvals(facts, assumed))
    passes = verdict.outcome is Outcome.PASS

    def helps(people: tuple[str, ...]) -> bool:
        return decide_pull_request(_with_approvals(facts, (*assumed, *people))).outcome is Outcome.PASS

    passing = None if passes else passing_of(verdict.progress, helps)
    return Told(
        passes,
        with_passing(review_page(verdict, assumed), passing),
        {**review_document(verdict, assumed), "would_pass": passing_document(passing)},
        lambda: review_markdown(verdict, f"judged by the facts in {name}", passing, assumed),
        told_review(verdict),
        passing,
    )


def _judge_recorded(data: bytes, name: str, assumed: tuple[str, ...]) -> Told:
    """A recorded change as it was judged when it was recorded."""
    from agentgov.report.page import Span
    from agentgov.review.change import decide_change, with_assumed
    from agentgov.review.recorded import read_recorded

    told = read_recorded(data, name)
    known_people(told.directory, assumed, f"the Access in {name}")
    point = told.journal

    def judged(people: tuple[str, ...]) -> "ChangeVerdict":
        reviews = with_assumed(told.reviews, told.change, people, point.seq, point.time)
        rest = (told.overrides, told.imported)
        return decide_change(told.change, told.governance, told.directory, reviews, point.time, *rest)

    line = (Span(f"commit {told.change.head[:9]}, as it was recorded at act {point.seq} of the journal", "dim"),)
    journal = {"tip": point.tip, "seq": point.seq, "time": point.time}
    return told_change(judged(assumed), told.reviews, told.change.head, journal, line, assumed, judged)


def told_change(
    verdict: "ChangeVerdict",
    reviews: "Mapping[str, OpenReview]",
    commit: str,
    journal: Mapping[str, Any],
    line: "tuple[Span, ...]",
    assumed: tuple[str, ...],
    judged: "Callable[[tuple[str, ...]], ChangeVerdict]",
    give: str = "",
) -> Told:
    """The verdict on a change of governed contents; `judged` gives it as if these people approved it now, and `give` is
    the command by which they do."""
    from agentgov.report.change_review import change_document, change_page
    from agentgov.report.passing import passing_document, with_passing
    from agentgov.report.review_markdown import change_markdown
    from agentgov.report.review_told import told_change as reviews_told

    passes = verdict.state == "pass"
    missing = (item for path in verdict.paths if path.state != "pass" for item in path.requirements)
    passing = None if passes else passing_of(missing, lambda people: judged((*assumed, *people)).state == "pass")
    document = change_document(verdict, reviews, journal["tip"], commit, assumed)
    page = with_passing(change_page(verdict, assumed), passing)
    if give and passing is not None:
        page.line(f"  each of them: {give}")
    return Told(
        passes,
        page.line(*line),
        {**document, "would_pass": passing_document(passing), "journal": journal},
        lambda: change_markdown(verdict, "".join(span.text for span in line), passing, assumed),
        reviews_told(verdict),
        passing,
    )


def passing_of(progress: "Iterable[Progress]", helps: Callable[[tuple[str, ...]], bool]) -> "Passing | None":
    """The fewest people whose approvals make it pass, where the decision itself says so; None where there are none."""
    from agentgov.review.passing import would_pass

    people = (found := would_pass(progress)).people
    return found if people and len(people) <= _MOST_HELPERS and helps(people) else None


def known_people(directory: "Directory", assumed: tuple[str, ...], where: str) -> None:
    """UsageError where somebody who is assumed to approve is nobody."""
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
