"""Findings as a GitLab code quality report (docs.gitlab.com, "Code Quality", report format): a JSON array.

What was suppressed is left out, since the format cannot say it.
"""

import json
from typing import Any

from agentgov.model.finding import Finding, Severity
from agentgov.report.findings import Report, one_line, told
from agentgov.report.fingerprint import fingerprints
from agentgov.report.page import safe

# info, minor, major, critical, blocker: a warning never stops anybody, an error is never releasable.
_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor"}


def render(report: Report) -> str:
    """Every finding, one object a line; a finding about a file as a whole stands at its first line."""
    names = fingerprints(report.findings, report.inside)
    issues = (_issue(report, found, names[found]) for found in report.findings)
    lines = ",\n".join(json.dumps(issue, ensure_ascii=False) for issue in issues)
    return f"[\n{lines}\n]\n" if lines else "[]\n"


def _issue(report: Report, found: Finding, fingerprint: str) -> dict[str, Any]:
    return {
        "description": one_line(told(found).replace("\nfix: ", "; fix: ")) or found.code,
        "check_name": found.code,
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[found.severity],
        "location": {"path": safe(report.path(found)), "lines": {"begin": max(1, found.where.line)}},
    }
