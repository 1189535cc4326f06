"""`agentgov validate` on what marks suppress: it is counted, listed on request, in JSON, and never in the exit code."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from gitworld import write_files
from unit.validate.fleet_sample import AGENT, FILES, FLEET

from agentgov.cli.main import status
from agentgov.resources import folder

LINE = "  runtime: {password: correct-horse-battery}  # agentgov: ignore[secret.suspicious] because a sample"


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    write_files(tmp_path, {**FILES, AGENT: f"{FILES[AGENT]}{LINE}\n"})
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], fleet: Path, *args: str) -> tuple[int, str]:
    code = status(["validate", "--repo", str(fleet), *args])
    return code, capsys.readouterr().out


def document(capsys: pytest.CaptureFixture[str], fleet: Path, *args: str) -> Any:
    _, out = run(capsys, fleet, "--json", *args)
    found = json.loads(out)
    jsonschema.validate(found, json.loads((folder("schemas") / "output/validate.schema.json").read_text("utf-8")))
    return found


def test_what_is_suppressed_is_counted(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(capsys, fleet, "--fail-on", "warning")
    assert (code, out) == (0, f"no findings: 1 suppressed; checked 2 agents, {len(FILES)} files (working tree)\n")
    assert "1 suppressed" in run(capsys, fleet, "--format", "github")[1]


def test_and_listed_on_request_with_the_reason(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(capsys, fleet, "--show-suppressed")
    assert code == 0
    first, second, *_ = out.splitlines()
    assert first.startswith(f"{AGENT}:24:23  suppressed  secret.suspicious  ")
    assert second == f"    because: a sample ({AGENT}:24:47)"


def test_json_always_has_it(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, fleet)
    assert found["findings"] == []
    assert found["summary"]["suppressed"] == 1
    (one,) = found["suppressed"]
    assert (one["code"], one["line"], one["reason"]) == ("secret.suspicious", 24, "a sample")
    assert one["mark"] == {"file": AGENT, "line": 24, "column": 47}


def test_a_selection_of_codes_leaves_marks_alone(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is not shown was judged all the same: its mark has its use, and --ignore takes nothing out of the fleet."""
    assert document(capsys, fleet, "--ignore", "secret")["findings"] == []
    assert document(capsys, fleet, "--ignore", "secret")["suppressed"] == []
    assert document(capsys, fleet, "--select", "schema")["findings"] == []
    assert document(capsys, fleet, "--select", "secret.suspicious")["summary"]["suppressed"] == 1
    assert run(capsys, fleet, "--ignore", "secrets")[0] == 2


def test_a_fleet_that_forbids_it_is_told_of_both(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (fleet / FLEET).write_text(f"{FILES[FLEET]}validation: {{suppress: none}}\n")
    found = document(capsys, fleet)
    assert [one["code"] for one in found["findings"]] == ["secret.suspicious", "suppress.forbidden"]
    assert found["suppressed"] == []
    assert run(capsys, fleet, "--ignore", "secret", "--fail-on", "warning")[0] == 1
