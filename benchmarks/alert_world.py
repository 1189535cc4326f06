"""Agents that never were: two weeks of runs with nights, weekends, bursts and heavy tails, and faults of many kinds.

Costs and times are lognormal, with a spread of their own for each agent, a third of them in two kinds of runs. People
work from eight to eight, a third of the agents at night, too. Refusals come in clumps, because agents try again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import cos, exp, log, pi
from random import Random

from agentgov.alerts.baseline import DAY, HOUR, WEEK, Run

VOLUMES = (10, 30, 100, 300, 1000)
CALLS = 4
KINDS = {  # fault -> the signals that find it
    "error burst": {"errors"},
    "slow error creep": {"errors"},
    "cost doubling": {"cost", "spend"},
    "latency doubling": {"latency"},
    "runs that start runs": {"loop"},
    "the same call again": {"loop"},
    "unseen tool": {"unseen-tool"},
    "unseen model": {"unseen-model"},
    "unseen domain": {"unseen-domain"},
    "tool-mix shift": {"tool-mix"},
    "silence": {"silence"},
    "budget runaway": {"spend", "cost"},
    "denials burst": {"denials"},
}


@dataclass(slots=True)
class Ended:
    """A run and what it did."""

    run: Run
    tools: list[str]
    model: str
    domain: str
    denied: int
    worst: str = ""  # the tool of its repeated call


@dataclass
class Someone:
    """One agent: how much it runs, what that costs and takes, and how often it fails."""

    number: int
    volume: int
    draw: Random
    fault: str = ""
    starts: int = 0
    tools: list[str] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    shape: list[float] = field(default_factory=list)  # runs by the hour of the week

    def __post_init__(self) -> None:
        draw = self.draw
        self.tools = [f"tool-{index}" for index in range(draw.randint(3, 8))]
        self.weights = [draw.gammavariate(1, 1) + 0.02 for _ in self.tools]
        night = draw.choice((0.05, 0.05, 0.7))
        self.shape = [
            (1.0 if 8 <= hour % 24 < 20 else night) * (1.0 if hour // 24 < 5 else 0.35) for hour in range(168)
        ]
        self.scale = self.volume * 7 / sum(self.shape)
        self.failing, self.refused = draw.uniform(0.002, 0.03), draw.uniform(0.0, 0.01)
        self.cost, self.spread = exp(draw.uniform(log(1e6), log(1e9))), draw.uniform(0.3, 0.8)
        self.time, self.wait = exp(draw.uniform(log(2e3), log(6e4))), draw.uniform(0.3, 0.7)
        self.kinds = draw.random() < 0.33  # a sixth of its runs cost three times as much
        self.bursty = draw.random() < 0.4
        self.swing = draw.uniform(0, 0.2)  # of costs over the day
        self.domains = [f"site-{index}.example" for index in range(draw.randint(2, 60))]

    def week(self, begins: int, fault: str = "", starts: int = 0) -> Iterator[Ended]:
        """A week of runs in their order, with a fault from a moment on."""
        for hour in range(168):
            at, expected = begins + hour * HOUR, self.shape[hour] * self.scale
            ill = fault if fault and at >= starts else ""
            if ill == "silence":
                continue
            moments = self._moments(at, expected, ill, at - starts)
            for moment in moments:
                yield self._run(moment, ill, moment - starts)

    def _moments(self, at: int, expected: float, ill: str, since: int) -> list[int]:
        if ill == "runs that start runs" and since < 6 * HOUR:
            return list(range(at, at + HOUR, min(10_000, int(HOUR / (20 * max(self.shape) * self.scale)))))
        if ill == "budget runaway":
            expected *= 3
        number = self._poisson(expected / 5 if self.bursty else expected)
        moments = []
        for _ in range(number):
            first = at + self.draw.randrange(HOUR)
            size = 1 + int(self.draw.expovariate(1 / 4.5)) if self.bursty else 1
            moments += [min(first + step * 20_000, at + HOUR - 1) for step in range(size)]
        return sorted(moments)

    def _poisson(self, expected: float) -> int:
        if expected > 60:
            return max(0, round(self.draw.gauss(expected, expected**0.5)))
        limit, number, product = exp(-expected), 0, self.draw.random()
        while product > limit:
            number += 1
            product *= self.draw.random()
        return number

    def _run(self, moment: int, ill: str, since: int) -> Ended:
        draw = self.draw
        season = self.swing * cos(2 * pi * (moment % DAY) / DAY)
        cost = self.cost * exp(draw.gauss(season, self.spread)) * (3 if self.kinds and draw.random() < 1 / 6 else 1)
        time = self.time * exp(draw.gauss(season, self.wait))
        failing = self.failing
        if ill == "error burst":
            failing = 0.5
        elif ill == "slow error creep":
            failing += min(since / (3 * DAY), 1) * 0.35
        elif ill == "cost doubling":
            cost *= 2
        elif ill == "latency doubling":
            time *= 2
        elif ill == "budget runaway":
            cost *= 8
        tools = draw.choices(self.tools, self.weights, k=1 + int(draw.expovariate(1 / (CALLS - 0.5))))
        if ill == "tool-mix shift":
            rarest = self.tools[self.weights.index(min(self.weights))]
            tools = [rarest if draw.random() < 0.4 else tool for tool in tools]
        elif ill == "unseen tool" and draw.random() < 0.2:
            tools[0] = "tool-new"
        model = "model-new" if ill == "unseen model" and draw.random() < 0.5 else "model-a"
        domain = draw.choice(self.domains)
        if ill == "unseen domain" and draw.random() < 0.3:
            domain = "elsewhere.example"
        chance = 0.4 if ill == "denials burst" else self.refused
        denied = min(1 + int(draw.expovariate(1)), 6) if draw.random() < chance * len(tools) else 0
        repeats = 1 + int(draw.expovariate(1))
        if ill == "the same call again" and draw.random() < 0.3:
            repeats = 60
        run = Run(moment, int(time), int(cost), draw.random() < failing, repeats)
        return Ended(run, tools, model, domain, denied, tools[0])


def fleet(seed: int, each: int) -> list[Someone]:
    """So many agents of each volume, with a fault in turn."""
    kinds, found = list(KINDS), list[Someone]()
    for place, volume in enumerate(VOLUMES):
        for index in range(each):
            one = Someone(len(found), volume, Random(f"{seed}/{volume}/{index}"))
            one.fault = kinds[(index + place * 3) % len(kinds)]
            one.starts = WEEK + one.draw.randrange(8, 36) * HOUR
            found.append(one)
    return found
