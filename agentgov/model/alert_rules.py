"""The alert rules that hold for every agent without any file.

A fleet's rule of the same name in governance/alerts.yaml takes the place of one; a fleet switches one off by name, with
a reason.
"""

from agentgov.model.policies import AlertRule

DEFAULTS = (
    AlertRule(name="errors", signal="errors", severity="page"),
    AlertRule(name="errors-slowly", signal="errors", severity="ticket"),
    AlertRule(name="denials", signal="denials", severity="page"),
    AlertRule(name="denials-slowly", signal="denials", severity="ticket"),
    AlertRule(name="spend", signal="spend", severity="page"),
    AlertRule(name="spend-slowly", signal="spend", severity="ticket"),
    AlertRule(name="cost", signal="cost", severity="ticket"),
    AlertRule(name="latency", signal="latency", severity="ticket"),
    AlertRule(name="unseen-tool", signal="unseen-tool", severity="ticket"),
    AlertRule(name="unseen-model", signal="unseen-model", severity="ticket"),
    AlertRule(name="unseen-domain", signal="unseen-domain", severity="ticket"),
    AlertRule(name="tool-mix", signal="tool-mix", severity="ticket"),
    AlertRule(name="loop", signal="loop", severity="page"),
    AlertRule(name="silence", signal="silence", severity="ticket"),
    AlertRule(name="exhaustion", signal="exhaustion", severity="ticket"),
    AlertRule(name="budget", signal="budget", severity="ticket"),
    AlertRule(name="permit-waiting", signal="permit-waiting", severity="ticket"),
    AlertRule(name="pause-unacknowledged", signal="pause-unacknowledged", severity="page"),
    AlertRule(name="unpriced", signal="unpriced", severity="ticket"),
    AlertRule(name="verification", signal="verification", severity="page"),
    AlertRule(name="moved-tag", signal="moved-tag", severity="page"),
    AlertRule(name="overdue-review", signal="overdue-review", severity="ticket"),
)
DEFAULT_NAMES = frozenset(rule.name for rule in DEFAULTS)
