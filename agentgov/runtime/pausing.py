"""Taking an order: the one function by which a pause begins, whoever asks in whichever way.

The order, its place in the outbox and its record are written in one transaction, so that there is none without the
others. A resume is a person's signed act: what the journal has, ends by it there; what only the store has, ends here,
where it is older than the act. So an old act that somebody sends again lifts nothing new.
"""

from dataclasses import replace

from agentgov.model.act import Act, made_at
from agentgov.model.incident import pause_key
from agentgov.model.names import agent_id
from agentgov.runtime import outbox
from agentgov.runtime.ledger import Entry, append
from agentgov.runtime.outbox import Outgoing
from agentgov.runtime.pause import Order
from agentgov.runtime.pause_orders import keep_order, lift_waiting
from agentgov.store.port import Transaction


def order_of(act: Act, by: str, now_ms: int) -> Order:
    """The order that an act `pause` gives, asked for by a person of Access at a moment (epoch milliseconds)."""
    return Order(
        id=act.id,
        selector=act.get("Selector"),
        by=by,
        mode="read-only" if act.get("Mode") == "read-only" else "stop",
        reason=act.reason,
        until=int(act.get("Until") or "0"),
        since=now_ms,
    )


def take_pause(tx: Transaction, order: Order, draft: str, *, salt: bytes, actor: str = "") -> bool:
    """Obey an order from this commit on, and have it brought to the journal; False where it was taken before. `actor`
    is who gave it, where that is no person."""
    if not keep_order(tx, order) or not outbox.put(tx, Outgoing(order.id, "pause", order.by, draft), order.since):
        return False
    refs = {"act": order.id, "selector": order.selector, "mode": order.mode}
    append(tx, Entry("pause", _agent(order.selector), actor or f"person:{order.by}", refs=refs), order.since, salt)
    return True


def take_step(tx: Transaction, act: Act, draft: str, now_ms: int, *, salt: bytes, actor: str = "") -> bool:
    """Have a step of an incident brought to the journal, and obey the pauses that it sets from this commit on; False
    where it was taken before."""
    by = act.get("For") or act.actor_id
    if not outbox.put(tx, Outgoing(act.id, act.kind, by, draft), now_ms):
        return False
    for number, agent in enumerate(act.all("Agent") if act.get("Mode") else (), 1):
        one = order_of(act, by, now_ms)
        keep_order(tx, replace(one, id=pause_key(act.id, number), selector=agent))
    refs = {"act": act.id, "incident": act.get("Incident"), "step": act.get("Step")}
    agents = act.all("Agent")
    append(tx, Entry("incident", agents[0] if len(agents) == 1 else "", actor or act.actor, refs=refs), now_ms, salt)
    return True


def take_act(tx: Transaction, act: Act, draft: str, now_ms: int, *, salt: bytes) -> tuple[str, ...]:
    """Have a person's signed act brought to the journal; the orders of the store alone that it ended."""
    if not outbox.put(tx, Outgoing(act.id, act.kind, act.actor_id, draft), now_ms):
        return ()
    lifted = lift_waiting(tx, act.get("Selector"), made_at(act.id)) if act.kind == "resume" else ()
    agent = act.get("Agent") or _agent(act.get("Selector"))
    append(tx, Entry(act.kind, agent, act.actor, refs={"act": act.id}), now_ms, salt)
    return lifted


def _agent(selector: str) -> str:
    return selector if agent_id(selector) is not None else ""
