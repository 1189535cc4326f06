"""How a reconciler is doing, as one value: its loop fills it, metrics and health checks read it. Decides nothing."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from agentgov.release.order import Turns
from agentgov.release.tick_report import Report


@dataclass(frozen=True, slots=True)
class Health:
    """Counted since the process began (ticks, failures, conflicts, acts), and as it stands after the last tick."""

    ticks: int = 0  # that ended well
    failures: int = 0
    conflicts: int = 0  # pushes lost to somebody else, and tried again
    refused_acts: int = 0  # agents whose act the journal refused, and that are left out for now
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
    nodata: int = 0  # agents that should have counts and have none
    lag: Mapping[str, int] = field(default_factory=dict)  # how many acts each target of delivery is behind


@dataclass(slots=True)
class Pulse:
    """Counts what a reconciler does. `latest` is read by other threads: one whole value at a time."""

    latest: Health = field(default_factory=Health)
    turned_at: float = 0.0  # when the loop last turned, by the clock that it was told
    reached: bool = False  # whether the last look reached the remote and its journal held

    def turned(self, at: float, reached: bool = True) -> None:
        """The loop is alive, whatever it found."""
        self.turned_at, self.reached = at, reached

    def ticked(self, report: Report, turns: Turns, lost: int, seconds: float, now: int) -> None:
        """A tick ended well; `lost` races so far, `now` in epoch seconds."""
        before, view = self.latest, report.view
        kinds = Counter(before.acts)
        kinds.update(report.kinds)
        waits = [wait for decision in report.decisions.values() for wait in decision.waits]
        self.latest = Health(
            ticks=before.ticks + 1,
            failures=before.failures,
            conflicts=lost,
            refused_acts=len(turns.refused),
            queue=len(turns.since),
            oldest_due=turns.oldest,
            tip=view.tip,
            seq=view.state.head.seq,
            verified_at=now,
            journal_time=view.state.head.time,
            last_tick_seconds=seconds,
            acts=kinds,
            stretch=view.stretch is not None,
            stale=view.is_stale(now),
            nodata=sum(wait.gate == "data" for wait in waits),
            lag=report.lag,
        )

    def failed(self, at: float) -> None:
        """A look or a tick failed."""
        self.turned(at, reached=False)
        self.latest = replace(self.latest, failures=self.latest.failures + 1)
