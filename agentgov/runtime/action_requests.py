"""What agents ask before they act, decided for good: many requests in one transaction, by a few statements for all.

A request is decided by `decide_action` and kept under the caller's key: sent again, it is answered as before, but what
was allowed only for a while and until its outcome is told, or one key would be good for ever; another call under the
same key is refused. What is allowed is a permit that is used at once. Where people are asked, the permit waits for
them, and takes its part of the quotas meanwhile.

What the requests are about is read, they are decided on those values one after the other, each seeing what the ones
before it took, and what has changed is written with a record for each: what was decided is kept before anybody hears of
it. Writers of a store take turns until their commit, so nobody comes in between.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from agentgov.model.document import Environment
from agentgov.model.names import AgentId
from agentgov.model.verdict import Reason, Verdict, deny
from agentgov.runtime import budgets
from agentgov.runtime.accounts import Accounts
from agentgov.runtime.actions import decide_action
from agentgov.runtime.calls import ActionVerdict, Call, Stopped
from agentgov.runtime.ledger import Entry, append_all
from agentgov.runtime.pause import Order
from agentgov.runtime.pause_orders import Standing, read_orders
from agentgov.runtime.permit_rows import COLUMNS, OPEN, Permit, entry_of, permit_of, row_of, tell
from agentgov.runtime.quotas import Meters, Taken
from agentgov.runtime.reservations import Reserve, Wanted
from agentgov.runtime.rules import Rulebook
from agentgov.runtime.tool_money import of_permit
from agentgov.runtime.vault import Seal
from agentgov.store.port import Transaction

REPEATED = 600_000  # milliseconds within which what was allowed is allowed again under its key
MOST_SHOWN = 8_000  # bytes of what people are shown
OVER: Mapping[str, tuple[str, str]] = {
    "consumed": ("permit.consumed", "it was used before, and a permit is used once"),
    "denied": ("permit.denied", "somebody who was asked said no"),
    "expired": ("permit.expired", "nobody decided, or used it, in time"),
}
Used = Mapping[tuple[str, int], int]
_BY_KEY = (
    f"SELECT {COLUMNS} FROM (?) AS asked_for CROSS JOIN permits "  # noqa: S608 - our own words
    "WHERE agent = asked_for.column1 AND environment = asked_for.column2 AND permit_key = asked_for.column3"
)
_KEEP = f"INSERT INTO permits ({COLUMNS}, votes) VALUES ({', '.join('?' * 21)})"  # noqa: S608 - our own words


class Asked(msgspec.Struct, frozen=True):
    """A request of an agent. `key` is its own, `id` is fresh; `verdict` is what was decided on what is in memory;
    `money` is what the action costs, None for nothing, or why nothing can be set aside for it; `seal` is there where
    arguments are kept encrypted."""

    id: str
    key: str
    rulebook: Rulebook
    call: Call
    verdict: ActionVerdict
    money: Wanted | Reason | None = None
    seal: Seal | None = None

    @property
    def agent(self) -> AgentId:
        """Who asks."""
        return self.rulebook.agent

    @property
    def environment(self) -> Environment:
        """Where."""
        return self.rulebook.environment

    @property
    def actor(self) -> str:
        """Who asks, as the ledger says it."""
        return f"agent:{self.agent}@{self.environment}"

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


class Request(msgspec.Struct, frozen=True):
    """Decide what an agent asks; `standing` reads what pauses it."""

    asked: Asked
    standing: Standing
    now_ms: int
    salt: bytes

    @property
    def reserve(self) -> Reserve:
        """What is to be set aside for it; it costs something."""
        money, needs = self.asked.money, self.asked.verdict.needs
        assert isinstance(money, Wanted), "it costs something"
        within = needs.within * 1000 if needs is not None else 0
        call = self.asked.call
        wanted = msgspec.structs.replace(money, subject=call.subject, purpose=call.purpose)
        return Reserve(of_permit(wanted, self.asked.id, within), self.standing, self.now_ms)


class Refusal(msgspec.Struct, frozen=True):
    """Record a denial where there is no release whose rules could be asked."""

    agent: str
    environment: Environment
    tool: str
    reason: Reason
    now_ms: int
    salt: bytes
    subject: str = ""
    purpose: str = ""


def decide(tx: Transaction, requests: Sequence[Request | Refusal]) -> Sequence[Answered]:
    """The answer to each request, in their order; what they change is written."""
    now_ms = max(one.now_ms for one in requests)
    asked = [one.asked for one in requests if isinstance(one, Request)]
    keys = {(str(one.agent), one.environment, one.key) for one in asked}
    known = [permit_of(row) for row in tx.among(_BY_KEY, tuple(keys))]
    meters = Meters(tx, [demand for one in asked for demand in one.verdict.demands], now_ms)
    money = [one.reserve for one in requests if isinstance(one, Request) and isinstance(one.asked.money, Wanted)]
    accounts = budgets.opened(tx, money) if money else Accounts((), (), {})
    desk = _Desk(known, read_orders(tx) if asked else (), meters, accounts)
    found = [desk.request(one) if isinstance(one, Request) else desk.refuse(one) for one in requests]
    receipts = append_all(tx, [entry for entry, _ in desk.noted], now_ms, b"".join(salt for _, salt in desk.noted))
    places = [receipt.seq for receipt in receipts]
    made = [msgspec.structs.replace(one, record=_place(one.record, places)) for one in desk.made]
    tx.many(_KEEP, [(*row_of(one), 0) for one in made])
    meters.write(tx)
    if money:
        budgets.write(tx, accounts, now_ms)
    for one in made:
        if one.state == "pending":
            tell(tx, one.id, "pending", one.asked)
    return [_placed(one, places) for one in found]


class _Desk:
    """Decides on values. The place of a record that is not written yet is below 0: -1 for the first of `noted`."""

    def __init__(self, known: Iterable[Permit], orders: tuple[Order, ...], meters: Meters, accounts: Accounts) -> None:
        self._known = {(one.agent, one.environment, one.key): one for one in known}
        self._orders, self._meters, self._accounts = orders, meters, accounts
        self.noted: list[tuple[Entry, bytes]] = []
        self.made: list[Permit] = []

    def request(self, request: Request) -> Answered:
        asked, now_ms = request.asked, request.now_ms
        key = str(asked.agent), asked.environment, asked.key
        known, verdict = self._known.get(key), self._verdict(request)
        if known is not None and known.binding != verdict.binding:
            taken = deny("action.key", "another call was asked for under this key", asked.call.tool)
            verdict = ActionVerdict((taken,))
        if known is None and verdict.decision != "deny":
            verdict = self._with_quotas(request, verdict)
        if known is None and verdict.decision != "deny":
            verdict = self._with_money(request, verdict)
        if verdict.decision == "deny":
            return Answered("deny", verdict.reasons, None, self._note(_denial(asked, verdict), request.salt))
        if known is not None:
            return _again(known, verdict, now_ms)
        permit = _permit(asked, verdict, self._meters.take(verdict.demands, now_ms), now_ms)
        entry = entry_of(f"action.{verdict.decision}", permit, asked.actor, _payload(asked, verdict))
        if asked.call.purpose or asked.seal is not None:
            entry = msgspec.structs.replace(entry, purpose=asked.call.purpose, seal=asked.seal)
        permit = msgspec.structs.replace(permit, record=self._note(entry, request.salt))
        self._known[key] = permit
        self.made.append(permit)
        return Answered(verdict.decision, verdict.reasons, permit, permit.record)

    def refuse(self, refusal: Refusal) -> Answered:
        agent, environment = refusal.agent, refusal.environment
        body = msgspec.json.encode({"reasons": told((refusal.reason,)), "tool": refusal.tool[:128]}, order="sorted")
        said = agent, f"agent:{agent}@{environment}", environment
        entry = Entry("action.deny", *said, payload=body, subject=refusal.subject, purpose=refusal.purpose)
        return Answered("deny", (refusal.reason,), None, self._note(entry, refusal.salt))

    def _verdict(self, request: Request) -> ActionVerdict:
        stopped = request.standing(self._orders)
        asked = request.asked
        return asked.again(stopped, {}, request.now_ms) if stopped is not None else asked.verdict

    def _with_quotas(self, request: Request, verdict: ActionVerdict) -> ActionVerdict:
        """The same verdict where the quotas have so much left."""
        used = self._meters.seen(verdict.demands)
        if not any(one.amount > one.limit - used[one.meter, one.window_ms] for one in verdict.demands):
            return verdict
        return request.asked.again(request.standing(self._orders), used, request.now_ms)

    def _with_money(self, request: Request, verdict: ActionVerdict) -> ActionVerdict:
        """The same verdict where what it costs is set aside; the last thing that is asked, for it changes accounts."""
        money = request.asked.money
        if money is None:
            return verdict
        told = self._accounts.decide(request.reserve)[1] if isinstance(money, Wanted) else Verdict((money,))
        if (offence := told.first_offence) is not None:
            return ActionVerdict((offence,), binding=verdict.binding)
        return replace(verdict, reasons=(*verdict.reasons, *(one for one in told.reasons if one.rule == "budget.over")))

    def _note(self, entry: Entry, salt: bytes) -> int:
        self.noted.append((entry, salt))
        return -len(self.noted)


def _place(record: int, places: Sequence[int]) -> int:
    return record if record >= 0 else places[-1 - record]


def _placed(answer: Answered, places: Sequence[int]) -> Answered:
    permit, record = answer.permit, _place(answer.record, places)
    if permit is not None and permit.record < 0:
        permit = msgspec.structs.replace(permit, record=_place(permit.record, places))
    return msgspec.structs.replace(answer, permit=permit, record=record)


def _again(permit: Permit, verdict: ActionVerdict, now_ms: int) -> Answered:
    """The same request once more: as it was answered, or what has become of it since."""
    state = permit.at(now_ms)
    if permit.needs is None and not permit.outcome and now_ms - permit.asked < REPEATED:
        return Answered("allow", verdict.reasons, permit, permit.record, again=True)
    if state in OPEN:
        return Answered("ask", verdict.reasons, permit, permit.record, again=True)
    return Answered("deny", (deny(*OVER[state], permit.id),), permit, permit.record, again=True)


def _denial(asked: Asked, verdict: ActionVerdict) -> Entry:
    refs = {"tool": asked.call.tool if _is_plain(asked.call.tool) else ""}
    refs |= {"binding": verdict.binding} if verdict.binding else {}
    body = msgspec.json.encode(_payload(asked, verdict), order="sorted")
    closure, subject = asked.rulebook.release.closure, asked.call.subject
    said = str(asked.agent), asked.actor, asked.environment, closure
    return Entry("action.deny", *said, refs, body, subject, asked.call.purpose, seal=asked.seal)


def _is_plain(tool: str) -> bool:
    """Whether it can be the name of a tool, so that records are found by it."""
    return tool.isascii() and tool.isprintable() and len(tool) <= 128


def _permit(asked: Asked, verdict: ActionVerdict, taken: tuple[Taken, ...], now_ms: int) -> Permit:
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
    """What is kept beside the record: why, and the arguments where the agent says `payloads: full`, or
    `encrypted` and there is a key for it."""
    payload: dict[str, Any] = {"key": asked.key, "reasons": told(verdict.reasons), "tool": asked.call.tool[:128]}
    payload |= {"refs": dict(asked.call.refs)} if asked.call.refs else {}
    kept = asked.rulebook.release.agent.spec.audit.payloads
    if (kept == "full" or asked.seal is not None) and verdict.binding:
        payload |= {"args": asked.call.arguments, "subject": asked.call.subject}
    return payload


def told(reasons: Iterable[Reason]) -> list[str]:
    """Reasons as the ledger keeps them."""
    return [f"{reason.rule}: {reason.message}" for reason in reasons]
