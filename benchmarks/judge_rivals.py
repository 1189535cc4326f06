"""Other ways to judge a canary, as simply as each can be written, for `bench_judge`: when would it be called worse?

A rival takes a canary's ticks, simultaneous counts of both arms, and answers the tick (from 1) at which it would have
failed it, or 0. They get what their documentation shows, or better: a threshold that fits the rate, and tests that wait
until their approximation holds. Stands for what others do, and is none of their code.
"""

from collections.abc import Callable, Sequence

from agentgov.release.judge import Counts

Line = Sequence[Counts]
Rival = Callable[[Line], int]

Z_01, Z_05 = 2.3263, 1.6449  # one-sided 1 % (the judge's alphaFail) and 5 %
THRESHOLD = 0.05  # of the canary's units of one tick: successCondition: result[0] >= 0.95
HOUR = 60  # ticks
ENOUGH = 10  # ticks before anything is tested: the normal approximation is poor below


def fixed(allowed: int) -> Rival:
    """Argo Rollouts' failureLimit, Flagger's threshold less one: more than `allowed` ticks above the threshold fail."""

    def first(line: Line) -> int:
        left = allowed
        for tick, counts in enumerate(line, 1):
            if counts.canary_bad > THRESHOLD * counts.canary_units:
                left -= 1
                if left < 0:
                    return tick
        return 0

    return first


def z_test(limit: float) -> Rival:
    """The pooled test of two proportions on all that was counted so far, looked at after every tick."""

    def first(line: Line) -> int:
        n = x = m = y = 0
        for tick, counts in enumerate(line, 1):
            n, x = n + counts.canary_units, x + counts.canary_bad
            m, y = m + counts.stable_units, y + counts.stable_bad
            pooled = (x + y) / (n + m)
            variance = pooled * (1 - pooled) * (1 / n + 1 / m)
            if tick >= ENOUGH and variance > 0 and x / n - y / m > limit * variance**0.5:
                return tick
        return 0

    return first


def ranks(every: int) -> Rival:
    """Mann-Whitney's U of the ticks' rates (Kayenta's judge asks for 98 %, two-sided), corrected for ties, looked at
    after every so many ticks."""

    def first(line: Line) -> int:
        seen = RankSum(max((counts.canary_units * counts.stable_units for counts in line), default=0))
        for tick, counts in enumerate(line, 1):
            seen.add(counts)
            if tick >= ENOUGH and tick % every == 0 and seen.z() > Z_01:
                return tick
        return 0

    return first


class RankSum:
    """U, kept up to date value by value; rates are whole multiples of 1/`scale`, so ties are exact."""

    def __init__(self, scale: int) -> None:
        self._scale = scale
        self._canary: dict[int, int] = {}
        self._stable: dict[int, int] = {}
        self._u = self._ties = 0.0
        self._looks = 0

    def add(self, counts: Counts) -> None:
        """One tick: the rate of each arm is one value."""
        canary = counts.canary_bad * self._scale // counts.canary_units
        stable = counts.stable_bad * self._scale // counts.stable_units
        self._tie(canary)
        self._canary[canary] = self._canary.get(canary, 0) + 1
        self._u += sum(n if value < canary else n / 2 for value, n in self._stable.items() if value <= canary)
        self._tie(stable)
        self._stable[stable] = self._stable.get(stable, 0) + 1
        self._u += sum(n if value > stable else n / 2 for value, n in self._canary.items() if value >= stable)
        self._looks += 1

    def z(self) -> float:
        """How many standard deviations U is above what equal arms give; half a rank for continuity."""
        n = self._looks
        variance = n * n / 12 * (2 * n + 1 - self._ties / (2 * n * (2 * n - 1)))
        return (self._u - n * n / 2 - 0.5) / variance**0.5 if variance > 0 else 0.0

    def _tie(self, value: int) -> None:
        """t^3 - t grows by 3t(t + 1) with one more of t equal values."""
        equal = self._canary.get(value, 0) + self._stable.get(value, 0)
        self._ties += 3 * equal * (equal + 1)


RIVALS: dict[str, Rival] = {
    "threshold 5 %, failureLimit 0 (Argo)": fixed(0),
    "threshold 5 %, failureLimit 3 (Argo)": fixed(3),
    "threshold 5 %, 5 checks (Flagger)": fixed(4),
    "z-test at 1 %, every tick": z_test(Z_01),
    "z-test at 5 %, every tick": z_test(Z_05),
    "Mann-Whitney at 1 %, every tick": ranks(1),
    "Mann-Whitney at 1 %, hourly (Kayenta)": ranks(HOUR),
}
