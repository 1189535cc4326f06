"""How full budgets are, for people: the buckets of agents, of workspaces and of the fleet, and when they run out."""

from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

import msgspec

from agentgov.model.agent import OnLimit
from agentgov.model.document import Environment
from agentgov.model.names import AgentId
from agentgov.model.units import parse_duration
from agentgov.model.verdict import Reason
from agentgov.runtime.actions import running
from agentgov.runtime.buckets import Bucket, Level, agent_buckets, names_of, used, used_by_slot
from agentgov.runtime.budget_terms import NO_TERMS, Terms, Watched
from agentgov.runtime.burn import burn, rolling_burn
from agentgov.runtime.deployed import Release
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.known_terms import KnownTerms, former_of, standing_terms
from agentgov.runtime.windows import SCOPES, Scope, day_begins, day_ends, month_begins, month_ends


class Bar(msgspec.Struct, frozen=True):
    """One bucket, or all slots of a rolling window: nano-units. `limit` is null where none stands on it, and `enforced`
    false where it is only told of. The window begins and ends (null: it rolls) at epoch
    milliseconds; `per_hour` is what went since it began, or lately where it rolls; at that rate nothing is left
    when it `runs_out`, and it `comes_to` so much at most."""

    scope: Scope
    window: str
    bucket: str
    spent: int
    reserved: int
    overrun: int
    limit: int | None
    enforced: bool
    alert_at: tuple[float, ...]
    on_limit: OnLimit
    zone: str
    begins: int
    ends: int | None
    per_hour: int
    runs_out: int | None
    comes_to: int


class Bars(msgspec.Struct, frozen=True):
    """The buckets of an agent in one environment, from the agent to the fleet. `day` is that of the agent's calendar;
    `refused` says why nothing may be spent, "" where it may."""

    agent: str
    environment: Environment
    day: str
    currency: str
    labels: dict[str, str]
    refused: str
    bars: tuple[Bar, ...]


class _Part(msgspec.Struct, frozen=True):
    agent: AgentId
    environment: Environment
    currency: str
    terms: Terms
    refused: str
    labels: dict[str, str]
    days: Mapping[Scope, str]
    chain: tuple[Bucket, ...]


class Budgets:
    """Which buckets some agents have at a moment, and what is in them once somebody has read that."""

    def __init__(self, fleet: Fleet, known: KnownTerms, of: Sequence[tuple[AgentId, Environment]], now_ms: int) -> None:
        self._now = now_ms
        fleet.read_ahead(agent for agent, _ in of)
        self._parts = [_part(fleet, known, *one, now_ms) for one in of]

    @property
    def names(self) -> tuple[str, ...]:
        """Every bucket, once."""
        return tuple(dict.fromkeys(name for part in self._parts for name in names_of(part.chain)))

    def told(self, levels: Mapping[str, Level]) -> tuple[Bars, ...]:
        """All of them as people see them; what agents share is worked out once."""
        known: dict[tuple[str, str], Bar] = {}
        return tuple(
            Bars(
                agent=str(part.agent),
                environment=part.environment,
                day=part.days["agent"],
                currency=part.currency,
                labels=part.labels,
                refused=part.refused,
                bars=tuple(self._bar(part, one, levels, known) for one in part.chain),
            )
            for part in self._parts
        )

    def _bar(self, part: _Part, bucket: Bucket, levels: Mapping[str, Level], known: dict[tuple[str, str], Bar]) -> Bar:
        """A bucket and what stands on it under these terms: of two agents it is the same where both have terms."""
        key = bucket.name, part.refused
        found = known.get(key)
        if found is None:
            found = known[key] = _bar(part, bucket, levels, self._now)
        return found


def _part(fleet: Fleet, known: KnownTerms, agent: AgentId, environment: Environment, now_ms: int) -> _Part:
    currency, found = standing_terms(fleet, agent, environment, known)
    refused = found.message if isinstance(found, Reason) else ""
    terms = NO_TERMS if isinstance(found, Reason) else found
    windows = terms.windows(now_ms)
    release = running(fleet.deployed(agent, environment), "")
    labels = dict(release.agent.metadata.labels) if isinstance(release, Release) else {}
    chain = agent_buckets(agent, environment, str(windows), currency, former_of(fleet, agent, environment))
    days = dict(zip(SCOPES, windows.days, strict=True))
    return _Part(agent, environment, currency, terms, refused, labels, days, chain)


def _bar(part: _Part, bucket: Bucket, levels: Mapping[str, Level], now_ms: int) -> Bar:
    key, scope, level = (bucket.scope, bucket.window), bucket.scope, used(bucket, levels)
    zone = part.terms.zones.get(scope, UTC)
    begins, ends = _span(bucket.window, part.days[scope], zone, now_ms)
    most = part.terms.all.get(key)
    if ends is None:
        rate = rolling_burn(used_by_slot(bucket, levels), most, now_ms - begins, now_ms)
    else:
        rate = burn(level.spent + level.reserved, most, begins, ends, now_ms)
    watched = part.terms.watched.get(scope, Watched())
    return Bar(
        scope=scope,
        window=bucket.window,
        bucket=bucket.name,
        spent=level.spent,
        reserved=level.reserved,
        overrun=level.overrun,
        limit=most,
        enforced=key in part.terms.limits,
        alert_at=watched.alert_at,
        on_limit=watched.on_limit,
        zone=zone.key if isinstance(zone, ZoneInfo) else "UTC",
        begins=begins,
        ends=ends,
        per_hour=rate.per_hour,
        runs_out=rate.runs_out,
        comes_to=rate.comes_to,
    )


def _span(window: str, day: str, zone: tzinfo, now_ms: int) -> tuple[int, int | None]:
    """When a window of a day begins and ends."""
    if window == "day":
        return day_begins(day, zone), day_ends(day, zone)
    if window == "month":
        return month_begins(day, zone), month_ends(day, zone)
    return now_ms - parse_duration(window) * 1000, None
