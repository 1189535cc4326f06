"""Whatever lists things fits a terminal of 80 columns, also in a fleet whose names are long."""

import shutil
from pathlib import Path

import pytest
from unit.cli.command_world import CommandWorld

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def eighty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> CommandWorld:
    return CommandWorld.begun(tmp_path_factory.mktemp("tables") / "world")


@pytest.fixture(scope="module")
def acme(world: CommandWorld, tmp_path_factory: pytest.TempPathFactory) -> Path:
    fleet = shutil.copytree(ROOT / "examples/acme", tmp_path_factory.mktemp("listed") / "acme")
    world.git("init", "-q", cwd=fleet)
    return fleet


@pytest.mark.parametrize(
    "command",
    ["playbook list", "drill list", "owners", "who rollback", "access show", "schema"],
)
def test_it_fits_without_a_journal(world: CommandWorld, acme: Path, command: str) -> None:
    ran = world.run("carol", *command.split(), cwd=acme)
    assert ran.code == 0, ran.err
    assert [line for line in ran.out.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("command", ["status", "alert rules", "journal log", "access report", "incident list"])
def test_it_fits_with_one(world: CommandWorld, command: str) -> None:
    ran = world.run("carol", *command.split())
    assert ran.code == 0, ran.err
    assert [line for line in ran.out.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("columns", ["200", None])
def test_a_row_is_a_line_where_there_is_room_and_in_a_pipe(
    world: CommandWorld, acme: Path, monkeypatch: pytest.MonkeyPatch, columns: str | None
) -> None:
    monkeypatch.delenv("COLUMNS") if columns is None else monkeypatch.setenv("COLUMNS", columns)
    first, *rest = world.run("carol", "playbook", "list", cwd=acme).out.splitlines()
    assert first.endswith("READ AGAIN BY")
    assert len(rest) == len(list((acme / "playbooks").glob("*.yaml")))
