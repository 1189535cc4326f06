"""`agentgov reconcile`: take what is due one step further, once or every so many seconds."""

import os
import time
from pathlib import Path
from typing import Any

import click

from agentgov.cli.context import Context, journal_json, journal_line, open_context
from agentgov.cli.options import answer, format_option, repo_option, show
from agentgov.errors import IncompleteError
from agentgov.model.verdict import Reason, note
from agentgov.release.counts import Reading, parse_counts
from agentgov.release.memory import MemoryStore
from agentgov.release.reconcile import Reconciler, Report, preview
from agentgov.release.refs import observe_refs
from agentgov.repo import clock
from agentgov.report.change_review import MOST_PATHS, UNREVIEWED
from agentgov.report.page import Page, Span
from agentgov.trust.places import state_path


@click.command()
@click.option("--once", is_flag=True, help="One tick (the default).")
@click.option("--watch", type=click.IntRange(1), metavar="SECONDS", help="A tick every so many seconds, until stopped.")
@click.option("--dry-run", is_flag=True, help="Say what a tick would do, and write nothing.")
@click.option(
    "--counts",
    type=click.Path(path_type=Path),
    envvar="AGENTGOV_COUNTS",
    metavar="FILE",
    help="Canary counts as JSON (docs/releases.md), read again at every tick [env: AGENTGOV_COUNTS].",
)
@click.option("--accept-unreviewed", is_flag=True, help="Let a fleet of one person go to production.")
@repo_option
@format_option()
def reconcile(
    once: bool,
    watch: int | None,
    dry_run: bool,
    counts: Path | None,
    accept_unreviewed: bool,
    repo: str,
    output: str,
) -> int:
    """Observe the remote, verify, plan, apply: one line for each act written, and what everything else waits for.

    Signs with the reconciler's key: AGENTGOV_KEY_FILE, or the one that `init` made on this machine.
    """
    if once and watch:
        raise click.UsageError("--once and --watch exclude each other.")
    context = open_context(repo)
    if dry_run:
        return _tell(_preview(context), output, dry_run=True)
    view = context.view(fetch=True)
    store = MemoryStore(state_path("reconciler", view.state.head.fleet))
    actor = context.bot(view, "reconciler")
    reconciler = Reconciler(context.journal, actor, store, lambda: _read(counts), clock.now, accept_unreviewed)
    if watch is None:
        return _tell(reconciler.tick(), output)
    return _watch(reconciler, watch, output)


def _watch(reconciler: Reconciler, seconds: int, output: str) -> int:
    while True:
        try:
            _tell(reconciler.tick(), output)
        except IncompleteError as error:  # the world is away: say so, and try again at the next tick
            show(Page().line(Span("waiting ", "warn"), error.message), err=True)
        time.sleep(seconds)


def _preview(context: Context) -> Report:
    view = context.view(fetch=True)
    refs = observe_refs(context.journal, view.governance.fleet.main)
    memories, _ = MemoryStore(state_path("reconciler", view.state.head.fleet)).load()
    return preview(context.journal, view, refs, memories, clock.now())


def _read(path: Path | None) -> Reading:
    if path is None:
        return Reading(problem="no source of counts: give one with --counts")
    try:
        return parse_counts(path.read_bytes())
    except OSError as error:
        return Reading(problem=f"{os.fspath(path)} cannot be read: {error.strerror}")


def _tell(report: Report, output: str, *, dry_run: bool = False) -> int:
    page = Page()
    for subject in report.acts:
        page.line(Span("would " if dry_run else "done ", "accent" if dry_run else "good"), subject)
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
            rest = f" ({wait.remaining})" if wait.remaining else ""
            page.line(Span("waits ", "dim"), f"{agent}: {wait.message}{rest}")
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
