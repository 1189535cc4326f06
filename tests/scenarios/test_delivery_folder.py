"""`render --to DIR`: the same files as on the branch, and nothing of anybody else."""

import json
from pathlib import Path
from typing import Any

import gitworld
import pytest
from pipelineworld import PipelineWorld
from simulator import TRIAGE
from unit.cli.output_schema import assert_holds

from agentgov.cli.main import status
from agentgov.delivery.choose import Deliveries
from agentgov.delivery.render import paths_of
from agentgov.release import orders
from agentgov.repo import clock
from templates import copied

CONFIG, _ = paths_of(TRIAGE)


@pytest.fixture
def world(tmp_path: Path, once_rendered: PipelineWorld, monkeypatch: pytest.MonkeyPatch) -> PipelineWorld:
    """One agent in production, in a fleet that wants production rendered."""
    found = copied(once_rendered, tmp_path)
    monkeypatch.setattr(clock, "now", found.clock)
    return found


def rendered(
    world: PipelineWorld, to: Path, capsys: pytest.CaptureFixture[str], code: int = 0, environment: str = "production"
) -> dict[str, Any]:
    """The JSON answer of the command."""
    world.view()
    args = ["render", "--environment", environment, "--to", str(to), "--repo", str(world.work), "--json"]
    capsys.readouterr()
    assert status(args) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out or "{}")
    if found:
        assert_holds(found, "render")
    return found


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_is_the_branch(world: PipelineWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    to = tmp_path / "out"
    assert (rendered(world, to, capsys)["agents"], len(files(to))) == (1, 3)
    assert Deliveries(world.journal, world.appender("reconciler")).follow(world.view(), (), world.clock()) == ()
    branch = "agentgov/rendered/production"
    names = gitworld.git(world.remote, "ls-tree", "-r", "--name-only", branch).decode().split()
    # git() strips the final newline
    assert files(to) == {name: gitworld.git(world.remote, "show", f"{branch}:{name}") + b"\n" for name in names}
    assert rendered(world, to, capsys)["written"] == 0
    world.order("erin", orders.order_pause, str(TRIAGE), mode="stop", until=0, reason="it lies")
    assert rendered(world, to, capsys)["removed"] == 2
    assert list(files(to)) == ["index.json"]


def test_a_folder_of_somebody_else_is_left_alone(
    world: PipelineWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, held in (("notes.txt", "mine"), ("index.json", '{"schema": "other"}')):
        to = tmp_path / name.partition(".")[0]
        to.mkdir()
        (to / name).write_text(held)
        assert rendered(world, to, capsys, code=2) == {}
        assert files(to) == {name: held.encode()}
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    rendered(world, out, capsys)
    assert rendered(world, out, capsys, code=2, environment="staging") == {}
    elsewhere.mkdir()
    link = tmp_path / "link"
    link.mkdir()
    (link / "config").symlink_to(elsewhere)
    assert rendered(world, link, capsys, code=2) == {}
    assert files(elsewhere) == {}


def test_an_old_journal_is_rendered_and_is_no_yes(
    world: PipelineWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world.clock.pass_(8_000 * 86_400)
    found = rendered(world, tmp_path / "out", capsys, code=3)
    assert found["journal"]["stale"] is True
    assert CONFIG in files(tmp_path / "out")
