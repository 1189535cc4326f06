"""The closed table of what can change in an agent: name, risk class, meaning, and the places of agent.yaml it covers.

A name is the words of agent.yaml and a direction (`budget.onLimit.loosened`). Every name has one class:
`loosens`: the agent may do more, or is limited, checked, recorded or answered for less, or that cannot be told;
`tightens`: the opposite, and certain; `neutral`: neither. Where both directions can do harm, both loosen: an effect
that is lowered hides what a tool does, one that is raised lets it do more. The order of the table is that of risk.

`covers` are RFC 6901 pointers into agent.yaml with `*` for an index or a key; a test walks the types and finds each of
them here. Nothing here compares anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Class = Literal["loosens", "neutral", "tightens"]
CLASSES: tuple[Class, ...] = ("loosens", "neutral", "tightens")  # riskiest first

OVERRIDE = "environments."  # what the name of a change inside an override starts with
OVERRIDABLE = ("budget", "quotas", "connections", "schedule", "lease", "labels")


@dataclass(frozen=True, slots=True)
class Field:
    """One row: the class of its changes, what it means, where it stands, and other names that rules may use for it."""

    klass: Class
    meaning: str
    covers: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


def _row(klass: Class, meaning: str, *covers: str, also: tuple[str, ...] = ()) -> Field:
    return Field(klass, meaning, covers, also)


_L, _N, _T = CLASSES
_TOOL, _ACTION, _ASK = "/spec/tools/*", "/spec/actions/*", "/spec/actions/*/then/ask"
_RULE = (
    f"{_ACTION}/match/tools/*",
    f"{_ACTION}/when",
    f"{_ACTION}/then",
    f"{_ASK}/who/*",
    f"{_ASK}/count",
    f"{_ASK}/fourEyes",
    f"{_ASK}/within",
    f"{_ASK}/show/*",
)
_MONEY = ("/spec/budget/day", "/spec/budget/month", "/spec/budget/run", "/spec/budget/rolling/*")
_QUOTA = ("/spec/quotas/*/tool", "/spec/quotas/*/sum", "/spec/quotas/*/per", "/spec/quotas/*/max")
_VARIABLE = "/spec/prompts/variables/*"

_GRANTS = {
    "agent.added": _row(_L, "a new agent: everything it may do is new"),
    "agent.moved": _row(_L, "another id: other owners, limits and bindings apply to it", "/metadata/name"),
    "tools.added": _row(_L, "a tool it could not use before", f"{_TOOL}/name", also=("effect.raised",)),
    "tools.effect.raised": _row(_L, "a tool may do more than before", f"{_TOOL}/effect", also=("effect.raised",)),
    "tools.effect.lowered": _row(
        _L, "a tool is held to be less harmful than before", f"{_TOOL}/effect", also=("effect.lowered",)
    ),
    "actions.loosened": _row(_L, "an action rule lets more through, or that cannot be told", *_RULE),
    "actions.reordered": _row(_L, "the first rule that matches is another one"),
    "connections.added": _row(_L, "a secret it could not reach before", "/spec/connections/*/secretRef"),
    "connections.changed": _row(_L, "a connection uses another secret", "/spec/connections/*/secretRef"),
    "runtime.changed": _row(
        _L, "settings of the agent's own framework, which nobody can judge here", "/spec/runtime/*"
    ),
    "extensions.changed": _row(
        _L, "something under a key that starts with x-, which nobody can judge here", "/x-/*", also=("x-",)
    ),
    "budget.removed": _row(_L, "no limit on what it spends any more", *_MONEY, also=("budget.raised",)),
    "budget.raised": _row(_L, "it may spend more", *_MONEY),
    "budget.changed": _row(_L, "a limit in another currency", *_MONEY, also=("budget.raised",)),
    "budget.zone.changed": _row(_L, "its days and months begin at another time", "/spec/budget/zone"),
    "budget.onLimit.loosened": _row(_L, "less happens when the money is spent", "/spec/budget/onLimit"),
    "budget.alertAt.loosened": _row(_L, "a warning before the limit is gone", "/spec/budget/alertAt/*"),
    "quotas.removed": _row(_L, "no limit on an effect any more", *_QUOTA, also=("quotas.raised",)),
    "quotas.raised": _row(_L, "more of an effect, or in less time", *_QUOTA),
}
_CONTENT = {
    "prompt.changed": _row(
        _L, "what the agent is told", "/spec/prompts/system/file", "/spec/prompts/partials/*", also=("prompts.changed",)
    ),
    "prompt.added": _row(_L, "it is told something more", "/spec/prompts/partials/*", also=("prompts.added",)),
    "prompt.removed": _row(_L, "it is no longer told something", "/spec/prompts/partials/*", also=("prompts.removed",)),
    "prompt.reordered": _row(_L, "the same texts in another order", also=("prompts.reordered",)),
    "variables.untrusted.removed": _row(_L, "what others wrote is trusted now", f"{_VARIABLE}/untrusted"),
    "variables.maxLength.raised": _row(_L, "others may write more into the prompt", f"{_VARIABLE}/maxLength"),
    "variables.type.changed": _row(_L, "another kind of value in the prompt", f"{_VARIABLE}/type"),
    "variables.added": _row(_L, "something more is written into the prompt", _VARIABLE),
    "model.changed": _row(_L, "another model answers", "/spec/model/primary"),
    "model.fallback.added": _row(_L, "one more model may answer", "/spec/model/fallback/*", also=("fallback.added",)),
    "model.fallback.reordered": _row(_L, "another model answers first", also=("fallback.reordered",)),
    "model.params.raised": _row(_L, "max_output_tokens is higher", "/spec/model/params/*", also=("params.raised",)),
    "model.params.changed": _row(_L, "another parameter", "/spec/model/params/*", also=("params.changed",)),
    "tools.args.removed": _row(_L, "the arguments of a tool are not checked any more", f"{_TOOL}/args/file"),
    "tools.args.changed": _row(_L, "other arguments are accepted", f"{_TOOL}/args/file"),
    "tools.cost.removed": _row(
        _L, "calls of a tool cost the budget nothing", f"{_TOOL}/cost", also=("tools.cost.lowered",)
    ),
    "tools.cost.lowered": _row(_L, "calls of a tool cost the budget less", f"{_TOOL}/cost"),
    "tools.cost.changed": _row(_L, "a cost in another currency", f"{_TOOL}/cost", also=("tools.cost.lowered",)),
    "tools.description.changed": _row(_L, "what the model is told about a tool", f"{_TOOL}/description"),
    "files.added": _row(_L, "a file in its folder that agent.yaml does not name"),
    "files.changed": _row(_L, "a file in its folder that agent.yaml does not name"),
    "files.removed": _row(_L, "a file in its folder that agent.yaml did not name"),
    "files.mode.changed": _row(_L, "a file that is executable now, or no ordinary file"),
}
_ASSURANCE = {
    "risk.lowered": _row(_L, "fewer reviews, longer leases, a weaker audit", "/spec/risk"),
    "data.classification.lowered": _row(
        _L, "what it sees is protected less", "/spec/data/classification", also=("data.lowered",)
    ),
    "data.classification.raised": _row(
        _L, "it may see more sensitive data", "/spec/data/classification", also=("data.raised",)
    ),
    "data.categories.added": _row(_L, "it may see another kind of data", "/spec/data/categories/*"),
    "data.categories.removed": _row(_L, "a kind of data is no longer protected as such", "/spec/data/categories/*"),
    "audit.mode.loosened": _row(_L, "it may act before the record is written", "/spec/audit/mode"),
    "audit.payloads.loosened": _row(_L, "less is recorded, or contents are kept in clear", "/spec/audit/payloads"),
    "audit.retention.removed": _row(_L, "no class says how long records are kept", "/spec/audit/retention"),
    "audit.retention.lowered": _row(
        _L, "a class that keeps records for less time", "/spec/audit/retention", also=("audit.retention.changed",)
    ),
    "audit.retention.changed": _row(
        _L, "a class that nobody can compare, or that keeps some records longer and others not", "/spec/audit/retention"
    ),
    "evals.removed": _row(_L, "a suite is not run any more", "/spec/evals/*/suite", also=("evals.min.lowered",)),
    "evals.changed": _row(_L, "a suite tests something else", "/spec/evals/*/suite"),
    "evals.min.removed": _row(
        _L, "a metric needs to reach nothing", "/spec/evals/*/min/*", also=("evals.min.lowered",)
    ),
    "evals.min.lowered": _row(_L, "a metric needs to reach less", "/spec/evals/*/min/*"),
    "evals.before.removed": _row(_L, "a stage does not wait for a suite any more", "/spec/evals/*/before/*"),
    "schedule.removed": _row(_L, "it may run at any time", "/spec/schedule/cron"),
    "schedule.widened": _row(_L, "it runs at more times", "/spec/schedule/cron"),
    "schedule.changed": _row(_L, "it runs at other times", "/spec/schedule/cron", "/spec/schedule/tz"),
    "lease.hardExpiry.raised": _row(_L, "it runs longer without asking", "/spec/lease/hardExpiry"),
    "lease.ttl.raised": _row(_L, "it asks for its configuration less often", "/spec/lease/ttl"),
    "lifecycle.state.loosened": _row(_L, "it may be released or run again", "/spec/lifecycle/state"),
    "lifecycle.reviewBy.loosened": _row(_L, "its next look is later, or never", "/spec/lifecycle/reviewBy"),
    "owner.changed": _row(_L, "somebody else is accountable", "/spec/owner"),
    "oncall.escalate.removed": _row(_L, "fewer people are called", "/spec/oncall/escalate/*"),
    "oncall.escalate.reordered": _row(_L, "other people are called first"),
    "oncall.ackWithin.raised": _row(_L, "they have longer to answer", "/spec/oncall/ackWithin"),
    "playbook.removed": _row(_L, "nothing says what to do when it goes wrong", "/spec/playbook"),
    "playbook.changed": _row(_L, "another playbook", "/spec/playbook"),
    "formerly.changed": _row(_L, "pause, hold and bad marks come from another id", "/metadata/formerly"),
    "labels.changed": _row(_L, "selectors find it otherwise", "/metadata/labels/*"),
    "labels.removed": _row(_L, "selectors do not find it any more", "/metadata/labels/*"),
    "suppressions.added": _row(_L, "a finding of `agentgov validate` is suppressed, with a reason"),
    "environments.changed": _row(_L, "an override that cannot be judged field by field", "/spec/environments/*/*"),
}
_NEUTRAL = {
    "agent.removed": _row(_N, "an agent is gone: nothing more is allowed, and what it did is not done any more"),
    "environments.rewritten": _row(
        _N, "an override is written otherwise with the same result", "/spec/environments/*/*"
    ),
    "audit.retention.renamed": _row(
        _N, "a class that keeps records as long", "/spec/audit/retention", also=("audit.retention.changed",)
    ),
    "labels.added": _row(_N, "selectors find it by one more label", "/metadata/labels/*"),
    "description.changed": _row(_N, "what people read about it", "/spec/description"),
    "variables.description.changed": _row(_N, "what people read about a variable", f"{_VARIABLE}/description"),
    "actions.rearranged": _row(_N, "action rules in another order that decide every call alike"),
    "tools.reordered": _row(_N, "the same tools in another order"),
}
_TIGHTENS = {
    "tools.removed": _row(_T, "a tool it cannot use any more", f"{_TOOL}/name"),
    "actions.tightened": _row(_T, "an action rule certainly lets less through", *_RULE),
    "connections.removed": _row(_T, "a secret it cannot reach any more", "/spec/connections/*/secretRef"),
    "budget.added": _row(_T, "a limit where there was none", *_MONEY),
    "budget.lowered": _row(_T, "it may spend less", *_MONEY),
    "budget.onLimit.tightened": _row(_T, "more happens when the money is spent", "/spec/budget/onLimit"),
    "budget.alertAt.tightened": _row(_T, "one more warning before the limit", "/spec/budget/alertAt/*"),
    "quotas.added": _row(_T, "a limit on an effect", *_QUOTA),
    "quotas.lowered": _row(_T, "less of an effect", *_QUOTA),
    "variables.untrusted.added": _row(_T, "what others wrote is marked as such", f"{_VARIABLE}/untrusted"),
    "variables.maxLength.lowered": _row(_T, "others may write less into the prompt", f"{_VARIABLE}/maxLength"),
    "variables.removed": _row(_T, "something is not written into the prompt any more", _VARIABLE),
    "model.fallback.removed": _row(
        _T, "one model less may answer", "/spec/model/fallback/*", also=("fallback.removed",)
    ),
    "model.params.lowered": _row(_T, "max_output_tokens is lower", "/spec/model/params/*", also=("params.lowered",)),
    "tools.args.added": _row(_T, "the arguments of a tool are checked", f"{_TOOL}/args/file"),
    "tools.cost.added": _row(_T, "calls of a tool cost the budget something", f"{_TOOL}/cost"),
    "tools.cost.raised": _row(_T, "calls of a tool cost the budget more", f"{_TOOL}/cost"),
    "risk.raised": _row(_T, "more reviews, shorter leases, a stronger audit", "/spec/risk"),
    "audit.mode.tightened": _row(_T, "no record, no action", "/spec/audit/mode"),
    "audit.payloads.tightened": _row(_T, "more is recorded, not in clear", "/spec/audit/payloads"),
    "audit.retention.added": _row(_T, "a class says how long records are kept", "/spec/audit/retention"),
    "audit.retention.raised": _row(
        _T, "a class that keeps records for more time", "/spec/audit/retention", also=("audit.retention.changed",)
    ),
    "evals.added": _row(_T, "one more suite is run", "/spec/evals/*/suite"),
    "evals.min.added": _row(_T, "one more metric to reach", "/spec/evals/*/min/*"),
    "evals.min.raised": _row(_T, "a metric needs to reach more", "/spec/evals/*/min/*"),
    "evals.before.added": _row(_T, "one more stage waits for a suite", "/spec/evals/*/before/*"),
    "schedule.added": _row(_T, "it runs only at certain times", "/spec/schedule/cron"),
    "schedule.narrowed": _row(_T, "it runs at some of these times only", "/spec/schedule/cron"),
    "lease.hardExpiry.lowered": _row(_T, "it stops sooner without an answer", "/spec/lease/hardExpiry"),
    "lease.ttl.lowered": _row(_T, "it asks for its configuration more often", "/spec/lease/ttl"),
    "lifecycle.state.tightened": _row(_T, "it may not be released, or not run, any more", "/spec/lifecycle/state"),
    "lifecycle.reviewBy.tightened": _row(_T, "its next look is sooner", "/spec/lifecycle/reviewBy"),
    "oncall.escalate.added": _row(_T, "more people are called", "/spec/oncall/escalate/*"),
    "oncall.ackWithin.lowered": _row(_T, "they have less time to answer", "/spec/oncall/ackWithin"),
    "playbook.added": _row(_T, "a playbook says what to do", "/spec/playbook"),
    "suppressions.removed": _row(_T, "a finding is not suppressed any more"),
}

FIELDS: Mapping[str, Field] = MappingProxyType({**_GRANTS, **_CONTENT, **_ASSURANCE, **_NEUTRAL, **_TIGHTENS})


def leaf(field: str) -> str:
    """The row of the table that a field has: without `environments.` where that says that an override brought it."""
    return field if field in FIELDS else field.removeprefix(OVERRIDE)
