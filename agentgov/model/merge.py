"""JSON Merge Patch, the one way in which one document overrides parts of another."""

from collections.abc import Mapping
from typing import Any


def merge_patch(target: object, patch: object) -> Any:
    """RFC 7396, section 2: objects merge, null removes, everything else replaces. Nothing given is changed."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged
