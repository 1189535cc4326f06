"""A review verdict as a page for people and as the document that `check --json` prints."""

from collections.abc import Sequence

from agentgov.report.page import Page, Span, Style
from agentgov.review.decide import Outcome, Progress, ReviewVerdict
from agentgov.review.requirements import WHOLE, Requirement
from agentgov.review.votes import MEANING

_LOOKS: dict[Outcome, Style] = {Outcome.PASS: "good", Outcome.PENDING: "warn", Outcome.BLOCKED: "bad"}


def review_page(verdict: ReviewVerdict, assumed: Sequence[str] = ()) -> Page:
    """The verdict, what each path needs and has, and every review that was not counted with its reason."""
    page = Page().line(Span(str(verdict.outcome), _LOOKS[verdict.outcome]), f"  {_summary(verdict)}")
    if assumed:
        page.line(Span(f"as if {', '.join(assumed)} had approved what is there now", "dim"))
    if verdict.progress:
        page.table(
            ("path", "needs", "approved by", "missing", "could approve"), [_row(item) for item in verdict.progress]
        )
    for counted in verdict.votes:
        if counted.why is not None:
            vote = counted.vote
            given_on = f" on {vote.given_on}" if vote.given_on else ""
            page.line(Span("not counted  ", "dim"), f"{vote.person}{given_on}: {MEANING[counted.why]} ({counted.why})")
    if verdict.override is not None and verdict.override.void is not None:
        why = verdict.override.void
        page.line(Span("not counted  ", "dim"), f"{verdict.override.by}: {MEANING[why]} ({why})")
    return page


def review_document(verdict: ReviewVerdict, assumed: Sequence[str] = ()) -> dict[str, object]:
    """The verdict as `agentgov.check/1`; see schemas/output/check.schema.json."""
    override = verdict.override
    reviews: list[dict[str, object]] = [
        {
            "user": counted.vote.person,
            "opinion": str(counted.vote.opinion),
            "on": counted.vote.given_on,
            "counted": counted.counted,
            "reason": None if counted.why is None else str(counted.why),
        }
        for counted in verdict.votes
    ]
    if override is not None:
        reason = None if override.void is None else str(override.void)
        reviews.append(
            {"user": override.by, "opinion": "break-glass", "on": "", "counted": reason is None, "reason": reason}
        )
    return {
        "schema": "agentgov.check/1",
        "verdict": str(verdict.outcome),
        "missing_paths": list(verdict.missing_paths),
        "blocked_by": list(verdict.blockers),
        "requirements": [requirement_document(item) for item in verdict.progress],
        "reviews": reviews,
        "assumed": list(assumed),
    }


def _summary(verdict: ReviewVerdict) -> str:
    if verdict.override is not None and verdict.override.void is None:
        return f"{verdict.override.by} broke the glass: {verdict.override.reason.strip()}"
    if verdict.blockers:
        return f"{', '.join(verdict.blockers)} asked for changes"
    short = sum(1 for item in verdict.progress if item.missing)
    if short:
        return f"{short} of {len(verdict.progress)} requirements not met"
    return "every requirement is met" if verdict.progress else "nothing here needs a review"


def _row(item: Progress) -> tuple[str | Span, ...]:
    requirement = item.requirement
    path = "(the whole change)" if requirement.path == WHOLE else requirement.path
    missing = Span(str(item.missing), "warn") if item.missing else "-"
    could = ", ".join(item.could) or Span("nobody", "bad") if item.missing else "-"
    return path, asked_for(requirement), ", ".join(item.given) or "-", missing, could


def asked_for(requirement: Requirement) -> str:
    """How many approvals a requirement asks for, of whom, and who that is where its name does not say so."""
    whom = f" ({' '.join(requirement.whom)})" if requirement.whom else ""
    return f"{requirement.count} of {requirement.name}{whom}"


def requirement_fields(requirement: Requirement) -> dict[str, object]:
    """What a requirement asks for, as every JSON document has it."""
    return {
        "name": requirement.name,
        "rule": requirement.rule,
        "owners": list(requirement.labels),
        "count": requirement.count,
    }


def requirement_document(item: Progress) -> dict[str, object]:
    """One requirement as `check --json` prints it."""
    where = item.requirement.where
    return {
        "path": item.requirement.path,
        **requirement_fields(item.requirement),
        "where": None if where is None else {"file": where.file, "line": where.line},
        "given": list(item.given),
        "missing": item.missing,
        "candidates": list(item.could) if item.missing else [],
    }
