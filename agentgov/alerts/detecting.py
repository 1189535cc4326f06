"""What a rule makes of one agent in one environment: its signal's detector, with the numbers of rule and baseline.

Pure, and cheap enough to be asked with every run. A rule answers once, or once for each name, tool or budget that it is
about; an empty answer means that there is nothing to say.
"""

from collections.abc import Callable, Mapping

from agentgov.alerts.baseline import HOUR
from agentgov.alerts.burning import Allowance, Allowed, burn_events, burn_money
from agentgov.alerts.drift import Drift, judge_drift
from agentgov.alerts.judged import Judged
from agentgov.alerts.mix import judge_mix
from agentgov.alerts.names import judge_name
from agentgov.alerts.spot import Spot
from agentgov.alerts.traffic import judge_repeats, judge_runs, judge_silence
from agentgov.alerts.watched import Watched
from agentgov.model.policies import Signal

_LEAST_BAD = 3  # events: fewer are no burn, whatever their share
_CLUMP = 3.0  # refusals come together: how many are assumed to, where no baseline says
_MIX_TESTS = 168.0  # a week: the mix is looked at by the hour
_CALM_RUN = HOUR  # after so long without more of it, a run that repeats itself is over
APART: frozenset[Signal] = frozenset(  # signals that are asked of each lane; others are of the agent as a whole
    ("errors", "denials", "cost", "latency", "unseen-tool", "unseen-model", "unseen-domain", "tool-mix")
)


def detect(spot: Spot, watch: Watched, now_ms: int) -> list[Judged]:
    """What a rule makes of it now. ValueError where time goes back."""
    found = _DETECTORS.get(watch.rule.signal)
    return found(spot, watch, now_ms) if found is not None else []


def prepare(spot: Spot, watches: list[Watched]) -> None:
    """Tell a spot the limits of its drifts: those of the rules, for its volume."""
    spot.limits = {
        watch.rule.signal: (watch.limit_for(spot.tests()), watch.slack)
        for watch in watches
        if watch.rule.signal in ("cost", "latency")
    }


def _errors(spot: Spot, watch: Watched, now_ms: int) -> list[Judged]:
    base = spot.baseline
    rate = watch.allowance(base.failed, base.runs) if base is not None else watch.allowance(0, 0)
    allowed = Allowed(rate, _LEAST_BAD, watch.chance(spot.tests()), events=watch.rule.min_count)
    return [burn_events(spot.runs, watch.pairs, allowed, "runs failed", now_ms)]


def _denials(spot: Spot, watch: Watched, now_ms: int) -> list[Judged]:
    base = spot.baseline
    rate = watch.allowance(base.denied, base.calls) if base is not None else watch.allowance(0, 0)
    clump = base.clump if base is not None else _CLUMP
    allowed = Allowed(rate, _LEAST_BAD, watch.chance(spot.tests()), clump, watch.rule.min_count)
    return [burn_events(spot.calls, watch.pairs, allowed, "calls were refused", now_ms)]


def _spend(spot: Spot, watch: Watched, now_ms: int) -> list[Judged]:
    base, least = spot.baseline, max(watch.rule.min_count, _LEAST_BAD)
    busiest, runs = (base.busiest, base.runs) if base is not None else ({}, 0)
    if spot.allowance:
        allowance = Allowance(spot.allowance, busiest, least, runs)
    else:
        mean = base.spent / (base.until - base.since) if base is not None else 0.0
        allowance = Allowance(mean, busiest, least, runs, "the mean of its baseline")
    return [burn_money(spot.money, watch.pairs, allowance, now_ms)]


def _drift(spot: Spot, watch: Watched, now_ms: int) -> list[Judged]:
    signal, base = watch.rule.signal, spot.baseline
    normal = None if base is None else base.cost if signal == "cost" else base.latency
    what = "cost of a run" if signal == "cost" else "time of a run"
    return [judge_drift(spot.drifts.get(signal, Drift()), normal, watch.limit_for(spot.tests()), watch.slack, what)]


def _unseen(spot: Spot, watch: Watched, now_ms: int) -> list[Judged]:
    kind, base = watch.rule.signal.removeprefix("unseen-"), spot.baseline
    if base is None or not spot.new:
        return []
    before, since, chance = spot.before(kind), spot.calls_of(kind), watch.chance(spot.tests())
    spot.settle_names(now_ms)
    found = []
    for (of, name), seen in spot.new.items():
        if of == kind:
            found.append(judge_name(kind, name, seen[1], since, before, chance, seen[3]))
            if found[-1].state == "firing":
                seen[2] = seen[2] or now_ms
    return found


def _mix(spot: Spot, watch: Watched, now_ms: int) -> list[Judged]:
    base = spot.baseline
    if base is None:
        return []
    now = spot.mix(now_ms)
    before = base.names.get("tool", {})
    known = {name: calls for name, calls in now.items() if name in before}  # a new tool is told of as such
    return [judge_mix(known, before, base.dispersion, watch.chance(spot.tests(_MIX_TESTS)))]


def _loop(spot: Spot, watch: Watched, now_ms: int) -> list[Judged]:
    runs = sum(one.runs.within(HOUR, now_ms)[0] for one in spot.all)
    found = [judge_runs(runs, spot.baseline, watch.chance(spot.tests()))]
    spot.repeats = {tool: seen for tool, seen in spot.repeats.items() if now_ms - seen[1] < _CALM_RUN}
    found += [judge_repeats(tool, repeats, spot.baseline) for tool, (repeats, _) in spot.repeats.items()]
    return found


def _silence(spot: Spot, watch: Watched, now_ms: int) -> list[Judged]:
    last, looks = max(one.last for one in spot.all), sum(spot.baseline.busy) if spot.baseline is not None else 0
    return [judge_silence(last, spot.baseline, watch.after, watch.chance(looks), now_ms)] if last else []


_DETECTORS: Mapping[Signal, Callable[[Spot, Watched, int], list[Judged]]] = {
    "errors": _errors,
    "denials": _denials,
    "spend": _spend,
    "cost": _drift,
    "latency": _drift,
    "unseen-tool": _unseen,
    "unseen-model": _unseen,
    "unseen-domain": _unseen,
    "tool-mix": _mix,
    "loop": _loop,
    "silence": _silence,
}
