"""What validation says about files: findings with a stable code and an exact place."""

from dataclasses import dataclass
from enum import StrEnum

from agentgov.model.verdict import Location


class Severity(StrEnum):
    """`error` is never releasable; `warning` is advice that `--fail-on warning` makes binding."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem of content: `code` is documented in docs/findings/, `fix` is one imperative line or empty."""

    code: str
    severity: Severity
    where: Location
    message: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A finding that a mark in the file has taken out, with the reason given and the place of the mark."""

    finding: Finding
    reason: str
    mark: Location


def order(finding: Finding) -> tuple[str, int, int, str, str]:
    """Sort key: file, line, column, then code and message, so that output is the same on every machine."""
    where = finding.where
    return (where.file, where.line, where.column, finding.code, finding.message)
