"""The ways by which alerts reach people, as governance/alerts.yaml has them: which alerts each takes, and how often it
speaks. Pure.

Times follow Alertmanager: `groupWait` until the first message of a group, `groupInterval` until one about changes,
`repeat` until the same is said again. Where a route says nothing, its kind decides: an Alertmanager groups by itself,
so it is told at once and again every minute, before it takes an alert for resolved; PagerDuty joins events by their
key, so it is told at once as well.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from agentgov.alerts.alert import INCIDENT, Alert
from agentgov.model.names import agent_id
from agentgov.model.policies import Route, RouteMatch
from agentgov.model.units import parse_duration
from agentgov.trust.verbs import in_scope

_DEFAULTS = {"alertmanager": ("0s", "0s", "1m"), "pagerduty": ("0s", "0s", "4h")}
_OTHERS = ("30s", "5m", "4h")
_GROUPED_BY, _SAID = ("agent",), ("incident", "to", "metric")


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds; `repeat` is 0 for never."""

    wait: int
    interval: int
    repeat: int


@dataclass(frozen=True, slots=True)
class Way:
    """A route with all that it left out."""

    name: str
    route: Route
    timing: Timing
    group_by: tuple[str, ...]

    def takes(self, alert: Alert) -> bool:
        """Whether it tells of an alert."""
        return meets(self.route.match, alert.labels, alert.people)

    def label(self, alert: Alert) -> str:
        """What all alerts of its group share, as text: `agent=support/triage`. What is only said, and whom an incident
        calls, is of no group with what goes on."""
        labels = dict(alert.labels)
        apart = alert.once or INCIDENT in labels
        names = [*self.group_by, *(one for one in _SAID if apart and one in labels)]
        return " ".join(f"{name}={labels.get(name, '')}" for name in dict.fromkeys(names))

    @property
    def place(self) -> str:
        """Where it leads, as a digest: another place is another route, whatever its name."""
        said = (self.route.to, self.route.url, self.route.key_from, *self.route.recipients)
        return sha256("\0".join(said).encode()).hexdigest()


def ways(routes: Iterable[Route]) -> tuple[Way, ...]:
    """The routes of a policy; one without a name is called by its kind and its place in the list."""
    return tuple(_way(number, route) for number, route in enumerate(routes, 1))


def hook_way(name: str, url: str, key_from: str) -> Way:
    """A route that no alert goes by: to a receiver that a gate was started with."""
    return Way(name, Route(to="webhook", name=name, url=url, key_from=key_from), Timing(0, 0, 0), ())


def meets(match: RouteMatch, labels: Iterable[tuple[str, str]], people: Iterable[str] = ()) -> bool:
    """Whether labels are of those that a match means: every key that is given. `people` are whom the alert is meant
    for, beside its label `to`."""
    found = dict(labels)
    if (match.severity and found.get("severity") not in match.severity) or (
        match.rules and found.get("alertname") not in match.rules
    ):
        return False
    if match.to and {found.get("to"), *people}.isdisjoint(match.to):
        return False
    agent = agent_id(found.get("agent", "")) if match.agents else None
    return not match.agents or any(in_scope(pattern, agent) for pattern in match.agents)


def why_not(match: RouteMatch, labels: Mapping[str, str], people: Iterable[str] = ()) -> str:
    """Which key of a match keeps an alert out, in words; "" where none does."""
    for name, wanted, found in (
        ("severity", match.severity, labels.get("severity", "")),
        ("rules", match.rules, labels.get("alertname", "")),
    ):
        if wanted and found not in wanted:
            return f"it takes {name} {', '.join(wanted)}, and this is {found}"
    if match.to and {labels.get("to"), *people}.isdisjoint(match.to):
        return f"it takes what is meant for {', '.join(match.to)}, and this is meant for {labels.get('to', 'nobody')}"
    return "" if meets(match, labels.items(), people) else f"it takes agents {', '.join(match.agents)}"


def _way(number: int, route: Route) -> Way:
    wait, interval, repeat = _DEFAULTS.get(route.to, _OTHERS)
    timing = Timing(
        parse_duration(route.group_wait or wait) * 1000,
        parse_duration(route.group_interval or interval) * 1000,
        parse_duration(route.repeat or repeat) * 1000,
    )
    grouped = route.group_by if route.group_by is not None else () if route.to == "alertmanager" else _GROUPED_BY
    return Way(route.name or f"{route.to}-{number}", route, timing, grouped)
