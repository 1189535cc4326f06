"""governance/pipeline.yaml as types: stages, canary steps, the judge, freezes, and who goes through which stages.

Of several pipelines the first whose `match` fits an agent decides, else the stages of the file; freezes and counts are
the whole file's.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec
from msgspec.structs import replace

from agentgov.model.document import Document, Environment, Risk
from agentgov.model.units import parse_milliseconds


class Step(Document, frozen=True):
    """One share of traffic of a canary, the time to observe it and the units to see before the next."""

    share: str
    soak: str = "0s"
    min_units: int = 0


class Metric(Document, frozen=True):
    """A count of bad units. `gate: false` can fail a canary but is not needed to pass it. `slower_than`: a session is
    bad by it where a run took longer; None: something else says which are."""

    ceiling: float | None = None
    gate: bool = True
    slower_than: str | None = None


class Judge(Document, frozen=True):
    """How a canary is judged (docs/judge.md): error probabilities, deadline, and what counts as no data."""

    metrics: Mapping[str, Metric] = msgspec.field(default_factory=lambda: {"error": Metric()})
    theta_max: float = 2.0
    alpha_fail: float = 0.01
    alpha_pass: float = 0.05
    interval: str = "1m"
    no_data_ticks: int = 5
    deadline: str = "24h"


class Promoters(Document, frozen=True):
    """Distinct people whose `promote` opens a stage."""

    count: int = 1
    sources: tuple[str, ...] = msgspec.field(default=(), name="from")


class Stage(Document, frozen=True):
    """One step of the pipeline. Only a canary has steps and a judge; only production bakes."""

    name: Literal["staging", "canary", "production"]
    environment: Environment
    soak: str = "0s"
    evidence: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    judge: Judge | Literal["none"] | None = None
    promoters: Promoters | None = None
    bake: str = "0s"
    auto_rollback: bool = False


class Freeze(Document, frozen=True):
    """A time in which nothing automatic raises risk: an RFC 5545 recurrence or a cron line with a duration, or start
    and end."""

    name: str
    when: str = ""
    start: str = ""
    end: str = ""
    cron: str = ""
    duration: str = ""
    tz: str = "UTC"


class RollbackSettings(Document, frozen=True):
    """How far back a rollback by one person may go."""

    window: str = "90d"


class Match(Document, frozen=True):
    """Which agents a pipeline is for: every key given must fit."""

    risk: tuple[Risk, ...] = ()
    labels: Mapping[str, str] = msgspec.field(default_factory=dict)

    def fits(self, risk: Risk, labels: Mapping[str, str]) -> bool:
        """Whether an agent of this risk and with these labels is meant."""
        return (not self.risk or risk in self.risk) and all(labels.get(key) == self.labels[key] for key in self.labels)


class NamedPipeline(Document, frozen=True):
    """Stages for some agents; without a `rollback` of its own that of the file holds."""

    name: str
    match: Match
    stages: tuple[Stage, ...]
    rollback: RollbackSettings | None = None


class PrometheusCounts(Document, frozen=True):
    """PromQL with placeholders (`promql`): all units of one side, and the bad ones by metric."""

    units: str = ""
    bad: Mapping[str, str] = msgspec.field(default_factory=dict)


class CountsSettings(Document, frozen=True):
    """How the units of a canary are counted; where that is asked, the repository never says."""

    prometheus: PrometheusCounts | None = None


class Pipeline(Document, frozen=True):
    """governance/pipeline.yaml, kind Pipeline: exactly the stages staging, canary, production in this order."""

    stages: tuple[Stage, ...]
    freezes: tuple[Freeze, ...] = ()
    rollback: RollbackSettings = RollbackSettings()
    pipelines: tuple[NamedPipeline, ...] = ()
    counts: CountsSettings = CountsSettings()

    def stage(self, name: Literal["staging", "canary", "production"]) -> Stage:
        """The stage of that name; the schema proves that it exists."""
        return next(stage for stage in self.stages if stage.name == name)


def slow_bounds(pipeline: Pipeline) -> Mapping[str, int]:
    """The metrics of the canary's judge that count slow sessions: milliseconds that a run may take, by name."""
    judge = pipeline.stage("canary").judge
    metrics = judge.metrics if isinstance(judge, Judge) else {}
    return {name: parse_milliseconds(one.slower_than) for name, one in metrics.items() if one.slower_than}


def pipeline_for(pipeline: Pipeline, risk: Risk, labels: Mapping[str, str]) -> Pipeline:
    """What an agent of this risk and with these labels goes through, with the freezes and counts of the file."""
    found = next((one for one in pipeline.pipelines if one.match.fits(risk, labels)), None)
    if found is None:
        return pipeline
    return replace(pipeline, stages=found.stages, rollback=found.rollback or pipeline.rollback)
