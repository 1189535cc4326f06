"""Asks every rule about every agent of whom there is news, and about those where something stands or is awaited.

Holds what detectors know of agents in memory; what must survive a restart is in `State`, and is kept in the transaction
that hands over what fires. Where that transaction does not happen, all of it is forgotten and read again.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from agentgov.alerts.alert import CANARY, LANE, RELEASE, Alert, Labels, labels_of
from agentgov.alerts.baseline import DAY, WEEK, Baseline, History, make_baseline
from agentgov.alerts.defaults import is_about
from agentgov.alerts.detecting import APART, detect, prepare
from agentgov.alerts.drift import Drift
from agentgov.alerts.holding import Holding
from agentgov.alerts.judged import Judged
from agentgov.alerts.sensed import News, State, Where
from agentgov.alerts.spot import WINDOWS, Spot
from agentgov.alerts.watched import Watched
from agentgov.alerts.wording import alert_of
from agentgov.model.names import agent_id

_AGAIN = 600_000  # milliseconds until silence is looked for again
_REMADE = DAY  # milliseconds until a baseline is made anew, and at which a new release has one of its own
_FROZEN = WEEK  # what has stood for so long is normal


@dataclass(frozen=True, slots=True)
class Canary:
    """What runs beside the stable release, and which share of all (from 0 to 1)."""

    closure: str
    release: str
    share: float

    @property
    def version(self) -> str:
        """As people call it."""
        return self.release.rpartition("/")[2]

    def said(self, how: str) -> str:
        """That it runs, behind what an alert says: how it has to do with that."""
        return f", {how} {self.version} at {100 * self.share:g}% in canary"


@dataclass(frozen=True, slots=True)
class Known:
    """What the fleet says of an agent now: its release, labels, budget a millisecond; `idle`: it may not run, so that
    its silence says nothing; `troubled`: an incident of it stands, so that nothing of now is normal; `canary`: what
    runs beside that release."""

    closure: str = ""
    release: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    allowance: float = 0.0
    idle: bool = False
    troubled: bool = False
    canary: Canary | None = None


@dataclass(slots=True)
class _At:
    """One agent in one environment, in memory."""

    state: State
    spot: Spot | None = None
    holding: Holding = field(default_factory=Holding)
    firing: dict[str, Alert] = field(default_factory=dict)
    asked: dict[str, list[Judged]] = field(default_factory=dict)  # the last answers, by rule
    due: int = 0


class Evaluating:
    """Everything that one gate knows of agents, by the rules that hold now."""

    def __init__(self, fleet: str) -> None:
        self.fleet = fleet
        self.rules: tuple[Watched, ...] = ()
        self.changed: set[Where] = set()
        self._spots: dict[Where, _At] = {}

    def begin(self, states: Mapping[Where, State]) -> None:
        """Start from what was kept."""
        self._spots = {where: _At(state, holding=Holding(state.held)) for where, state in states.items()}

    @property
    def longest(self) -> int:
        """The longest window of any rule."""
        return max((pair.long for watch in self.rules for pair in watch.pairs), default=max(WINDOWS))

    def wanted(self, news: News, now_ms: int) -> set[Where]:
        """Those who are to be looked at: with news, with something that stands, or whose silence is awaited."""
        waiting = {where for where, at in self._spots.items() if at.holding.held or at.due <= now_ms}
        return news.spots | waiting

    def unread(self, wanted: Iterable[Where]) -> list[Where]:
        """Those of them whose windows are still to be read from the store (`read_windows`)."""
        return [where for where in wanted if (at := self._spots.get(where)) is None or at.spot is None]

    def load(self, where: Where, windows: News) -> None:
        """Take over what the windows of an agent hold already."""
        at = self._spots.setdefault(where, _At(State()))
        kept = [at.state, *([at.state.canary] if at.state.canary is not None else [])]
        at.spot, *beside = (self._lane(where, one.closure) for one in kept)
        at.spot.beside = next(iter(beside), None)
        self._feed(at.spot, windows, where)  # before there is a baseline, so that nothing adds up twice
        for lane, one in zip(at.spot.all, kept, strict=True):
            lane.drifts = dict(one.drifts)
            lane.new = {(kind, name): [*seen, 0][:4] for kind, name, seen in one.new}  # three, as written before
            lane.since = Counter(one.since)
            lane.known = {kind: set(names) for kind, names in one.known.items()}
            lane.last = max(lane.last, one.last)
        self._measure(at.spot, at.state.baseline, anew=False)

    def _lane(self, where: Where, closure: str) -> Spot:
        lengths = {one for watch in self.rules for pair in watch.pairs for one in (pair.long, pair.short)}
        return Spot(*where, closure, None, lengths)

    def _measure(self, spot: Spot, baseline: Baseline | None, *, anew: bool) -> None:
        """Hold all lanes of an agent against a baseline."""
        for lane in spot.all:
            lane.measure(lane.closure, baseline, anew=anew)
            prepare(lane, list(self.rules))

    def stale(self, wanted: Iterable[Where], known: Mapping[Where, Known], now_ms: int) -> list[tuple[Where, str, int]]:
        """Whose baseline is to be made anew, of which release and since when, by need. Not while anything stands: what
        is wrong is not to become normal, unless it has been so for a week; nor while an incident of the agent does."""
        found = []
        for where in wanted:
            at = self._spots[where]
            told = known.get(where, Known())
            closure = told.closure
            if closure and closure != at.state.closure:
                self._promote(at, closure, now_ms)
            frozen = told.troubled or any(now_ms - held.since < _FROZEN for held in at.holding.held.values())
            young = bool(at.state.promoted) and now_ms - at.state.promoted < _REMADE
            if not frozen and not young and now_ms - at.state.made >= (_REMADE if at.state.baseline else _REMADE / 24):
                found.append((where, at.state.closure, max(now_ms - WEEK, at.state.promoted)))
        return sorted(found, key=lambda one: self._need(one[0]))

    def _need(self, where: Where) -> tuple[bool, int]:
        """Whoever has no baseline comes first, then whoever waits longest."""
        state = self._spots[where].state
        return state.baseline is not None, state.made

    def rebase(self, where: Where, history: History, now_ms: int) -> None:
        """Hold an agent against what it did lately."""
        at = self._spots[where]
        at.state.made = now_ms
        baseline = make_baseline(history)
        if baseline is not None and at.spot is not None:
            at.state.baseline = baseline
            self._measure(at.spot, baseline, anew=True)
        self.changed.add(where)

    def look(self, wanted: Iterable[Where], news: News, known: Mapping[Where, Known], now_ms: int) -> None:
        """Feed what is new, and ask the rules."""
        for where in wanted:
            at, told = self._spots[where], known.get(where, Known())
            if at.spot is not None:
                self._divide(at.spot, told.canary)
                self._feed(at.spot, news, where)
                self._ask(where, at, told, now_ms)

    def baseline(self, where: Where) -> Baseline | None:
        """What is normal for an agent; None where nobody knows."""
        at = self._spots.get(where)
        return at.state.baseline if at is not None else None

    def firing(self) -> list[Alert]:
        """Everything that stands, of all agents."""
        return [alert for at in self._spots.values() for alert in at.firing.values()]

    def standing_rules(self) -> set[str]:
        """Rules by which something stood when it was last kept, whether they still hold or not."""
        return {key.partition(" ")[0] for at in self._spots.values() for key in at.holding.held}

    def states(self) -> dict[Where, State]:
        """What is to be kept of those who changed."""
        return {where: self._kept(self._spots[where]) for where in self.changed}

    def answers(self, agent: str, rule: str = "") -> list[tuple[str, str, Judged]]:
        """The last answers of detectors about an agent: environment, rule, and which gate held it back."""
        return [
            (where[1], name, one)
            for where, at in sorted(self._spots.items())
            if where[0] == agent
            for name, judged in at.asked.items()
            if rule in ("", name)
            for one in judged
        ]

    def _promote(self, at: _At, closure: str, now_ms: int) -> None:
        """Another release runs: what had added up against the one before is over, and it is held against that one's
        week until it has a day of its own."""
        if at.state.closure:
            at.state.promoted = now_ms
            if at.spot is not None:
                at.spot.promote(closure)
        at.state.closure = closure

    def _divide(self, spot: Spot, canary: Canary | None) -> None:
        """Judge the lanes of an agent apart, each by its share, where a canary runs."""
        if canary is None and spot.lanes == 1:
            return
        if canary is not None and (spot.beside is None or spot.beside.closure != canary.closure):
            spot.beside = self._lane((spot.agent, spot.environment), canary.closure)
            spot.beside.baseline = spot.baseline
        lanes, share = (2, canary.share) if canary is not None else (1, 0.0)
        for lane, part in zip(spot.all, (1 - share, share), strict=False):
            if (lane.lanes, lane.share) != (lanes, part):
                lane.lanes, lane.share = lanes, part
                prepare(lane, list(self.rules))

    def _feed(self, spot: Spot, news: News, where: Where) -> None:
        for run in news.runs.get(where, ()):
            spot.lane(run.closure).over(run)
        for minute, kind, name, calls, closure in news.used.get(where, ()):
            if kind == "repeat":
                spot.repeats[name] = (calls, minute)
            else:
                spot.lane(closure).used(kind, name, minute, calls)
        for minute, charges, spent in news.money.get(where, ()):
            spot.money.add(minute, charges, spent)
        for minute, calls, refused, closure in news.calls.get(where, ()):
            spot.lane(closure).calls.add(minute, calls, refused)

    def _ask(self, where: Where, at: _At, known: Known, now_ms: int) -> None:
        spot, agent = at.spot, agent_id(where[0])
        assert spot is not None
        spot.allowance = known.allowance
        at.asked, firing, seen = {}, dict[str, Alert](), set[str]()
        for watch in self.rules:
            if agent is None or not is_about(watch, agent, known.labels):
                continue
            if known.idle and watch.rule.signal == "silence":
                continue
            at.asked[watch.name] = _asked(spot, watch, known.canary, now_ms)
            for judged in at.asked[watch.name]:
                key = " ".join((watch.name, *(value for _, value in judged.about)))
                seen.add(key)
                if at.holding.take(key, judged, now_ms):
                    firing[key] = self._alert(spot, watch, known, judged, at.holding.held[key].since)
        for key in [one for one in at.holding.held if one not in seen]:
            if at.holding.take(key, None, now_ms) and key in at.firing:
                firing[key] = at.firing[key]
        at.firing, at.due = firing, now_ms + _AGAIN
        self.changed.add(where)

    def _alert(self, spot: Spot, watch: Watched, known: Known, judged: Judged, since: int) -> Alert:
        """An alert that says of which lane it is. What is of the stable release alone does not abort the canary."""
        labels, canary = self._labels(spot, watch, known, judged), known.canary
        if canary is None:
            return alert_of(labels, watch, judged, since, known.release)
        if (LANE, CANARY) in judged.about:
            return alert_of(labels, watch, judged, since, canary.release, canary.said("of"))
        if watch.rule.signal not in APART or spot.beside is None or not spot.beside.last:  # of both, or nobody says
            return alert_of(labels, watch, judged, since, known.release, canary.said("with"))
        found = alert_of(labels, watch, judged, since, known.release, canary.said("beside"))
        return replace(found, do=tuple(act for act in found.do if act != "abort-canary"))

    def _labels(self, spot: Spot, watch: Watched, known: Known, judged: Judged) -> Labels:
        agent, environment = spot.agent, spot.environment
        drill = "true" if known.labels.get("drill") == "true" else ""
        named = {"alertname": watch.name, "severity": watch.rule.severity, "fleet": self.fleet, "drill": drill}
        named |= {"agent": agent, "workspace": agent.partition("/")[0], "environment": environment}
        return labels_of({**named, **dict(judged.about)})

    def _kept(self, at: _At) -> State:
        at.state.held = at.holding.held
        if at.spot is not None:
            _keep(at.state, at.spot)
            at.state.canary = (
                _keep(State(at.spot.beside.closure), at.spot.beside) if at.spot.beside is not None else None
            )
        return at.state


def _keep(state: State, lane: Spot) -> State:
    state.drifts = {name: one for name, one in lane.drifts.items() if one != Drift()}
    state.new = [(kind, name, seen) for (kind, name), seen in lane.new.items()]
    state.since, state.last = dict(lane.since), lane.last
    state.known = {kind: sorted(names) for kind, names in lane.known.items()}
    return state


def _asked(spot: Spot, watch: Watched, canary: Canary | None, now_ms: int) -> list[Judged]:
    """What a rule says of an agent as a whole, or of each of its lanes."""
    found = detect(spot, watch, now_ms)
    if canary is None or spot.beside is None or watch.rule.signal not in APART:
        return found
    lane = ((LANE, CANARY), (RELEASE, canary.version))
    return [*found, *(replace(one, about=(*one.about, *lane)) for one in detect(spot.beside, watch, now_ms))]
