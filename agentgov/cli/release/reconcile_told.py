"""What the reconciler tells of its ticks: as lines for people, or as JSON."""

import json
from collections.abc import Iterable
from typing import Any

import click

from agentgov.cli.context import journal_json, journal_line
from agentgov.cli.options import answer, show
from agentgov.model.verdict import Reason, note
from agentgov.release.tick_report import Report
from agentgov.report.change_review import MOST_PATHS
from agentgov.report.page import Page, Span, Style
from agentgov.report.phrases import UNREVIEWED
from agentgov.report.standing import in_words, wait_json


def tell(report: Report, output: str, *, dry_run: bool = False) -> int:
    """The answer of one tick, or of what it would do; the exit code."""
    page = acts_page(report.acts, "would ", "accent") if dry_run else acts_page(report.acts, "done ")
    notes = _notes(report)
    pending = [path for path in report.advance.verdict.paths if path.state != "pass"]
    for path in pending[:MOST_PATHS]:
        page.line(Span(f"{path.state} ", "warn"), f"{path.change.path}: {path.message}")
    if len(pending) > MOST_PATHS:
        page.line(Span("pending ", "warn"), f"and {len(pending) - MOST_PATHS} more paths: agentgov check")
    for reason in report.refused:
        page.line(Span("refused ", "bad"), f"{reason.subject}: {reason.message} ({reason.rule})")
    for agent, decision in report.decisions.items():
        for wait in decision.waits:
            page.line(Span("waits ", "dim"), f"{agent}: {in_words(wait)}")
    for reason in notes:
        page.line(Span("note ", "warn"), reason.message)
    if not report.acts:
        page.line("nothing to do")
    page.line(journal_line(report.view))
    answer(output, page, _json(report, dry_run))
    return 0


def tell_news(report: Report, output: str, told: set[str]) -> None:
    """What was done, and what is refused or noted and was not at the last tick; `told` remembers that."""
    reasons = {f"{one.subject} {one.rule} {one.message}": one for one in (*report.refused, *_notes(report))}
    news = [one for key, one in reasons.items() if key not in told]
    told.clear()
    told.update(reasons)
    if output == "json" and (report.acts or news):
        click.echo(json.dumps(_json(report, dry_run=False)))
    elif output == "text":
        page = acts_page(report.acts, "done ")
        for reason in news:
            word = Span("refused ", "bad") if reason in report.refused else Span("note ", "warn")
            page.line(word, f"{reason.subject}: {reason.message}" if reason.subject else reason.message)
        show(page)


def acts_page(subjects: Iterable[str], word: str, style: Style = "good") -> Page:
    """Acts, one a line."""
    page = Page()
    for subject in subjects:
        page.line(Span(word, style), subject)
    return page


def _notes(report: Report) -> tuple[Reason, ...]:
    """What the tick noted, and that a fleet of one person took its own changes over."""
    if len(report.view.governance.access.people) == 1:
        return (*report.notes, note("contents.unreviewed", f"unreviewed: {UNREVIEWED}"))
    return report.notes


def _json(report: Report, dry_run: bool) -> dict[str, Any]:
    pending = [
        {"path": path.change.path, "state": path.state, "message": path.message}
        for path in report.advance.verdict.paths
        if path.state != "pass"
    ]
    decisions = [
        {
            "agent": str(agent),
            "rule": decision.rule,
            "act": decision.act,
            "subject": decision.subject,
            "waits": [wait_json(wait) for wait in decision.waits],
        }
        for agent, decision in report.decisions.items()
    ]
    return {
        "schema": "agentgov.reconcile/1",
        "dryRun": dry_run,
        "acts": list(report.acts),
        "pending": pending,
        "refused": [{"tag": one.subject, "code": one.rule, "message": one.message} for one in report.refused],
        "decisions": decisions,
        "notes": [{"code": one.rule, "message": one.message} for one in _notes(report)],
        "journal": journal_json(report.view),
    }
