"""What `agentgov store backup|check|restored` do."""

import secrets
from pathlib import Path

import msgspec

from agentgov.cli.context import open_context
from agentgov.cli.options import answer
from agentgov.cli.run_time.store_visit import Visit, store_url, visiting
from agentgov.errors import RefusedError
from agentgov.repo import clock
from agentgov.report.page import Page, Span
from agentgov.runtime import tokens
from agentgov.runtime.ledger import SALT
from agentgov.runtime.restoring import (
    HINT,
    Ended,
    Examined,
    Restored,
    accept,
    backed_up,
    examine,
    judge,
)
from agentgov.runtime.seen import read_seen, seen_path
from agentgov.runtime.sequencing import anchors_of
from agentgov.store.backup import back_up, flaws_of
from agentgov.store.partitions import MOVED, TABLES, partitions, strays
from agentgov.store.port import Transaction
from agentgov.store.tables import steps_behind
from agentgov.store.whereabouts import whereabouts

_OPEN = (
    "SELECT (SELECT count(*) FROM permits WHERE state IN ('pending', 'approved') AND expires > ?), "
    "(SELECT count(*) FROM reservations WHERE state = 'open' AND expires > ?)"
)


def back_up_store(repo: str, store: str | None, file: Path, output: str) -> int:
    """Copy it."""
    url = store or store_url(open_context(repo).view().state.head.fleet)
    back_up(url, file.absolute(), clock.now() * 1000)
    if steps_behind(url) == 0:  # a store of an earlier version is left as it is
        with visiting(repo, store) as visit:
            visit.store.write(lambda tx: backed_up(tx, clock.now() * 1000)).result()  # no record of the ledger
    size = file.stat().st_size
    page = Page().line(Span("done ", "good"), f"{file}, {size:,} bytes")
    page.line(Span("  keep the journal's clone with it, and never the gate's key", "dim"))
    answer(output, page, {"schema": "agentgov.store-backup/1", "file": str(file), "bytes": size})
    return 0


def check_store(repo: str, store: str | None, output: str) -> int:
    """Say how it stands; 1 where that is not well."""
    with visiting(repo, store) as visit:
        found, flaws = visit.read(examine), flaws_of(visit.url)
        restored = brought_back(visit, found)
        now = clock.now() * 1000
        permits, reservations = visit.read(lambda tx: tx.one(_OPEN, now, now)) or (0, 0)
        good = len(visit.read(lambda tx: tokens.listed(tx, now)))
        parted = visit.read(lambda tx: _parted(tx, now))
    page = Page()
    for flaw in flaws:
        page.line(Span("BROKEN ", "bad"), flaw)
    for why in restored.why if restored is not None else ():
        page.line(Span("restored ", "warn"), why)
    if found.held:
        page.line(Span("held   ", "bad"), f"nothing of the ledger is signed: {found.held}")
    lost = bool(found.held) or (restored is not None and restored.lost)
    if lost:
        page.line(Span(f"  {HINT}", "dim"))
    if not flaws and restored is None and not found.held:
        page.line(Span("whole  ", "good"), "it has all that the journal and this machine know of it")
    records = sum(found.now.trees.values())
    page.line(f"{records:,} records, {permits:,} permits and {reservations:,} reservations open, {good:,} tokens good")
    for one in parted:
        _tell_parted(page, one)
    document = {
        "schema": "agentgov.store-check/1",
        "ledger": found.now.log or None,
        "flaws": list(flaws),
        "restored": list(restored.why) if restored is not None else [],
        "held": found.held or None,
        "lost": lost,
        "records": records,
        "open": {"permits": permits, "reservations": reservations},
        "tokens": good,
        "partitions": [msgspec.structs.asdict(one) for one in parted],
    }
    answer(output, page, document)
    return int(bool(flaws) or lost)


class _Table(msgspec.Struct, frozen=True):
    """How a table lies in its partitions."""

    table: str
    partitions: int
    bytes: int
    ahead: int  # partitions of periods to come
    current: bool  # whether there is one for now
    strays: int  # rows in no partition of their period, counted so far


def _parted(tx: Transaction, now_ms: int) -> tuple[_Table, ...]:
    """Every table in partitions; none of a file of SQLite."""
    found = []
    for table in TABLES:
        parts = partitions(tx, table.name)
        if parts:
            ahead = sum(one.since > now_ms for one in parts)
            current = any(one.since <= now_ms < one.until for one in parts)
            size = sum(one.size for one in parts)
            found.append(_Table(table.name, len(parts), size, ahead, current, strays(tx, table.name)))
    return tuple(found)


def _tell_parted(page: Page, one: _Table) -> None:
    page.line(f"{one.table}: {one.partitions} partitions, {one.bytes:,} bytes, {one.ahead} ahead of now")
    if not one.current:
        page.line(
            Span("missing ", "warn"), f"{one.table} has no partition for now: a gate that serves the store makes it"
        )
    if one.strays:
        many = f"more than {MOVED:,}" if one.strays > MOVED else f"{one.strays:,}"
        page.line(Span("stray   ", "warn"), f"{many} rows of {one.table} lie in {one.table}_other, see docs/store.md")


def tell_restored(repo: str, store: str | None, reason: str, complete: bool, output: str) -> int:
    """End what was open, and say how the ledger goes on."""
    now, salt = clock.now() * 1000, secrets.token_bytes(SALT)
    with visiting(repo, store) as visit:
        place, judged = whereabouts(visit.url), brought_back(visit, visit.read(examine))
        if complete and judged is not None and judged.gap and judged.lost:
            raise RefusedError(f"records are missing: {'; '.join(judged.why)}", "agentgov ledger renew --reason TEXT")

        gap = judged.gap if judged is not None else ""
        ends = not complete or judged is not None  # else a gate has found it, and ended what was open

        def work(tx: Transaction) -> Ended:
            return accept(tx, Restored((reason,), not complete, gap), place, "keeper", now, salt, ends=ends)

        ended = visit.write(work)
    page = Page().line(
        Span("done ", "good"),
        f"{ended.permits:,} permits, {ended.reservations:,} reservations and {ended.logins:,} logins are over",
    )
    if not complete:
        page.line(Span(f"  nothing of the ledger is signed now; {HINT}", "warn"))
    document = {"schema": "agentgov.store-restored/1", "held": not complete, "ended": msgspec.structs.asdict(ended)}
    answer(output, page, document)
    return 0


def brought_back(visit: Visit, found: Examined) -> Restored | None:
    """Whether the store was brought back from a copy, by what this machine and the journal know of it."""
    seen = read_seen(seen_path(visit.view.state.head.fleet, visit.url))
    return judge(found, whereabouts(visit.url), seen, anchors_of(visit.view.state.anchors(), found.now.log))
