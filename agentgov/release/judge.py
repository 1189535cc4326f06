"""Judging a canary: is the candidate worse than what runs beside it, is it shown to be good enough, or not yet known.

A conditional-binomial mixture e-process over counts of bad units (sessions or runs, never single calls). Its answers
may be looked at after every window without inflating false alarms (Ville's inequality), whatever the base rate does;
Lindon and Malek, arXiv:2011.03567; Howard and Ramdas, arXiv:1810.08240. Per window, canary (n_c units, x_c bad)
beside stable (n_b, x_b), for a null ratio t0 and alternatives t0*g_j:

    p_0 = t0*n_c/(t0*n_c + n_b), p_j = t0*g_j*n_c/(t0*g_j*n_c + n_b)
    log E_j += x_c*log(p_j/p_0) + x_b*log((1-p_j)/(1-p_0));  E = mean of E_j

FAIL when E reaches m/alphaFail for the null of no harm (t0 = 1, m metrics); PASS when for every gating metric E reaches
1/alphaPass for the null of harm (t0 = thetaMax), or the one-sample form rejects a rate of `ceiling` or more. A crossing
is kept, so a replay gives the same answer; what failed never passes later, while what passed can still fail, because
a canary that turns bad at a larger share must lose its traffic.

Never decides from windows that cannot be: those are no data. Never knows time; soak, units and deadlines are `gates`.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from agentgov.model.pipeline import Judge
from agentgov.model.units import BUCKETS

HARM = (1.25, 1.5, 2.0, 3.0, 5.0, 10.0)  # how much worse the alternatives to "no harm" are
SAFETY = (0.4, 0.5, 0.6, 0.75, 0.9)  # how much better than thetaMax the alternatives to "harm" are
CEILING = (0.05, 0.1, 0.25, 0.5, 0.75)  # fractions of the ceiling
ALPHA_RATIO = 0.001  # of calling healthy routing broken, ever
RATIO_SLACK = 0.1  # of the smaller arm: sessions of unequal length are not broken routing
MAX_UNITS = 10**12  # in one window; more is a broken counter, and beyond what floats add exactly enough


class Outcome(StrEnum):
    """What the evidence says so far."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    UNDECIDED = "undecided"
    INCONCLUSIVE = "inconclusive"  # the traffic is not split as recorded: counts prove nothing


class Counts(msgspec.Struct, frozen=True):
    """Units and bad units of both arms; of one window, or summed."""

    canary_units: int = 0
    canary_bad: int = 0
    stable_units: int = 0
    stable_bad: int = 0


class MetricState(msgspec.Struct, frozen=True):
    """Log evidence per alternative, what was counted, and whether a threshold was ever crossed."""

    harm: tuple[float, ...] = (0.0,) * len(HARM)
    safety: tuple[float, ...] = (0.0,) * len(SAFETY)
    ceiling: tuple[float, ...] = (0.0,) * len(CEILING)
    totals: Counts = Counts()
    failed: bool = False
    passed: bool = False

    def __post_init__(self) -> None:
        """ValueError for evidence that was gathered for other alternatives."""
        if tuple(map(len, (self.harm, self.safety, self.ceiling))) != (len(HARM), len(SAFETY), len(CEILING)):
            raise ValueError("the evidence is not for these alternatives")


class Ratio(msgspec.Struct, frozen=True):
    """Units seen at one recorded share, with the log evidence of broken routing from the shares before."""

    share: int = 0
    canary: int = 0
    stable: int = 0
    carried: float = 0.0
    broken: bool = False


class JudgeState(msgspec.Struct, frozen=True):
    """Everything the judge remembers of one canary. `basis` is the judge it was gathered under."""

    basis: str = ""
    metrics: dict[str, MetricState] = msgspec.field(default_factory=dict)
    ratio: Ratio = Ratio()


@dataclass(frozen=True, slots=True)
class Evidence:
    """E-values of one metric (how strongly each null is contradicted), its counts, and its own outcome."""

    metric: str
    harm: float
    safety: float
    ceiling: float
    counts: Counts
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Judgement:
    """The judge's answer. `metric` names the one that failed; `eta_units` is about how many more canary units a
    healthy candidate needs to pass, None where nothing can be said."""

    outcome: Outcome
    metric: str = ""
    evidence: tuple[Evidence, ...] = ()
    eta_units: int | None = None


def update(state: JudgeState, window: Mapping[str, Counts], judge: Judge, share: int) -> JudgeState:
    """The state after one window of simultaneous counts by metric, seen at a share in buckets of 1/100,000.

    Impossible counts and metrics that the judge does not name are no data. Another judge starts the evidence anew.
    """
    state = _under(state, judge)
    data = valid_windows(window, judge)
    metrics = {name: _with_window(state.metrics.get(name, MetricState()), data[name], judge, name) for name in data}
    first = next(iter(data.values()), Counts())
    return replace(state, metrics=state.metrics | metrics, ratio=_with_units(state.ratio, first, share))


