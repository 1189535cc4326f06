"""Why something was or was not told, route by route: which match kept it out, what mutes it, what its group waits for,
what was tried. Reads what stands and what is due; decides nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from agentgov.alerts import notices, ordered, route_rows, standing
from agentgov.alerts.grouping import Group
from agentgov.alerts.message import decoded
from agentgov.alerts.muting import Mute
from agentgov.alerts.notices import Telling
from agentgov.alerts.ordered import Asked
from agentgov.alerts.routing import Way, why_not
from agentgov.alerts.standing import Standing
from agentgov.runtime import deliveries
from agentgov.runtime.deliveries import Attempt, Delivery
from agentgov.store.port import Transaction

_SHOWN = 20  # deliveries of one answer


@dataclass(frozen=True, slots=True)
class Tried:
    """A delivery that was about an alert, with its attempts."""

    delivery: Delivery
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class OnRoute:
    """What one route makes of an alert: whether it takes it, what it says of it in words, when it speaks next (epoch
    milliseconds, 0 for never), and what was tried."""

    route: str
    takes: bool
    said: str
    next: int
    tried: tuple[Tried, ...]


@dataclass(frozen=True, slots=True)
class Explained:
    """An alert, what mutes it, what its routes make of it, and what it asked for beside words."""

    alert: Standing
    mute: Mute | None
    routes: tuple[OnRoute, ...]
    acts: tuple[Asked, ...]


def explain(tx: Transaction, telling: Telling, one: Standing, now_ms: int) -> Explained:
    """Why people were told of an alert, or were not."""
    looked = notices.look(tx, telling, now_ms)
    mute = looked.muted.get(one.id)
    routes = []
    for way in telling.ways:
        label = way.label(one.alert)
        turn = next((turn for turn in looked.turns if turn.way is way and turn.group.label == label), None)
        group = turn.group if turn is not None else Group(way.name, label)
        due = turn.due.at if turn is not None and turn.due is not None else 0
        takes = "alert" in one.alert.do and way.takes(one.alert)
        said = _said(tx, way, one, mute, group, due)
        routes.append(OnRoute(way.name, takes, said, due if takes else 0, _tried(tx, way, one, label)))
    return Explained(one, mute, tuple(routes), tuple(ordered.of_alert(tx, one.id)))


def last_of(tx: Transaction, rule: str, agent: str) -> Standing | None:
    """The alert of a rule about an agent that stands, else the last one that did."""
    order = "ORDER BY (resolved = 0) DESC, id DESC LIMIT 1"
    row = tx.one(f"SELECT id FROM alerts WHERE rule = ? AND agent = ? {order}", rule, agent)  # noqa: S608 - ours
    return next(iter(standing.named(tx, [int(row[0])])), None) if row is not None else None


def _said(tx: Transaction, way: Way, one: Standing, mute: Mute | None, group: Group, due: int) -> str:
    """What holds of an alert on a route, the first that does."""
    if "alert" not in one.alert.do:
        return "its rule asks that nobody is told"
    if kept_out := why_not(way.route.match, dict(one.alert.labels), one.alert.people):
        return kept_out
    health = route_rows.health(tx, way)
    if health.dead:
        return f"the route is dead: {health.said}"
    known = one.id in group.told
    if not one.stands:
        return "people are still to be told that it is over" if known else "it is over"
    if mute is not None:
        return mute.said
    if known:
        cared = f"; {one.acknowledged_by} takes care of it, so it is not repeated" if one.acknowledged else ""
        return f"people were told of it{cared}"
    return "it is due" if due else "nothing was decided yet"


def _is_about(delivery: Delivery, one: Standing) -> bool:
    labels = {told.labels for told in decoded(delivery.body).alerts}
    return delivery.kind != "test" and delivery.created >= one.taken and one.alert.labels in labels


def _tried(tx: Transaction, way: Way, one: Standing, label: str) -> tuple[Tried, ...]:
    found: Sequence[Delivery] = deliveries.of_lines(tx, (label, one.fingerprint), _SHOWN * 5)
    mine = [each for each in found if each.route == way.name and _is_about(each, one)]
    return tuple(Tried(each, deliveries.attempts(tx, each.id)) for each in mine[:_SHOWN])
