"""Edits of governance/alerts.yaml: one more route, by an edit that is proved.

Never writes a file, never signs: an edit is a proposal like every other change, and takes effect by its reviews.
"""

from typing import Any

from agentgov.errors import UsageError
from agentgov.model.governed import ALERTS_FILE
from agentgov.model.policies import AlertPolicy
from agentgov.scaffold.editor import modeline
from agentgov.scaffold.proved_edit import proved
from agentgov.scaffold.yaml_splice import Value
from agentgov.validate.policies import route_problems

_HEAD = "# Who is told of alerts. Keys come from the environment or files of whoever sends, never from git."


def add_route(text: str | None, route: dict[str, Value]) -> str:
    """The text with one more route; `text` is None where there is no file yet.

    ConfigurationError for a file that cannot be edited so, UsageError for a route that could not work.
    """
    before = (
        f"{modeline(ALERTS_FILE)}{_HEAD}\napiVersion: agentgov.dev/v1\nkind: AlertPolicy\n" if text is None else text
    )
    after, policy = proved(
        before, ALERTS_FILE, "AlertPolicy", AlertPolicy, lambda draft: draft.add(("routes",), route), _is_shaped
    )
    *others, fresh = policy.routes
    if any(one.name == fresh.name for one in others):
        raise UsageError(f"there is a route {fresh.name} already", f"choose another name, or edit {ALERTS_FILE}")
    for problem in route_problems(fresh):
        raise UsageError(problem.message, problem.fix)
    return after


def _is_shaped(values: dict[str, Any]) -> bool:
    return isinstance(values.get("routes", []), list)
