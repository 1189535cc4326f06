"""SARIF as Microsoft's own validator judges it, with the rules of GitHub's code scanning."""

import json
import os
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from gitworld import write_files
from npmtools import npm_package
from unit.validate.fleet_sample import AGENT, FILES, PROMPT

from agentgov.cli.main import status

VERSION = "5.7.0"
# What it would like besides: an address of the project and of each rule, and links to a repository on the web.
ADVICE = {"SARIF2005", "SARIF2007", "SARIF2011", "SARIF2012"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The validator, installed by npm where it is not there."""
    there = shutil.which("Sarif.Multitool")
    if there is not None:
        return there
    package = f"@microsoft/sarif-multitool-linux@{VERSION}"
    modules = npm_package(tmp_path_factory.mktemp("npm"), package, "--ignore-scripts")
    found = modules / "@microsoft/sarif-multitool-linux/Sarif.Multitool"
    found.chmod(found.stat().st_mode | stat.S_IXUSR)
    return str(found)


def findings_of_validator(program: str, log: Path) -> list[Any]:
    """What it has to say about a log; skipped where the program itself does not run."""
    told = log.with_suffix(".judged.sarif")
    environment = {**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    command = [program, "validate", str(log), "--rule-kind", "Sarif;Ghas", "--output", str(told)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if not told.exists():
        pytest.skip(f"the validator does not run here: {(done.stdout + done.stderr)[-300:]}")
    run = json.loads(told.read_text("utf-8-sig"))["runs"][0]
    return list(run.get("results", []))


def test_the_validator_of_sarif_finds_nothing_wrong(program: str, tmp_path: Path) -> None:
    odd = "agents/support/shared/ü b%,;:#?.md"
    edits = {AGENT: FILES[AGENT].replace("risk: medium", "risk: hihg"), PROMPT: "You help.\n", odd: "\u200b\n"}
    write_files(tmp_path / "fleet", {**FILES, **edits})
    log = tmp_path / "agentgov.sarif"
    status(["validate", "--repo", str(tmp_path / "fleet"), "--report", f"sarif={log}"])
    found = findings_of_validator(program, log)
    assert [one for one in found if one["ruleId"] not in ADVICE] == []
    broken = tmp_path / "broken.sarif"
    broken.write_text(log.read_text().replace('"startColumn":9', '"startColumn":9,"endColumn":2'))
    assert [one for one in findings_of_validator(program, broken) if one["ruleId"] not in ADVICE]
