"""`agentgov ledger renew`: the ledger goes on under a new name, since records of the old one are lost for good."""

import secrets

import msgspec

from agentgov.cli.options import answer
from agentgov.cli.run_time.store_visit import visiting
from agentgov.repo import clock
from agentgov.report.page import Page, Span
from agentgov.runtime.ledger import SALT, Entry, append
from agentgov.runtime.restoring import end_open, release
from agentgov.runtime.sequencing import begin_log, forget_lost, log_id
from agentgov.store.port import Transaction


def renew_ledger(repo: str, store: str | None, reason: str, output: str) -> int:
    """Give the ledger of a store another name, and record why."""
    now_ms, salt, fresh = clock.now() * 1000, secrets.token_bytes(SALT), secrets.token_hex(8)

    def work(tx: Transaction) -> str:
        before = log_id(tx)
        if not release(tx):  # else a gate found that it was restored, and ended what was open then
            end_open(tx, now_ms)
        forget_lost(tx)
        begin_log(tx, fresh, now_ms, again=True)
        payload = msgspec.json.encode({"reason": reason})
        append(
            tx,
            Entry("ledger.renew", "", "keeper", refs={"before": before, "now": fresh}, payload=payload),
            now_ms,
            salt,
        )
        return before

    with visiting(repo, store) as visit:
        before = visit.write(work)
    page = Page().line(
        Span("done ", "good"), f"the ledger goes on as {fresh}; what was anchored as {before} stays told"
    )
    answer(output, page, {"schema": "agentgov.ledger-renew/1", "before": before or None, "ledger": fresh})
    return 0
