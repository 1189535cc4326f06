"""The verdict on a change of governed contents as a page for people and as the document of `check --json`."""

from collections.abc import Mapping, Sequence

from agentgov.model.state import OpenReview
from agentgov.report.page import Page, Span, Style
from agentgov.report.phrases import UNREVIEWED
from agentgov.report.review import requirement_document
from agentgov.review.change import ChangeVerdict, PathVerdict

MOST_PATHS = 50  # on a page for people; what waits comes first

_LOOKS: dict[str, Style] = {"pass": "good", "pending": "warn", "blocked": "bad"}


def change_page(verdict: ChangeVerdict, assumed: Sequence[str] = ()) -> Page:
    """Path by path: what it needs, who gave it, who is missing; then every review that was not counted, and why."""
    page = Page()
    waiting = [path for path in verdict.paths if path.state != "pass"]
    if not verdict.paths:
        return page.line(Span("pass ", "good"), "everything governed here is authorised already")
    summary = f"{len(waiting)} of {len(verdict.paths)} paths wait" if waiting else _all_pass(verdict)
    page.line(Span(f"{verdict.state} ", _LOOKS[verdict.state]), summary)
    if assumed:
        page.line(Span(f"as if {', '.join(assumed)} had approved what is there now", "dim"))
    shown = (waiting + [path for path in verdict.paths if path.state == "pass"])[:MOST_PATHS]
    for path in shown:
        _path(page, path)
    if len(verdict.paths) > len(shown):
        page.line(Span(f"  and {len(verdict.paths) - len(shown)} more paths: --json lists them all", "dim"))
    for path in shown:
        for one in path.uncounted:
            page.line(Span("not counted  ", "dim"), f"{one.person} on {one.path}: {one.message} ({one.reason})")
    for path in shown:
        if path.overridden:
            page.line(Span("overridden ", "warn"), f"{path.change.path}: {path.message}")
    if any(path.unreviewed for path in verdict.paths):
        page.line(Span("unreviewed ", "warn"), UNREVIEWED)
    return page


def _all_pass(verdict: ChangeVerdict) -> str:
    over = sum(bool(path.overridden) for path in verdict.paths)
    return f"{over} of {len(verdict.paths)} paths by an override" if over else "every path has the reviews it needs"


def change_document(
    verdict: ChangeVerdict, reviews: Mapping[str, OpenReview], base: str, head: str, assumed: Sequence[str] = ()
) -> dict[str, object]:
    """The verdict as `agentgov.check/1`; see schemas/output/check.schema.json."""
    return {
        "schema": "agentgov.check/1",
        "verdict": verdict.state,
        "base": base,
        "head": head,
        "missing_paths": [path.change.path for path in verdict.paths if path.state == "pending"],
        "blocked_by": sorted({who for path in verdict.paths if not path.overridden for who in path.objectors}),
        "requirements": [requirement_document(state) for path in verdict.paths for state in path.requirements],
        "reviews": _reviews(verdict, reviews),
        "unreviewed": any(path.unreviewed for path in verdict.paths),
        "overridden": [
            {"path": path.change.path, "by": list(path.overridden)} for path in verdict.paths if path.overridden
        ],
        "assumed": list(assumed),
    }


def _reviews(verdict: ChangeVerdict, reviews: Mapping[str, OpenReview]) -> list[dict[str, object]]:
    """Everybody who has reviewed a path of this change: whether it counts somewhere, else why not."""
    paths = {path.change.path for path in verdict.paths}
    said = {review.by: review.verdict for review in reviews.values() if any(one.path in paths for one in review.paths)}
    counted = {person for path in verdict.paths for state in path.requirements for person in state.given}
    counted |= {person for path in verdict.paths for person in path.objectors}
    why: dict[str, str] = {}
    for path in verdict.paths:
        for one in path.uncounted:
            why.setdefault(one.person, one.reason)
    return [
        {
            "user": person,
            "opinion": said[person],
            "counted": person in counted,
            "reason": None if person in counted else why.get(person),
        }
        for person in sorted(said)
    ]


def _path(page: Page, path: PathVerdict) -> None:
    page.line(Span(f"  {path.state:<8}", _LOOKS[path.state]), path.change.path)
    for state in path.requirements:
        labels = f" ({' '.join(state.requirement.labels)})" if state.requirement.labels != ("administrators",) else ""
        given = f": {', '.join(state.given)}" if state.given else ""
        mark = Span("met     ", "good") if not state.missing else Span("missing ", "warn")
        page.line("           ", mark, f"{state.requirement.count} of {state.requirement.name}{labels}{given}")
        if state.missing and path.state == "pending":
            who = ", ".join(state.could) or "nobody"
            page.line("           ", Span(f"        who could give it: {who}", "dim"))
    if path.state != "pass" and not path.message.startswith("needs "):  # what is missing stands above already
        page.line("           ", path.message)
