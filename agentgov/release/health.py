"""How a reconciler is doing, as one value: its loop fills it, metrics and health checks read it. Decides nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Health:
    """Counted since the process began (ticks, failures, conflicts, acts), and as it stands after the last tick."""

    ticks: int = 0  # that ended well
    failures: int = 0
    conflicts: int = 0  # pushes lost to somebody else, and tried again
    refused_acts: int = 0  # acts that the journal refused, so that one agent was left out
    queue: int = 0  # agents that have something due that was not written
    oldest_due: int | None = None  # since when the first of these is due, epoch seconds
    tip: str = ""  # of the journal as last verified
    seq: int = 0
    verified_at: int = 0  # epoch seconds, 0 for never
    journal_time: int = 0
    last_tick_seconds: float = 0.0
    acts: Mapping[str, int] = field(default_factory=dict)  # written, by kind
    stretch: bool = False  # whether the journal ends in what is no act
    stale: bool = False
    lag: Mapping[str, int] = field(default_factory=dict)  # acts that a follower has not delivered, by its name
    nodata: int = 0  # agents that should have counts and have none
