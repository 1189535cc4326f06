"""A whole pipeline whose counts are wrong in every way, from each kind of source: no data never promotes anything."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from fakeserver import FakeServer, Reply, Request
from pipelineworld import PipelineWorld, pipeline_file
from simulator import TRIAGE

from agentgov.cli.release.counts_option import counts_source
from agentgov.release.tick_report import Report
from templates import copied, made

NAME = f"{TRIAGE}/v1.1.0"
COUNTS = """counts:
  prometheus:
    units: sum(increase(units{agent="$agent",arm="$arm"}[$window]))
    bad: {error: 'sum(increase(errors{agent="$agent",arm="$arm"}[$window]))'}
"""
GOOD = json.dumps({"agents": {str(TRIAGE): {"release": NAME, "canary": {"units": 9, "error": 0}}}})
Say = Callable[[str], object]  # makes the source say something at the next tick


@pytest.fixture(scope="module")
def once_canary(tmp_path_factory: pytest.TempPathFactory) -> PipelineWorld:
    """The world that `canary` copies; tests leave it alone."""
    return made(tmp_path_factory.mktemp("canary"), _canary)


def _canary(folder: Path) -> PipelineWorld:
    fleet = PipelineWorld(folder, pipeline=pipeline_file() + COUNTS)
    fleet.ship("1.0.0")
    fleet.write("Words of v1.1.0.")
    fleet.release("alice", TRIAGE, "1.1.0")
    fleet.until(lambda at: at.canary.state == "RAMP")
    return fleet


@pytest.fixture
def canary(tmp_path: Path, once_canary: PipelineWorld) -> PipelineWorld:
    """A fleet whose triage agent has a canary beside v1.0.0."""
    return copied(once_canary, tmp_path)


@contextmanager
def file(fleet: PipelineWorld) -> Iterator[tuple[str, Say]]:
    """`--counts FILE`."""
    path = fleet.folder / "said.json"
    yield str(path), path.write_text


@contextmanager
def command(fleet: PipelineWorld) -> Iterator[tuple[str, Say]]:
    """`--counts command:...`, a program that says what a file holds, and fails where there is none."""
    path = fleet.folder / "said.json"
    yield f"command:{sys.executable} -c 'print(open(\"{path}\").read())'", path.write_text


@contextmanager
def http(fleet: PipelineWorld) -> Iterator[tuple[str, Say]]:
    """`--counts http://...`."""
    said: list[str] = []
    with FakeServer(lambda _: Reply(200, said[-1]) if said else Reply(503, {})).serve() as server:
        yield f"{server.url}/counts", said.append


@contextmanager
def prometheus(fleet: PipelineWorld) -> Iterator[tuple[str, Say]]:
    """`--counts prometheus:...`; the number said is the one of bad units in the canary."""
    said: list[str] = []

    def answered(request: Request) -> Reply:
        query = parse_qs(request.body.decode())["query"][0]
        if not said:
            return Reply(502, {})
        values = [said[-1]] * bool(said[-1]) if "errors" in query and 'arm="canary"' in query else ["900"]
        result = [{"metric": {}, "value": [fleet.clock(), value]} for value in values]
        return Reply(200, {"status": "success", "data": {"resultType": "vector", "result": result}})

    with FakeServer(answered).serve() as server:
        yield f"prometheus:{server.url}", said.append


def tick(fleet: PipelineWorld, source: str) -> Report:
    """One tick whose counts come from there."""
    fleet.clock.pass_(300)
    reconciler = fleet.reconciler(fleet.actor("reconciler"))
    reconciler.counts = counts_source(source, {}, time.monotonic)
    return reconciler.tick()


DOCUMENTS = ["", "NaN", GOOD.replace("9", "NaN"), GOOD.replace("9", "Infinity"), GOOD.replace("9", "-9"), GOOD[:-9]]
SOURCES = [
    pytest.param(file, DOCUMENTS, id="file"),
    pytest.param(command, DOCUMENTS[2:4], id="command"),
    pytest.param(http, DOCUMENTS[4:], id="http"),
    pytest.param(prometheus, ["", "NaN", "+Inf", "-1", "1e999"], id="prometheus"),
]


@pytest.mark.parametrize(("source", "nonsense"), SOURCES)
def test_what_is_no_count_stops_the_ramp_and_never_promotes(
    canary: PipelineWorld,
    source: Callable[[PipelineWorld], AbstractContextManager[tuple[str, Say]]],
    nonsense: list[str],
) -> None:
    before = canary.at()
    with source(canary) as (option, say):
        report = tick(canary, option)  # the source is down
        assert "data: " in canary.waits(report), canary.waits(report)
        for text in nonsense:
            say(text)
            report = tick(canary, option)
            assert canary.at().canary.share == before.canary.share
            assert "data: " in canary.waits(report) or canary.kinds()[-1] == "stall"
        at = canary.at()
    assert (at.canary.state, at.canary.share) == ("INCONCLUSIVE", before.canary.share)
    assert (canary.running(), at.production) == ("1.0.0", before.production)
    canary.check()


def test_counters_that_begin_anew_cost_one_tick_and_no_verdict(canary: PipelineWorld) -> None:
    canary.run()
    canary.counters(NAME)[:] = [-100, 0, -1000, 0]  # what counts was started anew: less than before at the next tick
    report = canary.run()
    assert "back" in canary.waits(report)
    assert canary.at().canary.step == 0
    canary.until(lambda at: canary.running() == "1.1.0")
    canary.check()


def test_a_source_that_comes_back_with_bad_news_ends_the_canary(canary: PipelineWorld) -> None:
    canary.run(2, data=False)
    canary.run(2, bad=0.5)
    assert canary.at().canary.state == "FAILED"
    canary.check()
