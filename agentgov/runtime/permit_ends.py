"""How permits end without being used, and what came of those that were: expiry, and the outcome that an agent tells.

Nobody in time is a no. What did not happen gives back what it took of the quotas, and its money; of several words on
that the first one counts.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from agentgov.model.verdict import Reason, Verdict, allow, deny
from agentgov.runtime import quotas, tool_money
from agentgov.runtime.ledger import Entry, append_all
from agentgov.runtime.permit_rows import COLUMNS, Permit, close, entry_of, permit_of, record
from agentgov.runtime.tool_money import Ended
from agentgov.store.port import Transaction

Outcome = Literal["done", "failed", "not-done"]  # failed: it may have happened in part, so it still counts
MOST = 100  # permits in one transaction
KEPT_ALLOWED, KEPT_ASKED = 30, 400  # days that a permit is kept: one that a rule allowed, one that people decided
_DAY = 86_400_000
_BY_ID = f"SELECT {COLUMNS} FROM permits WHERE id IN (?)"  # noqa: S608 - our own words
_TELL = "UPDATE permits SET outcome = now.column2 FROM (VALUES (?, ?)) AS now WHERE id = now.column1"


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


class Told(msgspec.Struct, frozen=True):
    """What an agent tells of a permit that it used; `caller` is the agent and its environment."""

    id: str
    caller: tuple[str, str]
    outcome: Outcome
    note: str
    now_ms: int
    salt: bytes


def tell_outcomes(tx: Transaction, told: Sequence[Told]) -> Sequence[tuple[Permit | None, Verdict]]:
    """Write down what came of permits that were used, in the order in which it was told; a few statements for all."""
    rows = tx.among(_BY_ID, tuple({one.id for one in told}))
    known = {permit.id: permit for permit in map(permit_of, rows)}
    answers, new = list[tuple[Permit | None, Verdict]](), list[tuple[Permit, Told]]()
    for one in told:
        permit = known.get(one.id)
        if permit is None or (permit.agent, permit.environment) != one.caller:
            answers.append((None, Verdict((deny("permit.unknown", "this agent has no such permit here", one.id),))))
            continue
        answers.append((permit, Verdict((_taken(permit, one),))))
        if permit.state == "consumed" and not permit.outcome:
            new.append((permit, one))
            known[one.id] = msgspec.structs.replace(permit, outcome=one.outcome)
    if new:
        _write(tx, new)
    return answers


def _taken(permit: Permit, told: Told) -> Reason:
    """What is said to who tells something of a permit of theirs."""
    if permit.state != "consumed":
        return deny("permit.unused", f"it is {permit.at(told.now_ms)}, and was not used", permit.id)
    if permit.outcome:
        same = permit.outcome == told.outcome
        return (allow if same else deny)("permit.outcome", f"it was told before: {permit.outcome}", permit.id)
    return allow("permit.outcome", f"told: {told.outcome}", permit.id)


def _write(tx: Transaction, told: Sequence[tuple[Permit, Told]]) -> None:
    now_ms = max(one.now_ms for _, one in told)
    tx.many(_TELL, [(permit.id, one.outcome) for permit, one in told])
    quotas.give_back(tx, (part for permit, one in told if one.outcome == "not-done" for part in permit.demands))
    tool_money.end(tx, [Ended(permit.id, one.caller, one.outcome != "not-done") for permit, one in told], now_ms)
    append_all(tx, [_entry(permit, one) for permit, one in told], now_ms, b"".join(one.salt for _, one in told))


def _entry(permit: Permit, told: Told) -> Entry:
    payload = {"outcome": told.outcome} | ({"note": told.note} if told.note else {})
    return entry_of(f"outcome.{told.outcome}", permit, f"agent:{permit.agent}@{permit.environment}", payload)