def update_alone(state: JudgeState, window: Mapping[str, Counts], judge: Judge) -> JudgeState:
    """The state after one window of a release that runs without a stable beside it (production while it bakes): harm
    is then a rate above the metric's ceiling; metrics without one say nothing. Reads the canary side of the counts."""
    state = _under(state, judge)
    metrics = dict(state.metrics)
    for name, counts in valid_windows(window, judge).items():
        old, limit = state.metrics.get(name, MetricState()), judge.metrics[name].ceiling
        grown = _one_sample(old.harm, HARM, limit, counts)
        failed = old.failed or _mean(grown) >= _fail_threshold(judge)
        metrics[name] = replace(old, harm=grown, failed=failed, totals=_sum(old.totals, counts))
    return replace(state, metrics=metrics)


def valid_windows(window: Mapping[str, Counts], judge: Judge) -> dict[str, Counts]:
    """The counts that can be, of the metrics the judge names, in the judge's order."""
    return {name: window[name] for name in judge.metrics if name in window and is_valid(window[name])}


def is_valid(counts: Counts) -> bool:
    """Whether both arms hold whole numbers, none negative, not more bad units than units, and no absurd size."""
    arms = ((counts.canary_bad, counts.canary_units), (counts.stable_bad, counts.stable_units))
    whole = all(type(number) is int for arm in arms for number in arm)
    return whole and all(0 <= bad <= units <= MAX_UNITS for bad, units in arms)


def basis_of(judge: Judge) -> str:
    """What evidence depends on: under another basis it begins anew."""
    metrics = {
        name: (one.ceiling, one.gate, one.slower_than) if one.slower_than else (one.ceiling, one.gate)
        for name, one in judge.metrics.items()
    }
    return repr((judge.theta_max, judge.alpha_fail, judge.alpha_pass, metrics))


def judgement(state: JudgeState, judge: Judge) -> Judgement:
    """What the evidence says: FAIL before INCONCLUSIVE (broken routing) before PASS before UNDECIDED."""
    state = _under(state, judge)
    evidence = tuple(_evidence(name, state.metrics.get(name, MetricState())) for name in judge.metrics)
    failed = next((item.metric for item in evidence if item.outcome is Outcome.FAIL), "")
    if failed:
        return Judgement(Outcome.FAIL, failed, evidence)
    if state.ratio.broken:
        return Judgement(Outcome.INCONCLUSIVE, "", evidence)
    open_metrics = [item for item in evidence if judge.metrics[item.metric].gate and item.outcome is not Outcome.PASS]
    if not open_metrics and any(metric.gate for metric in judge.metrics.values()):
        return Judgement(Outcome.PASS, "", evidence, 0)
    etas = [_eta(state.metrics.get(item.metric, MetricState()), judge, item.metric) for item in open_metrics]
    known = [eta for eta in etas if eta is not None]
    return Judgement(Outcome.UNDECIDED, "", evidence, max(known) if known and len(known) == len(etas) else None)


def eta_seconds(found: Judgement, rate: float) -> int | None:
    """In about how many seconds a healthy candidate passes while so many canary units come a second; None where nothing
    can be said."""
    return seconds_for(found.eta_units, rate) if found.eta_units is not None else None


def thresholds(judge: Judge) -> tuple[float, float]:
    """The evidence of harm at which a metric fails, and that of safety (or of a rate below the ceiling) at which it
    passes."""
    return _needed(_tests(judge), judge.alpha_fail), _needed(1, judge.alpha_pass)


def seconds_for(units: int, rate: float) -> int | None:
    """About how long so many units take, None while none come."""
    return math.ceil(units / rate) if rate > 0 else None


def _under(state: JudgeState, judge: Judge) -> JudgeState:
    """Evidence gathered under other null hypotheses is no evidence for these."""
    basis = basis_of(judge)
    return state if state.basis == basis else JudgeState(basis=basis)


def _with_window(old: MetricState, counts: Counts, judge: Judge, name: str) -> MetricState:
    harm = _two_sample(old.harm, HARM, 1.0, counts)
    safety = _two_sample(old.safety, SAFETY, judge.theta_max, counts)
    ceiling = _one_sample(old.ceiling, CEILING, judge.metrics[name].ceiling, counts)
    return MetricState(
        harm=harm,
        safety=safety,
        ceiling=ceiling,
        totals=_sum(old.totals, counts),
        failed=old.failed or _mean(harm) >= _fail_threshold(judge),
        passed=old.passed or max(_mean(safety), _mean(ceiling)) >= _threshold(1, judge.alpha_pass),
    )


def _two_sample(logs: tuple[float, ...], ratios: Iterable[float], null: float, counts: Counts) -> tuple[float, ...]:
    """The module's formula with p_j/p_0 = g*(t0*n_c + n_b)/(t0*g*n_c + n_b) worked out, which stays exact where p is
    next to 0 or 1. Without units on both sides there is nothing to compare."""
    canary, stable, bad = counts.canary_units, counts.stable_units, counts.canary_bad + counts.stable_bad
    if not canary or not stable:
        return logs
    return tuple(
        log
        + counts.canary_bad * math.log(ratio)
        - bad * math.log((null * ratio * canary + stable) / (null * canary + stable))
        for log, ratio in zip(logs, ratios, strict=True)
    )


