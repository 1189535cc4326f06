"""Incidents of the past that look like one: what they share is counted, and said. Pure.

No model and no vector: the same agent counts three, a rule that fired in both two, the same playbook one, words of the
titles that both have a half each (of at most four). Whoever reads the answer can check it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from agentgov.model.incident import Incident

_WORD = re.compile(r"[a-z0-9]{4,}")
_COMMON = frozenset({"with", "that", "this", "from", "have", "does", "agent", "incident", "answers"})
_MOST_WORDS = 4


@dataclass(frozen=True, slots=True)
class Similar:
    """One of them: how alike, and why."""

    incident: Incident
    score: float
    because: tuple[str, ...]


def similar_to(incident: Incident, others: Iterable[Incident], most: int = 3) -> tuple[Similar, ...]:
    """The most alike of the others, best first; the newer of two that are alike as much."""
    found = [_compare(incident, other) for other in others if other.id != incident.id]
    likely = [one for one in found if one.score >= 2]
    return tuple(sorted(likely, key=lambda one: (-one.score, -one.incident.opened.seq))[:most])


def _compare(incident: Incident, other: Incident) -> Similar:
    agents = sorted({*incident.agents} & {*other.agents})
    alerts = {*incident.alerts} & {*other.alerts}
    playbook = incident.playbook if incident.playbook == other.playbook else ""
    words = sorted(_words(incident.title) & _words(other.title))[:_MOST_WORDS]
    score = 3 * bool(agents) + 2 * bool(alerts) + bool(playbook) + len(words) / 2
    because = [
        f"same agent {', '.join(agents)}" if agents else "",
        f"same alert {', '.join(sorted(one[:8] for one in alerts))}" if alerts else "",
        f"same playbook {playbook}" if playbook else "",
        f"both say {', '.join(words)}" if words else "",
    ]
    return Similar(other, score, tuple(filter(None, because)))


def _words(title: str) -> frozenset[str]:
    return frozenset(_WORD.findall(title.lower())) - _COMMON
