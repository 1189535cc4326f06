"""How permits end without being used, and what came of those that were: expiry, and the outcome that an agent tells.

Nobody in time is a no. What did not happen gives back what it took of the quotas, and its money; of several words on
that the first one counts.
"""

from typing import Literal

from agentgov.model.verdict import Verdict, allow, deny
from agentgov.runtime import quotas, tool_money
from agentgov.runtime.permit_rows import COLUMNS, Permit, close, lock, permit_of, record
from agentgov.store.port import Transaction

Outcome = Literal["done", "failed", "not-done"]  # failed: it may have happened in part, so it still counts
MOST = 100  # permits in one transaction
KEPT_ALLOWED, KEPT_ASKED = 30, 400  # days that a permit is kept: one that a rule allowed, one that people decided
_DAY = 86_400_000


def expire(tx: Transaction, now_ms: int, salt: bytes) -> int:
    """End what nobody decided, or used, in time; how many that were. MOST: there may be more."""
    sql = (
        f"SELECT {COLUMNS} FROM permits WHERE state IN ('pending', 'approved') AND expires <= ? "  # noqa: S608 - ours
        "ORDER BY expires LIMIT ?"
    )
    rows = tx.all(sql, now_ms, MOST)
    for number, row in enumerate(rows):
        permit = permit_of(row)
        if close(tx, permit, "expired", now_ms):
            record(tx, "permit.expire", permit, "gate", {"was": permit.state}, now_ms, salt + bytes([number]))
    return len(rows)


def forget(tx: Transaction, now_ms: int) -> int:
    """Forget permits that are over and old; how many those were at most. What was decided stays in the ledger."""
    gone = 0
    for unasked, days in (("needs = ''", KEPT_ALLOWED), ("needs <> ''", KEPT_ASKED)):
        sql = (
            f"SELECT id FROM permits WHERE {unasked} AND asked < ? "  # noqa: S608 - our own words
            "AND state NOT IN ('pending', 'approved') ORDER BY asked LIMIT ?"
        )
        ids = [str(row[0]) for row in tx.all(sql, now_ms - days * _DAY, MOST)]
        for id_ in ids:
            tx.run("DELETE FROM permit_votes WHERE permit = ?", id_)
            tx.run("DELETE FROM permits WHERE id = ?", id_)
        gone = max(gone, len(ids))
    return gone


def tell_outcome(
    tx: Transaction, id_: str, caller: tuple[str, str], outcome: Outcome, note: str, now_ms: int, salt: bytes
) -> tuple[Permit | None, Verdict]:
    """Write down what came of a permit that was used. `caller` is the agent and its environment."""
    permit = lock(tx, id_)
    if permit is None or (permit.agent, permit.environment) != caller:
        return None, Verdict((deny("permit.unknown", "this agent has no such permit here", id_),))
    if permit.state != "consumed":
        return permit, Verdict((deny("permit.unused", f"it is {permit.at(now_ms)}, and was not used", id_),))
    if permit.outcome:
        same = permit.outcome == outcome
        told = allow if same else deny
        return permit, Verdict((told("permit.outcome", f"it was told before: {permit.outcome}", id_),))
    tx.run("UPDATE permits SET outcome = ? WHERE id = ?", outcome, id_)
    if outcome == "not-done":
        quotas.give_back(tx, permit.demands)
    tool_money.end(tx, id_, caller, spent=outcome != "not-done", now_ms=now_ms)
    payload = {"outcome": outcome} | ({"note": note} if note else {})
    record(tx, f"outcome.{outcome}", permit, f"agent:{permit.agent}@{permit.environment}", payload, now_ms, salt)
    return permit, Verdict((allow("permit.outcome", f"told: {outcome}", id_),))
