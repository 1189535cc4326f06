"""Whole pipelines whose counts the real Prometheus scraped: what is healthy arrives, what fails loses its traffic, and
while Prometheus is away nothing is promoted. In real time, with soaks of a second."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from patience import PATIENCE, until
from pipelineworld import PipelineWorld, pipeline_file
from prometheusworld import Exporter, prometheus
from simulator import TRIAGE

from agentgov.model.pipeline import Judge
from agentgov.model.state import Deployment
from agentgov.model.transitions import is_ramping
from agentgov.net.address import parse_base
from agentgov.release.memory import MemoryStore
from agentgov.release.observations import Memory
from agentgov.release.replay import replay
from agentgov.release.sources.prometheus import Prometheus

pytestmark = pytest.mark.slow
_LABELS = 'agent="$agent",version="$version",arm="$arm"'
_COUNTS = f"""counts:
  prometheus:
    units: sum(increase(sessions_total{{{_LABELS}}}[$window]))
    bad:
      error: sum(increase(errors_total{{{_LABELS}}}[$window]))
"""
_JUDGE = "{metrics: {error: {ceiling: 0.05}}, interval: 1s, noDataTicks: 3, deadline: 24h}"
_UNITS = 400  # between two ticks
_MOST = 60  # ticks until something has to have happened


@dataclass
class Measured:
    """A fleet at the time of this machine, whose agents count their sessions where Prometheus scrapes them."""

    fleet: PipelineWorld
    exporter: Exporter
    url: str
    server: ExitStack  # Prometheus runs until this is closed

    def until(self, reached: Callable[[Deployment], bool], *, bad: float = 0.0, traffic: bool = True) -> Deployment:
        """Ticks until triage stands where it is wanted, with this share of bad units on its new release."""
        for _ in range(_MOST):
            if reached(self.fleet.at()):
                break
            self.tick(bad, traffic=traffic)
        assert reached(self.fleet.at()), f"{self.fleet.at()}\n{self.fleet.waits(self.fleet.last)}"
        return self.fleet.at()

    def tick(self, bad: float = 0.0, *, traffic: bool = True) -> None:
        """Sessions come as the recorded share says and are scraped; then one tick of the reconciler."""
        if traffic:
            self.count(bad)
        fleet = self.fleet
        until(lambda: int(time.time()) > fleet.clock.time, "the next second")
        fleet.clock.time = int(time.time())
        source = Prometheus(parse_base(self.url), None, time.monotonic)
        fleet.last = replace(fleet.reconciler(fleet.actor("reconciler")), counts=source).tick()

    def count(self, bad: float) -> None:
        """One more lot of sessions on both sides of the split. Counters begin at 0, as docs/counts.md asks for."""
        at = self.fleet.at()
        if not is_ramping(at) and at.production.state != "BAKING":
            return
        share = at.canary.share / 100_000 if is_ramping(at) else 1.0
        new, old = round(_UNITS * share), round(_UNITS * (1 - share))
        more = {"canary": (new, round(new * bad)), "stable": (old, old // 100)}
        versions = {"canary": "1.1.0", "stable": "1.0.0"}
        lots = {_series(name, versions[arm], arm): lot for arm, both in more.items() for name, lot in _named(both)}
        if not lots.keys() <= self.exporter.values.keys():
            self.exporter.values = dict.fromkeys(lots, 0)
            self.scraped()
        self.exporter.values = {key: self.exporter.values[key] + lot for key, lot in lots.items()}
        self.scraped()

    def scraped(self) -> None:
        """Wait until Prometheus has what the agents count now."""
        until(lambda: self.stored() == self.exporter.values, "the scrape")

    def stored(self) -> dict[str, float]:
        """The latest samples that a tick of this second would see."""
        query = urlencode({"query": '{__name__=~"sessions_total|errors_total"}', "time": int(time.time())})
        with urlopen(f"{self.url}/api/v1/query?{query}", timeout=PATIENCE) as answer:
            found = json.load(answer)["data"]["result"]
        labels = [(one["metric"]["__name__"], one["metric"]["version"], one["metric"]["arm"]) for one in found]
        return {_series(*each): float(one["value"][1]) for each, one in zip(labels, found, strict=True)}

    def memory(self) -> Memory:
        """What the reconciler remembers of triage."""
        return MemoryStore(self.fleet.folder / "memory.json").load()[0][str(TRIAGE)]


def _series(name: str, version: str, arm: str) -> str:
    return f'{name}{{agent="{TRIAGE}",version="{version}",arm="{arm}"}}'


def _named(lot: tuple[int, int]) -> tuple[tuple[str, int], ...]:
    return ("sessions_total", lot[0]), ("errors_total", lot[1])


@pytest.fixture
def measured(shipped: PipelineWorld, tmp_path: Path) -> Iterator[Measured]:
    """v1.1.0 of triage has begun its canary beside v1.0.0, by the rules that name the queries."""
    shipped.clock.time = int(time.time())
    rules = pipeline_file(soak="1s", step="1s", bake="1s", judge=_JUDGE) + _COUNTS
    shipped.govern({"governance/pipeline.yaml": rules})
    shipped.write("Better words.")
    shipped.release("alice", TRIAGE, "1.1.0")
    exporter, folder = Exporter(), tmp_path / "prometheus"
    folder.mkdir()
    with exporter.serving(), ExitStack() as server:
        found = Measured(shipped, exporter, server.enter_context(prometheus(folder, exporter.port)), server)
        found.until(lambda at: at.canary.state == "RAMP")
        yield found


def test_a_healthy_ramp_passes_on_what_prometheus_counted_and_reaches_production(measured: Measured) -> None:
    fleet = measured.fleet
    measured.until(lambda at: at.canary.step == 1)
    memory = measured.memory()
    judge = fleet.known().governance.pipeline.stage("canary").judge
    assert isinstance(judge, Judge)
    played = replay(memory, judge)
    assert played.agrees
    assert played.looks
    measured.until(lambda at: at.production.state == "STABLE" and fleet.running() == "1.1.0")
    (graduated,) = [act for act in fleet.acts() if act.kind == "graduate" and act.get("Judged") == "pass"]
    name, canary, units, *_ = (graduated.get("Counts") or "").split()
    assert (name, canary) == ("error", "canary")
    assert int(units.partition("/")[2]) >= 20  # as many as the step asks for, and none of them made up
    fleet.check()


def test_a_canary_that_prometheus_saw_fail_loses_its_traffic(measured: Measured) -> None:
    fleet = measured.fleet
    at = measured.until(lambda at: at.canary.state == "FAILED", bad=0.5)
    assert (at.canary.share, at.staging.state) == (0, "FAILED")
    assert fleet.kinds().count("graduate") == 1  # that of v1.0.0
    assert fleet.last.acts == (f"fail the canary of {TRIAGE} v1.1.0 on error",)
    for _ in range(3):
        measured.tick(traffic=False)
    assert fleet.running() == "1.0.0"
    assert fleet.candidate() == ""
    fleet.check()


def test_while_prometheus_is_away_there_is_no_data_and_nothing_is_promoted(measured: Measured) -> None:
    fleet = measured.fleet
    measured.tick()
    assert measured.memory().healthy
    share, judged = fleet.at().canary.share, measured.memory().judge
    measured.server.close()
    at = measured.until(lambda at: at.canary.state == "INCONCLUSIVE", traffic=False)
    memory = measured.memory()
    assert "Prometheus cannot be reached" in memory.problem
    assert (at.canary.share, memory.judge) == (share, judged)  # neither share nor evidence came of silence
    for _ in range(4):
        measured.tick(traffic=False)
    assert fleet.at().canary.state == "INCONCLUSIVE"
    assert fleet.at().canary.share == share
    assert fleet.running() == "1.0.0"
    fleet.check()
