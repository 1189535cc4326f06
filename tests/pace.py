"""Time that passes only when somebody waits, for clients whose patience is tested."""

import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Pace:
    """A clock and its `sleep`. Real time passes too, so that what hangs is found out; `slept` is what was waited."""

    slept: list[float] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    def clock(self) -> float:
        """Seconds, of the real clock and of all waiting."""
        return time.monotonic() + sum(self.slept)

    def sleep(self, seconds: float) -> None:
        """Wait without waiting."""
        assert seconds >= 0
        self.slept.append(seconds)

    @property
    def waited(self) -> list[int]:
        """What was waited each time, in tenths of a second without the jitter."""
        return [int(seconds * 2) * 5 for seconds in self.slept]
