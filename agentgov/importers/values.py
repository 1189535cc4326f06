"""Looking into plain values of which nobody has checked the shape: what is not as expected is as if it were absent."""

from typing import Any


def section(document: Any, key: str) -> dict[str, Any]:
    """The mapping under a key, an empty one where something else stands there."""
    value = document.get(key) if isinstance(document, dict) else None
    return value if isinstance(value, dict) else {}


def texts(value: Any) -> list[str]:
    """The texts in a list, nothing where something else stands there."""
    return [item.strip() for item in value if isinstance(item, str) and item.strip()] if isinstance(value, list) else []


def text(value: Any) -> str:
    """A text, an empty one where something else stands there."""
    return value if isinstance(value, str) else ""


def dicts(value: Any) -> list[dict[str, Any]]:
    """The mappings in a list, nothing where something else stands there."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def without(mapping: dict[str, Any], *keys: str) -> dict[str, Any]:
    """A mapping without some of its keys."""
    return {key: value for key, value in mapping.items() if key not in keys}
