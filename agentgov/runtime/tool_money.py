"""The money of an action: set aside with the decision, there when a permit is used, ended by what came of it.

It is one reservation, of the id of its permit, so that nothing has to be kept beside it. What people have to decide
first keeps its money until their time is over. A permit that ends unused gives it back, and so does an action that did
not happen; one that happened, or may have, is booked; one that nobody tells of counts as spent, like every reservation.
"""

import msgspec

from agentgov.model.verdict import Reason
from agentgov.runtime import budgets
from agentgov.runtime.pause_orders import Standing
from agentgov.runtime.reservations import Release, Reserve, Settle, Spending, Wanted
from agentgov.store.port import Transaction


def of_permit(money: Wanted, permit: str, within_ms: int = 0) -> Wanted:
    """The reservation of a permit, on which people may take so long to decide. No key of an agent has a blank in it."""
    return msgspec.structs.replace(money, id=permit, key=f"permit {permit}", lasts=within_ms)


def refused(
    tx: Transaction, money: Wanted | Reason | None, permit: str, standing: Standing, now_ms: int
) -> Reason | None:
    """Why a permit cannot be used on account of its money: it is not set aside any more, nor can it be now."""
    if not isinstance(money, Wanted):
        return money
    ((_, verdict),) = budgets.decide(tx, [Reserve(of_permit(money, permit), standing, now_ms)])
    return verdict.first_offence


def end(tx: Transaction, permit: str, caller: tuple[str, str], *, spent: bool, now_ms: int) -> None:
    """Book the money of a permit, or give it back, where it has some and nobody has done so. `caller` is agent and
    environment."""
    row = tx.one("SELECT state, amount, currency FROM reservations WHERE id = ?", permit)
    if row is None or row[0] not in ("open", "unconfirmed"):
        return
    state, amount, currency = row
    if not spent and state == "open":
        budgets.decide(tx, [Release(permit, caller, now_ms)])
        return
    spending = Spending(amount=amount if spent else 0, currency=currency)
    budgets.decide(tx, [Settle(permit, caller, spending, now_ms)])
