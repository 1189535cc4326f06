"""A store with budgets in it: a gate's transactions without HTTP around them, for agents of one workspace."""

import secrets
from collections.abc import Mapping
from concurrent.futures import Future
from threading import Event
from typing import Any

import msgspec
from actionworld import NOW
from patience import PATIENCE

from agentgov.model.names import AgentId
from agentgov.runtime import budgets
from agentgov.runtime.buckets import Level, Limits, agent_buckets, levels
from agentgov.runtime.budget_replay import differences
from agentgov.runtime.calls import Stopped
from agentgov.runtime.prices import Price
from agentgov.runtime.reservations import Found, Release, Request, Reserve, Settle, Spending, Wanted
from agentgov.runtime.windows import Scope, day_of
from agentgov.store.port import Store

UNIT = 1_000_000_000
PRICE = Price(3 * UNIT, 300_000_000, 15 * UNIT, 1_000_000)
REFUNDS, TRIAGE = AgentId("support", "refunds"), AgentId("support", "triage")
LIMITS: Limits = {("run", "run"): 30, ("agent", "day"): 100, ("agent", "month"): 150, ("workspace", "month"): 180}


class BudgetWorld:
    """Agents before one store, at a moment that a test moves."""

    def __init__(self, store: Store, limits: Limits = LIMITS) -> None:
        self.store, self.limits, self.now = store, limits, NOW
        self.paused: Stopped | None = None

    def reserve(
        self, key: str, amount: int, agent: AgentId = REFUNDS, run: str = "", price: Price | None = None, **more: Any
    ) -> Found:
        """Set an amount aside; `more` is of Wanted."""
        wanted = msgspec.structs.replace(self.wanted(key, amount, agent, run, price), **more)
        return self.decide(Reserve(wanted, lambda _: self.paused, self.now))

    def decide(self, request: Request) -> Found:
        """Have something decided, together with what others ask at the same moment."""
        return self.store.together(budgets.decide, request).result(PATIENCE)

    def wanted(
        self, key: str, amount: int, agent: AgentId = REFUNDS, run: str = "", price: Price | None = None
    ) -> Wanted:
        """What `reserve` asks for."""
        return Wanted(
            id=secrets.token_hex(16),
            key=key,
            agent=agent,
            environment="production",
            closure="c" * 64,
            request=f"{amount} {run}",
            run=run,
            day=day_of(self.now),
            currency="USD",
            amount=amount,
            price=price,
            limits=self.limits,
            details={},
        )

    def settle(self, id_: str, agent: AgentId = REFUNDS, **used: Any) -> Found:
        """Book what was spent; `amount` is in nano-units."""
        spending = Spending(**({"currency": "USD"} | used))
        return self.decide(Settle(id_, (str(agent), "production"), spending, self.now))

    def release(self, id_: str, agent: AgentId = REFUNDS) -> Found:
        """Give it back."""
        return self.decide(Release(id_, (str(agent), "production"), self.now))

    def hold(self) -> tuple["Future[bool]", Event]:
        """Keep the store busy until the event is set, so that what is asked meanwhile is decided together."""
        event = Event()
        return self.store.write(lambda _: event.wait(PATIENCE)), event

    def expire(self) -> int:
        """End what is over."""
        return self.store.write(lambda tx: budgets.expire(tx, self.now)).result(PATIENCE)

    def differences(self) -> tuple[str, ...]:
        """Where the store says something else than the ledger."""
        return self.store.read(lambda tx: differences(tx, self.now)).result(PATIENCE)

    def levels(self, agent: AgentId = REFUNDS) -> Mapping[tuple[Scope, str], Level]:
        """How full the buckets of an agent are today."""
        buckets = agent_buckets(agent, "production", day_of(self.now), "USD")
        found = self.store.read(lambda tx: levels(tx, [one.name for one in buckets])).result(PATIENCE)
        return {(one.scope, one.window): found.get(one.name, Level()) for one in buckets}

    def records(self) -> list[str]:
        """The types of all records, oldest first."""
        rows = self.store.read(lambda tx: tx.all("SELECT type FROM records ORDER BY seq")).result(PATIENCE)
        return [str(row[0]) for row in rows]
