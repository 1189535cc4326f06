"""`agentgov budget check`: do budgets hold what the ledger says, and do open reservations add up?"""

from agentgov.cli.context import open_context
from agentgov.cli.options import answer
from agentgov.cli.store_visit import store_url
from agentgov.report.page import Page, Span
from agentgov.runtime.budget_check import Checked


def check_budgets(repo: str, store: str | None, output: str) -> int:
    """Look at every bucket; 1 where something does not add up."""
    from agentgov.runtime.budget_replay import checked
    from agentgov.store.open import open_existing

    opened = open_existing(store or store_url(open_context(repo).view().state.head.fleet))
    try:
        found = opened.read(checked).result()
    finally:
        opened.close()
    document = {
        "schema": "agentgov.budget-check/1",
        "holds": not found.faults,
        "buckets": found.buckets,
        "open": found.open,
        "differences": list(found.faults),
    }
    answer(output, _page(found), document)
    return int(bool(found.faults))


def _page(found: Checked) -> Page:
    page = Page()
    said = f"{found.buckets:,} buckets, {found.open:,} reservations open"
    if not found.faults:
        return page.line(Span("holds  ", "good"), f"{said}: all of it is what the ledger says")
    page.line(Span("BROKEN ", "bad"), f"{said}; amounts are nano-units")
    for fault in found.faults:
        page.line("       ", fault)
    return page
