"""When a drill is due, by when it was last held. Pure; the last runs are the journal's.

A drill that was never held is due, and overdue by nothing: whoever writes the first one is not stopped by it.
"""

from dataclasses import dataclass
from typing import Literal

from agentgov.model.incident import DrillRun
from agentgov.model.playbook import Drill
from agentgov.model.units import parse_duration

State = Literal["due", "overdue", "held", "free"]
_LATEST = 253_402_300_799  # the last second that a calendar knows
SOON = 14 * 86_400  # a drill is due so long before it would be overdue, at most a quarter of its period


@dataclass(frozen=True, slots=True)
class Standing:
    """How a drill stands: `last` is when it was recorded, `due` when it is overdue; epoch seconds, None for neither."""

    name: str
    state: State
    last: int | None = None
    due: int | None = None


def standing_of(drill: Drill, run: DrillRun | None, now: int) -> Standing:
    """How one drill stands. `free`: nobody said how often it is held."""
    last = run.time if run is not None else None
    if not drill.every:
        return Standing(drill.name, "free", last)
    if last is None:
        return Standing(drill.name, "due")
    period = parse_duration(drill.every)
    due = min(last + period, _LATEST)
    if now > due:
        return Standing(drill.name, "overdue", last, due)
    return Standing(drill.name, "due" if now > due - min(SOON, period // 4) else "held", last, due)
