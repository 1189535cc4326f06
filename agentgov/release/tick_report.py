"""What one tick did and saw, as a value that commands and tests read. Decides nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agentgov.journal.authorise import Advance
from agentgov.journal.view import View
from agentgov.model.names import AgentId
from agentgov.model.verdict import Reason
from agentgov.release.view import Decision


@dataclass(frozen=True, slots=True)
class Report:
    """What one tick did and saw: subjects of the acts written, decisions by agent, what is refused and why."""

    view: View
    acts: tuple[str, ...]
    decisions: Mapping[AgentId, Decision]
    advance: Advance
    refused: tuple[Reason, ...] = ()  # tags that are no releases
    notes: tuple[Reason, ...] = ()
    kinds: Mapping[str, int] = field(default_factory=dict)  # how many acts of each kind were written
    lag: Mapping[str, int] = field(default_factory=dict)  # how many acts each target is behind that follows
    restless: bool = False  # whether something is left to do, by it or by somebody who follows
    busy: bool = False  # whether it, or somebody who follows, would go on at once
    left: int = 0  # acts that were due, and agents with new tags, that are left to the next tick
