"""Using a permit that people gave: exactly once.

A permit is used by one conditional update, and only for exactly the call that it was asked for (by digest), while its
release and the fleet's ActionPolicy are what they were, while `decide_action` still does not deny, while those who
approved it still may, and while what it costs is set aside. It leaves a record in the ledger in the same transaction,
and so does every refusal.
"""

from collections.abc import Iterator

import msgspec

from agentgov.model.verdict import Reason, allow, deny, unknown
from agentgov.runtime import quotas
from agentgov.runtime.action_requests import OVER, Answered, Asked, told
from agentgov.runtime.pause_orders import Standing, read_orders
from agentgov.runtime.permit_rows import Permit, lock, record
from agentgov.runtime.permit_votes import Members, missing
from agentgov.runtime.quotas import Meters, Taken
from agentgov.runtime.tool_money import refused
from agentgov.store.port import Transaction


def consume(
    tx: Transaction, id_: str, asked: Asked, standing: Standing, members: Members, now_ms: int, salt: bytes
) -> Answered:
    """Use a permit that people gave, once. `asked.verdict` is what is decided about the call as it is now."""
    permit = lock(tx, id_)
    if permit is None or (permit.agent, permit.environment) != (str(asked.agent), asked.environment):
        return Answered("deny", (deny("permit.unknown", "this agent has no such permit here"),), None, -1)
    reasons = tuple(_unusable(tx, permit, asked, members, now_ms))
    if not reasons:
        meters = Meters(tx, asked.verdict.demands, now_ms)
        used = meters.seen(asked.verdict.demands, permit.demands)
        verdict = asked.again(standing(read_orders(tx)), used, now_ms)
        broke = refused(tx, asked.money, permit.id, standing, now_ms) if verdict.decision != "deny" else None
        if verdict.decision != "deny" and broke is None:
            quotas.give_back(tx, permit.demands)
            taken = meters.take(verdict.demands, now_ms)
            meters.write(tx)
            return _use(tx, permit, asked, taken, now_ms, salt)
        reasons = verdict.reasons if broke is None else (broke,)
    place = record(tx, "permit.refuse", permit, asked.actor, {"reasons": told(reasons)}, now_ms, salt)
    waits = len(reasons) == 1 and reasons[0].rule == "permit.pending"
    return Answered("ask" if waits else "deny", reasons, permit, place)


def _unusable(tx: Transaction, permit: Permit, asked: Asked, members: Members, now_ms: int) -> Iterator[Reason]:
    """Why a permit cannot be used for a call: all of it, so that nobody has to try again to learn the next."""
    state, id_, rulebook = permit.at(now_ms), permit.id, asked.rulebook
    if state == "pending":
        yield unknown("permit.pending", "people have not decided yet", id_)
    elif state != "approved":
        yield deny(*OVER[state], id_)
    elif permit.needs is None or missing(tx, permit.id, permit.needs, members):
        yield deny("permit.voters", "those who approved it may no longer decide it", id_)
    if permit.closure != rulebook.release.closure:
        message = f"it is for {permit.release}, and {rulebook.release.name} runs"
        yield deny("permit.release", message, id_)
    elif permit.binding != asked.verdict.binding:
        yield deny("permit.arguments", "it is for another call: tool, arguments and subject are to be the same", id_)
    if permit.policy != rulebook.policy:
        yield deny("permit.policy", "the fleet's ActionPolicy is another one than when it was asked for", id_)


def _use(tx: Transaction, permit: Permit, asked: Asked, taken: tuple[Taken, ...], now_ms: int, salt: bytes) -> Answered:
    """Use a permit that nothing speaks against. What it took of the quotas counts from now on."""
    used = tx.run(
        "UPDATE permits SET state = 'consumed', consumed = ?, demands = ?, shown = '' "
        "WHERE id = ? AND state = 'approved' AND expires > ?",
        *(now_ms, quotas.written(taken), permit.id, now_ms),
    )
    assert used == 1, "it is locked, and was approved"
    permit = msgspec.structs.replace(permit, state="consumed", consumed=now_ms, demands=taken, shown="")
    place = record(tx, "permit.consume", permit, asked.actor, {}, now_ms, salt)
    return Answered("allow", (allow("permit.used", "people permitted it", permit.id),), permit, place)
