"""GitLab's code quality report, and the fingerprints by which GitLab knows a finding again."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema_rs
from hypothesis import given, settings
from unit.report.findings_sample import finding, report, reports

from agentgov.model.finding import Finding, Severity
from agentgov.report.findings import Report
from agentgov.report.fingerprint import fingerprints
from agentgov.report.formats import gitlab

SCHEMA = jsonschema_rs.validator_for(
    json.loads((Path(__file__).parents[2] / "data/gitlab-code-quality.schema.json").read_text("utf-8"))
)


def issues(told: Report) -> Any:
    """The report as GitLab parses it; it is valid."""
    found = json.loads(gitlab.render(told))
    SCHEMA.validate(found)
    return found


@settings(max_examples=60)
@given(reports())
def test_every_report_is_valid_and_every_fingerprint_its_own(told: Report) -> None:
    found = issues(told)
    assert len(found) == len(told.findings)
    assert len({one["fingerprint"] for one in found}) == len(found)


def test_an_issue_says_where_and_what() -> None:
    warning = finding(line=0, severity=Severity.WARNING, message="odd", fix="mend it")
    assert [one | {"fingerprint": ""} for one in issues(report([warning], inside="fleet/"))] == [
        {
            "description": "odd; fix: mend it",
            "check_name": "schema.unknown-field",
            "fingerprint": "",
            "severity": "minor",
            "location": {"path": "fleet/agents/a/one/agent.yaml", "lines": {"begin": 1}},
        }
    ]
    assert issues(report([])) == []


def moved(found: Finding, line: int, message: str) -> Finding:
    """The same finding after somebody wrote lines above it, and we a better message."""
    return replace(found, where=replace(found.where, line=line), message=message)


def test_a_fingerprint_is_of_rule_path_and_pointer_alone() -> None:
    one = finding()
    (print_,) = fingerprints([one]).values()
    assert list(fingerprints([moved(one, 99, "better words")]).values()) == [print_]
    for other in (finding("b.yaml"), finding(code="schema.repeated"), finding(pointer="/spec/y")):
        assert list(fingerprints([other]).values()) != [print_]
    assert list(fingerprints([one], "fleet/").values()) != [print_]


def test_one_more_of_the_same_is_one_new_fingerprint() -> None:
    before = [finding(line=line, message=f"word {line}") for line in (5, 9)]
    after = [finding(line=2, message="word 2"), *before]
    old, new = set(fingerprints(before).values()), set(fingerprints(after).values())
    assert len(new - old) == 1
    assert old < new
