"""Counts from Prometheus: how much its counters grew since a canary began, for each side of the split.

The queries are governance (`counts.prometheus` of pipeline.yaml); the address and the token are the reconciler's own.
Everything is asked at one moment, the tick's: `increase()` over the whole ramp, so that resets are Prometheus' own
matter and what it extrapolates at the edges does not add up tick by tick. Series that were not scraped of late are no
data, although a long window would still find them.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil, floor
from threading import local
from urllib.parse import urlencode

from agentgov.model.names import AgentId
from agentgov.model.pipeline import Pipeline
from agentgov.model.promql import promql
from agentgov.net.address import Base
from agentgov.net.exchange import BrokenError, Exchange
from agentgov.net.tokens import Token
from agentgov.release.counts import Arm, Cumulative, Reading, Wanted
from agentgov.release.sources.prometheus_answer import sample_of

AT_ONCE = 8  # agents that are asked about at the same time
LONGEST = 20.0  # seconds for all of them together
FRESH = 300  # seconds in which there must have been two samples; Prometheus' own lookback delta
_LEAST = 60  # seconds; `increase` needs two samples
_FORM = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}


@dataclass(frozen=True, slots=True)
class Prometheus:
    """The API at an address. `clock` is monotonic, in seconds."""

    base: Base
    token: Token | None
    clock: Callable[[], float]
    longest: float = LONGEST  # seconds
    fresh: int = FRESH  # seconds

    def read(self, wanted: Sequence[Wanted], pipeline_of: Callable[[AgentId], Pipeline], now: int) -> Reading:
        """The counts of those agents; for each that has none, why."""
        if not wanted:
            return Reading()
        asking = _Asking(self, now, self.clock() + self.longest)
        pipelines = [pipeline_of(one.agent) for one in wanted]
        with ThreadPoolExecutor(min(AT_ONCE, len(wanted))) as pool:
            answers = pool.map(asking.counts, wanted, pipelines)
            found = {str(one.agent): answer for one, answer in zip(wanted, answers, strict=True)}
        return Reading(
            {agent: one for agent, one in found.items() if isinstance(one, Cumulative)},
            {agent: one for agent, one in found.items() if isinstance(one, str)},
        )


class _Asking:
    """The questions of one tick; each thread has a connection of its own."""

    def __init__(self, prometheus: Prometheus, now: int, until: float) -> None:
        self._prometheus, self._now, self._until = prometheus, now, until
        self._own = local()

    def counts(self, wanted: Wanted, pipeline: Pipeline) -> Cumulative | str:
        """What was counted for an agent, or why it is not known."""
        queries = pipeline.counts.prometheus
        if queries is None or not queries.units:
            return "governance/pipeline.yaml says no query: counts.prometheus"
        bad = {metric: queries.bad[metric] for metric in wanted.metrics if metric in queries.bad}
        canary = self._arm(wanted, "canary", wanted.release, queries.units, bad)
        if isinstance(canary, str):
            return canary
        stable = self._arm(wanted, "stable", wanted.stable, queries.units, bad) if wanted.stable else Arm()
        if isinstance(stable, str):
            return stable
        before = wanted.previous
        if before is None or before.release != wanted.release:
            return Cumulative(wanted.release, canary, stable)
        return Cumulative(wanted.release, steady(before.canary, canary), steady(before.stable, stable))

    def _arm(self, wanted: Wanted, arm: str, release: str, units: str, bad: Mapping[str, str]) -> Arm | str:
        window = max(self._now - wanted.since, _LEAST)
        values = {
            "agent": str(wanted.agent),
            "workspace": wanted.agent.workspace,
            "release": release,
            "version": release.rpartition("/v")[2],
            "arm": arm,
        }
        fresh = self._sample(units, {**values, "window": f"{min(window, self._prometheus.fresh)}s"})
        if isinstance(fresh, str):
            return f"{arm} units of late: {fresh}"
        found: dict[str, int] = {}
        for name, query in {"": units, **bad}.items():
            sample = self._sample(query, {**values, "window": f"{window}s"})
            if isinstance(sample, str):
                return f"{arm} {name or 'units'}: {sample}"
            found[name] = floor(sample + 0.5)
        total = found.pop("")
        return Arm(total, {name: min(number, total) for name, number in found.items()})

    def _sample(self, query: str, values: Mapping[str, str]) -> float | str:
        left = self._until - self._prometheus.clock()
        if left <= 0:
            return f"there was no time left to ask: all of it has {self._prometheus.longest:g} s"
        body = urlencode({"query": promql(query, values), "time": self._now, "timeout": f"{ceil(left)}s"}).encode()
        url = f"{self._prometheus.base.url}/api/v1/query"
        try:
            answer = self._exchange().ask("POST", url, _FORM, body, self._until)
        except BrokenError as broken:
            return broken.why
        return sample_of(answer.status, answer.body)

    def _exchange(self) -> Exchange:
        if not hasattr(self._own, "exchange"):
            base, token = self._prometheus.base, self._prometheus.token
            bearer = {"authorization": f"Bearer {token.value}"} if token is not None else {}
            self._own.exchange = Exchange(
                bearer, clock=self._prometheus.clock, plain=base.scheme == "http", other="Prometheus"
            )
        exchange: Exchange = self._own.exchange
        return exchange


def steady(before: Arm, now: Arm) -> Arm:
    """An arm without the small falls that come of extrapolation: a counter that fell by no more than 2 units or 2 %
    keeps what was believed. A larger fall is left for the judge to see: counting began anew."""
    units = _steady(before.units, now.units)
    bad = {name: min(_steady(before.bad.get(name, 0), number), units) for name, number in now.bad.items()}
    return Arm(units, bad)


def _steady(before: int, now: int) -> int:
    return before if now < before and before - now <= max(2, before // 50) else now
