"""The money of an action: set aside with the decision, there when a permit is used, ended by what came of it.

It is one reservation, of the id of its permit, so that nothing has to be kept beside it. What people have to decide
first keeps its money until their time is over. A permit that ends unused gives it back, and so does an action that did
not happen; one that happened, or may have, is booked; one that nobody tells of counts as spent, like every reservation.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from agentgov.model.verdict import Reason
from agentgov.runtime import budgets
from agentgov.runtime.pause_orders import Standing
from agentgov.runtime.reservations import PERMIT, Release, Reserve, Settle, Spending, Wanted
from agentgov.store.port import Row, Transaction

_UNTOLD = (
    "SELECT id, state, amount, currency, reservation_key FROM reservations "
    "WHERE id IN (?) AND state IN ('open', 'unconfirmed')"
)


def of_permit(money: Wanted, permit: str, within_ms: int = 0) -> Wanted:
    """The reservation of a permit, on which people may take so long to decide."""
    return msgspec.structs.replace(money, id=permit, key=f"{PERMIT}{permit}", lasts=within_ms)


def refused(
    tx: Transaction, money: Wanted | Reason | None, permit: str, standing: Standing, now_ms: int
) -> Reason | None:
    """Why a permit cannot be used on account of its money: it is not set aside any more, nor can it be now."""
    if not isinstance(money, Wanted):
        return money
    ((_, verdict),) = budgets.decide(tx, [Reserve(of_permit(money, permit), standing, now_ms)])
    return verdict.first_offence


class Ended(NamedTuple):
    """A permit that is over: whether what it costs is spent, or given back. `caller` is agent and environment."""

    permit: str
    caller: tuple[str, str]
    spent: bool


def end(tx: Transaction, ended: Sequence[Ended], now_ms: int) -> None:
    """Book the money of permits, or give it back, where they have some and nobody has done so."""
    rows = tx.among(_UNTOLD, tuple(one.permit for one in ended))
    found = {row[0]: row for row in rows if str(row[4]).startswith(PERMIT)}
    requests = [_end(one, found[one.permit], now_ms) for one in ended if one.permit in found]
    if requests:
        budgets.decide(tx, requests)


def _end(one: Ended, row: Row, now_ms: int) -> Release | Settle:
    _, state, amount, currency, _ = row
    if not one.spent and state == "open":
        return Release(one.permit, one.caller, now_ms, permit=True)
    spending = Spending(amount=amount if one.spent else 0, currency=currency)
    return Settle(one.permit, one.caller, spending, now_ms, permit=True)
