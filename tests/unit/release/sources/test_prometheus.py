"""Counts from Prometheus: the real one with a real scrape, and stand-ins for what it says when it is not well."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from deploymentworld import pipeline
from fakeserver import FakeServer, Reply, Request
from msgspec.structs import replace as changed
from patience import until
from prometheusworld import Exporter, prometheus

from agentgov.model.names import AgentId
from agentgov.model.pipeline import CountsSettings, Pipeline, PrometheusCounts
from agentgov.net.address import parse_base
from agentgov.net.tokens import Token
from agentgov.release.counts import Arm, Cumulative, Reading, Wanted
from agentgov.release.sources.prometheus import Prometheus, steady

AGENT = AgentId("support", "triage")
NAME = "support/triage/v1.1.0"
WANTED = Wanted(AGENT, NAME, "support/triage/v1.0.0", 1767222000, 5_000, ("error", "cost"))
LABELS = 'agent="$agent",arm="$arm"'
QUERIES = PrometheusCounts(
    units=f"sum(increase(sessions_total{{{LABELS}}}[$window]))",
    bad={"error": f"sum(increase(errors_total{{{LABELS}}}[$window]))"},
)
RULES = changed(pipeline(), counts=CountsSettings(prometheus=QUERIES))


def vector(*values: str) -> Reply:
    result = [{"metric": {}, "value": [1767225600, value]} for value in values]
    return Reply(200, {"status": "success", "data": {"resultType": "vector", "result": result}})


def source(url: str, **more: object) -> Prometheus:
    return replace(Prometheus(parse_base(url), None, time.monotonic), **more)  # type: ignore[arg-type]


def read(url: str, rules: Pipeline = RULES, wanted: Wanted = WANTED, **more: object) -> Reading:
    return source(url, **more).read([wanted], lambda _: rules, 1767225600)


def answered(values: dict[str, str]) -> Callable[[Request], Reply]:
    """Answers to queries that hold a word."""

    def reply(request: Request) -> Reply:
        query = parse_qs(request.body.decode())["query"][0]
        return next((vector(value) for word, value in values.items() if word in query), vector())

    return reply


def test_each_side_is_asked_at_one_moment_and_rounded() -> None:
    values = {
        'errors_total{agent="support/triage",arm="canary"}': "4.5",
        'sessions_total{agent="support/triage",arm="canary"}': "99.6",
        'errors_total{agent="support/triage",arm="stable"}': "8.4",
        'sessions_total{agent="support/triage",arm="stable"}': "800",
    }
    with FakeServer(answered(values)).serve() as server:
        found = read(server.url, token=Token("s3cret"))
        asked = [parse_qs(request.body.decode()) for request in server.requests]
    assert found == Reading({"support/triage": Cumulative(NAME, Arm(100, {"error": 5}), Arm(800, {"error": 8}))})
    assert {one["time"][0] for one in asked} == {"1767225600"}
    assert [one["query"][0].rpartition("[")[2] for one in asked] == ["300s]))", "3600s]))", "3600s]))"] * 2
    assert {request.headers["authorization"] for request in server.requests} == {"Bearer s3cret"}
    assert {request.line for request in server.requests} == {"POST /api/v1/query"}


def test_a_first_release_has_no_other_side() -> None:
    with FakeServer(answered({"sessions": "7", "errors": "9"})).serve() as server:
        found = read(server.url, wanted=changed_wanted(stable=""))
    assert found.counts == {"support/triage": Cumulative(NAME, Arm(7, {"error": 7}), Arm())}  # no more bad than units


def changed_wanted(**words: object) -> Wanted:
    return replace(WANTED, **words)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (vector(), "canary units of late: the query finds no series"),
        (vector("NaN"), "canary units of late: the query gives NaN"),
        (vector("1", "2"), "2 series instead of one"),
        (Reply(500, {}), "Prometheus answered 500"),
        (Reply(401, {"status": "error", "error": "unauthorized"}), "answered 401: unauthorized"),
        (Reply(302, {}, {"location": "http://127.0.0.1:1/"}), "Prometheus answered 302"),
    ],
)
def test_what_is_no_number_is_no_data(reply: Reply, why: str) -> None:
    with FakeServer(lambda _: reply).serve() as server:
        found = read(server.url)
    assert not found.counts
    assert why in found.why_not("support/triage")


def test_a_bad_series_that_is_not_there_is_no_data_and_no_zero() -> None:
    with FakeServer(answered({"sessions": "7"})).serve() as server:
        assert read(server.url).why_not("support/triage") == "canary error: the query finds no series"


@pytest.mark.parametrize("kind", ["reset", "hang", "slow", "cut-half"])
def test_a_prometheus_that_breaks_off_or_hangs_is_no_data(kind: str) -> None:
    with FakeServer(lambda _: vector("1")).serve() as server:
        server.faults.add(kind, times=99)
        found = read(server.url, longest=0.5)
    assert not found.counts
    assert found.why_not("support/triage").startswith("canary units of late: ")


def test_a_dead_port_is_no_data_and_a_pipeline_without_queries_says_so() -> None:
    assert read("http://127.0.0.1:1").why_not("support/triage").endswith("Prometheus cannot be reached")
    assert "counts.prometheus" in read("http://127.0.0.1:1", pipeline()).why_not("support/triage")
    assert source("http://127.0.0.1:1").read([], lambda _: RULES, 0) == Reading()


def test_many_agents_are_asked_about_and_each_has_its_own_answer() -> None:
    def reply(request: Request) -> Reply:
        query = parse_qs(request.body.decode())["query"][0]
        number = query.partition("w/a")[2].partition('"')[0]
        return vector() if number == "3" else vector(number)

    wanted = [changed_wanted(agent=AgentId("w", f"a{number}"), release=f"w/a{number}/v1.0.0") for number in range(20)]
    with FakeServer(reply).serve() as server:
        found = source(server.url).read(wanted, lambda _: RULES, 1767225600)
    assert {agent: one.canary.units for agent, one in found.counts.items()} == {
        f"w/a{number}": number for number in range(20) if number != 3
    }
    assert found.why_not("w/a3") == "canary units of late: the query finds no series"


@pytest.mark.parametrize(
    ("before", "now", "believed"),
    [(100, 101, 101), (100, 98, 100), (100, 97, 97), (1000, 980, 1000), (1000, 979, 979), (0, 0, 0), (1, 0, 1)],
)
def test_a_small_fall_comes_of_extrapolation(before: int, now: int, believed: int) -> None:
    assert steady(Arm(before), Arm(now)).units == believed


def test_what_is_bad_is_never_more_than_there_is() -> None:
    assert steady(Arm(100, {"error": 100}), Arm(10, {"error": 99})) == Arm(10, {"error": 10})


# --- the real one -----------------------------------------------------------------------------------------------------


@dataclass
class Real:
    """A Prometheus, its exporter, and when counting began."""

    url: str
    exporter: Exporter
    since: int

    def read(self, fresh: int = 300, queries: PrometheusCounts = QUERIES) -> Cumulative | str:
        wanted = replace(WANTED, since=self.since)
        rules = changed(RULES, counts=CountsSettings(prometheus=queries))
        asking = source(self.url, fresh=fresh)
        found = asking.read([wanted], lambda _: rules, int(time.time()))
        return found.of("support/triage") or found.why_not("support/triage")

    def count(self, arm: str, units: int, errors: int) -> None:
        for name, number in (("sessions_total", units), ("errors_total", errors)):
            key = f'{name}{{agent="support/triage",arm="{arm}"}}'
            self.exporter.values[key] = self.exporter.values.get(key, 0) + number


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Real]:
    exporter = Exporter()
    with exporter.serving(), prometheus(tmp_path, exporter.port) as url:
        made = Real(url, exporter, int(time.time()))
        for arm in ("canary", "stable"):
            made.count(arm, 0, 0)
        exporter.scraped()
        yield made


def about(number: int, goal: int) -> bool:
    """Within what extrapolation at the edges may add or take."""
    return abs(number - goal) <= goal // 4


@pytest.mark.slow
def test_the_real_one_counts_restarts_and_silence(real: Real) -> None:
    real.count("canary", 1_000, 40)
    real.count("stable", 9_000, 200)

    def counted(canary: int, stable: int) -> bool:
        found = real.read()
        return isinstance(found, Cumulative) and about(found.canary.units, canary) and about(found.stable.units, stable)

    until(lambda: counted(1_000, 9_000), "the count")
    found = real.read()
    assert isinstance(found, Cumulative)
    assert about(found.canary.bad["error"], 40)
    assert about(found.stable.bad["error"], 200)
    real.exporter.values = dict.fromkeys(real.exporter.values, 0)  # the agent starts anew, and so do its counters
    real.exporter.scraped()
    real.count("canary", 500, 0)
    until(lambda: counted(1_500, 9_000), "the count over a restart")
    real.exporter.values.clear()
    until(lambda: real.read(fresh=3) == "canary units of late: the query finds no series", "silence")


@pytest.mark.slow
def test_the_real_one_says_what_is_wrong_with_a_query(real: Real) -> None:
    for query, why in (
        ("sum(increase(", "answered 400: invalid parameter"),
        (QUERIES.units.replace("sum", "max by (x, arm)").replace('arm="$arm"', 'arm=~"$arm|.*"'), "2 series instead"),
        (f"{QUERIES.units} / 0 - {QUERIES.units} / 0", "gives NaN"),
        (f"({QUERIES.units} + 1) / 0", "gives +Inf"),
        (QUERIES.units.replace("sessions_total", "nobody"), "finds no series"),
    ):
        until(lambda: not isinstance(real.read(), str), "the first counts")
        found = real.read(queries=PrometheusCounts(units=query))
        assert isinstance(found, str)
        assert why in found
