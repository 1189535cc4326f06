"""`agentgov journal`: the signed acts, and whether they are all in order."""

import sys
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import click

from agentgov.cli.context import Context, open_context
from agentgov.cli.judged import journal_of, reasons_of, where_of
from agentgov.cli.options import answer, format_option, repo_option, wants_colour
from agentgov.errors import AgentgovError, ConfigurationError, IncompleteError
from agentgov.journal.branch import Journal
from agentgov.journal.clock import stale_words
from agentgov.journal.query import Logged, acts
from agentgov.journal.remembered import fleets_of
from agentgov.journal.replayed import Replayed
from agentgov.journal.stretch import Stretch
from agentgov.journal.verdicts import (
    FIRST_USE,
    Answer,
    Point,
    answer_on_journal,
    head_of,
)
from agentgov.journal.view import View
from agentgov.model.act import render
from agentgov.model.verdict import note, unknown
from agentgov.repo import clock
from agentgov.repo.objects import ObjectError
from agentgov.report.moments import age, stamp
from agentgov.report.page import Page, Span
from agentgov.trust.pins import last_seen

_SINCE = "from its pinned beginning"


@click.group()
def journal() -> None:
    """The journal of a fleet: one signed commit for every act of governance."""


@journal.command()
@click.option("-n", "--last", type=click.IntRange(1), default=50, show_default=True, help="How many acts.")
@repo_option
@format_option()
def log(last: int, repo: str, output: str) -> int:
    """The acts, newest first."""
    context = open_context(repo)
    tip = _readable_tip(context)
    found = list(islice(acts(context.repo, tip), last))
    page = Page().table(
        ("act", "time", "who", "what"),
        [(str(one.head.seq), stamp(one.head.time), one.act.actor_id, one.act.subject) for one in found],
    )
    page.line(
        Span(
            f"journal tip {tip[:12]}, {age(clock.now() - found[0].head.time)} old; not verified by this command", "dim"
        )
    )
    answer(output, page, {"schema": "agentgov.journal-log/1", "tip": tip, "acts": [as_json(one) for one in found]})
    return 0


@journal.command()
@click.argument("act")
@repo_option
@format_option()
def show(act: str, repo: str, output: str) -> int:
    """One act in full: by its number, its id or its commit."""
    context = open_context(repo)
    for logged in acts(context.repo, _readable_tip(context)):
        if act in (str(logged.head.seq), logged.act.id) or (len(act) >= 7 and logged.commit.startswith(act)):
            page = Page().line(Span(f"act {logged.head.seq}  commit {logged.commit}", "bold"))
            page.line(f"appended by {logged.appender}, journal time {stamp(logged.head.time)}").blank()
            for line in render(logged.act).decode().splitlines():
                page.line(f"    {line}")
            document = {"schema": "agentgov.journal-show/1", **as_json(logged), "text": render(logged.act).decode()}
            answer(output, page, document)
            return 0
    raise ConfigurationError(f"the journal has no act {act!r}", "list them with: agentgov journal log")


@journal.command()
@click.option("--fetch/--no-fetch", default=False, help="Ask the remote for the journal first.")
@repo_option
@format_option()
def verify(fetch: bool, repo: str, output: str) -> int:
    """Judge every act again from the first one, and name the first offence.

    Signatures, permissions, reviews, releases and every byte of the recorded state; nothing is taken from a cache.
    """
    context = open_context(repo)
    journal, tip = context.journal, ""
    try:
        tip = (journal.fetch() if fetch else None) or context.tip()
        found = verified_anew(journal, tip)
    except IncompleteError as error:
        told = Answer((Point(unknown("journal.incomplete", error.message)),))
        page = Page().line(Span("incomplete ", "warn"), error.message).line(f"  {error.hint}")
        answer(output, page, _document(told, {}, tip, None))
        return error.exit_code
    told, page, where = _judged(journal, tip, found)
    answer(output, page, _document(told, where, tip, found.view))
    return 1 if found.offence is not None else 0


def _readable_tip(context: Context) -> str:
    """The tip of the journal, not verified; the last act that holds where the tip is none."""
    tip = context.tip()
    try:
        _ = next(acts(context.repo, tip)).head
    except (IncompleteError, ObjectError):
        return context.view().tip
    return tip


@journal.command()
@click.option(
    "--key",
    "keys",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="Private key of a bot that keeps the time; two of them sign a larger step. Without: you, as an administrator.",
)
@repo_option
@format_option()
def checkpoint(keys: tuple[Path, ...], repo: str, output: str) -> int:
    """Move journal time on to now, after nobody did for longer than maxAge.

    So large a step takes an administrator, or two bots (reconciler, gate); smaller ones every reconciler makes.
    """
    from agentgov.cli.trust.checkpoint import append_checkpoint

    return append_checkpoint(repo, keys, output)


