"""What planning sees of one agent, and what it answers. Values only: `plan` decides, `observations` observes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from agentgov.model.acts_table import ACTS, Risk
from agentgov.model.evidence import StageName
from agentgov.model.pipeline import Pipeline
from agentgov.model.state import Deployment, Release, Vote
from agentgov.release.judge import Judgement


@dataclass(frozen=True, slots=True)
class Observed:
    """What the reconciler saw, up to the tick that is being planned. `of` is the fingerprint of the deployment it saw;
    of any other deployment it says nothing."""

    of: str = ""
    staging_soak: int = 0  # seconds observed since the candidate entered staging
    canary_soak: int = 0  # ... since the step of the canary began, in ticks with data
    bake_soak: int = 0  # ... since the release entered production
    units: int = 0  # canary units in this step
    ramp_started: int = 0  # journal time
    healthy: bool = False  # whether this tick had data on every metric that must pass
    no_data_ticks: int = 0
    problem: str = ""  # why there was no data
    judgement: Judgement | None = None  # of the canary
    bake: Judgement | None = None  # of the release that bakes
    counts: tuple[str, ...] = ()  # what the canary is judged on, as an act carries it
    unit_rate: float = 0.0  # canary units a second in this step, 0.0 where it cannot be told


@dataclass(frozen=True, slots=True)
class Moved:
    """A release whose ref no longer points at the recorded tag object: another object id, or `none`."""

    release: Release
    observed: str


def nothing_owed() -> str:
    """Of an agent without incidents and drills."""
    return ""


def none_missing(_release: Release, _stage: StageName) -> tuple[str, ...]:
    """Of a fleet that asks for no evidence."""
    return ()


@dataclass(frozen=True, slots=True)
class AgentView:
    """Everything that decides what happens to one agent next."""

    deployment: Deployment
    releases: tuple[Release, ...]  # all that the journal has seen, lowest version first
    pipeline: Pipeline
    observed: Observed
    now: int  # the journal time that an act of this tick would carry
    may_promote: Callable[[Vote], bool]
    ineligible: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # tag object -> why
    owed: Callable[[], str] = nothing_owed  # what an incident of the agent owes and is overdue, in words
    unpractised: Callable[[], str] = nothing_owed  # which drill about the agent is overdue, in words
    missing_evidence: Callable[[Release, StageName], tuple[str, ...]] = none_missing
    moved: tuple[Moved, ...] = ()
    revoked: frozenset[str] = frozenset()  # tag objects of releases that rest on a revoked key
    paused: bool = False
    overdue: bool = False  # an override of it owes a follow-up review
    frozen: str = ""  # the name of a freeze that holds
    frozen_until: int = 0  # when it ends (epoch seconds), 0 where that cannot be told
    stale: str = ""  # why the journal is too old for what raises risk
    integrity: bool = True  # whether the journal verified, and descends from what was seen last

    def release(self, tag: str) -> Release | None:
        """The release of a tag object, None where the journal has none."""
        return next((release for release in self.releases if release.tag == tag), None)


TO_PRODUCTION = frozenset({"canary", "share", "graduate"})  # acts that bring new content to real traffic

GateName = Literal[
    "",
    "soak",
    "units",
    "data",
    "judge",
    "evidence",
    "promoters",
    "hold",
    "pause",
    "gate",
    "freeze",
    "stale",
    "eligible",
    "queue",
    "people",
]


@dataclass(frozen=True, slots=True)
class Wait:
    """What something waits for: the rule that waits, one plain sentence, what is left of it, and in how many seconds
    it is about to open: 0 is now, None is what nobody can tell, as with people and missing data."""

    rule: str
    message: str
    remaining: str = ""
    gate: GateName = ""
    eta: int | None = None

    @property
    def is_alarm(self) -> bool:
        """Whether production is bad and nothing goes back by itself, so that people are needed at once."""
        return self.rule == "P4"


@dataclass(frozen=True, slots=True)
class Decision:
    """At most one act, by the first rule that matched, in the order of its kind's grammar; and what waits."""

    rule: str
    act: str | None
    fields: tuple[tuple[str, str], ...] = ()
    subject: str = ""
    reason: str = ""
    waits: tuple[Wait, ...] = ()

    @property
    def risk(self) -> Risk:
        """What its act does to risk; nothing does nothing."""
        return ACTS[self.act].risk if self.act is not None else "neutral"
