"""Findings as SARIF 2.1.0 (OASIS), in the way that GitHub code scanning reads it.

GitHub refuses a file with more than 25,000 results or 10 MB once compressed and shows the first 5,000, so results
stand worst first and what does not fit is left out and said. Suppressed findings come last, as `suppressions`.
"""

import gzip
import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from agentgov.model.finding import Finding, Suppressed
from agentgov.model.snapshot import path_bytes
from agentgov.report.findings import Report, plural, told
from agentgov.report.fingerprint import SCHEME, fingerprints
from agentgov.report.page import safe

MOST_RESULTS = 25_000
MOST_BYTES = 10_000_000  # compressed
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "SRCROOT"


def render(report: Report) -> str:
    """One run; fewer results where the file would be larger than GitHub takes."""
    most = min(MOST_RESULTS, len(report.findings) + len(report.suppressed))
    while True:
        text = json.dumps(_log(report, most), ensure_ascii=False, separators=(",", ":")) + "\n"
        if len(text) <= MOST_BYTES // 4 or len(gzip.compress(text.encode(), 6)) <= MOST_BYTES:
            return text
        most = most // 2


def _log(report: Report, most: int) -> dict[str, Any]:
    told_of: list[Finding | Suppressed] = [*report.worst_first(), *report.suppressed]
    left, told_of = told_of[most:], told_of[:most]
    findings = [one.finding if isinstance(one, Suppressed) else one for one in told_of]
    codes = list(dict.fromkeys(found.code for found in findings))
    names = fingerprints(_in_order(report), report.inside)
    results = []
    for one, found in zip(told_of, findings, strict=True):
        result = _result(report, found, codes.index(found.code), names[found])
        if report.suppressed:  # SARIF 3.27.23: where one result says it, all do
            reason = [{"kind": "inSource", "justification": safe(one.reason)}] if isinstance(one, Suppressed) else []
            result["suppressions"] = reason
        results.append(result)
    run = {
        "tool": {"driver": _driver(report, codes)},
        "automationDetails": {"id": f"agentgov/{report.command}/"},
        "invocations": [{"executionSuccessful": True, **_left_out(len(left))}],
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _in_order(report: Report) -> Iterator[Finding]:
    yield from report.findings
    yield from (one.finding for one in report.suppressed)


def _left_out(count: int) -> dict[str, Any]:
    if not count:
        return {}
    text = f"{plural(count, 'result')} of lesser weight did not fit and are left out; the JSON report has all of them."
    return {"toolExecutionNotifications": [{"level": "warning", "message": {"text": text}}]}


def _driver(report: Report, codes: Iterable[str]) -> dict[str, Any]:
    return {"name": "agentgov", "version": report.version, "rules": [_rule(code) for code in codes]}


def _rule(code: str) -> dict[str, Any]:
    from agentgov.validate.codes import CODES
    from agentgov.validate.explanations import explanation

    found = explanation(code)
    family, severity = code.partition(".")[0], CODES[code][0] if code in CODES else None
    rule: dict[str, Any] = {"id": code, "shortDescription": {"text": CODES[code][1] if code in CODES else code}}
    if found is not None:
        rule["fullDescription"] = {"text": " ".join(found.why.split())[:1000]}
        rule["help"] = {"text": f"{found.why}\n\nFix: {found.fix}", "markdown": _help(code)}
    if severity is not None:
        rule["defaultConfiguration"] = {"level": severity.value}
    rule["properties"] = {"tags": [family], **({"problem.severity": severity.value} if severity is not None else {})}
    return rule


def _help(code: str) -> str:
    """The section of the page of the code, as it was written: the project's own words."""
    from agentgov.validate.explanations import page

    return page(code.partition(".")[0]).partition(f"## `{code}`\n")[2].partition("\n## `")[0].strip()


def _result(report: Report, found: Finding, index: int, fingerprint: str) -> dict[str, Any]:
    region = {"startLine": max(1, found.where.line)}  # GitHub shows no result without a line
    if found.where.line and found.where.column:
        region["startColumn"] = found.where.column
    return {
        "ruleId": found.code,
        "ruleIndex": index,
        "level": found.severity.value,
        "message": {"text": told(found)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(path_bytes(report.path(found))), "uriBaseId": _ROOT},
                    "region": region,
                }
            }
        ],
        "partialFingerprints": {SCHEME: fingerprint},
        "properties": {"pointer": safe(found.where.pointer)},
    }
