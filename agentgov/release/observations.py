"""The reconciler's own memory of one agent: soak it saw, evidence it judged, ticks without data. Pure.

A tick adds at most one interval of soak, whatever the clock does; time nobody observed does not count; a clock that
goes back adds nothing. Another candidate or another step starts its soak and units anew, a new name for the same
content does not; the judge's evidence lasts a whole ramp. Losing this memory restarts soak and counts, never more:
it can delay a release and never advance one. It is kept in a file by `memory`.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from agentgov.model.names import AgentId
from agentgov.model.pipeline import Judge, Pipeline
from agentgov.model.state import Deployment, Release
from agentgov.model.transitions import is_ramping, judge_of
from agentgov.model.units import BUCKETS, parse_duration
from agentgov.release.counts import Arm, Cumulative, Wanted
from agentgov.release.judge import Counts, JudgeState, basis_of, judgement, update, update_alone, valid_windows
from agentgov.release.view import Observed
from agentgov.release.windows import MOST, Window

DEFAULT_INTERVAL = 60  # seconds, where no judge names one


class Watch(msgspec.Struct, frozen=True, omit_defaults=True):
    """Seconds observed of one thing; `key` says of which."""

    key: str = ""
    soak: int = 0


_UNWATCHED, _UNJUDGED = Watch(), JudgeState()  # these very values are not written into the file


class Memory(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is remembered of one agent between ticks."""

    at: int = 0  # when the last tick was
    of: str = ""  # fingerprint of the deployment that it saw
    staging: Watch = _UNWATCHED
    canary: Watch = _UNWATCHED
    bake: Watch = _UNWATCHED
    closure: str = ""  # the candidate in canary
    step: int = 0
    ramp_started: int = 0
    units: int = 0
    counted: int = 0  # seconds in which those units came
    read: int = 0  # when counts were read last
    healthy: bool = False
    no_data_ticks: int = 0
    problem: str = ""
    judge: JudgeState = _UNJUDGED
    bake_judge: JudgeState = _UNJUDGED
    last: Cumulative | None = None
    windows: tuple[Window, ...] = ()  # what the judge of the ramp was fed, so that it can be played again
    cut: bool = False  # whether the oldest windows are gone


@dataclass(frozen=True, slots=True)
class Tick:
    """One look at the world: the clock (epoch seconds), and what observing needs to know of the fleet."""

    now: int
    pipeline: Pipeline
    release_of: Callable[[str], Release | None]
    paused: bool = False
    problem: str = ""  # why there are no counts, when there are none

    @property
    def judge(self) -> Judge | None:
        """The judge of the pipeline, None where there is none."""
        found = self.pipeline.stage("canary").judge
        return found if isinstance(found, Judge) else None

    @property
    def interval(self) -> int:
        """The most soak that this tick may add, in seconds."""
        return parse_duration(self.judge.interval) if self.judge is not None else DEFAULT_INTERVAL


def fingerprint(deployment: Deployment) -> str:
    """A digest of a deployment, so that an observation says which one it is of."""
    return hashlib.sha256(msgspec.json.encode(deployment)).hexdigest()


def observe_tick(memory: Memory, deployment: Deployment, counts: Cumulative | None, tick: Tick) -> Memory:
    """The memory after one tick. A paused canary or production gathers neither soak nor blame: it has no traffic."""
    elapsed = min(max(tick.now - memory.at, 0), tick.interval)
    memory = _follow(memory, deployment, tick)
    memory = replace(memory, read=tick.now) if tick.paused else _count(memory, deployment, counts, tick)
    canary_soak = elapsed if memory.healthy or judge_of(deployment, tick.pipeline) is None else 0
    keys = _keys(deployment, tick)
    return replace(
        memory,
        at=tick.now,
        of=fingerprint(deployment),
        staging=_watched(memory.staging, keys[0], elapsed),
        canary=_watched(memory.canary, keys[1], 0 if tick.paused else canary_soak),
        bake=_watched(memory.bake, keys[2], 0 if tick.paused else elapsed),
    )


