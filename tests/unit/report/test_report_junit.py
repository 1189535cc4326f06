"""JUnit XML as the schema of Jenkins' plugin has it, for any finding."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
import xmlschema
from hypothesis import given, settings
from unit.report.findings_sample import finding, report, reports, silenced

from agentgov.model.finding import Severity
from agentgov.report.findings import Report
from agentgov.report.formats import junit
from agentgov.report.page import safe

SCHEMA = xmlschema.XMLSchema(Path(__file__).parents[2] / "data/junit-10.xsd")


def parsed(told: Report) -> ElementTree.Element:
    """The document, which is valid."""
    root = ElementTree.fromstring(junit.render(told))
    SCHEMA.validate(root)
    return root


@settings(max_examples=40)
@given(reports())
def test_every_report_is_valid_and_its_figures_are_right(told: Report) -> None:
    root = parsed(told)
    cases = root.findall("./testsuite/testcase")
    assert int(root.attrib["tests"]) == len(cases)
    assert int(root.attrib["failures"]) == len(root.findall("./testsuite/testcase/failure"))
    assert (root.attrib["failures"] != "0") == told.failed
    names = [(case.attrib["classname"], case.attrib["name"]) for case in cases]
    assert len(set(names)) == len(names)
    words = "".join(root.itertext())
    for found in told.findings:
        assert safe(str(found.where)).replace("\r", "\n") in words.replace("\r", "\n")


def test_an_agent_is_one_case_with_one_failure() -> None:
    told = report(
        [finding(line=3), finding("agents/a/one/prompts/system.md", 1), finding(line=5, severity=Severity.WARNING)],
        suppressed=(silenced(finding("agentgov.yaml", 4), "long known"),),
    )
    root = parsed(told)
    assert [suite.attrib["name"] for suite in root] == ["agents/a", "governance"]
    one, two = root[0]
    assert [case.attrib["name"] for case in root[0]] == ["one", "two"]
    assert (one[0].tag, one[0].attrib["message"]) == ("failure", "2 errors")
    assert "agents/a/one/agent.yaml:5:2: warning" in (one[1].text or "")
    assert len(two) == 0
    (case,) = root[1]
    assert (case[0].tag, "because long known" in (case[0].text or "")) == ("system-out", True)


@pytest.mark.parametrize("severity", list(Severity))
def test_what_fails_the_run_fails_the_case(severity: Severity) -> None:
    told = report([finding(severity=severity, message="odd")], failing=frozenset({severity}))
    failure = parsed(told).find("./testsuite/testcase/failure")
    assert failure is not None
    assert failure.attrib == {"type": "schema.unknown-field", "message": "odd"}
