"""One other side that many threads ask at once: a connection for each request that is under way, kept for the next.

A connection belongs to the process that made it: after a fork the child makes its own. Nothing is repeated here.
"""

import os
from collections.abc import Callable, Mapping
from types import MappingProxyType

from agentgov.net.address import Base
from agentgov.net.exchange import Answer, Exchange

MOST_KEPT = 16
_NOTHING: Mapping[str, str] = MappingProxyType({})


class Asking:
    """Requests to one address. `headers` go with each of them; `other` names the other side in reasons."""

    def __init__(self, base: Base, headers: Mapping[str, str], *, clock: Callable[[], float], other: str) -> None:
        self.base = base
        self._headers, self._clock, self._other = headers, clock, other
        self._idle: list[Exchange] = []
        self._pid = os.getpid()

    def ask(
        self,
        method: str,
        path: str,
        content: bytes | None = None,
        headers: Mapping[str, str] = _NOTHING,
        *,
        seconds: float,
    ) -> Answer:
        """The answer to one request, within so many seconds. BrokenError where none came whole."""
        exchange = self._take()
        answer = exchange.ask(method, self.base.url + path, headers, content, self._clock() + seconds)
        if len(self._idle) < MOST_KEPT and self._pid == os.getpid():
            self._idle.append(exchange)  # one that broke is not kept
        return answer

    def _take(self) -> Exchange:
        if self._pid != os.getpid():
            self._idle, self._pid = [], os.getpid()
        try:
            return self._idle.pop()  # appending and popping are whole in themselves: no lock that a fork could copy
        except IndexError:
            plain = self.base.scheme == "http"
            return Exchange(self._headers, clock=self._clock, plain=plain, other=self._other, trusting=True)
