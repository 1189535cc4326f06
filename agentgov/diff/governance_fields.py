"""How the documents that say what is allowed are compared: what items of lists are called and known by, the classes.

A name is the document, the words of the YAML and a direction (`access.people.keys.added`). Names are not listed in full
as those of agents are, because no review rule names them: every change of governance takes the administrators. What is
not listed as tightening or neutral loosens. Nothing here compares anything.
"""

from collections.abc import Hashable, Mapping
from typing import Any

from agentgov.diff.fields import Class
from agentgov.diff.limits import ON_LIMIT
from agentgov.diff.policy_fields import POLICY_ENTRIES, POLICY_ITEMS, POLICY_NEUTRAL, POLICY_SCALES, POLICY_TIGHTENS
from agentgov.model.document import CLASSIFICATIONS, RISKS

# Lists whose items have a name of their own: pattern of the list -> (what one is called, what it is known by).
ITEMS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "access.people": ("person", ("id",)),
    "access.bots": ("bot", ("id",)),
    "access.teams": ("team", ("id",)),
    "access.roles": ("role", ("name",)),
    "access.bindings": ("binding", ("role", "who", "agents", "environments")),
    "fleet.reviews.rules": ("review rule", ("name", "when")),
    "pipeline.stages": ("stage", ("name",)),
    "pipeline.freezes": ("freeze", ("name",)),
    "pipeline.pipelines.stages": ("stage", ("name",)),
    "fleet.delivery.webhooks": ("webhook", ("url",)),
    **POLICY_ITEMS,
}

# Mappings whose keys are names that people gave: what one entry is called.
ENTRIES: Mapping[str, str] = {
    "fleet.budget.rolling": "budget of any",
    "workspaces.budget.rolling": "budget of any",
    **POLICY_ENTRIES,
}

# What one item of any other list is called.
_NOUNS: Mapping[str, str] = {
    "emails": "e-mail",
    "keys": "key",
    "members": "member",
    "handles": "handle",
    "verbs": "verb",
    "who": "",
    "from": "",
    "steps": "step",
    "exempt": "exempt path",
    "allow": "allowed pattern",
    "deny": "denied pattern",
    "never": "code",
    "tools": "tool",
    "agents": "agent",
    "rules": "rule",
    "do": "act",
    "show": "field",
    "windows": "window",
    "pipelines": "pipeline",
    "rendered": "environment",
    "events": "event",
    "risk": "risk",
    "alertAt": "share",
}

# Words in order of strictness or strength: `raised` is a later word.
SCALES: Mapping[str, tuple[str, ...]] = {
    "workspaces.risk.floor": RISKS,
    "workspaces.data.ceiling": CLASSIFICATIONS,
    "fleet.commits": ("any", "forge-merges", "signed"),
    "fleet.reviews.stale": ("owned-paths", "any-push"),
    "fleet.reviews.default.signed": ("any", "personal"),
    "fleet.reviews.rules.signed": ("any", "personal"),
    "fleet.reviews.handover": ("base", "both"),
    "fleet.validation.suppress": ("all", "warnings", "none"),
    "workspaces.budget.onLimit": ON_LIMIT,
    "fleet.budget.onLimit": ON_LIMIT,
    **POLICY_SCALES,
}

