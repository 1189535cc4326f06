"""Asks for the leases of one agent, for all sticky keys of this process.

1. Who names no key gets a lease as long as no canary takes a share of the traffic, and every key would get that very
   one then: so it is asked for once, for all of them.
2. Where the gate wants a key (`runtime.key`), each asks for its own.
3. Nobody is given one that was asked for before something was heard to have changed, or that is older than its `ttl`.
4. A lease holds for `hardExpiry` by the monotonic clock, counted from before it was asked for.
"""

import math
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agentgov.sdk.answers import Backend
from agentgov.sdk.errors import Stopped
from agentgov.sdk.terms import Terms, read_terms
from agentgov.trust.keys import PublicKey

WHILE_STOPPED = 5.0  # seconds between two looks of a stopped agent
_SHARED = 1.0  # seconds for which a refusal of one key is that of another


@dataclass(frozen=True, slots=True)
class Given:
    """The answer to who asked for a lease: its terms, or why there are none. Times are seconds of the monotonic clock:
    asked for at, to be asked for again at, and to be asked for by whoever comes, and over."""

    asked: float
    due: float
    fresh_until: float
    hard_until: float
    terms: Terms | None = None
    etag: str = ""
    stop: Stopped | None = None

    @property
    def wants_key(self) -> bool:
        """Whether a canary takes a share of the traffic, so that a sticky key has to say who asks."""
        return self.stop is not None and self.stop.rule == "runtime.key"


def leased(asked: float, terms: Terms, etag: str) -> Given:
    """A lease; asked for again a little early, by a random part, so that many agents do not ask at once."""
    due = asked + max(terms.ttl, 0.05) * (1 - secrets.randbelow(200) / 1000)
    return Given(asked, due, asked + terms.ttl, asked + terms.hard_expiry, terms, etag)


def refused(asked: float, stop: Stopped) -> Given:
    """No lease."""
    due = asked + WHILE_STOPPED * (1 - secrets.randbelow(200) / 1000)
    return Given(asked, due, asked + _SHARED, asked, stop=stop)


class Leases:
    """The leases of one agent; `clock` is monotonic, in seconds. Any thread may ask."""

    def __init__(self, agent: str, backend: Backend, keys: Sequence[PublicKey], clock: Callable[[], float]) -> None:
        self._agent, self._backend, self._keys, self._clock = agent, backend, keys, clock
        self._common: dict[str, Given] = {}  # by the release that a run began on
        self._doubted = -math.inf
        self.renew()

    def renew(self) -> None:
        """Go on in a child process: whoever held the lock is not here."""
        self._lock = threading.Lock()

    def doubt(self) -> None:
        """Something has changed: what was asked for before now is given to nobody any more."""
        self._doubted = self._clock()

    def get(self, key: str, pinned: str, last: Given | None) -> Given:
        """An answer that is newer than the last one. Raises what is none: Unreachable, ConfigurationError."""
        with self._lock:
            common = self._common.get(pinned)
            if common is None or not self._serves(common, last):
                common = self._common[pinned] = self._ask("", pinned, common)
        return self._ask(key, "", last) if key and common.wants_key else common

    def _serves(self, common: Given, last: Given | None) -> bool:
        if common.asked <= self._doubted or self._clock() >= common.fresh_until:
            return False
        return common.wants_key or last is None or common.asked > last.asked

    def _ask(self, key: str, pinned: str, last: Given | None) -> Given:
        known = last.terms if last is not None else None
        asked = self._clock()
        try:
            offer = self._backend.lease(last.etag if last is not None else "", key, pinned)
            unchanged = offer.body is None and known is not None
            terms = known if unchanged and known is not None else read_terms(offer, self._agent, self._keys)
        except Stopped as stop:
            return refused(asked, stop)
        return leased(asked, terms, offer.etag)
