"""`agentgov ledger prune`: what need not be kept any longer goes, by the classes of the authorised governance."""

import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from agentgov.cli.options import answer
from agentgov.cli.run_time.store_visit import Visit, visiting
from agentgov.repo import clock
from agentgov.report.moments import stamp
from agentgov.report.page import Page, Span
from agentgov.runtime.erasure_orders import forget_late
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.kept_as import note_classes, noted_upto, rules_of, unnoted
from agentgov.runtime.pruning import (
    Disposal,
    Found,
    Stays,
    old_leaves,
    old_payloads,
    prune_leaves,
    prune_payloads,
    trees_of,
)
from agentgov.runtime.pruning_months import drop_month, looked_on, old_months
from agentgov.runtime.retention import Rules
from agentgov.store.port import Transaction

_KEEPER = "keeper"
Step = Callable[[Transaction, int], Found]


@dataclass
class _Gone:
    disposals: list[Disposal] = field(default_factory=list)
    held: Counter[tuple[str, str]] = field(default_factory=Counter)
    stays: list[Stays] = field(default_factory=list)

    def add(self, tree: str, found: Found) -> None:
        self.disposals += found.disposals
        self.held += Counter({(tree, hold): count for hold, count in found.held.items()})
        self.stays += [found.stays] if found.stays is not None else []


def prune_ledger(repo: str, store: str | None, tree: str, output: str, *, dry_run: bool) -> int:
    """Prune every tree, or one; or only tell what would go."""
    now_ms, gone = clock.now() * 1000, _Gone()
    with visiting(repo, store) as visit:
        fleet = Fleet(visit.view)
        classes = unnoted(visit.view, visit.read(noted_upto))
        visit.write(lambda tx: note_classes(tx, classes, now_ms))
        if not dry_run:
            visit.write(lambda tx: forget_late(tx, now_ms))
        rules = visit.read(lambda tx: rules_of(tx, fleet))
        if not tree and not dry_run:
            for found in _months(visit, rules, now_ms):
                gone.add("", found)
        for name in [tree] if tree else visit.read(trees_of):
            for found in _steps(visit, name, rules, now_ms, dry_run=dry_run):
                gone.add(name, found)
    answer(output, _page(gone, dry_run), _document(gone, dry_run))
    return 0


def _months(visit: Visit, rules: Rules, now_ms: int) -> Iterator[Found]:
    """Whole months of payloads, where a database keeps them so."""
    for month in visit.read(lambda tx: old_months(tx, rules, now_ms)):
        while month.goes_on:
            month = visit.read(lambda tx, of=month: looked_on(tx, of, rules, now_ms))  # type: ignore[misc] # noqa: PLW2901
        if month.goes:
            yield visit.write(lambda tx, of=month: drop_month(tx, of, _KEEPER, now_ms, secrets.token_bytes))  # type: ignore[misc]


def _steps(visit: Visit, tree: str, rules: Rules, now_ms: int, *, dry_run: bool) -> Iterator[Found]:
    """Page by page: payloads, then leaves, each page a transaction of its own."""
    random = secrets.token_bytes
    if dry_run:
        yield from _pages(visit.read, lambda tx, at: old_payloads(tx, tree, at, rules, now_ms)[0])
        yield from _pages(visit.read, lambda tx, at: old_leaves(tx, tree, at, rules, now_ms))
    else:
        yield from _pages(visit.write, lambda tx, at: prune_payloads(tx, tree, at, rules, _KEEPER, now_ms, random))
        yield from _pages(visit.write, lambda tx, _: prune_leaves(tx, tree, rules, _KEEPER, now_ms, random))


def _pages(does: Callable[[Callable[[Transaction], Found]], Found], step: Step) -> Iterator[Found]:
    at = 0
    while at >= 0:
        found = does(lambda tx, at=at: step(tx, at))  # type: ignore[misc]
        yield found
        at = found.after


def _page(gone: _Gone, dry_run: bool) -> Page:
    page, verb = Page(), "would go " if dry_run else "gone     "
    counts: Counter[tuple[str, str, str, str]] = Counter()
    for one in gone.disposals:
        counts[one.tree, one.what, one.name, one.rule] += one.count
    for (tree, what, name, rule), count in sorted(counts.items()):
        page.line(Span(verb, "warn"), f"{tree}: {count:,} {what} of {name}, older than {rule}")
    for (tree, hold), count in sorted(gone.held.items()):
        page.line(Span("held     ", "bad"), f"{tree}: {count:,} payloads that are old enough, by {hold}")
    for stays in gone.stays:
        until = f", until {stamp(stays.until // 1000)}" if stays.until else ""
        page.line(Span("stays    ", "dim"), f"{stays.tree}/{stays.seq} and what follows: {stays.why}{until}")
    return page if gone.disposals or gone.held or gone.stays else page.line("there is nothing to prune")


def _document(gone: _Gone, dry_run: bool) -> dict[str, Any]:
    return {
        "schema": "agentgov.ledger-prune/1",
        "dryRun": dry_run,
        "disposals": [
            {
                "tree": one.tree,
                "what": one.what,
                "class": one.name,
                "rule": one.rule,
                "agent": one.agent or None,
                "count": one.count,
                "first": one.first,
                "last": one.last,
            }
            for one in gone.disposals
        ],
        "held": [{"tree": tree, "hold": hold, "payloads": count} for (tree, hold), count in sorted(gone.held.items())],
        "stays": [
            {
                "tree": one.tree,
                "seq": one.seq,
                "class": one.name or None,
                "hold": one.hold or None,
                "until": one.until // 1000 or None,
                "why": one.why,
            }
            for one in gone.stays
        ],
    }
