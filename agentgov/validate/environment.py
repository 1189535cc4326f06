"""What an agent is in one environment: its document with the environment's merge patch applied (RFC 7396).

Only budget, quotas, connections, schedule, lease and labels may differ (the schema sees to that); labels live in
`metadata`, the others in `spec`. Values in, new values out; nothing given is changed.
"""

from collections.abc import Mapping
from typing import Any

from agentgov.model.document import Environment
from agentgov.model.merge import merge_patch
from agentgov.validate.pointers import plain


def resolve_environment(document: Mapping[str, Any], environment: Environment) -> dict[str, Any]:
    """The document of an agent as it is in an environment, without `environments`.

    `document` is the YAML's value, or `msgspec.to_builtins` of an Agent. An environment that is not mentioned is the
    document itself.
    """
    spec = dict(document.get("spec") or {})
    environments = spec.pop("environments", None) or {}
    patch = dict(environments.get(environment) or {})
    metadata = document.get("metadata") or {}
    if "labels" in patch:
        metadata = merge_patch(metadata, {"labels": patch.pop("labels")})
    return {**document, "metadata": metadata, "spec": merge_patch(spec, patch)}


def origin(document: Mapping[str, Any], environment: Environment, pointer: str) -> str:
    """Where in the file a value of the resolved document comes from: the patch where it says something on the way to
    it, else the document itself."""
    steps = pointer.split("/")[1:]
    if steps[:2] == ["metadata", "labels"]:
        steps = ["spec", *steps[1:]]
    inside = steps[1:] if steps[:1] == ["spec"] else []
    value: Any = ((document.get("spec") or {}).get("environments") or {}).get(environment)
    place = f"/spec/environments/{environment}"
    for depth, step in enumerate(inside):
        if isinstance(value, list):  # a list is replaced as a whole, so all of it is the patch's
            return "/".join([place, *inside[depth:]])
        if not isinstance(value, Mapping) or plain(step) not in value:
            return place if depth else pointer
        value = value[plain(step)]
        place = f"{place}/{step}"
    return place if inside else pointer
