"""An alert rule as detectors read it: durations in milliseconds, defaults filled in, chances scaled to the volume."""

from collections.abc import Sequence
from dataclasses import dataclass

from agentgov.alerts import drift
from agentgov.alerts.baseline import DAY, HOUR
from agentgov.alerts.burning import Pair
from agentgov.model.policies import AlertRule
from agentgov.model.units import parse_duration

FAST = (Pair(14.4, HOUR, 300_000), Pair(6, 6 * HOUR, 1_800_000))
SLOW = (Pair(1, 3 * DAY, 6 * HOUR),)
LEAST_RATE, TIMES_BASELINE, WITHOUT = 0.01, 2.0, 0.05  # the allowance of whoever names none
_FALSE_ALARMS = 0.05  # of one rule, an agent and a week: a bound, since windows overlap and the allowance is generous
_LEAST_TESTS = 10.0  # a week
_AFTER = {"silence": 1800, "permit-waiting": 3600, "pause-unacknowledged": 300, "overdue-review": 0}  # seconds


@dataclass(frozen=True, slots=True)
class Watched:
    """One rule that holds, whether it is the fleet's or a default."""

    rule: AlertRule
    pairs: tuple[Pair, ...]
    after: int  # milliseconds
    slack: float
    limit: float
    default: bool = False

    @property
    def name(self) -> str:
        """What alerts of it are called."""
        return self.rule.name

    def allowance(self, bad: int, total: int) -> float:
        """What share of events may be bad: as the rule says, else twice the baseline's, and a hundredth at least. One
        more bad event is assumed than was seen: of few runs, none failing says little."""
        if self.rule.allowance:
            return self.rule.allowance
        return max(LEAST_RATE, TIMES_BASELINE * (bad + 1) / (total + 2)) if total >= drift.LEAST else WITHOUT

    def chance(self, tests: float) -> float:
        """How unlikely something has to be that is looked at so many times a week."""
        return (self.rule.false_alarms or _FALSE_ALARMS) / (max(tests, _LEAST_TESTS) * max(len(self.pairs), 1))

    def limit_for(self, runs: float) -> float:
        """The limit of the CUSUM for so many runs a week."""
        return drift.limit_of(self.limit, self.slack, runs)


def watched(rule: AlertRule, *, default: bool = False) -> Watched:
    """A rule, made ready."""
    pairs = tuple(_pair(one.factor, one.windows) for one in rule.burn)
    if not pairs and rule.signal in ("errors", "denials", "spend"):
        pairs = FAST if rule.severity == "page" else SLOW
    after = parse_duration(rule.after) if rule.after else _AFTER.get(rule.signal, 0)
    return Watched(rule, pairs, after * 1000, rule.slack or drift.SLACK, rule.limit or drift.LIMIT, default)


def _pair(factor: float, windows: Sequence[str]) -> Pair:
    first, second = (parse_duration(one) * 1000 for one in windows)
    return Pair(factor, max(first, second), min(first, second))
