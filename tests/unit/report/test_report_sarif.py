"""SARIF as its own schema wants it, and as GitHub code scanning takes it."""

import base64
import gzip
import json
import random
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import jsonschema_rs
from hypothesis import given, settings
from unit.report.findings_sample import finding, many, report, reports, silenced

from agentgov.model.finding import Severity
from agentgov.model.snapshot import path_bytes
from agentgov.report.findings import Report
from agentgov.report.formats import sarif

SCHEMA = jsonschema_rs.validator_for(
    json.loads((Path(__file__).parents[2] / "data/sarif-2.1.0.json").read_text("utf-8")), validate_formats=True
)


def run_of(told: Report) -> Any:
    """The one run of the log, which is valid."""
    log = json.loads(sarif.render(told))
    SCHEMA.validate(log)
    (run,) = log["runs"]
    return run


def uri_of(result: Any) -> str:
    uri: str = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    return uri


@settings(max_examples=60)
@given(reports())
def test_every_report_is_valid_and_loses_nothing(told: Report) -> None:
    run = run_of(told)
    results = run["results"]
    assert len(results) == len(told.findings) + len(told.suppressed)
    prints = [result["partialFingerprints"]["agentgov/v1"] for result in results]
    assert len(set(prints)) == len(prints)
    rules = run["tool"]["driver"]["rules"]
    for result in results:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        uri = urlsplit(uri_of(result))
        assert (uri.scheme, uri.netloc, uri.query, uri.fragment) == ("", "", "", "")
        assert uri.path.isascii()
    told_of = {unquote_to_bytes(uri_of(one)) for one in results}
    assert {path_bytes(told.path(found)) for found in told.findings} <= told_of


def test_worst_come_first_and_suppressed_ones_last_with_their_reason() -> None:
    warning, error = finding("a.yaml", 1, severity=Severity.WARNING), finding("b.yaml", 2)
    quiet = silenced(finding("c.yaml", 3), "the vendor asks for it")
    run = run_of(report([warning, error], suppressed=(quiet,)))
    assert [result["level"] for result in run["results"]] == ["error", "warning", "error"]
    assert [result["suppressions"] for result in run["results"]] == [
        [],
        [],
        [{"kind": "inSource", "justification": "the vendor asks for it"}],
    ]
    assert all("suppressions" not in result for result in run_of(report([warning]))["results"])


def test_a_rule_brings_its_page() -> None:
    (rule,) = run_of(report([finding()]))["tool"]["driver"]["rules"]
    assert rule["id"] == "schema.unknown-field"
    assert rule["shortDescription"]["text"] == "A field that the kind does not have."
    assert "**Fix**" in rule["help"]["markdown"]
    assert "## `" not in rule["help"]["markdown"]


def test_places_are_those_of_the_repository_and_count_characters() -> None:
    told = report([finding("agents/a/ü b/agent.yaml", 7)], inside="fleets/x/")
    run = run_of(told)
    assert run["columnKind"] == "unicodeCodePoints"
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "fleets/x/agents/a/%C3%BC%20b/agent.yaml", "uriBaseId": "SRCROOT"}
    assert place["region"] == {"startLine": 7, "startColumn": 2}
    whole = run_of(report([finding(line=0)]))["results"][0]["locations"][0]["physicalLocation"]
    assert whole["region"] == {"startLine": 1}


def test_more_than_github_takes_is_left_out_and_said() -> None:
    warnings, errors = many(26_000, Severity.WARNING), [finding("z.yaml")]
    run = run_of(report([*warnings, *errors]))
    assert len(run["results"]) == sarif.MOST_RESULTS
    assert run["results"][0]["level"] == "error"
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("1,001 results")


def test_a_file_is_never_larger_than_github_takes() -> None:
    found = [
        finding(line=line, message=base64.b85encode(random.Random(line).randbytes(3100)).decode())
        for line in range(1, 3700)
    ]
    text = sarif.render(report(found))
    assert len(gzip.compress(text.encode())) <= sarif.MOST_BYTES
    run = json.loads(text)["runs"][0]
    assert len(run["results"]) == len(found) // 2
    assert run["invocations"][0]["toolExecutionNotifications"]
