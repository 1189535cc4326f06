"""What was counted since a canary began, on both sides of the split; how it is asked for, and read from a document.

    {"agents": {"support/refund-assistant": {"release": "support/refund-assistant/v1.4.0",
        "canary": {"units": 412, "error": 5}, "stable": {"units": 8021, "error": 51}}}}

Strict: whatever is malformed for one agent is no data for that agent, with the reason; whatever is malformed for the
whole file is no data for anybody. Never guesses, never repairs, never judges.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from agentgov.model.names import AgentId, agent_id, release_name
from agentgov.model.pipeline import Pipeline
from agentgov.release.strict_json import strict_json

MAX_BYTES = 64 * 1024 * 1024
MAX_COUNT = 10**15
_METRIC = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}\Z")


class Arm(msgspec.Struct, frozen=True):
    """Units of one side of the split, and of these the bad ones by metric."""

    units: int = 0
    bad: dict[str, int] = msgspec.field(default_factory=dict)


class Cumulative(msgspec.Struct, frozen=True):
    """What was counted since the canary of a release (its tag name) began."""

    release: str
    canary: Arm
    stable: Arm


@dataclass(frozen=True, slots=True)
class Reading:
    """Counts by agent id, why an agent has none, and why the file as a whole could not be read."""

    counts: Mapping[str, Cumulative] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""

    def of(self, agent: str) -> Cumulative | None:
        """The counts of an agent, None for no data."""
        return self.counts.get(agent)

    def why_not(self, agent: str) -> str:
        """Why an agent has no counts, "" where it has."""
        if agent in self.counts:
            return ""
        return self.problem or self.problems.get(agent, f"the counts do not mention {agent}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One agent whose units are wanted: of which release (tag name), beside which one ("" for none), and since when.
    `previous` are the counts that were last believed, of the same release and the same beginning."""

    agent: AgentId
    release: str
    stable: str
    since: int  # epoch seconds
    share: int  # of traffic, in buckets of 1/100,000
    metrics: tuple[str, ...]
    previous: Cumulative | None = None


class CountSource(Protocol):
    """Where counts come from. Never raises for what the other side does: no data is a reason, never a zero."""

    def read(self, wanted: Sequence[Wanted], pipeline_of: Callable[[AgentId], Pipeline], now: int) -> Reading:
        """The counts up to now (epoch seconds); it may answer for more agents than were wanted."""
        ...


def parse_counts(data: bytes, what: str = "the file of counts") -> Reading:
    """The counts in a document's bytes; total, no input raises. `what` names the document."""
    if len(data) > MAX_BYTES:
        return Reading(problem=f"{what} is too large")
    try:
        document = strict_json(data.decode("utf-8"))
    except (ValueError, RecursionError):
        return Reading(problem=f"{what} is not strict JSON")
    agents = document.get("agents") if isinstance(document, dict) and set(document) == {"agents"} else None
    if not isinstance(agents, dict):
        return Reading(problem=f'{what} is not one object {{"agents": {{...}}}}')
    counts: dict[str, Cumulative] = {}
    problems: dict[str, str] = {}
    for agent, value in agents.items():
        found = _cumulative(agent, value)
        if isinstance(found, Cumulative):
            counts[agent] = found
        else:
            problems[agent] = found
    return Reading(counts, problems)


def _cumulative(agent: str, value: object) -> Cumulative | str:
    if agent_id(agent) is None:
        return f"{agent!r} is no agent"
    if not isinstance(value, dict) or not {"release", "canary"} <= set(value) <= {"release", "canary", "stable"}:
        return "the counts need release, canary and stable, and nothing else"
    name = release_name(value["release"]) if isinstance(value["release"], str) else None
    if name is None or str(name.agent) != agent:
        return "the counts do not name a release of the agent"
    canary, stable = _arm(value["canary"]), _arm(value.get("stable", {"units": 0}))
    if canary is None or stable is None:
        return "the counts hold something other than whole numbers, or more bad units than units"
    return Cumulative(str(name), canary, stable)


def _arm(value: object) -> Arm | None:
    if not isinstance(value, dict) or "units" not in value:
        return None
    if any(type(number) is not int or not 0 <= number <= MAX_COUNT for number in value.values()):
        return None
    bad = {metric: number for metric, number in value.items() if metric != "units"}
    if any(_METRIC.match(metric) is None or number > value["units"] for metric, number in bad.items()):
        return None
    return Arm(value["units"], bad)
