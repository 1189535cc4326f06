"""Which order stops an agent at this gate, now, and which orders there are."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from agentgov.journal.pausing import pause_of
from agentgov.model.names import AgentId
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.lease import Stop

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate


@dataclass(frozen=True, slots=True)
class _OfJournal:
    id: str
    mode: Literal["stop", "read-only"]
    by: str
    reason: str
    until: int


def stop_of(gate: "Gate", fleet: Fleet, agent: AgentId, now_ms: int) -> Stop | None:
    """The order that stops an agent, the strictest first; None where it may run."""
    found = pause_of(fleet.view, agent, max(now_ms // 1000, fleet.time))
    if found is None:
        return None
    key = next(key for key, pause in fleet.view.state.pauses().items() if pause == found)
    return _OfJournal(key, found.mode, found.by, found.reason, found.until)


def is_known(gate: "Gate", pause: str) -> bool:
    """Whether an order of that id stands now."""
    return pause in gate.fleet.view.state.pauses()
