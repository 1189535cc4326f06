"""A world in which one agent's releases live: what the state machine of the release plane moves about in.

It keeps books of its own (what was seen, what passed), so that the code under test is not asked about itself.
"""

from dataclasses import dataclass
from typing import Literal

from deploymentworld import AGENT
from msgspec.structs import replace

from agentgov.model.act import Act, render
from agentgov.model.evidence import StageName
from agentgov.model.pipeline import Judge, Metric, Pipeline, Promoters, Stage, Step
from agentgov.model.state import Deployment, Release, Vote
from agentgov.model.transitions import Refusal, Setting, apply_to_deployment, is_ramping, release_trailer
from agentgov.model.units import parse_share
from agentgov.release.counts import Arm, Cumulative
from agentgov.release.observations import Memory, observed
from agentgov.release.view import AgentView, Moved

JUDGE = Judge(metrics={"error": Metric(ceiling=0.02)}, deadline="20m", no_data_ticks=3)
FIRST, HALF = Step(share="5%", soak="2m", min_units=50), Step(share="50%", soak="1m")


def rules(
    *steps: Step, judge: Judge | Literal["none"] = JUDGE, soak: str = "3m", bake: str = "2m", auto_rollback: bool = True
) -> Pipeline:
    """A pipeline of short soaks, with two steps unless others are given."""
    people = Promoters(count=1, sources=("team:release-managers",))
    canary = Stage(name="canary", environment="production", steps=steps or (FIRST, HALF), judge=judge)
    production = Stage(
        name="production", environment="production", promoters=people, bake=bake, auto_rollback=auto_rollback
    )
    return Pipeline(stages=(Stage(name="staging", environment="staging", soak=soak), canary, production))


# What people may change the pipeline to, whatever is on its way.
PIPELINES = {
    "usual": rules(),
    "shorter": rules(FIRST),
    "longer": rules(FIRST, Step(share="25%", soak="2m", min_units=300), HALF),
    "lower": rules(Step(share="2%", soak="1m"), Step(share="3%", soak="3m")),
    "slower": rules(soak="5m", bake="4m"),
    "without a judge": rules(judge="none"),
    "another judge": rules(judge=Judge(metrics={"error": Metric(ceiling=0.05)}, deadline="15m", no_data_ticks=2)),
    "by hand": rules(auto_rollback=False),
}


@dataclass
class Books:
    """What the world itself saw: the content that passed; of this step of the canary healthy ticks, units, and what its
    act said that its share is."""

    passed: set[str]
    ticks: int = 0
    units: int = 0
    share: int = 0


class ReleaseWorld:
    """One agent with its journal, two reconcilers' memories, clock, people, pipeline and source of counts."""

    def __init__(self) -> None:
        self.at = Deployment(agent=AGENT)
        self.releases: list[Release] = []
        self.pipeline = PIPELINES["usual"]
        self.memory = Memory()
        self.second = Memory()  # of the reconciler that does not act just now
        self.books = Books(set())
        self.clock = self.journal_time = 1_800_000_000
        self.seq = self.authorised = 1
        self.paused = self.integrity = False
        self.integrity = True
        self.frozen = ""
        self.ineligible: dict[str, str] = {}
        self.lacking: set[tuple[str, str]] = set()  # content, and what it lacks results for
        self.moved: list[Moved] = []
        self.landed: list[Act] = []
        self.canary, self.stable, self.counted = Arm(), Arm(), ""

    def release_of(self, tag: str) -> Release | None:
        return next((one for one in self.releases if one.tag == tag), None)

    def may_promote(self, vote: Vote) -> bool:
        return vote.by != "mallory"

    def missing_evidence(self, one: Release, stage: StageName) -> tuple[str, ...]:
        return ("eval",) if (one.closure, stage) in self.lacking else ()

    def setting(self, time: int) -> Setting:
        return Setting(
            time,
            self.seq,
            self.pipeline,
            self.paused,
            self.release_of,
            self.may_promote,
            missing_evidence=self.missing_evidence,
        )

    def view(self, memory: Memory | None = None) -> AgentView:
        """What planning sees, with what the acting reconciler remembers or another one."""
        ordered = sorted(self.releases, key=lambda one: (one.release_name.precedence, one.name))
        return AgentView(
            deployment=self.at,
            releases=tuple(ordered),
            pipeline=self.pipeline,
            observed=observed(memory or self.memory, self.pipeline),
            now=max(self.clock, self.journal_time),
            may_promote=self.may_promote,
            ineligible=self.ineligible,
            missing_evidence=self.missing_evidence,
            moved=tuple(self.moved),
            paused=self.paused,
            frozen=self.frozen,
            integrity=self.integrity,
        )

    def check_change(self, act: Act, before: Deployment, after: Deployment) -> None:
        """What must hold of every change; said by the test."""
        raise NotImplementedError

    def land(self, act: Act, time: int) -> Deployment | Refusal:
        """Appends an act, if it is legal; every legal change is checked."""
        assert render(act)
        before, outcome = self.at, apply_to_deployment(act, self.at, self.setting(time))
        if isinstance(outcome, Refusal):
            return outcome
        assert time >= self.journal_time, "journal time never decreases"
        other = apply_to_deployment(act, replace(before, agent="support/other"), self.setting(time))
        assert isinstance(other, Refusal), "an act on one agent does nothing to another"
        self.at, self.seq, self.journal_time = outcome, self.seq + 1, time
        self.landed.append(act)
        self.check_change(act, before, outcome)
        if act.kind in ("canary", "share"):
            self.books.ticks = self.books.units = 0
            self.books.share = parse_share(act.get("Share"))
        if act.kind == "pass":
            self.books.passed.add(self.closure(outcome.staging.release))
        return outcome

    def say(self, kind: str, one: Release | None, who: str = "carol", **values: str) -> Deployment | Refusal:
        """A person's act: it inherits journal time."""
        fields = [("Agent", AGENT), *([("Release", release_trailer(one))] if one else []), *values.items()]
        act = Act(kind, "0" * 26, "f", "g", f"person:{who}", f"{kind} it", tuple(fields))
        return self.land(act, self.journal_time)

    def closure(self, tag: str) -> str:
        found = self.release_of(tag)
        return found.closure if found else ""

    def count(self, data: str) -> Cumulative | None:
        """The source's counters: 1000 units a tick, split by the recorded share, of the release that is observed."""
        tag = self.at.canary.release if is_ramping(self.at) else self.at.production.release
        one = self.release_of(tag)
        if data == "none" or one is None:
            return None
        share = self.at.canary.share if is_ramping(self.at) else 100_000
        on_canary = 500 if data == "split" else share // 100
        if data == "reset" or self.counted != one.name:
            self.counted = one.name
            self.canary = self.stable = Arm()
        bad = on_canary // 3 if data == "failing" else 0
        self.canary = _grown(self.canary, on_canary, bad)
        self.stable = _grown(self.stable, 1000 - on_canary, 0)
        self.books.units += on_canary
        name = f"{AGENT}/v99.9.9" if data == "other" else one.name
        return Cumulative(name, self.canary, self.stable)


def _grown(arm: Arm, units: int, bad: int) -> Arm:
    return Arm(arm.units + units, {"error": arm.bad.get("error", 0) + bad})
