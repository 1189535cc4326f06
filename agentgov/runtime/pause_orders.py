"""The rows of pauses that the gate took: work of one transaction each. What they mean is `pause`'s to say."""

from collections.abc import Callable, Iterable, Sequence

from agentgov.runtime.calls import Stopped
from agentgov.runtime.control import changed
from agentgov.runtime.pause import Order
from agentgov.store.port import Transaction

TOPIC = "pauses"
Standing = Callable[[tuple[Order, ...]], Stopped | None]  # what of these, and of the journal, stops an agent


def keep_order(tx: Transaction, order: Order) -> bool:
    """Obey an order from now on, in every process that has this store open; False where it is known already."""
    kept = tx.run(
        "INSERT INTO pauses (id, selector, by_whom, mode, reason, until, since, landed) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
        *(order.id, order.selector, order.by, order.mode, order.reason, order.until, order.since, order.landed),
    )
    if kept:
        changed(tx, TOPIC)
    return kept == 1


def read_orders(tx: Transaction) -> tuple[Order, ...]:
    """Every order that is kept, oldest first."""
    rows = tx.all("SELECT id, selector, by_whom, mode, reason, until, since, landed FROM pauses ORDER BY since, id")
    return tuple(
        Order(id=id_, selector=selector, by=by, mode=mode, reason=reason, until=until, since=since, landed=landed)
        for id_, selector, by, mode, reason, until, since, landed in rows
    )


def note_landed(tx: Transaction, landed: Iterable[tuple[str, int]]) -> None:
    """The acts of these orders stand in the journal, at these numbers."""
    if sum(tx.run("UPDATE pauses SET landed = ? WHERE id = ? AND landed = 0", seq, id_) for id_, seq in landed):
        changed(tx, TOPIC)


def forget(tx: Transaction, ids: Sequence[str]) -> None:
    """Keep these no longer: they are over."""
    if sum(tx.run("DELETE FROM pauses WHERE id = ?", one) for one in ids):
        changed(tx, TOPIC)


def lift_waiting(tx: Transaction, selector: str, before: int) -> tuple[str, ...]:
    """End the orders with a selector that the journal does not have and that are older than a moment (epoch
    milliseconds); their ids."""
    rows = tx.all("DELETE FROM pauses WHERE selector = ? AND landed = 0 AND since < ? RETURNING id", selector, before)
    if rows:
        changed(tx, TOPIC)
    return tuple(sorted(row[0] for row in rows))
