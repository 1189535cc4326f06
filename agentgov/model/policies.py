"""The smaller governance files as types: rules about actions, prices, retention, alerts. All of them are optional.

They hold for the whole fleet when they are authorised; what obeys them (the gate, the ledger, alerts) is elsewhere.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from agentgov.model.agent import Then
from agentgov.model.document import Document


class FleetMatch(Document, frozen=True):
    """What a fleet's action rule is about: glob patterns on tool names, patterns of agents (none: all of them)."""

    tools: tuple[str, ...]
    agents: tuple[str, ...] = ()


class FleetRule(Document, frozen=True):
    """One rule beside those of every agent. There is no `allow`, so adding a rule never lets more through."""

    match: FleetMatch
    then: Literal["deny"] | Then
    name: str = ""
    when: str = ""
    reason: str = ""


class ActionPolicy(Document, frozen=True):
    """governance/actions.yaml, kind ActionPolicy: every rule that matches holds, whatever the agent's own say."""

    rules: tuple[FleetRule, ...] = ()


class ModelPrice(Document, frozen=True):
    """What tokens of a model cost, in the currency of the list; amounts are decimal texts."""

    input: str
    output: str
    cached_input: str = ""  # empty: as input
    per: Literal["1K", "1M"] = "1M"
    by_hand: bool = False  # `agentgov prices sync` leaves it as it is
    cache_write: str = ""  # empty: as input


class ToolPrice(Document, frozen=True):
    """What a call of a tool costs."""

    call: str


class PriceList(Document, frozen=True):
    """governance/prices.yaml, kind PriceList: pinned prices of models and tools by name."""

    currency: str
    as_of: str
    models: Mapping[str, ModelPrice] = msgspec.field(default_factory=dict)
    tools: Mapping[str, ToolPrice] = msgspec.field(default_factory=dict)
    source: str = ""  # where prices that are not set by hand come from, with its version


class RetentionClass(Document, frozen=True):
    """How long one kind of record, and its payload, is kept."""

    payload: str
    leaf: str
    basis: str = ""
    frameworks: tuple[str, ...] = ()  # whose minimum it has to keep (`model.frameworks`)
    privileged: bool = False  # kept out of listings and exports unless asked for by name
    readers: tuple[str, ...] = ()  # people and teams who may read what is privileged or encrypted; administrators may


class HoldMatch(Document, frozen=True):
    """Which records a legal hold keeps: those that every part means which is given."""

    agents: tuple[str, ...] = ()  # patterns; none is every record
    subjects: tuple[str, ...] = ()  # patients, customers, matters, as actions name them
    tools: tuple[str, ...] = ()
    labels: Mapping[str, str] = msgspec.field(default_factory=dict)  # that the agent has, or ever had in a release
    since: str = msgspec.field(name="from", default="")  # days (UTC) that records were made on, both included
    until: str = msgspec.field(name="to", default="")


class LegalHold(Document, frozen=True):
    """Records that must stay, whatever their class says."""

    id: str
    match: HoldMatch
    by: str
    since: str = ""
    reason: str = ""


class Retention(Document, frozen=True):
    """governance/retention.yaml, kind Retention."""

    classes: Mapping[str, RetentionClass] = msgspec.field(default_factory=dict)
    default: str = ""  # the class of whatever names none; without it that is kept for ever
    holds: tuple[LegalHold, ...] = ()


Severity = Literal["page", "ticket"]
RouteKind = Literal["slack", "pagerduty", "webhook", "email", "alertmanager", "apprise"]
AlertAct = Literal["alert", "read-only", "pause", "abort-canary", "incident"]
Signal = Literal[
    "errors",
    "denials",
    "spend",
    "cost",
    "latency",
    "unseen-tool",
    "unseen-model",
    "unseen-domain",
    "tool-mix",
    "loop",
    "silence",
    "exhaustion",
    "budget",
    "permit-waiting",
    "pause-unacknowledged",
    "unpriced",
    "verification",
    "moved-tag",
    "overdue-review",
]


class AgentMatch(Document, frozen=True):
    """Which agents an alert rule watches: every key given must match."""

    agents: tuple[str, ...] = ()
    labels: Mapping[str, str] = msgspec.field(default_factory=dict)


class Burn(Document, frozen=True):
    """An allowance spent so many times too fast, over a long and a short window."""

    factor: float
    windows: tuple[str, ...]


class AlertRule(Document, frozen=True):
    """One signal that is watched, and what happens then."""

    name: str
    signal: Signal
    severity: Severity
    match: AgentMatch = AgentMatch()
    burn: tuple[Burn, ...] = ()
    after: str = ""
    min_count: int = 0
    do: tuple[AlertAct, ...] = ("alert",)
    allowance: float | None = None  # what share of runs or calls may be bad; None: by the baseline
    limit: float | None = None  # of the sum of deviations of cost and latency, at 250 runs a week; None: 12
    slack: float | None = None  # standard deviations that a run may lie above the baseline; None: a half
    false_alarms: float | None = None  # of this rule, expected for an agent and a week; None: a twentieth


class Off(Document, frozen=True):
    """A rule that holds without being written down, and not here."""

    rule: str
    reason: str


class RouteMatch(Document, frozen=True):
    """Which alerts a route takes: every key given must match."""

    severity: tuple[Severity, ...] = ()
    rules: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    to: tuple[str, ...] = ()  # whom an incident calls or tells: a person's id, team:ID, role:NAME


class Route(Document, frozen=True):
    """One way to reach people; `key_from` says where its secret is found. Times that are left out are those of its
    kind (`alerts.routing`); `group_by` names the labels that alerts of one message share, None for the agent."""

    to: RouteKind
    name: str = ""
    match: RouteMatch = RouteMatch()
    url: str = ""
    key_from: str = ""
    group_by: tuple[str, ...] | None = None
    group_wait: str = ""
    group_interval: str = ""
    repeat: str = ""  # 0s for never
    resolved: bool = True  # whether people are told that it is over
    sender: str = ""  # of e-mail
    recipients: tuple[str, ...] = ()  # of e-mail: addresses, owner, oncall, team:ID, role:NAME


class Inhibition(Document, frozen=True):
    """While an alert of `source` stands, nobody is told of those of `target` whose labels in `equal` are the same."""

    source: RouteMatch
    target: RouteMatch
    equal: tuple[str, ...] = ("agent",)


class AlertPolicy(Document, frozen=True):
    """governance/alerts.yaml, kind AlertPolicy."""

    rules: tuple[AlertRule, ...] = ()
    off: tuple[Off, ...] = ()
    routes: tuple[Route, ...] = ()
    inhibitions: tuple[Inhibition, ...] = ()


def aborting_rules(policy: AlertPolicy | None) -> frozenset[str]:
    """The names of the rules that abort canaries by themselves: those that a fleet wrote down, and no default."""
    rules = policy.rules if policy is not None else ()
    return frozenset(rule.name for rule in rules if "abort-canary" in rule.do)
