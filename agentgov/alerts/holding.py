"""When an alert starts and when it is over: it starts at once, and ends after it was clear for ten minutes. Pure.

Between what starts it and what ends it lies a band (`held`) in which it stays what it is, so that a value that swings
around a limit wakes nobody twice. What a detector cannot tell any more ends nothing for a day.
"""

import msgspec

from agentgov.alerts.judged import Judged

SETTLED = 600_000  # milliseconds that it has to be clear
LOST = 86_400_000  # milliseconds after which what nobody can tell any more is over


class Held(msgspec.Struct):
    """One alert that goes on: since when, since when it was clear (0: it is not), and since when nobody can tell."""

    since: int
    calm: int = 0
    lost: int = 0


class Holding:
    """Those of one agent, by any key; `held` may be kept and given back after a restart."""

    __slots__ = ("held",)

    def __init__(self, held: dict[str, Held] | None = None) -> None:
        self.held = held if held is not None else {}

    def take(self, key: str, judged: Judged | None, now_ms: int) -> bool:
        """Whether the alert stands, after what its detector says now; None where it is no longer asked about."""
        found = self.held.get(key)
        state = judged.state if judged is not None else "clear"
        if found is None:
            if state == "firing":
                self.held[key] = Held(now_ms)
            return state == "firing"
        found.calm = (found.calm or now_ms) if state == "clear" else 0
        found.lost = (found.lost or now_ms) if state == "unknown" else 0
        over = (found.calm and now_ms - found.calm >= SETTLED) or (found.lost and now_ms - found.lost >= LOST)
        if over:
            del self.held[key]
        return not over
