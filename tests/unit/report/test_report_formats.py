"""All formats together: each is there, each is fast, and none is loaded unless asked for."""

import subprocess
import sys

import pytest
from patience import ends
from unit.report.findings_sample import finding, many, report, silenced

from agentgov.report.formats import FORMATS, render

ASKED_LATE = [f"agentgov.report.formats.{module}" for module in FORMATS.values()]


@pytest.mark.parametrize("name", FORMATS)
def test_ten_thousand_findings_are_told(name: str) -> None:
    told = report(many(10_000), suppressed=tuple(silenced(finding(line=line), "x") for line in range(1, 100)))
    render(name, told)  # what is loaded once is not what is measured
    with ends():
        render(name, told)


def test_a_format_costs_nothing_when_it_is_not_asked_for() -> None:
    code = "import sys, agentgov.cli.change.validate; print([one for one in sys.modules if '.report.formats.' in one])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_ends_its_last_line(name: str) -> None:
    assert render(name, report([])).endswith("\n")
    assert render(name, report([finding()])).endswith("\n")
