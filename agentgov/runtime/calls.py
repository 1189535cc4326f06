"""What an agent wants to do, and what was decided about it. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import msgspec

from agentgov.model.verdict import Verdict

Decision = Literal["allow", "deny", "ask"]


class Call(msgspec.Struct, frozen=True):
    """One use of a tool. `subject` is for whom it happens: the id of the person who started the run, or whatever the
    agent's framework knows them by. `purpose` is what it is for, and `refs` are the caller's own records that it
    belongs to: both are recorded, and decide nothing."""

    tool: str
    arguments: Mapping[str, Any]
    subject: str = ""
    purpose: str = ""
    refs: Mapping[str, str] = {}


class Question(msgspec.Struct, frozen=True):
    """Some people, of whom so many have to agree."""

    who: tuple[str, ...]
    count: int


class Needs(msgspec.Struct, frozen=True, rename="camel"):
    """What a permit takes: every question is answered by itself, within so many seconds."""

    questions: tuple[Question, ...]
    four_eyes: bool
    within: int
    show: tuple[str, ...]


class Demand(msgspec.Struct, frozen=True):
    """What a call takes of one quota: an amount of a meter, of which no window of so long may see more than a limit."""

    meter: str
    amount: int
    limit: int
    window_ms: int
    said: str  # the quota as people read it
    earlier: tuple[str, ...] = ()  # meters of the ids that the agent had before, which count too


class Stopped(Protocol):
    """A pause that is about an agent: `stop`, or `read-only`, which leaves tools of effect `read`."""

    @property
    def mode(self) -> str: ...
    @property
    def by(self) -> str: ...
    @property
    def reason(self) -> str: ...


@dataclass(frozen=True, slots=True)
class ActionVerdict(Verdict):
    """A verdict on one call, with what follows from it: `decision` is allow, ask or deny, and what cannot be told is
    denied, except by asking people; `binding` is the digest of exactly this call under its release, `needs` what a
    permit takes where people are asked, `demands` what is taken of quotas unless it is denied."""

    binding: str = ""
    needs: Needs | None = None
    demands: tuple[Demand, ...] = ()
    decision: Decision = "deny"
