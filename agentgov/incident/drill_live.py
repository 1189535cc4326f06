"""What a live drill measures: moments of the gate, from the failure on. Pure.

All are epoch milliseconds of the gate's own clock, 0 for what has not happened: `began`, the failure; `raised`, the
alert that a rule raised; `told`, the first message that arrived.
"""

import msgspec

from agentgov.model.playbook import Drill
from agentgov.model.units import parse_duration

DEFAULT_WAIT = 900  # seconds


class Moments(msgspec.Struct, frozen=True):
    """When what happened."""

    began: int
    raised: int = 0
    told: int = 0
    acknowledged: int = 0
    paused: int = 0
    rule: str = ""  # by which the alert was raised

    def measured(self) -> dict[str, float]:
        """Every metric that can be told, in seconds: alerting since the failure, and what people do since the alert."""
        found = {"time-to-alert": max(self.told - self.began, 0) / 1000} if self.told else {}
        ends = {"acknowledge": self.acknowledged, "pause": self.paused}
        since = self.raised or self.began
        return found | {f"time-to-{name}": max(end - since, 0) / 1000 for name, end in ends.items() if end}


def wait_for(drill: Drill) -> int:
    """How long to wait, in seconds: until the last of its objectives is missed."""
    targets = [parse_duration(one.target) for one in drill.objectives if not one.target.endswith("%")]
    return max(targets) if targets else DEFAULT_WAIT


def is_over(drill: Drill, moments: Moments) -> bool:
    """Whether everything was measured that its objectives ask for."""
    known = moments.measured()
    return all(one.metric in known for one in drill.objectives if one.metric.startswith("time-to-"))