def _one_sample(
    logs: tuple[float, ...], factors: Iterable[float], limit: float | None, counts: Counts
) -> tuple[float, ...]:
    """log E_j += x_c*log(q_j/c) + (n_c - x_c)*log((1 - q_j)/(1 - c)), q_j = c times a factor; a q_j of 1 or more says
    nothing, and neither does a limit that is no rate."""
    if limit is None or not 0.0 < limit < 1.0:
        return logs
    bad, good = counts.canary_bad, counts.canary_units - counts.canary_bad
    return tuple(
        log + bad * math.log(factor) + good * (math.log1p(-factor * limit) - math.log1p(-limit))
        if factor * limit < 1.0
        else log
        for log, factor in zip(logs, factors, strict=True)
    )


def _with_units(ratio: Ratio, counts: Counts, share: int) -> Ratio:
    """Sample-ratio mismatch: a Beta-mixture e-process (Lindon and Malek) against every canary fraction within the slack
    of the recorded share, so it may be looked at in every window. The first window at a share is left out, as part of
    it was counted at the share before."""
    if share != ratio.share:
        return Ratio(share=share, carried=_ratio_evidence(ratio), broken=ratio.broken)
    grown = replace(ratio, canary=ratio.canary + counts.canary_units, stable=ratio.stable + counts.stable_units)
    return replace(grown, broken=ratio.broken or _ratio_evidence(grown) >= _threshold(1, ALPHA_RATIO))


def _ratio_evidence(ratio: Ratio) -> float:
    units, share = ratio.canary + ratio.stable, ratio.share / BUCKETS
    if not units or not 0.0 < share < 1.0:
        return ratio.carried
    slack = RATIO_SLACK * min(share, 1.0 - share)
    nearest = min(max(ratio.canary / units, share - slack), share + slack)
    mixture = math.lgamma(1 + ratio.canary) + math.lgamma(1 + ratio.stable) - math.lgamma(2 + units)
    null = ratio.canary * math.log(nearest) + ratio.stable * math.log1p(-nearest)
    return ratio.carried + mixture - null


def _mean(logs: tuple[float, ...]) -> float:
    """log of the mean of exp(logs)."""
    top = max(logs)
    return top + math.log(math.fsum(math.exp(log - top) for log in logs) / len(logs))


def _needed(tests: int, alpha: float) -> float:
    return tests / alpha if alpha > 0 else math.inf


def _threshold(tests: int, alpha: float) -> float:
    return math.log(_needed(tests, alpha))


def _tests(judge: Judge) -> int:
    return max(len(judge.metrics), 1)


def _fail_threshold(judge: Judge) -> float:
    return _threshold(_tests(judge), judge.alpha_fail)


def _sum(one: Counts, other: Counts) -> Counts:
    return Counts(
        one.canary_units + other.canary_units,
        one.canary_bad + other.canary_bad,
        one.stable_units + other.stable_units,
        one.stable_bad + other.stable_bad,
    )


def _evidence(name: str, state: MetricState) -> Evidence:
    outcome = Outcome.FAIL if state.failed else Outcome.PASS if state.passed else Outcome.UNDECIDED
    harm, safety, ceiling = (math.exp(min(_mean(logs), 700.0)) for logs in (state.harm, state.safety, state.ceiling))
    return Evidence(name, harm, safety, ceiling, state.totals, outcome)


def _eta(state: MetricState, judge: Judge, name: str) -> int | None:
    """More canary units until a candidate as good as stable passes, by the expected growth of the best alternative."""
    totals = state.totals
    units = totals.canary_units + totals.stable_units
    if not totals.canary_units:
        return None
    rate = (totals.canary_bad + totals.stable_bad + 0.5) / (units + 1)
    unit = Counts(1_000_000, round(rate * 1_000_000), 0, 0)
    beside = totals.stable_units / totals.canary_units
    pair = Counts(1_000_000, unit.canary_bad, round(beside * 1_000_000), round(beside * unit.canary_bad))
    zero = (0.0,) * len(SAFETY)
    ways = (
        (state.safety, _two_sample(zero, SAFETY, judge.theta_max, pair)),
        (state.ceiling, _one_sample(zero, CEILING, judge.metrics[name].ceiling, unit)),
    )
    needed = _threshold(1, judge.alpha_pass)
    etas = [eta for logs, growth in ways if (eta := _units_to(logs, growth, needed)) is not None]
    return min(etas) if etas else None


def _units_to(logs: tuple[float, ...], growth: tuple[float, ...], needed: float) -> int | None:
    """Units until one alternative alone carries the mean over the threshold; growth is per million units."""
    target = needed + math.log(len(logs))
    ways = [(target - log) / (rate / 1_000_000) for log, rate in zip(logs, growth, strict=True) if rate > 0]
    left = min(ways, default=math.inf)
    return math.ceil(max(left, 1.0)) if left < MAX_UNITS else None
