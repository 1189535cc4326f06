"""The first governance/retention.yaml: a class for everything, and one for each framework that it has to keep to."""

from collections.abc import Sequence

from agentgov.model.frameworks import YEAR, Framework
from agentgov.model.governed import RETENTION_FILE
from agentgov.scaffold.editor import modeline
from agentgov.scaffold.text import quoted

DEFAULT = "operational"


def retention_text(frameworks: Sequence[Framework]) -> str:
    """A document that validates. What a framework asks for is a period of records; their payloads go after a year."""
    lines = [
        f"{modeline(RETENTION_FILE)}# How long records are kept. Agents name a class in `audit.retention`.",
        "apiVersion: agentgov.dev/v1",
        "kind: Retention",
        f"default: {DEFAULT}  # the class of whatever names none",
        "classes:",
    ]
    return "\n".join([*lines, *map(_class, frameworks), f"  {DEFAULT}: {{payload: 90d, leaf: 2y}}"]) + "\n"


def _class(framework: Framework) -> str:
    payload = "1y" if framework.seconds > YEAR else framework.period
    parts = f"payload: {payload}, leaf: {framework.period}, frameworks: [{framework.name}]"
    return f"  {framework.name}: {{{parts}, basis: {quoted(framework.source)}}}"
