"""Asking for a permit and using it: what was decided is kept before anybody hears of it, and is used exactly once.

A request is decided by `decide_action` and kept under the caller's key: sent again, it is answered as before, but what
was allowed only for a while and until its outcome is told, or one key would be good for ever; another call under the
same key is refused. What is allowed is a permit that is used at once. Where people are asked, the permit
waits for them, and takes its part of the quotas meanwhile.

A permit is used by one conditional update, and only for exactly the call that it was asked for (by digest), while its
release and the fleet's ActionPolicy are what they were, while `decide_action` still does not deny, and while those who
approved it still may. Every decision leaves a record in the ledger in the same transaction.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from agentgov.model.document import Environment
from agentgov.model.names import AgentId
from agentgov.model.verdict import Reason, allow, deny, unknown
from agentgov.runtime import quotas
from agentgov.runtime.actions import decide_action
from agentgov.runtime.calls import ActionVerdict, Call, Stopped
from agentgov.runtime.ledger import Entry, append
from agentgov.runtime.pause_orders import Standing, read_orders
from agentgov.runtime.permit_notices import announce
from agentgov.runtime.permit_rows import COLUMNS, OPEN, Permit, lock, permit_of, record
from agentgov.runtime.permit_votes import Members, missing
from agentgov.runtime.rules import Rulebook
from agentgov.store.port import Transaction

REPEATED = 600_000  # milliseconds within which what was allowed is allowed again under its key
MOST_SHOWN = 8_000  # bytes of what people are shown
_OVER: Mapping[str, tuple[str, str]] = {
    "consumed": ("permit.consumed", "it was used before, and a permit is used once"),
    "denied": ("permit.denied", "somebody who was asked said no"),
    "expired": ("permit.expired", "nobody decided, or used it, in time"),
}
Used = Mapping[tuple[str, int], int]


class Asked(msgspec.Struct, frozen=True):
    """A request of an agent. `key` is its own, `id` is fresh; `verdict` is what was decided on what is in memory."""

    id: str
    key: str
    rulebook: Rulebook
    call: Call
    verdict: ActionVerdict

    @property
    def agent(self) -> AgentId:
        """Who asks."""
        return self.rulebook.agent

    @property
    def environment(self) -> Environment:
        """Where."""
        return self.rulebook.environment

    def again(self, paused: Stopped | None, used: Used, now_ms: int) -> ActionVerdict:
        """The verdict on what is stored."""
        return decide_action(self.rulebook, self.call, paused=paused, used=used, now_ms=now_ms)


class Answered(msgspec.Struct, frozen=True):
    """What an agent is told: the decision, why, the permit (None where it was denied), the place in the ledger, and
    whether its key was answered before."""

    decision: str
    reasons: tuple[Reason, ...]
    permit: Permit | None
    record: int
    again: bool = False


class KeyTakenError(Exception):
    """Another process took the key meanwhile. The transaction is undone; to ask again answers as the other did."""


def request(tx: Transaction, asked: Asked, standing: Standing, now_ms: int, salt: bytes) -> Answered:
    """Decide a request for good; `standing` reads what pauses the agent. Raises KeyTakenError."""
    known, stopped = _known(tx, asked), standing(read_orders(tx))
    verdict = asked.again(stopped, {}, now_ms) if stopped is not None else asked.verdict
    if known is not None and known.binding != verdict.binding:
        taken = deny("action.key", "another call was asked for under this key", asked.call.tool)
        verdict = ActionVerdict((taken,))
    if known is None and verdict.decision != "deny":
        used = quotas.seen(tx, verdict.demands, now_ms)
        verdict = asked.again(stopped, used, now_ms) if _over(verdict, used) else verdict
    if verdict.decision == "deny":
        return _denied(tx, asked, verdict, now_ms, salt)
    if known is not None:
        return _again(known, verdict, now_ms)
    permit = _permit(asked, verdict, quotas.take(tx, verdict.demands, now_ms), now_ms)
    place = record(tx, f"action.{verdict.decision}", permit, _actor(asked), _payload(asked, verdict), now_ms, salt)
    permit = msgspec.structs.replace(permit, record=place)
    if not _keep(tx, permit):
        raise KeyTakenError
    if permit.state == "pending":
        announce(tx, permit.id, now_ms)
    return Answered(verdict.decision, verdict.reasons, permit, place)


def refuse(
    tx: Transaction, agent: str, environment: Environment, tool: str, reason: Reason, now_ms: int, salt: bytes
) -> int:
    """Record a denial where there is no release whose rules could be asked; its place in the ledger."""
    body = msgspec.json.encode({"reasons": _told((reason,)), "tool": tool[:128]}, order="sorted")
    entry = Entry("action.deny", agent, f"agent:{agent}@{environment}", environment, payload=body)
    return append(tx, entry, now_ms, salt).seq


def consume(
    tx: Transaction, id_: str, asked: Asked, standing: Standing, members: Members, now_ms: int, salt: bytes
) -> Answered:
    """Use a permit that people gave, once. `asked.verdict` is what is decided about the call as it is now."""
    permit = lock(tx, id_)
    if permit is None or (permit.agent, permit.environment) != (str(asked.agent), asked.environment):
        return Answered("deny", (deny("permit.unknown", "this agent has no such permit here"),), None, -1)
    reasons = tuple(_unusable(tx, permit, asked, members, now_ms))
    if not reasons:
        used = quotas.seen(tx, asked.verdict.demands, now_ms, permit.demands)
        verdict = asked.again(standing(read_orders(tx)), used, now_ms)
        if verdict.decision != "deny":
            return _use(tx, permit, asked, verdict, now_ms, salt)
        reasons = verdict.reasons
    place = record(tx, "permit.refuse", permit, _actor(asked), {"reasons": _told(reasons)}, now_ms, salt)
    waits = len(reasons) == 1 and reasons[0].rule == "permit.pending"
    return Answered("ask" if waits else "deny", reasons, permit, place)


def _unusable(tx: Transaction, permit: Permit, asked: Asked, members: Members, now_ms: int) -> Iterator[Reason]:
    """Why a permit cannot be used for a call: all of it, so that nobody has to try again to learn the next."""
    state, id_, rulebook = permit.at(now_ms), permit.id, asked.rulebook
    if state == "pending":
        yield unknown("permit.pending", "people have not decided yet", id_)
    elif state != "approved":
        yield deny(*_OVER[state], id_)
    elif permit.needs is None or missing(tx, permit.id, permit.needs, members):
        yield deny("permit.voters", "those who approved it may no longer decide it", id_)
    if permit.closure != rulebook.release.closure:
        message = f"it is for {permit.release}, and {rulebook.release.name} runs"
        yield deny("permit.release", message, id_)
    elif permit.binding != asked.verdict.binding:
        yield deny("permit.arguments", "it is for another call: tool, arguments and subject are to be the same", id_)
    if permit.policy != rulebook.policy:
        yield deny("permit.policy", "the fleet's ActionPolicy is another one than when it was asked for", id_)


def _use(tx: Transaction, permit: Permit, asked: Asked, verdict: ActionVerdict, now_ms: int, salt: bytes) -> Answered:
    """Use a permit that nothing speaks against. What it took of the quotas counts from now on."""
    quotas.give_back(tx, permit.demands)
    taken = quotas.take(tx, verdict.demands, now_ms)
    used = tx.run(
        "UPDATE permits SET state = 'consumed', consumed = ?, demands = ?, shown = '' "
        "WHERE id = ? AND state = 'approved' AND expires > ?",
        *(now_ms, quotas.written(taken), permit.id, now_ms),
    )
    assert used == 1, "it is locked, and was approved"
    permit = msgspec.structs.replace(permit, state="consumed", consumed=now_ms, demands=taken, shown="")
    place = record(tx, "permit.consume", permit, _actor(asked), {}, now_ms, salt)
    return Answered("allow", (allow("permit.used", "people permitted it", permit.id),), permit, place)


def _known(tx: Transaction, asked: Asked) -> Permit | None:
    sql = f"SELECT {COLUMNS} FROM permits WHERE agent = ? AND environment = ? AND permit_key = ?"  # noqa: S608 - ours
    row = tx.one(sql, str(asked.agent), asked.environment, asked.key)
    return permit_of(row) if row is not None else None


def _over(verdict: ActionVerdict, used: Used) -> bool:
    return any(one.amount > one.limit - used[one.meter, one.window_ms] for one in verdict.demands)


def _again(permit: Permit, verdict: ActionVerdict, now_ms: int) -> Answered:
    """The same request once more: as it was answered, or what has become of it since."""
    state = permit.at(now_ms)
    if permit.needs is None and not permit.outcome and now_ms - permit.asked < REPEATED:
        return Answered("allow", verdict.reasons, permit, permit.record, again=True)
    if state in OPEN:
        return Answered("ask", verdict.reasons, permit, permit.record, again=True)
    return Answered("deny", (deny(*_OVER[state], permit.id),), permit, permit.record, again=True)


def _denied(tx: Transaction, asked: Asked, verdict: ActionVerdict, now_ms: int, salt: bytes) -> Answered:
    refs = {"tool": asked.call.tool if asked.call.tool.isascii() and len(asked.call.tool) <= 128 else ""}
    refs |= {"binding": verdict.binding} if verdict.binding else {}
    body = msgspec.json.encode(_payload(asked, verdict), order="sorted")
    closure = asked.rulebook.release.closure
    subject = asked.call.subject
    entry = Entry("action.deny", str(asked.agent), _actor(asked), asked.environment, closure, refs, body, subject)
    return Answered("deny", verdict.reasons, None, append(tx, entry, now_ms, salt).seq)


def _permit(asked: Asked, verdict: ActionVerdict, taken: tuple[quotas.Taken, ...], now_ms: int) -> Permit:
    needs, release = verdict.needs, asked.rulebook.release
    waits = needs is not None
    return Permit(
        id=asked.id,
        agent=str(asked.agent),
        environment=asked.environment,
        key=asked.key,
        state="pending" if waits else "consumed",
        tool=asked.call.tool,
        release=release.name,
        closure=release.closure,
        binding=verdict.binding,
        policy=asked.rulebook.policy,
        subject=asked.call.subject,
        needs=needs,
        shown=shown(asked, needs.show) if needs is not None else "",
        demands=taken,
        asked=now_ms,
        expires=now_ms + needs.within * 1000 if needs is not None else now_ms,
        decided=0 if waits else now_ms,
        consumed=0 if waits else now_ms,
        outcome="",
        record=-1,
    )


def _keep(tx: Transaction, permit: Permit) -> bool:
    """Write a new permit down; False where its key is taken."""
    needs = msgspec.json.encode(permit.needs).decode() if permit.needs is not None else ""
    values = (permit.policy, permit.subject, needs, permit.shown, quotas.written(permit.demands))
    added = tx.run(
        f"INSERT INTO permits ({COLUMNS}, votes) VALUES ({', '.join('?' * 20)}, 0) "  # noqa: S608 - our own words
        "ON CONFLICT (agent, environment, permit_key) DO NOTHING",
        *(permit.id, permit.agent, permit.environment, permit.key, permit.state, permit.tool, permit.release),
        *(permit.closure, permit.binding, *values, permit.asked, permit.expires, permit.decided, permit.consumed),
        *(permit.outcome, permit.record),
    )
    return added == 1


def shown(asked: Asked, names: Iterable[str]) -> str:
    """What the rule wants people to see, as JSON; what is too long is left out, and said to be."""
    whole: dict[str, Any] = {**asked.rulebook.facts, "args": asked.call.arguments, "tool": asked.call.tool}
    whole["subject"] = asked.call.subject
    found: dict[str, Any] = {}
    for name in names:
        value: Any = whole
        for step in name.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        found[name] = value
    text = msgspec.json.encode(found).decode()
    return text if len(text) <= MOST_SHOWN else msgspec.json.encode(dict.fromkeys(found, "too long to show")).decode()


def _payload(asked: Asked, verdict: ActionVerdict) -> dict[str, Any]:
    """What is kept beside the record: why, and the arguments where the agent says `payloads: full`."""
    payload: dict[str, Any] = {"key": asked.key, "reasons": _told(verdict.reasons), "tool": asked.call.tool[:128]}
    if asked.rulebook.release.agent.spec.audit.payloads == "full" and verdict.binding:
        payload |= {"args": asked.call.arguments, "subject": asked.call.subject}
    return payload


def _told(reasons: Iterable[Reason]) -> list[str]:
    return [f"{reason.rule}: {reason.message}" for reason in reasons]


def _actor(asked: Asked) -> str:
    return f"agent:{asked.agent}@{asked.environment}"
