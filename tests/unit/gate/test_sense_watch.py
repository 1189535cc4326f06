"""The alert rules over a store, in both databases: what fires stands once, whoever looks, whatever is restarted."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from functools import partial
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from patience import PATIENCE

from agentgov.alerts import sensed, standing
from agentgov.alerts.asking import ask, never_fed
from agentgov.alerts.baseline import HOUR, WEEK
from agentgov.alerts.defaults import effective
from agentgov.alerts.evaluating import Known
from agentgov.alerts.noticed import Noticed, write_noticed
from agentgov.alerts.sensed import Asked, Used
from agentgov.alerts.slots import MINUTE
from agentgov.alerts.standing import Standing
from agentgov.gate.metrics import Metrics
from agentgov.gate.watches.sense import SenseWatch
from agentgov.runtime.known_terms import KnownTerms
from agentgov.runtime.telemetry import late, rollups
from agentgov.runtime.telemetry.rollups import Sums
from agentgov.store.open import open_store
from agentgov.store.port import Store, Transaction

NOW = 2_900 * WEEK
WHERE = ("support/refunds", "production")


class World:
    """A store, and gates over it that do no more than look."""

    def __init__(self, store: Store) -> None:
        self.store, self.now = store, NOW
        self.incidents: dict[str, Any] = {}

    def watch(self) -> SenseWatch:
        """One more process."""
        state = SimpleNamespace(incidents=lambda: self.incidents)
        view = SimpleNamespace(stretch=None, state=state, tree="", changed_deployments=lambda _before: {})
        fleet = SimpleNamespace(id="acme", governance=SimpleNamespace(alerts=None), knows=lambda _: False, agents=tuple)
        fleet.view = view

        async def work(do: Any, **_: object) -> Any:
            return self.store.write(do).result(PATIENCE)

        gate = SimpleNamespace(
            fleet=fleet,
            clock=lambda: self.now,
            noticed=Noticed(),
            write=work,
            read=work,
            metrics=Metrics(),
            terms=KnownTerms(),
            ledger=SimpleNamespace(broken={}),
            unsound=(),
            following=SimpleNamespace(fleet=fleet, refused=""),
            pauses=SimpleNamespace(all=lambda _: (), of=lambda *_: None),
        )
        return SenseWatch(gate)  # type: ignore[arg-type]

    def runs(self, since: int, until: int, every: int, *, failed: bool = False, cost: int = 1000) -> None:
        """Runs at a steady pace."""
        rows: list[Any] = [
            (*WHERE, "", at, 1000, cost + at // every % 5 * 100, int(failed)) for at in range(since, until, every)
        ]
        sql = "INSERT INTO runs (agent, environment, closure, ended, duration, cost, failed) "
        sql += "VALUES (?, ?, ?, ?, ?, ?, ?)"
        self.store.write(lambda tx: tx.many(sql, rows)).result(PATIENCE)

    def look(self, watch: SenseWatch, after: int = 0) -> bool:
        """Look once, some milliseconds later."""
        self.now += after
        return asyncio.run(watch.look())

    def names(self) -> list[str]:
        """The alerts that stand."""
        return sorted(one.alert.label("alertname") for one in self.current())

    def current(self) -> tuple[Standing, ...]:
        """The same with all that is known of them."""
        return self.store.read(standing.current).result(PATIENCE)

    def count(self, sql: str) -> int:
        """A number out of the store."""
        row = self.store.read(lambda tx: tx.one(sql)).result(PATIENCE)
        assert row is not None
        return int(row[0])


@pytest.fixture
def world(store_url: str) -> Iterator[World]:
    store = open_store(store_url)
    found = World(store)
    found.runs(NOW - WEEK, NOW, HOUR // 2)
    yield found
    store.close()


def test_what_fires_stands_once_over_restarts_and_ends_after_a_while(world: World) -> None:
    first = world.watch()
    assert world.look(first)
    assert world.names() == []
    world.runs(world.now, world.now + HOUR, 3 * MINUTE, failed=True)
    assert world.look(first, HOUR)
    assert "errors" in world.names()
    (alert,) = [one.alert for one in world.current() if one.alert.label("alertname") == "errors"]
    assert dict(alert.labels) == {
        "agent": "support/refunds",
        "alertname": "errors",
        "environment": "production",
        "fleet": "acme",
        "severity": "page",
        "workspace": "support",
    }
    assert "runs failed in 1 h" in alert.summary
    assert alert.count == 19
    assert alert.next == "agentgov usage show support/refunds"
    ids = {one.id for one in world.current()}

    again = world.watch()
    assert not world.look(again), "the first one has its turn for a minute"
    assert world.look(again, sensed.LEASE + 1)
    assert {one.id for one in world.current()} >= ids
    starts = world.count("SELECT count(*) FROM records WHERE type = 'alert.start'")
    assert starts == len(world.current())

    for _ in range(30):
        world.runs(world.now, world.now + 10 * MINUTE, MINUTE // 4)
        world.look(again, 10 * MINUTE)
    assert "errors" not in world.names()


def test_what_was_not_handed_over_is_found_again(world: World) -> None:
    watch = world.watch()
    world.look(watch)
    world.runs(world.now, world.now + HOUR, 3 * MINUTE, failed=True)
    put = standing.put

    def broken(*_: object) -> None:
        raise RuntimeError("killed")

    standing.put = broken  # type: ignore[assignment]
    try:
        with pytest.raises(RuntimeError, match="killed"):
            world.look(watch, HOUR)
    finally:
        standing.put = put
    assert world.names() == []
    assert world.look(world.watch(), sensed.LEASE + 1)
    assert "errors" in world.names()


def test_the_silence_of_who_may_not_run_says_nothing(world: World) -> None:
    watch = world.watch()
    world.look(watch)
    for _ in range(40):
        world.look(watch, 20 * MINUTE)
    assert world.names() == []


def test_a_baseline_is_kept_over_restarts(world: World) -> None:
    world.look(world.watch())
    states = world.store.read(lambda tx: sensed.read_states(tx, [WHERE])).result(PATIENCE)
    baseline = states[WHERE].baseline
    assert baseline is not None
    assert baseline.runs == 336
    assert baseline.cost is not None


def test_refused_calls_and_places_and_repeats_are_noticed(world: World) -> None:
    noticed = Noticed()
    for number in range(30):
        noticed.call(WHERE, "http.get", {"url": "https://User@Evil.example/x"}, "run-1", number % 2 == 0, world.now)
    rows = noticed.take()
    assert noticed.take() == []
    world.store.write(lambda tx: write_noticed(tx, rows)).result(PATIENCE)
    world.store.write(lambda tx: write_noticed(tx, rows[-1:])).result(PATIENCE)
    news = world.store.read(lambda tx: sensed.read_news(tx, 10**6, NOW - HOUR, NOW + HOUR)).result(PATIENCE)
    assert news.calls == {WHERE: [Asked(NOW, 30, 15)]}
    assert sorted(news.used[WHERE]) == [
        Used(NOW, "asked", "http.get", 30),
        Used(NOW, "domain", "evil.example", 30),
        Used(NOW, "repeat", "http.get", 30),
    ]


def test_what_was_noticed_while_the_store_was_away_is_written_once_it_is_back(world: World) -> None:
    watch, there = world.watch(), world.store
    gate = watch._gate
    gate.noticed.call(WHERE, "http.get", {}, "", False, world.now)
    world.store = SimpleNamespace(write=_away)
    with pytest.raises(OSError, match="away"):
        world.look(watch)
    gate.noticed.call(WHERE, "http.get", {}, "", False, world.now)
    world.store = there
    world.look(watch)
    world.look(watch)
    world.look(watch)
    news = there.read(lambda tx: sensed.read_news(tx, 10**6, NOW - HOUR, NOW + HOUR)).result(PATIENCE)
    assert news.calls == {WHERE: [Asked(NOW, 2, 0)]}


def _away(_: object) -> None:
    raise OSError("the store is away")


def test_use_is_fed_once_however_late_it_is_told_and_whoever_looks(world: World) -> None:
    draw, told, fed = Random(3), Counter[int](), Counter[int]()
    looked, now = NOW, NOW + 5 * MINUTE

    def tell(minute: int, calls: int, at: int) -> None:
        key = (*WHERE, minute, "tool", f"a tool {minute % 7}", "c" * 64, "stable", "USD")

        def add(tx: Transaction) -> None:
            rollups.add(tx, {key: Sums(calls=calls, cost=10 * calls)})
            late.add_late(tx, {key: Sums(calls=calls, cost=10 * calls)}, at)

        world.store.write(add).result(PATIENCE)
        told[minute] += calls

    for _ in range(120):
        now += draw.randrange(0, 2 * MINUTE)
        for _ in range(draw.randrange(4)):
            minute = now - now % MINUTE - draw.choice((0, 1, 2, 3, 4, 9, 40)) * MINUTE
            if minute >= NOW:
                tell(minute, draw.choice((1, 2, 5)) if not told[minute] else draw.choice((-1, 2)), now)
        if draw.random() < 0.3:  # looks come late, too
            before = (now - late.SETTLED) // MINUTE * MINUTE
            news = world.store.read(lambda tx, a=looked, b=before: sensed.read_news(tx, 10**6, a, b)).result(PATIENCE)  # type: ignore[misc]
            looked = before
            for used in news.used.get(WHERE, ()):
                assert (used.name, used.closure) == (f"a tool {used.minute % 7}", "c" * 64)
                fed[used.minute] += used.calls
            read = partial(sensed.read_windows, where=WHERE, run=0, until=looked, longest=WEEK, now_ms=now)
            again = Counter[int]()
            for used in world.store.read(read).result(PATIENCE).used[WHERE]:
                again[used.minute] += used.calls
            assert +again == +fed, "whoever takes over knows what was fed"
    now += 5 * MINUTE
    rest = world.store.read(lambda tx: sensed.read_news(tx, 10**6, looked, now)).result(PATIENCE)
    for used in rest.used.get(WHERE, ()):
        fed[used.minute] += used.calls
    assert +fed == +told
    assert sum(told.values()) > 100


def test_what_is_told_too_late_to_be_in_its_minute_still_raises_what_it_is(world: World) -> None:
    watch = world.watch()
    world.look(watch)

    def use(tool: str, minute: int, at: int, calls: int = 1) -> None:
        sums = {(*WHERE, minute, "tool", tool, "", "", ""): Sums(calls=calls)}
        world.store.write(lambda tx: rollups.add(tx, sums)).result(PATIENCE)
        world.store.write(lambda tx: late.add_late(tx, sums, at)).result(PATIENCE)

    for hour in range(1, 30):
        use("search", NOW - hour * HOUR, NOW - hour * HOUR)
    world.runs(world.now, world.now + 25 * HOUR, HOUR // 2)
    world.look(watch, 25 * HOUR)
    world.look(watch, HOUR // 2)
    use("drop-table", world.now - 20 * MINUTE, world.now)
    world.look(watch, HOUR // 12)
    assert "unseen-tool" in world.names()


def test_a_baseline_is_of_the_release_that_runs(world: World) -> None:
    rows: list[Any] = [(*WHERE, closure, NOW - at * HOUR, 1, 1, 0) for closure, at in (("a", 100), ("b", 50), ("", 40))]
    sql = "INSERT INTO runs (agent, environment, closure, ended, duration, cost, failed) VALUES (?, ?, ?, ?, ?, ?, ?)"
    world.store.write(lambda tx: tx.run("DELETE FROM runs")).result(PATIENCE)
    world.store.write(lambda tx: tx.many(sql, rows)).result(PATIENCE)

    def history(closure: str) -> tuple[int, int]:
        found = world.store.read(lambda tx: sensed.read_history(tx, WHERE, closure, NOW - WEEK, NOW)).result(PATIENCE)
        return len(found.runs), (NOW - found.since) // HOUR

    assert history("a") == (2, 100)
    assert history("b") == (2, 50)
    assert history("") == (3, 168)


def test_what_is_old_is_forgotten(world: World) -> None:
    world.store.write(lambda tx: sensed.forget(tx, NOW + 2 * WEEK)).result(PATIENCE)
    assert world.count("SELECT count(*) FROM runs") == 0


def test_nothing_is_normal_while_an_incident_of_the_agent_stands(world: World) -> None:
    def made() -> int:
        return world.store.read(lambda tx: sensed.read_states(tx, [WHERE])).result(PATIENCE)[WHERE].made

    watch = world.watch()
    world.look(watch)
    before = made()
    world.incidents["one"] = SimpleNamespace(is_standing=True, kind="real", agents=(WHERE[0],))
    world.runs(world.now, world.now + 25 * HOUR, HOUR // 2)
    world.look(watch, 25 * HOUR)
    assert made() == before
    world.incidents.clear()
    world.look(watch, HOUR // 4)
    assert made() > before


def test_a_rule_says_what_holds_it_back(world: World) -> None:
    world.look(world.watch())
    known: dict[tuple[str, str], Known] = {WHERE: Known()}
    read = world.store.read(lambda tx: ask(tx, effective(None), known, world.now)).result(PATIENCE)
    found = {rule: judged for _, rule, judged in read}
    assert found["errors"].held_by.startswith("that is 0%, below ")
    assert (found["cost"].state, found["cost"].count) == ("clear", found["cost"].count)
    assert "the sum of deviations is" in found["cost"].held_by
    nobody: dict[tuple[str, str], Known] = {("a/b", "production"): Known()}
    assert world.store.read(lambda tx: ask(tx, effective(None), nobody, world.now)).result(PATIENCE) == []


def test_what_never_came_is_known(world: World) -> None:
    found = world.store.read(lambda tx: never_fed(tx, ["support/refunds", "a/b"], NOW - WEEK)).result(PATIENCE)
    assert "runs" not in found["support/refunds"]
    assert {"calls", "tool", "money"} <= found["support/refunds"]
    assert "runs" in found["a/b"]