def wanted(memory: Memory, agent: AgentId, deployment: Deployment, tick: Tick) -> Wanted | None:
    """Whose units have to be counted for this tick; None where nothing of the agent has traffic to be judged."""
    at, production = deployment.canary, deployment.production
    ramps = is_ramping(deployment)
    judge = judge_of(deployment, tick.pipeline) if ramps else tick.judge
    if not ramps and production.state != "BAKING":
        return None
    if judge is None and not (ramps and any(step.min_units for step in tick.pipeline.stage("canary").steps)):
        return None
    name = _name(at.release if ramps else production.release, tick)
    known = ramps and _closure(at.release, tick) == memory.closure
    return Wanted(
        agent=agent,
        release=name,
        stable=_name(production.release, tick) if ramps else "",
        since=memory.ramp_started if known else at.since if ramps else production.since,
        share=at.share if ramps else BUCKETS,
        metrics=tuple(judge.metrics) if judge is not None else (),
        previous=memory.last if memory.last is not None and memory.last.release == name else None,
    )


def observed(memory: Memory, pipeline: Pipeline) -> Observed:
    """What planning may know of this memory."""
    judge = pipeline.stage("canary").judge
    canary = judgement(memory.judge, judge) if isinstance(judge, Judge) and memory.closure else None
    bake = judgement(memory.bake_judge, judge) if isinstance(judge, Judge) and memory.bake.key else None
    totals = [(item.metric, item.counts) for item in canary.evidence] if canary is not None else []
    return Observed(
        of=memory.of,
        staging_soak=memory.staging.soak,
        canary_soak=memory.canary.soak,
        bake_soak=memory.bake.soak,
        units=memory.units,
        unit_rate=memory.units / memory.counted if memory.counted else 0.0,
        ramp_started=memory.ramp_started,
        healthy=memory.healthy,
        no_data_ticks=memory.no_data_ticks,
        problem=memory.problem,
        judgement=canary,
        bake=bake,
        counts=tuple(
            f"{name} canary {sums.canary_bad}/{sums.canary_units} stable {sums.stable_bad}/{sums.stable_units}"
            for name, sums in totals
        ),
    )


def _keys(deployment: Deployment, tick: Tick) -> tuple[str, str, str]:
    """What staging, canary and production are watched for: content and since when, "" for nothing."""
    stages = (
        (deployment.staging, deployment.staging.state == "SOAKING"),
        (deployment.canary, is_ramping(deployment)),
        (deployment.production, deployment.production.state == "BAKING"),
    )
    first, second, third = (f"{_closure(stage.release, tick)}@{stage.since}" if live else "" for stage, live in stages)
    return first, second, third


def _closure(tag: str, tick: Tick) -> str:
    release = tick.release_of(tag)
    return release.closure if release is not None else tag


def _watched(watch: Watch, key: str, elapsed: int) -> Watch:
    """Only what was the same at the last tick was observed in between."""
    if not key:
        return _UNWATCHED
    return Watch(key, watch.soak + elapsed if key == watch.key else 0)


def _follow(memory: Memory, deployment: Deployment, tick: Tick) -> Memory:
    """The memory of the ramp that stands: kept within a ramp, with units per step; anew for any other."""
    key, at = _keys(deployment, tick)[1], deployment.canary
    if not key:
        none = replace(memory, closure="", step=0, units=0, counted=0, healthy=False, no_data_ticks=0, problem="")
        baking = _keys(deployment, tick)[2]
        kept = memory.bake_judge if baking and baking == memory.bake.key else _UNJUDGED
        return replace(none, judge=_UNJUDGED, bake_judge=kept, windows=(), cut=False)
    if key == memory.canary.key:
        return memory
    closure = _closure(at.release, tick)
    onwards = at.step == memory.step + 1 or (at.step == memory.step and at.state == "INCONCLUSIVE")
    if closure == memory.closure and onwards:
        return replace(memory, step=at.step, units=0, counted=0)
    return replace(
        memory,
        closure=closure,
        step=at.step,
        units=0,
        counted=0,
        healthy=False,
        no_data_ticks=0,
        ramp_started=at.since if at.step == 0 else tick.now,
        judge=_UNJUDGED,
        last=_baseline(memory, at.release, at.step, tick),
        read=at.since if at.step == 0 else memory.read,
        windows=(),
        cut=False,
    )


