"""What a judge was fed at each look, kept so that its verdict can be played again. Values only.

Losing windows loses the replay, never the verdict: that stands in the journal with the totals it was judged on.
"""

import msgspec

from agentgov.release.judge import Counts

MOST = 4000  # windows of one ramp; the oldest go first


class Window(msgspec.Struct, frozen=True):
    """One look: when (epoch seconds), at which share of traffic (buckets of 1/100,000), and what was counted since the
    look before."""

    at: int
    share: int
    counts: dict[str, Counts]
