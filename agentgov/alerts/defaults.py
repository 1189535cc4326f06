"""Which rules hold in a fleet, and which of them are about an agent."""

from collections.abc import Mapping

from agentgov.alerts.watched import Watched, watched
from agentgov.model.alert_rules import DEFAULTS
from agentgov.model.names import AgentId
from agentgov.model.policies import AlertPolicy
from agentgov.trust.verbs import in_scope


def effective(policy: AlertPolicy | None) -> tuple[Watched, ...]:
    """The rules of a fleet: the defaults that it does not replace or switch off, then its own."""
    own = policy.rules if policy is not None else ()
    gone = {rule.name for rule in own} | {one.rule for one in (policy.off if policy is not None else ())}
    kept = (watched(rule, default=True) for rule in DEFAULTS if rule.name not in gone)
    return (*kept, *(watched(rule) for rule in own))


def is_about(watch: Watched, agent: AgentId, labels: Mapping[str, str]) -> bool:
    """Whether a rule watches an agent: by a pattern of its id, where there are any, and by all labels that it names."""
    match = watch.rule.match
    if match.agents and not any(in_scope(pattern, agent) for pattern in match.agents):
        return False
    return all(labels.get(name) == value for name, value in match.labels.items())