# What makes a stage stricter, in the pipeline and in those for some agents.
_STRICTER_STAGES = (
    *("soak.raised", "evidence.added", "bake.raised"),
    "steps.minUnits.raised",
    "steps.share.lowered",
    "steps.soak.raised",
    "promoters.count.raised",
    "promoters.added",
    "autoRollback.raised",
)
_STRICTER_BUDGET = (
    *(f"{window}.{what}" for window in ("day", "month", "rolling") for what in ("added", "lowered")),
    "alertAt.added",
    "onLimit.raised",
)
_TIGHTENS = frozenset(
    {
        "access.administrators.who.removed",
        "access.administrators.threshold.raised",
        "access.people.removed",
        "access.people.keys.removed",
        "access.people.emails.removed",
        "access.bots.removed",
        "access.bots.keys.removed",
        "access.teams.removed",
        "access.teams.members.removed",
        "access.roles.removed",
        "access.roles.verbs.removed",
        "access.bindings.removed",
        "access.bindings.until.added",
        "fleet.commits.raised",
        "fleet.reviews.default.approvals.raised",
        "fleet.reviews.rules.added",
        "fleet.reviews.rules.approvals.raised",
        "fleet.reviews.default.signed.raised",
        "fleet.reviews.rules.signed.raised",
        "fleet.reviews.stale.raised",
        "fleet.reviews.handover.raised",
        "fleet.reviews.exempt.removed",
        "fleet.reviews.expire.added",
        "fleet.reviews.expire.lowered",
        "fleet.reviews.lastPush.raised",
        "fleet.journal.maxAge.lowered",
        "fleet.validation.suppress.raised",
        "fleet.validation.never.added",
        "pipeline.freezes.added",
        *(f"{where}.stages.{what}" for where in ("pipeline", "pipeline.pipelines") for what in _STRICTER_STAGES),
        "pipeline.rollback.window.lowered",
        "pipeline.pipelines.rollback.window.lowered",
        *(f"{whose}.budget.{what}" for whose in ("fleet", "workspaces") for what in _STRICTER_BUDGET),
        "workspaces.models.deny.added",
        "workspaces.tools.deny.added",
        "workspaces.models.allow.closed",
        "workspaces.models.allow.removed",
        "workspaces.tools.allow.closed",
        "workspaces.tools.allow.removed",
        "workspaces.risk.floor.raised",
        "workspaces.data.ceiling.lowered",
    }
)
_NEUTRAL = frozenset(
    {
        "access.people.name.changed",
        "access.people.name.added",
        "access.people.name.removed",
        "fleet.name.changed",
        "workspaces.description.changed",
        "workspaces.description.added",
        "workspaces.description.removed",
        "governance.rewritten",
    }
)


_ALL_TIGHTENS = _TIGHTENS | POLICY_TIGHTENS
_ALL_NEUTRAL = _NEUTRAL | POLICY_NEUTRAL


def class_of(field: str) -> Class:
    """The class of a change of governance, by its name."""
    return "tightens" if field in _ALL_TIGHTENS else "neutral" if field in _ALL_NEUTRAL else "loosens"


def listed() -> frozenset[str]:
    """Every name that does not loosen."""
    return _ALL_TIGHTENS | _ALL_NEUTRAL


def key_of(pattern: str, item: Any) -> Hashable:
    """What an item of a list is known by: its name where it has one, else all that it says."""
    if not isinstance(item, Mapping):
        return repr(item)
    by = ITEMS.get(pattern, ("", ()))[1]
    if by[:1] == ("name",) and item.get("name"):
        return repr(item["name"])
    return repr([item.get(name) for name in by]) if by else repr(item)


def label_of(pattern: str, item: Any, index: int) -> str:
    """What to call an item in a sentence."""
    noun, by = ITEMS.get(pattern, ("", ()))
    if not noun:
        words = pattern.rpartition(".")[2]
        noun = _NOUNS.get(words, words)
    if not isinstance(item, Mapping):
        return f"{noun} {key_label(str(item)) if pattern.endswith('.keys') else item}".strip()
    if pattern == "access.bindings":
        where = f" in {', '.join(item['environments'])}" if item.get("environments") else ""
        return f"{noun} {item['role']} for {', '.join(item['who'])} on {', '.join(item['agents'])}{where}"
    name = next((item[step] for step in by if isinstance(item.get(step), str) and item[step]), "")
    return f"{noun} {name or index + 1}"


def key_label(key: str) -> str:
    """An OpenSSH public key, short: its type, the end of its body, its comment."""
    kind, _, rest = key.partition(" ")
    body, _, comment = rest.partition(" ")
    return f"{kind} ...{body[-8:]} {comment}".strip()
