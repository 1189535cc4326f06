"""`agentgov reconcile`: take what is due one step further, once or every so many seconds."""

import json
import os
import time
from collections.abc import Callable, Iterable
from typing import Any

import click

from agentgov.cli.context import Context, journal_json, journal_line, open_context
from agentgov.cli.counts_option import counts_source
from agentgov.cli.options import answer, format_option, repo_option, show
from agentgov.cli.status import in_words
from agentgov.cli.watch import Stop, watch
from agentgov.errors import AgentgovError
from agentgov.model.verdict import Reason, note
from agentgov.release.memory import MemoryStore
from agentgov.release.preview import preview
from agentgov.release.reconcile import Reconciler
from agentgov.release.refs import observe_refs
from agentgov.release.tick_report import Report
from agentgov.repo import clock
from agentgov.report.change_review import MOST_PATHS
from agentgov.report.page import Page, Span, Style
from agentgov.report.phrases import UNREVIEWED
from agentgov.trust.places import state_path


@click.command()
@click.option("--once", is_flag=True, help="One tick (the default).")
@click.option(
    "--watch", "every", type=click.IntRange(1), metavar="SECONDS", help="A tick every so often, till stopped."
)
@click.option("--dry-run", is_flag=True, help="Say what a tick would do, and write nothing.")
@click.option(
    "--counts",
    envvar="AGENTGOV_COUNTS",
    metavar="SOURCE",
    help="Where units of canaries are counted: a file, an address, a program (docs/counts.md) [env: AGENTGOV_COUNTS].",
)
@click.option("--accept-unreviewed", is_flag=True, help="Let a fleet of one person go to production.")
@repo_option
@format_option()
def reconcile(
    once: bool,
    every: int | None,
    dry_run: bool,
    counts: str | None,
    accept_unreviewed: bool,
    repo: str,
    output: str,
) -> int:
    """Observe the remote, verify, plan, apply: one line for each act written, and what everything else waits for.

    Signs with the reconciler's key: AGENTGOV_KEY_FILE, or the one that `init` made on this machine. Exit 0 also where
    tags are refused, 1 where the remote takes no pushes or the journal does not verify, 3 where it cannot be reached.

    With --watch only what is new is told, JSON as one document a line. SIGTERM and SIGINT end it between two acts.
    """
    if once and every:
        raise click.UsageError("--once and --watch exclude each other.")
    context = open_context(repo)
    if dry_run:
        return _tell(_preview(context, accept_unreviewed), output, dry_run=True)
    if every is None:
        return _tell(_tick(_reconciler(context, counts, accept_unreviewed, bool), output), output)
    return _watch(context, counts, accept_unreviewed, every, output)


def _reconciler(
    context: Context, counts: str | None, accept_unreviewed: bool, stopped: Callable[[], bool]
) -> Reconciler:
    view = context.view(fetch=True)
    store = MemoryStore(state_path("reconciler", view.state.head.fleet))
    actor = context.bot(view, "reconciler")
    return Reconciler(
        context.journal,
        actor,
        store,
        counts_source(counts, os.environ, time.monotonic),
        clock.now,
        accept_unreviewed,
        stopped,
    )


def _tick(reconciler: Reconciler, output: str) -> Report:
    """One tick. Where it ends early, what it had written by then is told all the same."""
    try:
        return reconciler.tick()
    except AgentgovError:
        if output == "text" and reconciler.acts:
            show(_acts(reconciler.acts, "done "))
        raise


def _watch(context: Context, counts: str | None, accept_unreviewed: bool, every: int, output: str) -> int:
    stop, ready, told = Stop(), list[Reconciler](), set[str]()

    def work() -> None:
        if not ready:  # also the first look may find the remote away
            ready.append(_reconciler(context, counts, accept_unreviewed, stop))
            if output == "text":
                show(Page().line(Span(f"watching, a tick every {every} s", "dim")))
        _tell_news(_tick(ready[0], output), output, told)

    with stop.listening():
        return watch(work, every, stop)


def _tell_news(report: Report, output: str, told: set[str]) -> None:
    """What was done, and what is refused or noted and was not at the last tick."""
    reasons = {f"{one.subject} {one.rule} {one.message}": one for one in (*report.refused, *_notes(report))}
    news = [one for key, one in reasons.items() if key not in told]
    told.clear()
    told.update(reasons)
    if output == "json" and (report.acts or news):
        click.echo(json.dumps(_json(report, dry_run=False)))
    elif output == "text":
        page = _acts(report.acts, "done ")
        for reason in news:
            word = Span("refused ", "bad") if reason in report.refused else Span("note ", "warn")
            page.line(word, f"{reason.subject}: {reason.message}" if reason.subject else reason.message)
        show(page)


def _acts(subjects: Iterable[str], word: str, style: Style = "good") -> Page:
    page = Page()
    for subject in subjects:
        page.line(Span(word, style), subject)
    return page


def _preview(context: Context, accept_unreviewed: bool) -> Report:
    view = context.view(fetch=True)
    refs = observe_refs(context.journal, view.governance.fleet.main)
    memories, _ = MemoryStore(state_path("reconciler", view.state.head.fleet)).load()
    return preview(context.journal, view, refs, memories, clock.now(), accept_unreviewed)


def _tell(report: Report, output: str, *, dry_run: bool = False) -> int:
    page = _acts(report.acts, "would ", "accent") if dry_run else _acts(report.acts, "done ")
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
            "waits": [
                {"rule": wait.rule, "message": wait.message, "remaining": wait.remaining} for wait in decision.waits
            ],
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
