"""examples/broken: every fleet there gives exactly the finding it is there for; the good examples give none."""

import json
from pathlib import Path

import pytest

from agentgov.model.finding import Severity
from agentgov.repo.snapshot import WorkTreeSnapshot
from agentgov.validate.run import validate

EXAMPLES = Path(__file__).parents[3] / "examples"
BROKEN = sorted(path.parent for path in (EXAMPLES / "broken").glob("*/expected.json"))


@pytest.mark.parametrize("folder", BROKEN, ids=lambda folder: folder.name)
def test_a_broken_fleet_gives_its_finding_and_no_other(folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text("utf-8"))
    found = validate(WorkTreeSnapshot(folder))
    assert [{"code": one.code, "file": one.where.file, "line": one.where.line} for one in found] == [expected]
    assert found[0].message


def test_there_are_a_dozen_of_them() -> None:
    assert len(BROKEN) >= 12


def test_acme_is_in_order() -> None:
    assert validate(WorkTreeSnapshot(EXAMPLES / "acme")) == ()


def test_minimal_is_told_what_one_person_costs() -> None:
    found = validate(WorkTreeSnapshot(EXAMPLES / "minimal"))
    assert [(one.code, one.severity) for one in found] == [("owner.one-person-fleet", Severity.WARNING)]
