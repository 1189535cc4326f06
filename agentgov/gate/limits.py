"""How many requests a caller may make: a token bucket for each, kept as one number (GCRA). In memory, per process.

Whoever shows a valid token is counted by it alone, so that agents behind one address do not stop each other; whoever
does not is counted by address, IPv6 by its /64. Looks at no clock: moments are seconds of any steady one.
"""

import ipaddress
import math
from functools import lru_cache

_MOST = 65_536  # callers that are remembered at a time
_BETWEEN = 1.0  # seconds: looking through all of them takes milliseconds, which a flood of strangers must not multiply
_REST = ""  # who comes when there is no room is counted together


class Limit:
    """`rate` requests a second, and up to `burst` at once; a rate of 0 means no limit."""

    def __init__(self, rate: float, burst: float) -> None:
        self._gap = 1 / rate if rate else 0.0
        self._slack = self._gap * max(burst - 1, 0)
        self._due: dict[str, float] = {}  # when the bucket of a caller would be full again
        self._looked = -math.inf  # when room was last made

    def take(self, caller: str, now: float) -> float:
        """0 where one more request is within the limit, and counted; else the seconds to wait."""
        if not self._gap:
            return 0.0
        due = self._due.get(caller)
        if due is None:
            if len(self._due) >= _MOST:
                self._forget(now)
                caller = caller if len(self._due) < _MOST else _REST
                due = self._due.get(caller, now)
            else:
                due = now
        if due - now > self._slack:
            return due - now - self._slack
        self._due[caller] = max(due, now) + self._gap
        return 0.0

    def _forget(self, now: float) -> None:
        """Whose bucket is full again is as good as never seen."""
        if now - self._looked < _BETWEEN:
            return
        self._looked = now
        self._due = {caller: due for caller, due in self._due.items() if due > now}


@lru_cache(maxsize=4096)
def of_address(address: str) -> str:
    """What an address is counted by."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False).network_address)
    return address
