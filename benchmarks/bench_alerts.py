"""How soon the default rules find what is wrong with an agent, and how often they cry wolf, beside two simpler ways.

200 agents from 10 to 1,000 runs a day: one week to learn from, one in which nothing is wrong, and that week once more
in which something is, until each way has found it. The detectors and rules are the product's own; everything else here
is made up. Seed 7 is the one that their numbers were chosen with; others are held out. With --canary 0.1 a tenth of all
runs is a canary's, and only these are ill: once judged apart, and once together with the others.
"""

from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from statistics import median
from time import monotonic

import msgspec
from alert_world import KINDS, VOLUMES, Ended, Someone, fleet

from agentgov.alerts.baseline import DAY, HOUR, WEEK, History, make_baseline
from agentgov.alerts.defaults import effective
from agentgov.alerts.detecting import APART, detect, prepare
from agentgov.alerts.holding import Holding
from agentgov.alerts.spot import Spot
from agentgov.alerts.watched import Watched

EACH = 40  # agents of a volume
EPOCH = 1_700_000_000_000 // WEEK * WEEK + 4 * DAY  # a Monday
Told = tuple[int, str, str]  # when, signal, severity
RULES = [watch for watch in effective(None) if watch.rule.signal in set().union(*KINDS.values())]
BY_THE_HOUR = frozenset({"tool-mix"})
CANARY = "c" * 64


