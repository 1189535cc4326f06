"""Alerts, routes and silences as the gate tells them over HTTP; moments are epoch milliseconds, 0 for what has not
happened."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from agentgov.alerts import judged
from agentgov.alerts.asking import Seen
from agentgov.alerts.explaining import Explained, OnRoute, Tried
from agentgov.alerts.muting import Mute
from agentgov.alerts.ordered import Asked, State
from agentgov.alerts.route_rows import Health
from agentgov.alerts.routing import Way
from agentgov.alerts.silence import Silence
from agentgov.alerts.standing import Standing
from agentgov.runtime import deliveries


class AlertAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """One alert; `muted` says why nobody is told of it, "" where nothing keeps it quiet."""

    fingerprint: str
    labels: dict[str, str]
    severity: str
    state: Literal["firing", "resolved"]
    summary: str
    starts: int
    taken: int
    seen: int
    resolved: int
    resolved_by: str
    acknowledged: int
    acknowledged_by: str
    muted: str
    rule: str
    observed: float | None
    baseline: float | None
    count: int
    release: str
    next: str
    do: tuple[str, ...]


class ActAnswer(msgspec.Struct, frozen=True):
    """What an alert asked for beside telling people, and what came of it."""

    act: str
    agent: str
    asked: int
    state: State
    said: str
    ref: str


class AttemptAnswer(msgspec.Struct, frozen=True):
    """One attempt to deliver; `status` is 0 where no answer came, `took` is in milliseconds."""

    attempt: int
    at: int
    took: int
    status: int
    said: str


class DeliveryAnswer(msgspec.Struct, frozen=True):
    """What became of one message."""

    id: str
    route: str
    kind: str
    created: int
    due: int
    state: deliveries.State
    said: str
    ended: int
    attempts: tuple[AttemptAnswer, ...]


class RouteExplained(msgspec.Struct, frozen=True):
    """What one route makes of an alert."""

    route: str
    takes: bool
    said: str
    next: int
    deliveries: tuple[DeliveryAnswer, ...]


class SeenAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """What a rule makes of an agent now: what it sees, and which of its gates holds it back."""

    environment: str
    rule: str
    state: judged.State
    says: str
    held_by: str
    observed: float | None
    baseline: float | None
    count: int
    chance: float | None
    about: dict[str, str]


class ExplainedAnswer(msgspec.Struct, frozen=True):
    """Why people were told of an alert, or were not; `now` where it was asked for by its rule and its agent. Without an
    alert there never was one."""

    alert: AlertAnswer | None
    routes: tuple[RouteExplained, ...] = ()
    acts: tuple[ActAnswer, ...] = ()
    now: tuple[SeenAnswer, ...] = ()


class RouteAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """One route as it holds now; times are seconds. `dead` is since when nobody is there, `tested` when a test last
    arrived, `delivered` when anything last did."""

    name: str
    to: str
    group_by: tuple[str, ...]
    wait: int
    interval: int
    repeat: int
    dead: int
    said: str
    tested: int
    delivered: int


class SilenceAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """One silence."""

    id: str
    matchers: tuple[str, ...]
    state: Literal["pending", "active", "expired", "lifted"]
    since: int
    until: int
    by: str
    reason: str
    made: int
    lifted: int
    lifted_by: str


def alert_answer(one: Standing, mute: Mute | None) -> AlertAnswer:
    """An alert as it is told."""
    alert = one.alert
    return AlertAnswer(
        fingerprint=one.fingerprint,
        labels=dict(alert.labels),
        severity=alert.label("severity"),
        state="firing" if one.stands else "resolved",
        summary=alert.summary,
        starts=alert.starts,
        taken=one.taken,
        seen=one.seen,
        resolved=one.resolved,
        resolved_by=one.resolved_by,
        acknowledged=one.acknowledged,
        acknowledged_by=one.acknowledged_by,
        muted=mute.said if mute is not None else "",
        rule=alert.rule,
        observed=alert.observed,
        baseline=alert.baseline,
        count=alert.count,
        release=alert.release,
        next=alert.next,
        do=alert.do,
    )


def explained_answer(found: Explained | None, now: Sequence[Seen] = ()) -> ExplainedAnswer:
    """The same with all that its routes make of it, and with what its rule sees."""
    seen = tuple(_seen(*one) for one in now)
    if found is None:
        return ExplainedAnswer(None, now=seen)
    routes, acts = tuple(map(_on_route, found.routes)), tuple(map(_act, found.acts))
    return ExplainedAnswer(alert_answer(found.alert, found.mute), routes, acts, seen)


def _seen(environment: str, rule: str, one: judged.Judged) -> SeenAnswer:
    numbers = (one.observed, one.baseline, one.count, one.chance)
    return SeenAnswer(environment, rule, one.state, one.said, one.held_by, *numbers, dict(one.about))


def delivery_answer(one: Tried) -> DeliveryAnswer:
    """What became of a message."""
    each = one.delivery
    attempts = tuple(AttemptAnswer(of.attempt, of.at, of.took, of.status, of.said) for of in one.attempts)
    told = (each.id, each.route, each.kind, each.created, each.due, each.state, each.said, each.ended)
    return DeliveryAnswer(*told, attempts)


def route_answer(way: Way, health: Health) -> RouteAnswer:
    """A route as it is told."""
    return RouteAnswer(
        name=way.name,
        to=way.route.to,
        group_by=way.group_by,
        wait=way.timing.wait // 1000,
        interval=way.timing.interval // 1000,
        repeat=way.timing.repeat // 1000,
        dead=health.dead,
        said=health.said,
        tested=health.tested,
        delivered=health.delivered,
    )


def silence_answer(one: Silence, now_ms: int) -> SilenceAnswer:
    """A silence as it is told."""
    told = (one.id, tuple(map(str, one.matchers)), one.state(now_ms), one.since, one.until)
    return SilenceAnswer(*told, one.by, one.reason, one.made, one.lifted, one.lifted_by)


def _on_route(one: OnRoute) -> RouteExplained:
    return RouteExplained(one.route, one.takes, one.said, one.next, tuple(map(delivery_answer, one.tried)))


def _act(one: Asked) -> ActAnswer:
    return ActAnswer(one.act, one.agent, one.asked, one.state, one.said, one.ref)
