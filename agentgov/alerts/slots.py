"""What there was in the last five minutes, hour, three days: sums by the minute over several windows at once.

Adding and asking cost the same whatever the window: each keeps its sum, and forgets what has left it.
"""

from bisect import bisect_left
from collections.abc import Iterable

MINUTE = 60_000
_LOOSE = 512  # minutes that are over, before the lists are cut


class Slots:
    """Events of one kind: how many (or how much), and how many of them were bad. Windows are milliseconds that end
    now; time never goes back."""

    __slots__ = ("_bads", "_heads", "_now", "_sums", "_times", "_totals", "windows")

    def __init__(self, windows: Iterable[int]) -> None:
        self.windows = tuple(sorted(set(windows)))
        self._times: list[int] = []
        self._totals: list[int] = []
        self._bads: list[int] = []
        self._heads = dict.fromkeys(self.windows, 0)
        self._sums = {window: [0, 0] for window in self.windows}
        self._now = 0

    def add(self, at: int, total: int = 1, bad: int = 0) -> None:
        """So much happened at a moment (epoch milliseconds), which may be an earlier one."""
        minute = at - at % MINUTE
        last = self._times[-1] if self._times else -1
        if minute > last:
            self._times.append(minute)
            self._totals.append(total)
            self._bads.append(bad)
            where = len(self._times) - 1
        else:
            where = bisect_left(self._times, minute)
            if self._times[where] != minute:
                self._insert(where, minute)
            self._totals[where] += total
            self._bads[where] += bad
        for window, sums in self._sums.items():
            if where >= self._heads[window]:
                sums[0] += total
                sums[1] += bad

    def within(self, window: int, now_ms: int) -> tuple[int, int]:
        """How many there were in the window that ends now, and how many of them bad. ValueError if time goes back."""
        if now_ms < self._now:
            raise ValueError(f"time goes back: from {self._now} to {now_ms}")
        self._now = now_ms
        sums, head, times, oldest = self._sums[window], self._heads[window], self._times, now_ms - window
        while head < len(times) and times[head] <= oldest:
            sums[0] -= self._totals[head]
            sums[1] -= self._bads[head]
            head += 1
        self._heads[window] = head
        if window == self.windows[-1] and head > _LOOSE:
            self._cut(now_ms)
        return sums[0], sums[1]

    def _insert(self, where: int, minute: int) -> None:
        self._times.insert(where, minute)
        self._totals.insert(where, 0)
        self._bads.insert(where, 0)
        for window, head in self._heads.items():
            if head > where:
                self._heads[window] = head + 1

    def _cut(self, now_ms: int) -> None:
        """Let go of what no window holds any more."""
        for window in self.windows[:-1]:
            self.within(window, now_ms)
        gone = min(self._heads.values())
        for kept in (self._times, self._totals, self._bads):
            del kept[:gone]
        for window in self.windows:
            self._heads[window] -= gone
