"""How long somebody who lost the race for the journal waits before the next attempt.

Everybody who appends reads, judges, signs and pushes, and one of those who do that at the same time lands. So the waits
grow with the others that seem to be there, as in a shared radio channel, where attempts that overlap are lost (binary
exponential back-off, IEEE 802.3 section 4.2.3.2.5); and they shrink again for whoever has lost many times, or the lucky
ones would go on winning. What was learnt about the others is kept for the next act. Never sleeps itself.
"""

import secrets

_MOST = 16  # attempts of others that one makes room for
_PATIENCE = 6  # losses from which on it is the others who should wait


class Backoff:
    """Waits in seconds; one for a journal that is open."""

    def __init__(self) -> None:
        self._others = 0.0
        self._attempt = 0.0  # seconds that the quickest attempt took
        self._lost = 0

    def before(self) -> float:
        """How long to wait before a first attempt: not at all, unless the last act met others."""
        return self._some(self._others)

    def lost(self, took: float) -> float:
        """How long to wait after an attempt that took so many seconds and was lost."""
        self._lost += 1
        self._attempt = min(self._attempt or took, took)
        self._others = min(max(2 * self._others, 1), _MOST)
        return self._some(self._others / max(1, self._lost - _PATIENCE))

    def landed(self) -> None:
        """An attempt was not lost."""
        self._lost = 0
        self._others = self._others / 2 if self._others > 1 else 0

    def _some(self, others: float) -> float:
        return secrets.randbelow(1000) / 1000 * self._attempt * others