def history(runs: list[Ended]) -> History:
    """A week as the store would tell it."""
    names: dict[str, list[tuple[int, str, int]]] = {"tool": [], "model": [], "domain": []}
    calls: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    money: dict[int, int] = defaultdict(int)
    for one in runs:
        at = one.run.ended
        names["tool"] += [(at, tool, 1) for tool in one.tools]
        names["model"].append((at, one.model, 1))
        names["domain"].append((at, one.domain, 1))
        calls[at // 60_000][0] += len(one.tools) + one.denied
        calls[at // 60_000][1] += one.denied
        money[at // 60_000 * 60_000] += one.run.cost
    told = [(minute * 60_000, total, bad) for minute, (total, bad) in sorted(calls.items())]
    return History("r1", EPOCH, EPOCH + WEEK, [one.run for one in runs], told, sorted(money.items()), names)


class Watching:
    """The product's rules over one agent, as the gate asks them: with every run, and in between for silence."""

    def __init__(self, runs: list[Ended], budget: float) -> None:
        self.spot = Spot("a", "production", "r1", make_baseline(history(runs)))
        self.spot.allowance = budget / DAY
        self.spot.last = runs[-1].run.ended
        prepare(self.spot, RULES)
        for one in runs[-len(runs) // 2 :]:
            self._feed(one)
        self.spot.measure("r1", self.spot.baseline, anew=True)
        self.spot.repeats = {}
        self.holding, self.hour = Holding(), 0
        self.silence = next(watch for watch in RULES if watch.rule.signal == "silence")
        self.others = [watch for watch in RULES if watch.rule.signal != "silence"]
        self.now = runs[-1].run.ended

    def divide(self, share: float) -> None:
        """Judge a canary of that share by itself."""
        self.spot.beside = Spot("a", "production", CANARY, self.spot.baseline)
        for lane, part in zip(self.spot.all, (1 - share, share), strict=True):
            lane.lanes, lane.share = 2, part
            prepare(lane, RULES)

    def tell(self, one: Ended | None, now: int) -> Iterator[Told]:
        """What starts by a run, or until a moment at which there was none."""
        for moment in range(self.now + 600_000, now, 600_000):
            yield from self._ask(self.silence, moment)
        self.now = now
        if one is None:
            return
        self._feed(one)
        hour = now // HOUR
        for watch in self.others:
            if watch.rule.signal not in BY_THE_HOUR or hour != self.hour:
                yield from self._ask(watch, now)
        yield from self._ask(self.silence, now)
        self.hour = hour

    def _ask(self, watch: Watched, now: int) -> Iterator[Told]:
        held, seen = self.holding.held, set()
        lanes = self.spot.all if watch.rule.signal in APART else (self.spot,)
        for number, judged in ((number, one) for number, lane in enumerate(lanes) for one in detect(lane, watch, now)):
            key = f"{watch.name} {number} {judged.about}"
            seen.add(key)
            before = key in held
            if self.holding.take(key, judged, now) and not before:
                yield now, watch.rule.signal, watch.rule.severity
        for key in [one for one in held if one.startswith(f"{watch.name} ") and one not in seen]:
            self.holding.take(key, None, now)

    def _feed(self, one: Ended) -> None:
        spot, at = self.spot.lane(one.run.closure), one.run.ended
        spot.over(one.run)
        spot.calls.add(at, len(one.tools) + one.denied, one.denied)
        self.spot.money.add(at, 1, one.run.cost)
        for tool in one.tools:
            spot.used("tool", tool, at)
        spot.used("model", one.model, at)
        spot.used("domain", one.domain, at)
        if one.run.repeats > 2:
            self.spot.repeats = {one.worst: (one.run.repeats, at)}


class Outliers:
    """A rival: each run by itself, four robust standard deviations from the median; a name that is new; a failure."""

    def __init__(self, runs: list[Ended], budget: float) -> None:
        self.base = make_baseline(history(runs))

    def tell(self, one: Ended | None, now: int) -> Iterator[Told]:
        """What one run is told for."""
        if one is None or self.base is None:
            return
        for signal, value, normal in (
            ("cost", one.run.cost, self.base.cost),
            ("latency", one.run.duration, self.base.latency),
        ):
            if normal is not None and normal.deviation(now, value) > 4:
                yield now, signal, "page"
        for kind, names in (("tool", one.tools), ("model", [one.model]), ("domain", [one.domain])):
            if any(name not in self.base.names[kind] for name in names):
                yield now, f"unseen-{kind}", "page"
        if one.run.repeats > 4 * self.base.repeats:
            yield now, "loop", "page"


class Thresholds:
    """Another rival: limits for all agents, by the hour, as people write them first."""

    def __init__(self, runs: list[Ended], budget: float) -> None:
        base = make_baseline(history(runs))
        self.cost = sum(one.run.cost for one in runs) / len(runs)
        self.time = sum(one.run.duration for one in runs) / len(runs)
        self.names = {kind: set(names) for kind, names in (base.names if base is not None else {}).items()}
        self.budget, self.hour, self.held, self.last = budget, 0, list[Ended](), runs[-1].run.ended
        self.standing: set[str] = set()

    def tell(self, one: Ended | None, now: int) -> Iterator[Told]:
        """What the hour that is over is told for."""
        if now - self.last > HOUR:
            yield from self._start("silence", self.last + HOUR, True)
        if one is None:
            return
        self.last = now
        if now // HOUR != self.hour:
            yield from self._hour(now)
            self.hour, self.held = now // HOUR, []
        self.held.append(one)

    def _hour(self, now: int) -> Iterator[Told]:
        runs, number = self.held, max(len(self.held), 1)
        calls = sum(len(one.tools) + one.denied for one in runs) or 1
        yield from self._start("errors", now, sum(one.run.failed for one in runs) > 0.05 * number)
        yield from self._start("denials", now, sum(one.denied for one in runs) > 0.05 * calls)
        yield from self._start("cost", now, sum(one.run.cost for one in runs) > 2 * self.cost * number)
        yield from self._start("latency", now, sum(one.run.duration for one in runs) > 2 * self.time * number)
        yield from self._start("spend", now, sum(one.run.cost for one in runs) > self.budget / 6)
        yield from self._start("loop", now, number > 100 or any(one.run.repeats > 20 for one in runs))
        yield from self._start("silence", now, False)

    def _start(self, signal: str, now: int, wrong: bool) -> Iterator[Told]:
        if wrong and signal not in self.standing:
            self.standing.add(signal)
            yield now, signal, "page"
        elif not wrong:
            self.standing.discard(signal)


class Apart(Watching):
    """The product's rules, with a canary judged by itself."""

    share = 0.1


WAYS: dict[str, type] = {"agentgov": Watching, "each run an outlier": Outliers, "fixed thresholds": Thresholds}


CANARIES: dict[str, type] = {"apart": Apart, "together": Watching}


def week_of(way: type, before: list[Ended], week: list[Ended], budget: float) -> Iterator[Told]:
    """What a way tells of a week, as it goes on."""
    watching = way(before, budget)
    if isinstance(watching, Apart):
        watching.divide(watching.share)
    for one in week:
        yield from watching.tell(one, one.run.ended)
    yield from watching.tell(None, EPOCH + 2 * WEEK)


@dataclass
class Seen:
    """What became of one agent: by each way, what was told of the good week, and after how many hours of the bad."""

    one: Someone
    false: dict[str, list[Told]] = field(default_factory=dict)
    delay: dict[str, float | None] = field(default_factory=dict)


def watch(one: Someone, share: float = 0.0) -> Seen:
    """One agent through its weeks, by each way; `share`: of a canary, which alone is ill."""
    before = list(one.week(EPOCH))
    calm = list(one.week(EPOCH + WEEK))
    ill = list(one.week(EPOCH + WEEK, one.fault, EPOCH + one.starts))
    if share:
        Apart.share, calm, ill = share, _beside(one, calm, calm, share), _beside(one, calm, ill, share)
    budget, seen = 2 * max(_by_day(before)), Seen(one)
    for way, made in (CANARIES if share else WAYS).items():
        seen.false[way] = list(week_of(made, before, calm, budget))
        told = week_of(made, before, ill, budget)
        first = next((at for at, signal, _ in told if at >= EPOCH + one.starts and signal in KINDS[one.fault]), None)
        seen.delay[way] = None if first is None else (first - EPOCH - one.starts) / HOUR
    return seen


def _beside(one: Someone, stable: list[Ended], canary: list[Ended], share: float) -> list[Ended]:
    """A week of two releases: of each as many runs as it has a share."""
    draw = Random(one.number)
    found = [run for run in stable if draw.random() >= share]
    found += [
        replace(run, run=msgspec.structs.replace(run.run, closure=CANARY)) for run in canary if draw.random() < share
    ]
    return sorted(found, key=lambda run: run.run.ended)


def main() -> None:
    """Both tables."""
    options = ArgumentParser(description=__doc__)
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("--each", type=int, default=EACH, help="agents of each volume")
    options.add_argument("--volumes", type=int, nargs="+", choices=VOLUMES, default=VOLUMES, help="runs a day")
    options.add_argument("--canary", type=float, default=0.0, metavar="SHARE", help="of a canary, which alone is ill")
    asked = options.parse_args()
    started, played = monotonic(), [one for one in fleet(asked.seed, asked.each) if one.volume in asked.volumes]
    if asked.canary:
        played = [one for one in played if KINDS[one.fault] & APART]
    with ProcessPoolExecutor() as pool:
        seen = list(pool.map(partial(watch, share=asked.canary), sorted(played, key=lambda one: -one.volume)))
    ways = CANARIES if asked.canary else WAYS
    false: dict[str, dict[tuple[int, str], int]] = {way: defaultdict(int) for way in ways}
    rules: dict[str, int] = defaultdict(int)
    delays: dict[str, dict[str, list[float | None]]] = {way: defaultdict(list) for way in ways}
    for at in seen:
        for way in ways:
            delays[way][at.one.fault].append(at.delay[way])
            for _, signal, severity in at.false[way]:
                false[way][at.one.volume, severity] += 1
                rules[f"{signal} ({severity})"] += way == next(iter(ways))
    _show(false, delays, {volume: sum(one.volume == volume for one in played) for volume in asked.volumes})
    missed = [f"{at.one.fault} at {at.one.volume} a day" for at in seen if at.delay[next(iter(ways))] is None]
    print("\nFalse alarms of agentgov by signal:", {name: count for name, count in rules.items() if count} or "none")
    print("Missed by agentgov:", ", ".join(missed) or "nothing")
    print(f"{len(seen)} agents of seed {asked.seed}, {monotonic() - started:.0f} s")


def _by_day(runs: list[Ended]) -> list[int]:
    days: dict[int, int] = defaultdict(int)
    for one in runs:
        days[one.run.ended // DAY] += one.run.cost
    return list(days.values())


def _show(
    false: dict[str, dict[tuple[int, str], int]],
    delays: dict[str, dict[str, list[float | None]]],
    volumes: Mapping[int, int],
) -> None:
    """`volumes`: how many agents there were of each."""
    ways = list(delays)
    print("| fault | " + " | ".join(f"{way}: found, median delay" for way in ways) + " |")
    print("|---|" + "---|" * len(ways))
    for kind in (kind for kind in KINDS if delays[ways[0]][kind]):
        cells = []
        for way in ways:
            found = [one for one in delays[way][kind] if one is not None]
            cells.append(f"{len(found)} of {len(delays[way][kind])}" + (f", {median(found):.2g} h" if found else ""))
        print(f"| {kind} | " + " | ".join(cells) + " |")
    print("\n| runs a day | " + " | ".join(f"{way}: false pages, tickets an agent-week" for way in ways) + " |")
    print("|---|" + "---|" * len(ways))
    for volume, each in volumes.items():
        cells = [" and ".join(f"{false[way][volume, one] / each:.3g}" for one in ("page", "ticket")) for way in ways]
        print(f"| {volume} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
