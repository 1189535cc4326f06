"""The fleets that benchmarks are run on are in order, whatever rules are added, and the same every time."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks"))
from fleet_generator import files, make_fleet

from agentgov.cli.main import status
from agentgov.model.snapshot import MemorySnapshot
from agentgov.validate.run import validate


def test_a_generated_fleet_has_no_finding() -> None:
    made = {path: text.encode() for path, text in files(150, 40)}
    assert validate(MemorySnapshot(made)) == ()
    assert made == {path: text.encode() for path, text in files(150, 40)}
    assert sum(path.endswith("/agent.yaml") for path in made) == 150
    assert sum(path.startswith("agents/") for path in made) == 300


def test_it_is_committed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_fleet(tmp_path / "fleet", 3)
    assert status(["validate", "--repo", str(tmp_path / "fleet"), "--rev", "HEAD"]) == 0
    assert "checked 3 agents" in capsys.readouterr().out
