"""`agentgov budget check`: do budgets hold what the ledger says, and do open reservations add up?"""

from time import time_ns

from agentgov.cli.context import open_context
from agentgov.cli.options import answer
from agentgov.cli.run_time.store_visit import store_url
from agentgov.report.moments import stamp
from agentgov.report.page import Page, Span
from agentgov.runtime.budget_check import Checked


def check_budgets(repo: str, store: str | None, output: str) -> int:
    """Look at every bucket; 1 where something does not add up."""
    from agentgov.runtime.budget_replay import checked
    from agentgov.store.open import open_existing

    # A store that is named needs no clone around: it may be looked at where it lies.
    opened = open_existing(store or store_url(open_context(repo).view().state.head.fleet))
    try:
        found = opened.read(lambda tx: checked(tx, time_ns() // 1_000_000)).result()
    finally:
        opened.close()
    document = {
        "schema": "agentgov.budget-check/1",
        "holds": not found.faults,
        "buckets": found.buckets,
        "open": found.open,
        "differences": list(found.faults),
        "since": stamp(found.since // 1000) if found.since else None,
    }
    answer(output, _page(found), document)
    return int(bool(found.faults))


def _page(found: Checked) -> Page:
    page = Page()
    said = f"{found.buckets:,} buckets, {found.open:,} reservations open"
    if found.since:
        page.line("leaves of before ", stamp(found.since // 1000), " were disposed of: older windows are not compared")
    if not found.faults:
        return page.line(Span("holds  ", "good"), f"{said}: all of it is what the ledger says")
    page.line(Span("BROKEN ", "bad"), f"{said}; amounts are nano-units")
    for fault in found.faults:
        page.line("       ", fault)
    return page
