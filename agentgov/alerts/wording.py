"""An answer of a rule as an alert: its sentence, what the rule looks for in words, the command to run next. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from agentgov.alerts.alert import AGENT, DRILL, ENVIRONMENT, Alert, Labels, labels_of
from agentgov.alerts.conditions import Found
from agentgov.alerts.defaults import is_about
from agentgov.alerts.judged import Judged, span
from agentgov.alerts.watched import Watched
from agentgov.model.names import AgentId, agent_id
from agentgov.model.policies import Signal

# By signal, and where that differs by what the alert is about. A test holds every one against the commands there are.
_NEXT: Mapping[Signal, str] = {
    "errors": "agentgov usage show {agent}",
    "denials": "agentgov ledger log --agent {agent}",
    "spend": "agentgov budget show {agent}",
    "cost": "agentgov usage show {agent}",
    "latency": "agentgov usage show {agent}",
    "unseen-tool": "agentgov usage show {agent}",
    "unseen-model": "agentgov usage show {agent}",
    "unseen-domain": "agentgov ledger log --agent {agent}",
    "tool-mix": "agentgov usage show {agent}",
    "loop": 'agentgov pause {agent} --reason "it loops"',
    "silence": "agentgov status {agent}",
    "exhaustion": "agentgov budget show {agent}",
    "budget": "agentgov budget show {agent}",
    "permit-waiting": "agentgov action show {permit}",
    "pause-unacknowledged": "agentgov status {agent}",
    "unpriced": "agentgov prices sync",
    "verification": "agentgov ledger verify",
    "moved-tag": "agentgov verify {release}",
    "overdue-review": "agentgov show {agent}",
}
_NEXT_OF_METRIC = {"journal": "agentgov journal verify", "budgets": "agentgov budget check"}


def alert_of(labels: Labels, watch: Watched, judged: Judged, since: int, release: str, canary: str = "") -> Alert:
    """An alert with its numbers, and what to run next; `canary` says how a canary has to do with it, "" for none."""
    named, said = dict(labels), judged.said + canary
    place = " in ".join(named[name] for name in (AGENT, ENVIRONMENT) if named.get(name))
    who = f"{place}: " if named.get(AGENT) and named[AGENT] not in said else ""
    return Alert(
        labels,
        since,
        f"{who}{said}.",
        rule=rule_in_words(watch),
        observed=judged.observed,
        baseline=judged.baseline,
        count=judged.count,
        release=release,
        next=next_command(watch.rule.signal, named, release),
        do=watch.rule.do,
    )


def rule_in_words(watch: Watched) -> str:
    """What a rule looks for, with its numbers."""
    pairs = " or ".join(f"{one.factor:g}x over {span(one.long)} and {span(one.short)}" for one in watch.pairs)
    return f"{watch.rule.signal}: {pairs}" if pairs else watch.rule.signal


def next_command(signal: Signal, labels: Mapping[str, str], release: str = "") -> str:
    """The command to run next; what an alert is not about is left out of it."""
    text = _NEXT_OF_METRIC.get(labels.get("metric", ""), _NEXT[signal])
    filled = {"agent": "", "permit": "", **labels, "release": release}
    return text.format_map(filled).strip()


def fleet_alerts(
    rules: Sequence[Watched],
    fleet: str,
    found: Iterable[Found],
    labels: Callable[[AgentId], Mapping[str, str]] = lambda _: {},
) -> list[Alert]:
    """Alerts about what is so or not; `labels` are those of an agent."""
    by_signal: dict[str, list[Watched]] = {}
    for watch in rules:
        by_signal.setdefault(watch.rule.signal, []).append(watch)
    alerts = []
    for one in found:
        agent = agent_id(one.about.get(AGENT, ""))
        own = labels(agent) if agent is not None else {}
        for watch in by_signal.get(one.signal, ()):
            match = watch.rule.match
            if (match.agents or match.labels) and (agent is None or not is_about(watch, agent, own)):
                continue
            named = {"alertname": watch.name, "severity": watch.rule.severity, "fleet": fleet, **one.about}
            if agent is not None:
                named |= {"workspace": agent.workspace, DRILL: "true" if own.get(DRILL) == "true" else ""}
            observed = float(one.count) if one.observed is None else one.observed
            judged = Judged("firing", one.said, count=one.count, observed=observed, baseline=one.baseline)
            alert = alert_of(labels_of(named), watch, judged, one.since, one.release)
            alerts.append(replace(alert, once=one.once))
    return alerts
