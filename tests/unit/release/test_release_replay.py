"""What a reconciler kept of a ramp, played again, gives the verdict that it came to, whatever happened in between."""

import msgspec
import pytest
from deploymentworld import Line, pipeline, release
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from agentgov.model.pipeline import Judge, Metric, Pipeline
from agentgov.release.counts import Arm, Cumulative
from agentgov.release.judge import Counts, JudgeState, Outcome, judgement
from agentgov.release.observations import Memory, Tick, observe_tick
from agentgov.release.replay import Replay, replay, replayed
from agentgov.release.windows import Window

V1, V2 = release("1.0.0"), release("1.1.0")
TWO = Judge(metrics={"error": Metric(ceiling=0.02), "cost": Metric(gate=False)})
LENIENT = Judge(metrics={"error": Metric(ceiling=0.02), "cost": Metric(gate=False)}, theta_max=3.0)
RULES = {"two": pipeline(judge=TWO), "lenient": pipeline(judge=LENIENT)}
START = 1_000_000
Look = tuple[int, int, int, int, bool]


def judge_of(rules: Pipeline) -> Judge:
    """The judge of a pipeline that has one."""
    found = rules.stage("canary").judge
    assert isinstance(found, Judge)
    return found


class Ramp:
    """A reconciler that watches the canary of v1.1.0 beside v1.0.0, and restarts now and then."""

    def __init__(self) -> None:
        self.line = Line(V1, V2)
        self.line.to_production(V1)
        self.line.to_canary(V2)
        self.rules, self.memory, self.clock = RULES["two"], Memory(), self.line.now
        self.totals = [0, 0, 0, 0]

    def look(self, window: Look) -> None:
        """A tick with counts; those of cost may be missing."""
        canary, bad, stable, stable_bad, cost = window
        more = (canary, min(canary, bad), stable, min(stable, stable_bad))
        self.totals = [old + new for old, new in zip(self.totals, more, strict=True)]
        n, x, m, y = self.totals
        both = ({"error": x, "cost": x}, {"error": y, "cost": y}) if cost else ({"error": x}, {"error": y})
        self.tick(Cumulative(V2.name, Arm(n, both[0]), Arm(m, both[1])))

    def tick(self, counts: Cumulative | None) -> None:
        """A tick, a minute after the one before."""
        self.clock += 60
        tick = Tick(self.clock, self.rules, self.line.releases.get, self.line.paused)
        self.memory = observe_tick(self.memory, self.line.at, counts, tick)

    def event(self, name: str) -> None:
        """Something other than counts."""
        if name == "no data":
            self.tick(None)
        elif name == "reset":
            self.totals = [0, 0, 0, 0]
        elif name == "restart":
            self.memory = msgspec.json.decode(msgspec.json.encode(self.memory), type=Memory)
        elif name == "share" and self.line.at.canary.step < 2 and not self.line.paused:
            self.line.wait()
            self.line.do("share", V2)
        elif name == "pause":
            self.line.paused = not self.line.paused
        elif name in RULES:
            self.rules = RULES[name]


LOOKS = st.tuples(st.integers(0, 400), st.integers(0, 40), st.integers(0, 2000), st.integers(0, 60), st.booleans())
EVENTS = st.sampled_from(("no data", "reset", "restart", "share", "pause", "two", "lenient"))


@given(st.lists(LOOKS | LOOKS | EVENTS, max_size=25))
@settings(max_examples=150)
def test_a_replay_gives_the_verdict_and_the_evidence_bit_for_bit(happenings: list[Look | str]) -> None:
    ramp = Ramp()
    for one in happenings:
        if isinstance(one, str):
            ramp.event(one)
        else:
            ramp.look(one)
        judge, memory = judge_of(ramp.rules), ramp.memory
        found = replay(memory, judge)
        assert found.agrees is True
        assert found.judgement == judgement(memory.judge, judge)
        assert (found.since is None) == (found.judgement.outcome is Outcome.UNDECIDED)
    by = next(judge for judge in (TWO, LENIENT) if ramp.memory.judge.basis in ("", JUDGED[judge.theta_max]))
    states = [state for _, state in replayed(ramp.memory.windows, by)]
    assert (states[-1] if states else JudgeState()) == ramp.memory.judge


def kept(windows: list[Window], judge: Judge = TWO) -> Memory:
    """The memory of a reconciler that saw these windows."""
    states = [state for _, state in replayed(windows, judge)]
    return Memory(windows=tuple(windows), judge=states[-1])


JUDGED = {judge.theta_max: kept([Window(0, 5_000, {})], judge).judge.basis for judge in (TWO, LENIENT)}
QUIET = [Window(START + 60 * n, 5_000, {"error": Counts(50, 1, 950, 19)}) for n in range(3)]
BROKEN = Window(START + 600, 5_000, {"error": Counts(100, 40, 1900, 38)})


def test_a_replay_says_since_when_the_verdict_stands() -> None:
    found = replay(kept([*QUIET, BROKEN, *QUIET]), TWO)
    assert (found.judgement.outcome, found.judgement.metric) == (Outcome.FAIL, "error")
    assert (found.since, found.agrees) == (START + 600, True)
    assert replay(kept(QUIET), TWO).since is None


@pytest.mark.parametrize("lost", [0, 3])
def test_windows_that_were_changed_or_lost_do_not_agree(lost: int) -> None:
    memory = kept([*QUIET, BROKEN])
    fewer = tuple(one for number, one in enumerate(memory.windows) if number != lost)
    assert replay(replace(memory, windows=fewer), TWO).agrees is False
    assert replay(replace(memory, windows=fewer, cut=True), TWO).agrees is None


def test_another_judge_has_seen_nothing_yet() -> None:
    memory = kept([*QUIET, BROKEN])
    assert replay(memory, LENIENT) == Replay(judgement(JudgeState(), LENIENT), None, True)
