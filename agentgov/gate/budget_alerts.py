"""What happens at the limits of budgets, once in a window: people are told, and an agent is paused where that is said.

Shares of a limit are looked for beside the requests, a second after something was booked at most. That a limit is
reached is seen where more is asked for than is left of it, and little is left; only that may pause an agent. No answer
to an agent depends on any of it: what cannot be written down is complained of, and seen again with the next look.
"""

import asyncio
import logging
from collections.abc import Iterable, Iterator
from secrets import token_bytes
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from msgspec import structs

from agentgov.gate.ordering import pause_act
from agentgov.model.document import ENVIRONMENTS, Environment
from agentgov.model.names import AgentId
from agentgov.model.units import format_money
from agentgov.model.verdict import Reason
from agentgov.runtime.buckets import Bucket, agent_buckets, levels, names_of, used
from agentgov.runtime.budget_marks import (
    LIMIT,
    PAUSE,
    Mark,
    limit_asked,
    limit_mark,
    marks_of,
    pauses,
    said_of,
    take,
    usual_after,
)
from agentgov.runtime.budget_terms import Terms
from agentgov.runtime.known_terms import former_of, standing_terms
from agentgov.runtime.ledger import SALT
from agentgov.runtime.pause import Order
from agentgov.runtime.pausing import order_of, take_pause
from agentgov.runtime.reservations import Wanted
from agentgov.store.port import Transaction

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate

_ALL = 60.0  # seconds between two looks at every budget
_MOST = 100_000  # marks that are remembered, so that nobody asks the store for them again
_PAGE = 500  # agents of one look at the store
_log = logging.getLogger("agentgov.gate")


class _Spot(NamedTuple):
    """An agent in an environment, at some windows; "" for those of now."""

    agent: AgentId
    environment: Environment
    windows: str


class BudgetAlerts:
    """Those of one process; several of them may see the same thing, and one of them writes it down."""

    def __init__(self, gate: "Gate") -> None:
        self._gate = gate
        self._booked: dict[_Spot, None] = {}  # where nobody has looked since; in the order of their turn
        self._known: set[tuple[str, str]] = set()
        self._usual: dict[tuple[AgentId, Environment], int] = {}
        self._looked = float("-inf")

    def booked(self, agent: AgentId, environment: Environment, windows: str = "") -> None:
        """Something was booked in these windows, "" for those of now: look at them soon."""
        self._booked[_Spot(agent, environment, windows)] = None

    def settled(self, agent: AgentId, environment: Environment, amount: int) -> None:
        """An agent told what came of a reservation of so much: what it usually asks for."""
        key = agent, environment
        self._usual[key] = usual_after(self._usual.get(key, 0), amount)

    async def reached(self, want: Wanted, name: str, now_ms: int) -> None:
        """More was asked for than is left in a bucket of a chain."""
        bucket = next((one for one in want.chain if one.name == name), None)
        if bucket is None:
            return
        try:
            await self._reached(want, bucket, now_ms)
        except Exception as error:
            _log.warning("that a budget is spent cannot be told: %s", error)

    async def look(self) -> None:
        """Find the shares that were reached, where something was booked; now and then for all agents. Where that fails,
        the next look does it, and begins with what this one has not come to."""
        if monotonic() - self._looked > _ALL:
            self._looked = monotonic()
            self._booked |= dict.fromkeys(await asyncio.to_thread(self._everywhere))
        waiting = list(self._booked)
        for start in range(0, len(waiting), _PAGE):
            page = waiting[start : start + _PAGE]
            for spot in page:  # before it is looked at: what is booked meanwhile is for the next look
                del self._booked[spot]
            try:
                await self._look(page)
            except Exception:
                self._booked |= dict.fromkeys(page)
                raise

    def _everywhere(self) -> set[_Spot]:
        """Every agent that this process has looked at; one of which nobody has asked here spends elsewhere."""
        fleet = self._gate.fleet
        places = ((agent, place) for agent in fleet.agents() for place in ENVIRONMENTS)
        return {_Spot(agent, place, "") for agent, place in places if fleet.known(agent, place) is not None}

    async def _look(self, spots: Iterable[_Spot]) -> None:
        gate, now_ms = self._gate, self._gate.clock()
        parts = await asyncio.to_thread(lambda: list(self._parts(spots, now_ms)))
        names = list(names_of(bucket for _, _, _, bucket in parts))
        if not names:
            return
        found = await gate.read(lambda tx: levels(tx, dict.fromkeys(names)))
        marks: list[Mark] = []
        for spot, currency, terms, bucket in parts:
            who = str(spot.agent), spot.environment
            marks += marks_of(bucket, used(bucket, found).spent, terms, who, currency, now_ms)
        await self._write([one for one in marks if (one.bucket, one.mark) not in self._known], None, "")

    def _parts(self, spots: Iterable[_Spot], now_ms: int) -> Iterator[tuple[_Spot, str, Terms, Bucket]]:
        """The buckets on which a limit stands; each once, though many agents share those of their workspace."""
        fleet, seen = self._gate.fleet, set[str]()
        for spot in spots:
            currency, terms = standing_terms(fleet, spot.agent, spot.environment, self._gate.terms)
            if isinstance(terms, Reason) or not terms.all:
                continue
            windows = spot.windows or str(terms.windows(now_ms))
            former = former_of(fleet, spot.agent, spot.environment)
            for bucket in agent_buckets(spot.agent, spot.environment, windows, currency, former):
                if bucket.name not in seen and (bucket.scope, bucket.window) in terms.all:
                    seen.add(bucket.name)
                    yield spot, currency, terms, bucket

    async def _reached(self, want: Wanted, bucket: Bucket, now_ms: int) -> None:
        gate = self._gate
        _, terms = standing_terms(gate.fleet, want.agent, want.environment, gate.terms)
        most = None if isinstance(terms, Reason) else limit_asked(terms, bucket, want.amount)
        if isinstance(terms, Reason) or most is None:
            return
        stops = pauses(terms, bucket, want.environment)
        if (bucket.period, PAUSE if stops else LIMIT) in self._known:
            return
        level = used(bucket, await gate.read(lambda tx: levels(tx, names_of([bucket]))))
        mark = limit_mark(bucket, level, most, want, self._usual.get((want.agent, want.environment), 0), now_ms)
        if mark is None:
            return
        if not stops:
            await self._write([mark], None, "")
            return
        reason = f"The budget is spent: {bucket.said}, {format_money(most, mark.currency)}."
        act, text = await asyncio.to_thread(pause_act, gate, str(want.agent), "stop", 0, reason, now_ms)
        order = order_of(act, gate.actor.identity.id, now_ms)
        await self._write([mark, structs.replace(mark, mark=PAUSE)], order, text)
        await gate.control.refresh()
        gate.wake()

    async def _write(self, marks: list[Mark], order: Order | None, text: str) -> None:
        """Write down those that nobody has written yet; an order with its mark, or not at all."""
        if not marks:
            return

        def write(tx: Transaction) -> list[Mark]:
            new = [one for one in marks if take(tx, one, token_bytes(SALT))]
            if order is not None and any(one.mark == PAUSE for one in new):
                take_pause(tx, order, text, salt=token_bytes(SALT), actor="gate")
            return new

        for one in await self._gate.write(write, urgent=order is not None):
            self._gate.metrics.marked(one.mark)
            _log.warning("budget: %s", said_of(one))
        if len(self._known) > _MOST:
            self._known.clear()
        self._known |= {(one.bucket, one.mark) for one in marks}
