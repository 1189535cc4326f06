"""What a detector makes of what it saw: whether it fires, on which numbers, and if not, what held it back."""

from dataclasses import dataclass
from typing import Literal

State = Literal["firing", "held", "clear", "unknown"]


@dataclass(frozen=True, slots=True)
class Judged:
    """One answer of a detector.

    `firing`: an alert starts, or goes on. `held`: not enough to start one, and too much to end it. `clear`: it ends.
    `unknown`: nothing can be said, as without a baseline; that neither starts nor ends anything.
    """

    state: State
    said: str  # the numbers as part of a sentence: "12 of 40 runs failed in 1 h"
    held_by: str = ""  # which gate was not passed, in words; "" where it fires
    observed: float | None = None
    baseline: float | None = None
    count: int = 0
    chance: float | None = None  # of seeing this with nothing wrong
    about: tuple[tuple[str, str], ...] = ()  # labels that the alert has beside those of the agent

    def back(self, state: State, by: str) -> "Judged":
        """The same numbers, held back by a gate, so that they are in this state."""
        numbers = self.observed, self.baseline, self.count, self.chance
        return Judged(state, self.said, by, *numbers, self.about)  # `replace` takes twice as long, for every rule


_ORDER: tuple[State, ...] = ("firing", "held", "unknown", "clear")


def worst(judged: list[Judged]) -> Judged:
    """The one that counts of several about the same thing: firing before held before unknown before clear."""
    return min(judged, key=lambda one: _ORDER.index(one.state))


def share(part: float) -> str:
    """A share as people read it."""
    return f"{part * 100:.3g}%"


def chance_of(value: float) -> str:
    """A probability as people read it."""
    return f"{value:.1g}" if value >= 1e-300 else "1e-300"


def span(milliseconds: int) -> str:
    """A length of time in the largest whole unit."""
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000)):
        if milliseconds >= size and milliseconds % size == 0:
            return f"{milliseconds // size} {'min' if unit == 'm' else unit}"
    return f"{milliseconds // 60_000} min" if milliseconds >= 60_000 else f"{milliseconds // 1000} s"
