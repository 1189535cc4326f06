"""Money of an agent without a server: set aside in its store, and ended there, by the functions that a gate decides by.

What is over is ended in the turn of whoever asks, once a second at most: there is nobody else who would.
"""

import secrets
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeVar

import msgspec

from agentgov.errors import ConfigurationError
from agentgov.model.document import Environment
from agentgov.model.names import AgentId
from agentgov.model.rule_ids import rule
from agentgov.model.verdict import Reason
from agentgov.runtime import budget_marks, budgets, deliveries, permit_ends, spent_about
from agentgov.runtime.budgeting import Spender, wanted
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.known_terms import KnownTerms, former_of
from agentgov.runtime.ledger import tree_at
from agentgov.runtime.money_requests import ReservationAsk, SettleTell
from agentgov.runtime.pause_orders import Standing
from agentgov.runtime.reservations import (
    RANDOM,
    Found,
    Refuse,
    Release,
    Request,
    Reservation,
    Reserve,
    Settle,
    Wanted,
    fresh_id,
)
from agentgov.runtime.windows import day_of
from agentgov.sdk.answers import Reserved, why
from agentgov.sdk.errors import Denied
from agentgov.sdk.marking import Marking
from agentgov.store.port import Store, Transaction

_EVERY, _RARELY = 1_000, 300_000  # milliseconds between two times that what is over is ended, and what is old forgotten
_SALT = 16
T = TypeVar("T")


class Till:
    """That of one agent over one store."""

    def __init__(self, store: Store, agent: AgentId, environment: Environment, terms: KnownTerms) -> None:
        self._store, self._agent, self._environment, self._terms = store, agent, environment, terms
        self._swept, self._forgot, self._kept = 0, 0, ""
        self.marking = Marking(store, agent, environment, terms)

    def reserve(self, fleet: Fleet, standing: Standing, told: Mapping[str, Any], now_ms: int) -> Reserved:
        """Set money aside. Raises Denied where there is not so much left."""
        self.sweep(now_ms)
        try:
            ask = _read(told, ReservationAsk)
            estimate = ask.estimate
        except ValueError as error:
            raise ConfigurationError(str(error)) from None
        spender = Spender(fleet, self._terms, self._agent, self._environment)
        want, reason = wanted(spender, estimate, fresh_id(now_ms, secrets.token_bytes(RANDOM)), now_ms)
        want = ask.about(want)
        made, verdict = self._decided(Refuse(want, reason, now_ms) if reason else Reserve(want, standing, now_ms))
        limit = self.limit(fleet, want, verdict.reasons, now_ms)
        if (offence := verdict.first_offence) is not None:
            raise _refusal(offence, *limit)
        assert made is not None, "what is allowed is there"
        tree, again = self._agent.workspace, made.id != want.id
        if again:
            tree = self._store.read(lambda tx: tree_at(tx, made.agent, made.record, made.asked)).result()
        return Reserved(made.id, made.amount, made.currency, made.expires, again, tree, made.record)

    def end(
        self, fleet: Fleet, id_: str, how: Literal["settle", "release"], told: Mapping[str, Any], now_ms: int
    ) -> None:
        """Book what was spent, or give it back. Raises Denied where it ended in another way before."""
        caller, former = (str(self._agent), self._environment), former_of(fleet, self._agent, self._environment)
        if how == "release":
            self._ended(Release(id_, caller, now_ms, former))
            return
        try:
            spending = _read(told, SettleTell).spending
        except ValueError as error:
            raise ConfigurationError(str(error)) from None
        ended = self._ended(Settle(id_, caller, spending, now_ms, former))
        self.marking.settled(ended.amount)
        self.marking.booked(fleet, ended.day, now_ms)

    def limit(self, fleet: Fleet, want: Wanted, reasons: Iterable[Reason], now_ms: int) -> tuple[Reason, ...]:
        """Note where a limit is reached that these reasons name; why nobody pauses the agent, where that is said."""
        limit = next((one for one in reasons if one.rule in ("budget.exceeded", "budget.over")), None)
        lonely = self.marking.reached(fleet, want, limit.subject, now_ms) if limit is not None else None
        return (lonely,) if lonely is not None else ()

    def sweep(self, now_ms: int) -> None:
        """End what is over, and now and then forget what is old."""
        if 0 <= now_ms - self._swept < _EVERY:  # below, a clock was set back
            return
        self._swept = now_ms
        while self._store.write(lambda tx: budgets.expire(tx, now_ms)).result() == budgets.BATCH:
            pass
        while self._store.write(lambda tx: permit_ends.expire(tx, now_ms, _salt())).result() == permit_ends.MOST:
            pass
        if not 0 <= now_ms - self._forgot < _RARELY:
            self._forgot = now_ms
            self._store.write(lambda tx: self._forget(tx, now_ms)).result()

    def _forget(self, tx: Transaction, now_ms: int) -> None:
        budgets.forget(tx, now_ms)
        budget_marks.forget(tx, now_ms)
        deliveries.forget_held(tx, now_ms)
        spent_about.forget(tx, day_of(now_ms - spent_about.KEPT * 86_400_000))
        permit_ends.forget(tx, now_ms)
        self._kept = budgets.forget_buckets(tx, self._kept, now_ms)

    def _decided(self, request: Request) -> Found:
        found: Found = self._store.together(budgets.decide, request).result()
        return found

    def _ended(self, request: Request) -> Reservation:
        """End a reservation. Raises Denied where it ended in another way before."""
        found, verdict = self._decided(request)
        if (offence := verdict.first_offence) is not None:
            raise _refusal(offence)
        assert found is not None, "what is allowed is there"
        return found


def _read(told: Mapping[str, Any], kind: type[T]) -> T:
    try:
        return msgspec.convert(dict(told), kind)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None


def _refusal(reason: Reason, *others: Reason) -> Denied:
    known = rule(reason.rule)
    every = (reason, *others)
    said = "; ".join(one.message for one in every)
    return Denied(said, known.mend if known is not None else "", rule=reason.rule, reasons=tuple(map(why, every)))


def _salt() -> bytes:
    return secrets.token_bytes(_SALT)
