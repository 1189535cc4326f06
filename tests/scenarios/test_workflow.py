"""The workflow that `agentgov init` writes, step by step as GitHub's runner does it, on a pull request."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gitworld
import pytest
import yaml
from unit.cli.command_world import PROMPT, CommandWorld
from unit.scaffold.test_modelines import WRITTEN

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def steps() -> list[dict[str, Any]]:
    """The steps that run a command of agentgov."""
    workflow = yaml.safe_load(WRITTEN[".github/workflows/agentgov.yml"])
    found: list[dict[str, Any]] = [
        one for one in workflow["jobs"]["validate"]["steps"] if "agentgov " in one.get("run", "")
    ]
    return found


@pytest.fixture
def runner(tmp_path: Path) -> Mapping[str, str]:
    """What the runner puts into the environment."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "agentgov").write_text(f'#!/bin/sh\nexec {sys.executable} -m agentgov "$@"\n')
    (programs / "agentgov").chmod(0o755)
    (tmp_path / "temp").mkdir()
    return {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "RUNNER_TEMP": str(tmp_path / "temp"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
    }


def told_by(
    steps: list[dict[str, Any]], runner: Mapping[str, str], folder: Path, files: Mapping[str, str]
) -> dict[str, tuple[int, str]]:
    """Exit code and log of each step on a change that writes these files."""
    world = CommandWorld.begun(folder)
    base = gitworld.git(world.fleet, "rev-parse", "HEAD").decode()
    world.change("alice", files, "A change")
    head = gitworld.git(world.fleet, "rev-parse", "HEAD").decode()
    environment = {**world.environment("frank"), **runner, "BASE": base, "HEAD": head}
    told = {}
    for step in steps:
        command = ["bash", "-e", "-c", step["run"]]
        done = subprocess.run(command, cwd=world.fleet, env=environment, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr
        told[step["run"].split()[1]] = (done.returncode, done.stdout)
    return told


def test_a_good_change_is_in_order(steps: list[dict[str, Any]], runner: Mapping[str, str], tmp_path: Path) -> None:
    told = told_by(steps, runner, tmp_path / "world", {PROMPT: "Sort tickets by age alone.\n"})
    assert {name: code for name, (code, _) in told.items()} == {"validate": 0}
    assert "::error" not in told["validate"][1]
    assert (tmp_path / "summary").read_text().startswith("## agentgov validate passed")
    assert sorted(path.name for path in (tmp_path / "temp").iterdir()) == ["agentgov.sarif", "agentgov.xml"]


def test_a_slip_is_marked_where_it_stands(
    steps: list[dict[str, Any]], runner: Mapping[str, str], tmp_path: Path
) -> None:
    told = told_by(steps, runner, tmp_path / "world", {"agents/support/triage/agent.yaml": "kind: Agent\n"})
    assert told["validate"][0] == 1
    assert "::error file=agents/support/triage/agent.yaml,line=1," in told["validate"][1]
    assert (tmp_path / "summary").read_text().startswith("## agentgov validate failed")
