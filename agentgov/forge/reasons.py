"""The rule ids that speak of forges and webhooks, and the errors that carry them. Decides nothing.

What is said of a review that does not count is a value that carries one of these ids; what stops a command is raised.
"""

from agentgov.errors import ConfigurationError, IncompleteError, RefusedError

UNREACHABLE = "forge.unreachable"
INCOMPLETE = "forge.incomplete"
MOVED = "forge.moved"
UNKNOWN_PROJECT = "forge.unknown-project"
TOKEN = "forge.token"  # noqa: S105 - the id of a rule
PERMISSION = "forge.permission"
TEAM_HIDDEN = "forge.team-hidden"
PUSHERS_UNKNOWN = "forge.pushers-unknown"
REVIEW_COMMIT = "forge.review-commit"
ACCOUNT_GONE = "forge.account-gone"
MERGE_GROUP = "forge.merge-group"
EVENT = "forge.event"
HOOK_SIGNATURE = "hook.signature"
HOOK_REPLAYED = "hook.replayed"
HOOK_UNCONFIGURED = "hook.unconfigured"
WAKE = "reconcile.wake"


def incomplete(rule: str, message: str, hint: str = "") -> IncompleteError:
    """It could not be told, which is never a yes: exit 3."""
    return IncompleteError(message, hint, rule=rule)


def misconfigured(rule: str, message: str, hint: str = "") -> ConfigurationError:
    """Somebody has to set something up first: exit 2."""
    return ConfigurationError(message, hint, rule=rule)


def refused(rule: str, message: str, hint: str = "") -> RefusedError:
    """The forge understood, and does not let this token: exit 1."""
    return RefusedError(message, hint, rule=rule)
