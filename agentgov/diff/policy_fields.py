"""How the optional governance files (actions, prices, retention, alerts), playbooks and drills are compared: what their
items are known by, and what certainly tightens. What is not listed as tightening or neutral loosens, as
everywhere in governance.

The reasons: every action rule that matches holds, so another rule, a wider one or a stricter answer tightens. Less is
recorded where records are kept for a shorter time or a hold goes. Fewer people are told where an alert or a route goes.
A higher price uses up a budget sooner; a model without a price cannot be paid for.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from agentgov.model.governed import ACTIONS_FILE, ALERTS_FILE, PRICES_FILE, RETENTION_FILE

# Field of Governance -> (file, what to call it as a whole).
DOCUMENTS: Mapping[str, tuple[str, str]] = {
    "actions": (ACTIONS_FILE, "action policy"),
    "prices": (PRICES_FILE, "price list"),
    "retention": (RETENTION_FILE, "retention"),
    "alerts": (ALERTS_FILE, "alert policy"),
}

POLICY_ITEMS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "actions.rules": ("action rule", ("name", "match", "when")),
    "retention.holds": ("legal hold", ("id",)),
    "alerts.rules": ("alert rule", ("name",)),
    "alerts.rules.burn": ("burn rate", ("windows",)),
    "alerts.routes": ("route", ("name", "to", "match")),
    "playbooks.steps": ("step", ("id",)),
    "playbooks.comms": ("message", ("at", "to")),
    "drills.injects": ("inject", ("at", "text")),
    "drills.objectives": ("objective", ("id",)),
}

# Mappings whose keys are names that people gave: what one entry is called.
POLICY_ENTRIES: Mapping[str, str] = {
    "prices.models": "price of model",
    "prices.tools": "price of tool",
    "retention.classes": "class",
    "retention.holds.match.labels": "label",
    "alerts.rules.match.labels": "label",
    "playbooks.match.labels": "label",
}

# Lists that mean everything where they are empty: the first entry closes them, the last one that goes opens them.
EMPTY_IS_ALL = frozenset(
    {
        "actions.rules.match.agents",
        "retention.holds.match.agents",
        "retention.holds.match.subjects",
        "retention.holds.match.tools",
        "alerts.rules.match.agents",
        "alerts.routes.match.severity",
        "alerts.routes.match.rules",
        "alerts.routes.match.agents",
    }
)

POLICY_SCALES: Mapping[str, tuple[str, ...]] = {
    "alerts.rules.severity": ("ticket", "page"),
    "prices.models.per": ("1K", "1M"),
}

POLICY_TIGHTENS = frozenset(
    {
        "actions.added",
        "actions.rules.added",
        "actions.rules.match.tools.added",
        "actions.rules.match.agents.added",
        "actions.rules.match.agents.opened",
        "actions.rules.when.removed",
        "actions.rules.then.raised",
        "actions.rules.then.ask.who.removed",
        "actions.rules.then.ask.count.raised",
        "actions.rules.then.ask.fourEyes.raised",
        "actions.rules.then.ask.within.lowered",
        "actions.rules.then.ask.show.added",
        "prices.added",
        "prices.models.removed",
        "prices.models.input.raised",
        "prices.models.output.raised",
        "prices.models.cachedInput.raised",
        "prices.models.cacheWrite.raised",
        "prices.models.per.lowered",
        "prices.tools.added",
        "prices.tools.call.raised",
        "retention.classes.payload.raised",
        "retention.classes.leaf.raised",
        "retention.classes.frameworks.added",
        "retention.classes.privileged.raised",
        "retention.classes.readers.removed",
        "retention.holds.added",
        "retention.holds.match.agents.added",
        "retention.holds.match.agents.opened",
        "retention.holds.match.subjects.added",
        "retention.holds.match.subjects.opened",
        "retention.holds.match.tools.added",
        "retention.holds.match.tools.opened",
        "retention.holds.match.labels.removed",
        "retention.holds.match.from.removed",
        "retention.holds.match.to.removed",
        "alerts.added",
        "alerts.rules.added",
        "alerts.rules.match.agents.added",
        "alerts.rules.match.agents.opened",
        "alerts.rules.match.labels.removed",
        "alerts.rules.burn.added",
        "alerts.rules.burn.factor.lowered",
        "alerts.rules.after.lowered",
        "alerts.rules.minCount.lowered",
        "alerts.rules.severity.raised",
        "alerts.rules.do.added",
        "alerts.routes.added",
        "alerts.routes.match.severity.added",
        "alerts.routes.match.severity.opened",
        "alerts.routes.match.rules.added",
        "alerts.routes.match.rules.opened",
        "alerts.routes.match.agents.added",
        "alerts.routes.match.agents.opened",
    }
)
POLICY_NEUTRAL = frozenset(
    {
        f"{field}.{direction}"
        for field in (
            "actions.rules.reason",
            "prices.asOf",
            "prices.source",
            "retention.classes.basis",
            "retention.holds.since",
            "retention.holds.reason",
        )
        for direction in ("added", "removed", "changed")
    }
    | {"prices.models.byHand.raised", "prices.models.byHand.lowered"}  # who sets it next time
    | {"retention.classes.added"}  # whoever is recorded by it names it in agent.yaml, and that is told there
)


def policy_direction(name: str, before: Any, after: Any) -> str | None:
    """The direction of a change that only these files have: an answer that is stricter, an amount without a currency;
    None where the name is no such field."""
    if name == "actions.rules.then":
        return "raised" if after == "deny" else "lowered" if before == "deny" else "changed"
    if name.startswith(("prices.models.", "prices.tools.")) and not name.endswith(".per"):
        try:
            old, new = Decimal(before), Decimal(after)
        except (InvalidOperation, TypeError):
            return None
        return "" if old == new else "raised" if new > old else "lowered"
    return None
