"""What the gate counts about itself, for Prometheus. Names routes and statuses, never an agent or a person."""

from time import monotonic
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate
    from agentgov.gate.route import Route

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

# What is measured: how it is called behind `agentgov_gate_`, and what it says.
_SENSES = {
    "seconds": ("alert_look_seconds", "Seconds that the last look by the alert rules took."),
    "agents": ("alert_looked_agents", "Agents in an environment that it looked at."),
    "late": ("alert_late_seconds", "Seconds that its newest minute is later than it has to be."),
    "at": ("alert_looked_seconds", "When it ended, epoch seconds; 0 where another gate looks."),
}
_STATE = {
    "open": ("open_requests", "Requests that are being answered."),
    "seq": ("journal_seq", "Act of the journal that is served."),
    "time": ("journal_time_seconds", "Journal time of the state that is served, epoch seconds."),
    "age": ("journal_unseen_seconds", "Seconds since the journal was last looked at."),
    "failed": ("journal_failed", "1 where the last look at the journal failed."),
    "stale": ("journal_stale", "1 where journal time is older than the fleet allows."),
    "control": ("control_age_seconds", "Seconds since the store last confirmed tokens and pauses."),
    "pause_works": ("pause_works", "0 where the last test of pausing failed."),
    "pause_seconds": ("pause_seconds", "Seconds from an order to its effect, in the last test."),
    "pauses": ("pauses", "Orders that stop agents and are obeyed."),
    "unsent": ("unsent_acts", "Acts that wait for the journal."),
    "unsent_age": ("unsent_seconds", "Seconds that the oldest of them has waited."),
    "tokens": ("tokens", "Tokens that may be good."),
    "unsound": ("budget_faults", "What of budgets does not add up; 0 where all does."),
    "ledger_behind": ("ledger_behind", "Records of the ledger that no checkpoint covers yet."),
    "ledger_behind_age": ("ledger_behind_seconds", "Seconds since every record was last under a checkpoint."),
    "ledger_broken": ("ledger_broken", "Trees of the ledger that are signed no further."),
}


class RouteMetrics:
    """Those of one route, found once: a request costs an addition or two."""

    def __init__(self, metrics: "Metrics", name: str) -> None:
        self._requests, self._name = metrics.requests, name
        self._seconds = metrics.seconds.labels(name)
        self._statuses: dict[int, Counter] = {}

    def answered(self, status: int, seconds: float) -> None:
        """One request was answered."""
        counter = self._statuses.get(status)
        if counter is None:
            counter = self._statuses[status] = self._requests.labels(self._name, str(status))
        counter.inc()
        self._seconds.observe(seconds)


class Metrics:
    """All of them, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "agentgov_gate_requests", "Requests that were answered.", ("route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "agentgov_gate_request_seconds",
            "Seconds until a request was answered.",
            ("route",),
            registry=self.registry,
            buckets=_BUCKETS,
        )
        self.spans = Gauge(
            "agentgov_gate_spans",
            "Spans that came to this process: new, repeated, refused, of strangers.",
            ("outcome",),
            registry=self.registry,
        )
        self._marks = Counter(
            "agentgov_gate_budget_marks",
            "What budgets have reached: a share of a limit, a limit, a pause.",
            ("mark",),
            registry=self.registry,
        )
        self._deliveries = Counter(
            "agentgov_gate_deliveries",
            "Attempts to tell people of alerts, by kind of route and by what came of them.",
            ("to", "outcome"),
            registry=self.registry,
        )
        self.untold = Counter(
            "agentgov_gate_outcomes_missing",
            "Calls that were allowed, and of which nobody told within 15 minutes what came of them.",
            registry=self.registry,
        )
        self.aside = Gauge(
            "agentgov_gate_aside_spans",
            "Spans that this process counted aside: unregistered, unpriced, undeclared-model.",
            ("reason",),
            registry=self.registry,
        )
        self._senses = {key: self._gauge(*said) for key, said in _SENSES.items()}
        self.opened = 0  # requests that are being answered
        self._state = {key: self._gauge(*said) for key, said in _STATE.items()}

    def of(self, route: "Route") -> RouteMetrics:
        """The metrics of a route."""
        return RouteMetrics(self, f"{route.method} {route.path}")

    def marked(self, mark: str) -> None:
        """A budget has reached something."""
        self._marks.labels(mark if mark in ("limit", "pause") else "share").inc()

    def delivered(self, to: str, outcome: str) -> None:
        """Something was told, or was not."""
        self._deliveries.labels(to, outcome).inc()

    def sensed(self, seconds: float, agents: int, late: float, at: float) -> None:
        """The alert rules were asked."""
        for name, value in {"seconds": seconds, "agents": agents, "late": late, "at": at}.items():
            self._senses[name].set(value)

    def text(self, gate: "Gate") -> bytes:
        """All of them as Prometheus reads them."""
        following, fleet = gate.following, gate.fleet
        values = {
            "open": self.opened,
            "seq": fleet.seq,
            "time": fleet.time,
            "age": monotonic() - following.looked_at,
            "failed": bool(following.trouble),
            "stale": fleet.view.is_stale(gate.clock() // 1000),
            "control": gate.control.age,
            "pause_works": not gate.probed.trouble,
            "pause_seconds": gate.probed.seconds,
            "pauses": len(gate.pauses.all(gate.clock() // 1000)),
            "unsent": gate.unsent[0],
            "unsent_age": max(0, gate.clock() - gate.unsent[1]) / 1000 if gate.unsent[0] else 0,
            "tokens": gate.tokens.size,
            "unsound": len(gate.unsound),
            "ledger_behind": gate.ledger.behind,
            "ledger_behind_age": max(0, gate.clock() - gate.ledger.since) / 1000 if gate.ledger.since else 0,
            "ledger_broken": len(gate.ledger.broken),
        }
        for name, value in values.items():
            self._state[name].set(value)
        for outcome in ("new", "repeated", "refused", "stranger"):
            self.spans.labels(outcome).set(gate.intake.spans[outcome])
        for reason in ("unregistered", "unpriced", "undeclared-model"):
            self.aside.labels(reason).set(gate.intake.aside[reason])
        return generate_latest(self.registry)

    def _gauge(self, name: str, says: str) -> Gauge:
        return Gauge(f"agentgov_gate_{name}", says, registry=self.registry)
