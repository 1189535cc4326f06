"""Which order stops an agent at this gate, now, and which orders there are: of the journal, and those of the store."""

from typing import TYPE_CHECKING

from agentgov.model.names import AgentId
from agentgov.runtime.lease import Stop

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate


def stop_of(gate: "Gate", agent: AgentId, now_ms: int) -> Stop | None:
    """The order that stops an agent, the strictest first; None where it may run."""
    return gate.pauses.of(agent, now_ms // 1000)


def is_known(gate: "Gate", pause: str) -> bool:
    """Whether an order of that id stands now."""
    return any(one.id == pause for one in gate.pauses.all(gate.clock() // 1000))
