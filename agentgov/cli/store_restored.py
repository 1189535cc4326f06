"""What `agentgov store backup|check|restored` do."""

import secrets
from pathlib import Path

import msgspec

from agentgov.cli.context import open_context
from agentgov.cli.options import answer
from agentgov.cli.store_visit import Visit, seen_path, store_url, visiting
from agentgov.errors import RefusedError
from agentgov.repo import clock
from agentgov.report.page import Page, Span
from agentgov.runtime import tokens
from agentgov.runtime.ledger import SALT
from agentgov.runtime.restoring import (
    HINT,
    Ended,
    Examined,
    Known,
    Restored,
    accept,
    examine,
    judge,
)
from agentgov.runtime.sequencing import anchors_of
from agentgov.store.backup import back_up, flaws_of
from agentgov.store.port import Transaction
from agentgov.store.whereabouts import whereabouts
from agentgov.trust.private_files import read_private

_OPEN = (
    "SELECT (SELECT count(*) FROM permits WHERE state IN ('pending', 'approved') AND expires > ?), "
    "(SELECT count(*) FROM reservations WHERE state = 'open' AND expires > ?)"
)


def back_up_store(repo: str, store: str | None, file: Path, output: str) -> int:
    """Copy it."""
    url = store or store_url(open_context(repo).view().state.head.fleet)
    back_up(url, file.absolute(), clock.now() * 1000)
    size = file.stat().st_size
    page = Page().line(Span("done ", "good"), f"{file}, {size:,} bytes")
    page.line(Span("  keep the journal's clone with it, and never the gate's key", "dim"))
    answer(output, page, {"schema": "agentgov.store-backup/1", "file": str(file), "bytes": size})
    return 0


def check_store(repo: str, store: str | None, output: str) -> int:
    """Say how it stands; 1 where that is not well."""
    with visiting(repo, store) as visit:
        url = store or store_url(visit.view.state.head.fleet)
        found, flaws = visit.read(examine), flaws_of(url)
        restored = _judged(visit, found, url)
        now = clock.now() * 1000
        permits, reservations = visit.read(lambda tx: tx.one(_OPEN, now, now)) or (0, 0)
        good = len(visit.read(lambda tx: tokens.listed(tx, now)))
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
    }
    answer(output, page, document)
    return int(bool(flaws) or lost)


def tell_restored(repo: str, store: str | None, reason: str, complete: bool, output: str) -> int:
    """End what was open, and say how the ledger goes on."""
    now, salt = clock.now() * 1000, secrets.token_bytes(SALT)
    with visiting(repo, store) as visit:
        url = store or store_url(visit.view.state.head.fleet)
        place, judged = whereabouts(url), _judged(visit, visit.read(examine), url)
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


def _judged(visit: Visit, found: Examined, url: str) -> Restored | None:
    content = read_private(seen_path(visit.view.state.head.fleet, url), 1 << 24)
    try:
        seen = msgspec.json.decode(content or b"{}", type=Known)
    except msgspec.DecodeError:
        seen = Known()
    return judge(found, whereabouts(url), seen, anchors_of(visit.view.state.anchors(), found.now.log))