def _judged(journal: Journal, tip: str, found: Replayed) -> tuple[Answer, Page, dict[str, Any]]:
    view = found.view
    pinned = view is not None and journal.pins(view) is not None
    told = answer_on_journal(journal.repo, found, pinned)
    if found.offence is not None:
        return told, _refused(journal, tip, found, told), {"acts": found.acts, **where_of(told)}
    assert view is not None
    head, now = view.state.head, clock.now()
    page = Page().line(Span("accept ", "good"), f"{found.acts} acts hold, {_SINCE if pinned else FIRST_USE}")
    page.line(f"  tip {tip[:12]}, journal time {stamp(head.time)}, {age(now - head.time)} old")
    if view.is_stale(now):
        told = told.and_also([Point(note("journal.stale", stale_words(view)), head_of(view))])
        page.line(Span("  stale ", "warn"), stale_words(view))
    pending = len(view.state.pending)
    page.line(
        f"  main was last looked at in commit {head.main[:9]}, {pending} path{'s' if pending != 1 else ''} pending"
    )
    return told, page, {"commit": tip, "seq": head.seq, "acts": found.acts, "time": head.time}


def _refused(journal: Journal, tip: str, found: Replayed, told: Answer) -> Page:
    """The first offence, where it stands, and what to do about it."""
    assert found.offence is not None
    assert told.first is not None
    offence, where = found.offence, told.first.where
    page = Page().line(Span("reject ", "bad"), f"{offence.message}")
    act = f", which would be act {where.seq}" if where.seq is not None else ""
    page.line(f"  {offence.code} at journal commit {offence.commit[:12]}{act}")
    if where.path:
        page.line(f"  at {where.path}")
    if found.view is not None:
        page.line(f"  the last act that holds is {found.view.state.head.seq}, {found.view.tip[:12]}")
    for line in _what_to_do(journal, tip, found, offence.code):
        page.line(f"  {line}")
    return page


def _what_to_do(journal: Journal, tip: str, found: Replayed, code: str) -> list[str]:
    """How the journal is mended, where one command can; whom to ask where none can."""
    remote = journal.remote.name if journal.remote is not None else "origin"
    seen = _seen(journal, tip)
    if code == "journal.rewound" and seen is not None and journal.repo.has(seen):
        back = f"git push {remote} {seen[:12]}:{journal.ref}"
        return ["acts were taken away; nothing is written until they are back. This clone has them:", f"  {back}"]
    if code in ("journal.rewound", "journal.forked"):
        compare = "compare with an administrator what both have seen (agentgov trust show)"
        anew = "if administrators began anew, they give you a line: docs/recovery.md"
        return [f"trust neither until you know why: {compare}", anew]
    if found.view is None and code == "journal.object" and seen is not None and journal.repo.has(seen):
        lease = f"--force-with-lease={journal.ref}:{tip[:12]}"
        back = f"git push {lease} {remote} {seen[:12]}:{journal.ref}"
        return [
            "nothing works until it is gone. An administrator of the remote goes back to the act that this",
            "machine has seen last, after looking at what is lost:",
            f"  {back}",
        ]
    if found.view is None or found.view.stretch is None:
        return ["tell an administrator: nothing in this journal can be believed"]
    return _to_mend(journal, tip, found.view, found.view.stretch, remote)


def _seen(journal: Journal, tip: str) -> str | None:
    """The act that this machine has seen last, also where the tip does not say whose journal it is."""
    with suppress(AgentgovError):
        return last_seen(journal.fleet_id(tip))
    return next((seen for fleet in sorted(fleets_of(journal.repo)) if (seen := last_seen(fleet))), None)


def _to_mend(journal: Journal, tip: str, view: View, stretch: Stretch, remote: str) -> list[str]:
    """How everything goes on: by a waive, or where no act came after it, by taking it away."""
    first = stretch.first[:12]
    lines = [
        "whoever can push to the journal's branch wrote it; what contains (pause, hold, abort, rollback, revoke)",
        "works, and nothing else does. Administrators pass over it, after looking at it:",
        f"  git show {first}",
        f"  agentgov waive {first} --reason ...{' --set-time' if stretch.timed else ''}",
    ]
    if stretch.is_of_clock:
        lines.insert(0, "either this machine's clock is slow, or that act is ahead of time: look at the clock first;")
    if journal.repo.commit(stretch.first).parents == (view.tip,):
        lease = f"--force-with-lease={journal.ref}:{tip[:12]}"
        lines += ["or an administrator of the remote takes it away:"]
        lines += [f"  git push {lease} {remote} {view.tip[:12]}:{journal.ref}"]
    return lines


def _document(told: Answer, where: dict[str, Any], tip: str, view: View | None) -> dict[str, Any]:
    return {
        "schema": "agentgov.journal-verify/1",
        "verdict": told.word,
        "code": told.code,
        "where": where,
        "reasons": reasons_of(told),
        "tip": tip or None,
        "journal": journal_of(view, clock.now()) if view is not None else None,
    }


def verified_anew(journal: Journal, tip: str) -> Replayed:
    """Every act up to a tip, judged again from the first one, with progress on a terminal."""
    if not wants_colour(sys.stderr):
        return journal.verify(tip, clock.now(), cold=True)
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("verifying the journal, {task.completed} acts"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("verify", total=None)
        return journal.verify(tip, clock.now(), cold=True, tick=lambda: progress.advance(task))


def as_json(logged: Logged) -> dict[str, Any]:
    """One act as commands print it."""
    act = logged.act
    return {
        "seq": logged.head.seq,
        "commit": logged.commit,
        "time": logged.head.time,
        "id": act.id,
        "kind": act.kind,
        "actor": act.actor,
        "subject": act.subject,
        "reason": act.reason,
        "fields": [{"name": name, "value": value} for name, value in act.fields],
    }
