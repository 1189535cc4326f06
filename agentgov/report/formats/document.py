"""Findings as JSON: `schemas/output/<command>.schema.json` says what it holds. Nothing is left out or shortened."""

import json
from typing import Any

from agentgov.model.finding import Severity
from agentgov.report import findings
from agentgov.report.findings import Report


def render(report: Report) -> str:
    """The document of `document`, indented, as text that is UTF-8 whatever the names of files are."""
    text = json.dumps(document(report), indent=2, ensure_ascii=False)
    return f"{text.encode('utf-8', 'surrogatepass').decode('utf-8', 'replace')}\n"


def document(report: Report) -> dict[str, Any]:
    """Findings in order, those that were suppressed with their reason, and the figures."""
    errors = sum(found.severity is Severity.ERROR for found in report.findings)
    return {
        "schema": f"agentgov.{report.command}/1",
        "findings": [findings.document(found) for found in report.findings],
        "suppressed": [findings.suppressed_document(one) for one in report.suppressed],
        "summary": {
            "errors": errors,
            "warnings": len(report.findings) - errors,
            "suppressed": len(report.suppressed),
            "agents": report.checked.agents,
            "files": report.checked.files,
            "source": report.checked.source,
        },
    }
