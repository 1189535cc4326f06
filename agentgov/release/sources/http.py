"""Counts from an address: the very document of a file of counts, asked for once a tick. Never followed elsewhere."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agentgov.model.names import AgentId
from agentgov.model.pipeline import Pipeline
from agentgov.net.address import Base
from agentgov.net.exchange import BrokenError, Exchange
from agentgov.net.tokens import Token
from agentgov.release.counts import Reading, Wanted, parse_counts

LONGEST = 20.0  # seconds
_JSON = {"accept": "application/json"}


@dataclass(frozen=True, slots=True)
class HttpSource:
    """What an address answers to a GET. `query` is the part of the address behind its `?`; `clock` is monotonic."""

    base: Base
    query: str
    token: Token | None
    clock: Callable[[], float]
    longest: float = LONGEST

    def read(self, wanted: Sequence[Wanted], pipeline_of: Callable[[AgentId], Pipeline], now: int) -> Reading:
        """The counts that it gives; nothing is asked where nothing is wanted."""
        if not wanted:
            return Reading()
        where = f"the answer of {self.base.origin}"
        bearer = {"authorization": f"Bearer {self.token.value}"} if self.token is not None else {}
        exchange = Exchange(bearer, clock=self.clock, plain=self.base.scheme == "http", other="it")
        url = self.base.url + (f"?{self.query}" if self.query else "")
        try:
            answer = exchange.ask("GET", url, _JSON, None, self.clock() + self.longest)
        except BrokenError as broken:
            return Reading(problem=f"{self.base.origin}: {broken.why}")
        if answer.status != 200:
            return Reading(problem=f"{where} is {answer.status} instead of 200")
        return parse_counts(answer.body, where)
