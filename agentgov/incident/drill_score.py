"""How a drill came out: what was measured, against what it had to reach. Pure.

A duration is met when it was measured and is not longer than its target; a share when it is at least its target. What
was not measured is not met: nobody paused is no quick pause. The score is the weight of what was met, of 100.
"""

from collections.abc import Iterable, Mapping

import msgspec

from agentgov.model.playbook import Objective
from agentgov.model.units import parse_duration

PASS = 100  # a drill is passed when every objective is met


class Scored(msgspec.Struct, frozen=True, rename="camel"):
    """One objective and how it came out; `observed` is `340s`, `83%`, or `-` where nothing was measured."""

    id: str
    metric: str
    target: str
    observed: str
    met: bool
    weight: int


class Answered(msgspec.Struct, frozen=True):
    """One answer: in whose words, whether it is right, at which second of the drill, and how long it took."""

    id: str
    said: str
    right: bool
    at: int
    took: int


class Gap(msgspec.Struct, frozen=True):
    """Something that would have gone wrong on the day: who mends it, by when (YYYY-MM-DD), and how."""

    id: str
    gap: str
    owner: str
    due: str = ""
    do: str = ""


class Course(msgspec.Struct, frozen=True):
    """What the course of a drill gave: durations in seconds and shares from 0 to 1 by metric, how long it took by its
    own clock, the answers, and what was found to be missing on the way."""

    measured: dict[str, float]
    took: int
    answers: tuple[Answered, ...] = ()
    gaps: tuple[Gap, ...] = ()


class Result(msgspec.Struct, frozen=True):
    """A drill that was held. Times in epoch seconds; `measured` durations in seconds, shares from 0 to 1."""

    drill: str
    type: str
    agents: tuple[str, ...]
    started: int
    ended: int
    measured: dict[str, float]
    objectives: tuple[Scored, ...]
    gaps: tuple[Gap, ...]
    answers: tuple[Answered, ...] = ()
    title: str = ""
    took: int = 0  # seconds, by the drill's own clock

    @property
    def score(self) -> int:
        """The weight of what was met, of 100; rounded down, so that 100 means all."""
        return score_of(self.objectives)

    @property
    def passed(self) -> bool:
        """Whether every objective is met."""
        return self.score == PASS


def scored(objectives: Iterable[Objective], measured: Mapping[str, float]) -> tuple[Scored, ...]:
    """Every objective with what was measured of it."""
    return tuple(_scored(one, measured.get(one.metric)) for one in objectives)


def score_of(objectives: tuple[Scored, ...]) -> int:
    """The weight of what was met, of 100."""
    whole = sum(one.weight for one in objectives)
    return 100 * sum(one.weight for one in objectives if one.met) // whole if whole else 0


def is_share(target: str) -> bool:
    """Whether a target is a share to reach, not a duration not to exceed."""
    return target.endswith("%")


def _scored(one: Objective, value: float | None) -> Scored:
    if value is None:
        return Scored(one.id, one.metric, one.target, "-", False, one.weight)
    if is_share(one.target):
        met = value * 100 >= int(one.target[:-1])
        return Scored(one.id, one.metric, one.target, f"{int(value * 100)}%", met, one.weight)
    met = value <= parse_duration(one.target)
    return Scored(
        one.id, one.metric, one.target, f"{value:.0f}s" if value >= 1 or not value else f"{value:.1f}s", met, one.weight
    )
