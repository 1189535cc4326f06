"""docs/prometheus-rules.yml asks for metrics that the gate has, and Prometheus reads it."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from agentgov.gate.metrics import Metrics

FILE = Path(__file__).parents[3] / "docs/prometheus-rules.yml"
CASES = Path(__file__).parents[2] / "data/prometheus-rules-test.yml"


def rules() -> list[dict[str, Any]]:
    """All of them, in their order."""
    return [rule for group in yaml.safe_load(FILE.read_text("utf-8"))["groups"] for rule in group["rules"]]


def test_every_rule_asks_for_metrics_that_there_are() -> None:
    known = {sample for family in Metrics().registry.collect() for sample in _names(family.name, family.type)}
    known |= {str(rule["record"]) for rule in rules() if "record" in rule}
    for rule in rules():
        asked = set(re.findall(r"\bagentgov[_:][a-z0-9_:]+", rule["expr"]))
        assert asked <= known, rule["expr"]
        assert asked or rule["alert"] == "AgentgovGateDown"


def _names(name: str, kind: str) -> tuple[str, ...]:
    return (f"{name}_total",) if kind == "counter" else (name,)


def test_every_alert_says_how_urgent_it_is_and_what_to_do_and_the_page_names_it() -> None:
    page = FILE.with_name("alert-routes.md").read_text("utf-8")
    for rule in rules():
        if "alert" in rule:
            assert rule["labels"]["severity"] in ("page", "ticket")
            assert rule["annotations"].keys() == {"summary", "next"}
            assert f"`{rule['alert']}`" in page


@pytest.mark.parametrize("words", [("check", FILE), ("test", CASES)], ids=lambda words: str(words[0]))
def test_promtool_takes_them_and_they_fire_where_they_should(words: tuple[str, Path]) -> None:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not there: .ci/packages installs it")
    verb, file = words
    found = subprocess.run([program, verb, "rules", str(file)], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