def _baseline(memory: Memory, tag: str, step: int, tick: Tick) -> Cumulative | None:
    """What the counts of a new ramp are measured from: the last ones of the same release, nothing at the first step,
    unknown where the memory of a ramp was lost."""
    name = _name(tag, tick)
    if memory.last is not None and memory.last.release == name:
        return memory.last
    return Cumulative(name, Arm(), Arm()) if step == 0 else None


def _name(tag: str, tick: Tick) -> str:
    release = tick.release_of(tag)
    return release.name if release is not None else tag


def _count(memory: Memory, deployment: Deployment, counts: Cumulative | None, tick: Tick) -> Memory:
    """The memory with this tick's counts judged, or one more tick without data."""
    ramps = is_ramping(deployment)
    if not ramps and deployment.production.state != "BAKING":
        return memory
    subject = _name(deployment.canary.release if ramps else deployment.production.release, tick)
    if counts is None or counts.release != subject:
        why = tick.problem if counts is None else f"the counts are of {counts.release}"
        return _without_data(memory, why or "no counts")
    last, seconds = memory.last, max(tick.now - memory.read, 0) if memory.read else 0
    memory = replace(memory, last=counts, read=tick.now)
    if last is None or last.release != subject:
        return _without_data(memory, "the first reading only sets where counting begins")
    if _went_back(last, counts):
        return _without_data(memory, "the counters went back")
    if ramps:
        units = memory.units + counts.canary.units - last.canary.units
        memory = replace(memory, units=units, counted=memory.counted + seconds)
    return _judged(memory, deployment, _window(last, counts, tick.judge, deployment), tick)


def _judged(memory: Memory, deployment: Deployment, window: dict[str, Counts], tick: Tick) -> Memory:
    ramps = is_ramping(deployment)
    judge = judge_of(deployment, tick.pipeline) if ramps else tick.judge
    if judge is None:
        return memory
    if ramps:
        memory = _looked(memory, window, judge, deployment.canary.share, tick.now)
    else:
        memory = replace(memory, bake_judge=update_alone(memory.bake_judge, window, judge))
    valid = valid_windows(window, judge)
    missing = [name for name, metric in judge.metrics.items() if metric.gate and name not in valid]
    if missing:
        return _without_data(memory, f"no counts of {', '.join(missing)}")
    return replace(memory, healthy=True, no_data_ticks=0, problem="")


def _looked(memory: Memory, window: dict[str, Counts], judge: Judge, share: int, now: int) -> Memory:
    """Another judge starts the evidence anew, and what is kept to play it again with it."""
    same = memory.judge.basis == basis_of(judge)
    looks = (*(memory.windows if same else ()), Window(now, share, valid_windows(window, judge)))
    return replace(
        memory,
        judge=update(memory.judge, window, judge, share),
        windows=looks[-MOST:],
        cut=(same and memory.cut) or len(looks) > MOST,
    )


def _without_data(memory: Memory, why: str) -> Memory:
    return replace(memory, healthy=False, no_data_ticks=memory.no_data_ticks + 1, problem=why)


def _went_back(last: Cumulative, now: Cumulative) -> bool:
    """Whether a counter fell: the source began anew, and the difference says nothing."""
    return any(
        new.units < old.units or any(new.bad.get(name, bad) < bad for name, bad in old.bad.items())
        for old, new in ((last.canary, now.canary), (last.stable, now.stable))
    )


def _window(last: Cumulative, now: Cumulative, judge: Judge | None, deployment: Deployment) -> dict[str, Counts]:
    """Counts since the last tick, of the metrics that were counted at both; without a stable release beside, its side
    is empty."""
    found: dict[str, Counts] = {}
    beside = is_ramping(deployment)
    for name in judge.metrics if judge is not None else ():
        canary = _difference(last.canary, now.canary, name)
        stable = _difference(last.stable, now.stable, name) if beside else (0, 0)
        if canary is not None and stable is not None:
            found[name] = Counts(*canary, *stable)
    return found


def _difference(last: Arm, now: Arm, name: str) -> tuple[int, int] | None:
    """(units, bad units) of one side since the last tick; nothing was bad where nothing was counted yet."""
    before = 0 if last.units == 0 else last.bad.get(name)
    if before is None or name not in now.bad:
        return None
    return now.units - last.units, now.bad[name] - before
