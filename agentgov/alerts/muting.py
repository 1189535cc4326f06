"""Why nobody is told of an alert that stands: a silence, a worse alert of the same cause, a pause of its agent. Pure.

What is muted stands all the same: it is listed, it acts where it may, and people are told once nothing mutes it any
more. Two inhibitions hold in every fleet: a page of an agent mutes its tickets of the same cause, and a paused agent is
not reported as silent.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from agentgov.alerts.routing import meets
from agentgov.alerts.silence import Silence
from agentgov.alerts.standing import Standing
from agentgov.model.policies import Inhibition, RouteMatch

How = Literal["silence", "inhibition", "pause"]
CAUSE = "cause"  # the signal of an alert's rule, as a label that inhibitions may compare
_ALWAYS = Inhibition(
    source=RouteMatch(severity=("page",)),
    target=RouteMatch(severity=("ticket",)),
    equal=("agent", "environment", CAUSE),
)
_SILENCE = "silence"  # the signal of an agent of which nothing is heard


@dataclass(frozen=True, slots=True)
class Mute:
    """What mutes an alert: how, by what, and in words."""

    how: How
    by: str
    said: str


@dataclass(frozen=True, slots=True)
class Circumstances:
    """All that mutes: silences, inhibitions, the order that an agent is paused by ("" for none), and which signal each
    rule watches."""

    silences: Sequence[Silence] = ()
    inhibitions: Sequence[Inhibition] = ()
    paused: Callable[[str], str] = lambda agent: ""
    signals: Mapping[str, str] = field(default_factory=dict)

    def labels(self, one: Standing) -> dict[str, str]:
        """The labels of an alert, with its cause."""
        found = dict(one.alert.labels)
        return {**found, CAUSE: self.signals.get(found["alertname"], found["alertname"])}


def mutes(standing: Iterable[Standing], around: Circumstances, now_ms: int) -> dict[int, Mute]:
    """What mutes each of the alerts that stand, by their numbers; the first reason that there is."""
    labels = {one.id: around.labels(one) for one in standing if one.stands}
    found: dict[int, Mute] = {}
    for number, said in labels.items():
        mute = _silenced(said, around.silences, now_ms) or _paused(said, around.paused)
        if mute is not None:
            found[number] = mute
    for rule in (_ALWAYS, *around.inhibitions):
        for number, mute in _inhibited(labels, rule):
            found.setdefault(number, mute)
    return found


def _silenced(labels: Mapping[str, str], silences: Iterable[Silence], now_ms: int) -> Mute | None:
    one = next((one for one in silences if one.mutes(labels, now_ms)), None)
    return None if one is None else Mute("silence", one.id, f"silenced by {one.by}: {one.reason}")


def _paused(labels: Mapping[str, str], paused: Callable[[str], str]) -> Mute | None:
    by = paused(labels.get("agent", "")) if labels[CAUSE] == _SILENCE else ""
    return Mute("pause", by, f"its agent is paused ({by}), so nothing is to be heard of it") if by else None


def _inhibited(labels: Mapping[int, Mapping[str, str]], rule: Inhibition) -> Iterable[tuple[int, Mute]]:
    """Which alerts a rule mutes. As in Alertmanager, what is of both sides is not muted by what is of both sides; a
    drill mutes nothing real, and the other way round."""
    sources: dict[tuple[str, ...], dict[int, bool]] = {}
    targets: dict[int, bool] = {}
    for number, said in labels.items():
        of_source, of_target = meets(rule.source, said.items()), meets(rule.target, said.items())
        if of_source:
            sources.setdefault(_shared(said, rule), {})[number] = of_target
        if of_target:
            targets[number] = of_source
    for number, both in targets.items():
        for source, also in sources.get(_shared(labels[number], rule), {}).items():
            if source != number and not (both and also):
                name = labels[source]["alertname"]
                yield number, Mute("inhibition", name, f"{name}, which is worse and has the same cause, stands")
                break


def _shared(labels: Mapping[str, str], rule: Inhibition) -> tuple[str, ...]:
    return (labels.get("drill", ""), *(labels.get(name, "") for name in rule.equal))
