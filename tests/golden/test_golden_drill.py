"""A whole drill on examples/acme, for somebody who has seen no documentation: it is what docs/drills.md shows.

Write it anew with: GOLDEN=write pytest tests/golden
"""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from golden.shown import ROOT, is_shown

from agentgov.cli.main import cli
from agentgov.repo import clock

ARGS = ["drill", "run", "drills/refund-agent.yaml", "--answers", "answers.yaml"]


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example as somebody has unpacked it, on a day in January."""
    fleet = shutil.copytree(ROOT / "examples/acme", tmp_path / "acme")
    shutil.copy(ROOT / "examples/answers/refund-agent.yaml", fleet / "answers.yaml")
    monkeypatch.chdir(fleet)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.setattr(clock, "now", lambda: 1_800_000_000)
    return fleet


def test_a_drill_reads_well(acme: Path) -> None:
    ran = CliRunner().invoke(cli, ARGS, standalone_mode=False)
    assert (ran.return_value, ran.stderr) == (1, ""), "one objective is missed"
    is_shown("docs/drills.md", "drill", f"$ agentgov {' '.join(ARGS)}\n{ran.stdout}", width=110)
