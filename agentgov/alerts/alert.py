"""What an alert is: labels that say which one, and facts that say why. Pure.

Labels identify an alert for as long as it stands, so nothing that changes while it does is a label: the release and
the numbers are facts. Names of labels are those of Prometheus and Alertmanager.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

import msgspec

from agentgov.model.policies import AlertAct

Labels = tuple[tuple[str, str], ...]

NAME, SEVERITY, FLEET, AGENT, ENVIRONMENT = "alertname", "severity", "fleet", "agent", "environment"
DRILL, REHEARSAL = "drill", "rehearsal"
LANE, CANARY, RELEASE = "lane", "canary", "release"
INCIDENT = "incident"


def labels_of(named: Mapping[str, str]) -> Labels:
    """Labels in the one order that they are compared in; an empty value is no label, as in Prometheus."""
    return tuple(sorted((name, value) for name, value in named.items() if value))


def fingerprint_of(labels: Labels) -> str:
    """32 hex digits that are the same for the same labels, on every machine and in every version."""
    return sha256(msgspec.json.encode(sorted(labels))).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that is wrong now.

    `labels` are sorted and always hold `alertname` (the rule), `severity` (page or ticket) and `fleet`; where they
    apply `agent`, `workspace`, `environment`, and what the signal is about: `tool`, `model`, `domain`, `permit`,
    `metric`; `lane` = "canary" and `release` (its version) for what a canary alone does; `drill` = "true" for what is
    rehearsed, and `rehearsal` for the drill that plays it. `starts` is in epoch milliseconds.
    """

    labels: Labels
    starts: int
    summary: str  # one plain sentence with the numbers
    rule: str = ""  # what the rule says, in words
    observed: float | None = None
    baseline: float | None = None
    count: int = 0  # how many events `observed` rests on
    release: str = ""  # of the agent, when it started
    next: str = ""  # the command to run next
    do: tuple[AlertAct, ...] = ("alert",)
    people: tuple[str, ...] = ()  # whom it is meant for, by id, where it is meant for somebody
    once: bool = False  # something that is said, not something that goes on: nobody is told that it is over

    def label(self, name: str) -> str:
        """The value of a label; "" where it has none."""
        return next((value for key, value in self.labels if key == name), "")

    @property
    def fingerprint(self) -> str:
        """What tells this alert from every other one of its fleet."""
        return fingerprint_of(self.labels)

    @property
    def drill(self) -> bool:
        """Whether it is rehearsed."""
        return self.label(DRILL) == "true"


def dedup_key(fleet: str, fingerprint: str) -> str:
    """The name of an alert outside: all ways to people use it for what starts, goes on and ends."""
    return f"agentgov/{fleet}/{fingerprint}"


@dataclass(frozen=True, slots=True)
class Scope:
    """What an evaluation looked at. An alert in its scope that does not fire is over; every other one stands as it
    stood: absence from an evaluation that did not look says nothing."""

    rules: frozenset[str]
    agents: frozenset[str] | None = None  # None: all of them, and alerts that are about no agent
    rehearsal: str = ""  # the drill that was looked at, "" for what is not played

    def covers(self, labels: Labels) -> bool:
        """Whether the evaluation would have told of this alert, had it been firing."""
        named = dict(labels)
        if named.get(REHEARSAL, "") != self.rehearsal:
            return False
        return named.get(NAME, "") in self.rules and (self.agents is None or named.get(AGENT, "") in self.agents)
