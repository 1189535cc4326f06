"""A watching reconciler and changes of governance: what is authorised counts at once, without a start anew."""

import json
import time
from collections.abc import Mapping
from pathlib import Path

import gitworld
import pytest
from patience import PATIENCE, until
from pipelineworld import PipelineWorld, pipeline_file
from simulator import FLEET_YAML, TRIAGE
from watchworld import Watching, watching

BRANCH = "agentgov/rendered/production"


@pytest.fixture
def now(fleet: PipelineWorld) -> PipelineWorld:
    """A fleet in real time, and none of its acts ahead of it."""
    fleet.clock.time = int(time.time())
    return fleet


def change(fleet: PipelineWorld, files: Mapping[str, str]) -> None:
    """Administrators change and review; the reconciler that watches takes it over."""
    fleet.review("dave", fleet.change("carol", files))


def lag(one: Watching) -> dict[str, float]:
    """Acts that each target is behind."""
    found = {name.partition('target="')[2][:-2]: value for name, value in one.metrics().items() if "lag{" in name}
    return dict(sorted(found.items()))


def seq(folder: Path) -> int:
    found: int = json.loads((folder / "index.json").read_bytes())["journal"]["seq"]
    return found


def test_a_change_of_delivery_is_followed(now: PipelineWorld, tmp_path: Path) -> None:
    to = tmp_path / "agents"
    with watching(now, "--watch", "1", "--render-to", str(to)) as one:
        until(lambda: lag(one) == {"folder/production": 0}, "the folder")
        change(now, {"agentgov.yaml": FLEET_YAML + "delivery: {rendered: [production]}\n"})
        until(lambda: lag(one) == {"folder/production": 0, "rendered/production": 0}, "the branch")
        assert gitworld.git(now.remote, "cat-file", "-t", f"{BRANCH}:index.json") == b"blob"
        change(now, {"agentgov.yaml": FLEET_YAML})
        until(lambda: lag(one) == {"folder/production": 0}, "the end of the branch")
        assert gitworld.git(now.remote, "rev-parse", BRANCH)  # nobody takes it away
        assert one.end() == 0
    assert seq(to) == now.view().state.head.seq


def test_a_folder_that_cannot_be_written_is_behind_and_catches_up(now: PipelineWorld, tmp_path: Path) -> None:
    to = tmp_path / "agents"
    to.mkdir()
    (to / "notes.txt").write_text("mine")
    with watching(now, "--watch", "1", "--render-to", f"staging={to}") as one:
        assert "folder/staging is not up to date" in one.says("notes.txt")
        until(lambda: lag(one).get("folder/staging", 0) > 0, "the lag")
        now.release("alice", TRIAGE, "1.0.0")
        one.says("done stage")  # the journal waits for no folder
        (to / "notes.txt").unlink()
        until(lambda: lag(one) == {"folder/staging": 0}, "the folder")
        assert one.end() == 0
    assert seq(to) == now.view().state.head.seq


def test_a_change_of_the_pipeline_is_followed(now: PipelineWorld) -> None:
    now.govern({"governance/pipeline.yaml": pipeline_file(soak="1000h")})
    with watching(now, "--watch", "1") as one:
        now.release("alice", TRIAGE, "1.0.0")
        one.says("done stage")
        ticks = one.metrics()["ticks_total"]
        until(lambda: one.metrics()["ticks_total"] > ticks + 1, "two ticks of soaking")
        assert "pass" not in now.kinds()
        change(now, {"governance/pipeline.yaml": pipeline_file(soak="1s")})
        until(lambda: "pass" in now.kinds(), "the end of the soak")
        assert one.end() == 0
    now.check()


@pytest.mark.parametrize("arguments", [["--render-to", "a", "--render-to", "production=b"], ["--dry-run"]])
def test_folders_that_exclude_each_other_are_refused(now: PipelineWorld, arguments: list[str]) -> None:
    with watching(now, "--watch", "1", "--render-to", "c", *arguments) as one:
        assert one.process.wait(PATIENCE) == 2
