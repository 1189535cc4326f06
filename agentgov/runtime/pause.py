"""Which pause stops an agent at the gate: those of the journal, and those of the store that the journal lacks yet.

An order is obeyed from the moment that the store has it. Once its act stands in the journal, the journal alone says how
long it holds: a person's signed `resume` there ends it here as well, and nothing else does. So a pause survives git
being away, a restart, and a store restored from a backup that never heard of it. Pure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from agentgov.journal.moves import former_ids
from agentgov.journal.pausing import pauses_on
from agentgov.journal.traits import selects
from agentgov.journal.view import View
from agentgov.model.names import AgentId
from agentgov.model.selector import by_name
from agentgov.model.state import Pause

Mode = Literal["stop", "read-only"]
_KEPT = 86_400  # seconds


@dataclass(frozen=True, slots=True)
class Order:
    """An order that stops the agents of a selector. Its id is that of its act, also before there is one."""

    id: str
    selector: str
    by: str  # id of a person, or of the bot that signed its act
    mode: Mode = "stop"
    reason: str = ""
    until: int = 0  # epoch seconds; 0 until somebody resumes it
    since: int = 0  # epoch milliseconds: when the store took it; of one that only the journal has, its journal time
    landed: int = 0  # the number of its act in the journal; 0 while it is not there

    def holds_at(self, now: int) -> bool:
        """Whether it is not over, at a moment in epoch seconds."""
        return self.until == 0 or now < self.until


NONE: tuple[Order, ...] = ()


@dataclass(frozen=True)
class Pauses:
    """Every order that is obeyed, with the state of the journal that it is read by."""

    view: View
    stored: tuple[Order, ...] = ()
    _found: dict[AgentId, tuple[Order, ...]] = field(default_factory=dict, compare=False, repr=False)

    def of(self, agent: AgentId, now: int) -> Order | None:
        """The order that stops an agent at a moment (epoch seconds), the strictest first; None where it may run."""
        found = self._found.get(agent)
        if found is None:
            found = self._found[agent] = tuple(self._on(agent))
        if not found:
            return None
        now = max(now, self.view.state.head.time)
        running = (order for order in found if order.holds_at(now))
        return min(running, key=lambda one: (one.mode != "stop", one.since, one.id), default=None)

    def all(self, now: int) -> tuple[Order, ...]:
        """Every order that is obeyed at a moment, oldest first."""
        journal = self.view.state.pauses()
        known = {one.id: one for one in self.stored}
        orders = [_of_journal(key, pause, known.get(key)) for key, pause in journal.items()]
        orders += self.waiting
        now = max(now, self.view.state.head.time)
        return tuple(sorted((one for one in orders if one.holds_at(now)), key=lambda one: (one.since, one.id)))

    @property
    def waiting(self) -> tuple[Order, ...]:
        """Those that the journal, as far as it is known here, cannot speak for yet."""
        seq, journal = self.view.state.head.seq, self.view.state.pauses()
        return tuple(one for one in self.stored if one.id not in journal and not 0 < one.landed <= seq)

    def _on(self, agent: AgentId) -> Iterable[Order]:
        known = {one.id: one for one in self.stored}
        for key, pause in pauses_on(self.view, agent).items():
            yield _of_journal(key, pause, known.get(key))
        former = tuple(former_ids(self.view, agent)) if self.waiting else ()
        for one in self.waiting:
            if selects(self.view, one.selector, agent) or any(by_name(one.selector, old) for old in former):
                yield one


def ended(orders: Iterable[Order], journal: Mapping[str, Pause], seq: int, now: int) -> tuple[str, ...]:
    """The ids of those that need not be kept: the journal ended them at an act that it is known up to, or they have
    been over for a day by the clock (epoch seconds)."""
    gone = (one for one in orders if one.id not in journal and 0 < one.landed <= seq)
    over = (one for one in orders if not one.holds_at(now - _KEPT))
    return tuple(sorted({one.id for one in (*gone, *over)}))


def _of_journal(key: str, pause: Pause, stored: Order | None) -> Order:
    """A pause of the journal as an order; what the store knows of it tells when, and who asked the gate."""
    if stored is not None:
        return replace(stored, landed=pause.seq)
    return Order(key, pause.selector, pause.by, pause.mode, pause.reason, pause.until, pause.time * 1000, pause.seq)
