"""The command `reconcile` as a process: exit codes, what a watch prints, and how it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from faultworld import hook, once
from patience import PATIENCE, ends, until
from pipelineworld import PipelineWorld, pipeline_file
from simulator import TRIAGE

PROJECT = Path(__file__).resolve().parents[2]
QUICK = pipeline_file(soak="1s", step="1s", bake="1s", judge="none")


def start(fleet: PipelineWorld, *args: str) -> subprocess.Popen[str]:
    """`agentgov reconcile ...` by the reconciler."""
    return subprocess.Popen(
        [sys.executable, "-m", "agentgov", "reconcile", "--repo", str(fleet.work), *args],
        env=os.environ | fleet.variables("reconciler") | {"PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.fixture
def live(fleet: PipelineWorld) -> PipelineWorld:
    """A fleet in real time with a release that waits for its first tick."""
    fleet.clock.time = int(time.time())
    fleet.govern({"governance/pipeline.yaml": QUICK})
    fleet.release("alice", TRIAGE, "1.0.0")
    return fleet


def test_refused_tags_are_no_failure_of_the_command(live: PipelineWorld) -> None:
    live.point(f"refs/tags/{TRIAGE}/v2.0.0", live.head())
    code, out, _ = once(live)
    assert code == 0
    assert "refused support/triage/v2.0.0" in out
    code, out, _ = once(live, "--json")
    assert (code, [one["code"] for one in json.loads(out)["refused"]]) == (0, ["tag.lightweight"])


def test_a_remote_that_takes_no_pushes_is_exit_1_and_what_landed_is_told(live: PipelineWorld) -> None:
    hook(live, "pre-receive", f"test -e {live.folder}/first && exit 1; touch {live.folder}/first")
    code, out, err = once(live)
    assert code == 1
    assert out == f"done see release {TRIAGE}/v1.0.0\n"
    assert "does not take pushes" in err


def test_a_remote_that_is_away_is_exit_3(live: PipelineWorld) -> None:
    live.remote.rename(live.folder / "away.git")
    with ends():
        code, out, err = once(live)
        assert (code, out) == (3, "")
        assert "gave no answer" in err


def test_a_watch_prints_one_line_for_each_transition_and_ends_well(live: PipelineWorld) -> None:
    watching = start(live, "--watch", "1")
    assert watching.stdout is not None
    assert watching.stdout.readline() == "watching, a look every 1 s\n"
    lines = [watching.stdout.readline().strip() for _ in range(5)]
    watching.send_signal(signal.SIGTERM)
    rest, err = watching.communicate(timeout=PATIENCE)
    assert watching.returncode == 0, err
    assert lines == [
        f"done see release {TRIAGE}/v1.0.0",
        f"done stage {TRIAGE} v1.0.0",
        f"done pass {TRIAGE} v1.0.0 in staging",
        f"done start the canary of {TRIAGE} v1.0.0 at 5%",
        f"done raise the canary of {TRIAGE} v1.0.0 to 25%",
    ]
    assert (rest, err) == ("", "")
    assert live.kinds() == ["release-seen", "stage", "pass", "canary", "share"]


def test_a_watch_tells_a_refused_tag_once(live: PipelineWorld) -> None:
    live.point(f"refs/tags/{TRIAGE}/v2.0.0", live.head())
    watching = start(live, "--watch", "1", "--json")
    assert watching.stdout is not None
    documents = [json.loads(watching.stdout.readline()) for _ in range(3)]
    watching.send_signal(signal.SIGINT)
    watching.communicate(timeout=PATIENCE)
    assert watching.returncode == 130
    assert [bool(document["acts"]) for document in documents] == [True] * 3
    assert all(document["refused"] for document in documents)


def test_a_signal_in_the_middle_of_a_push_lets_the_act_land_and_writes_no_other(live: PipelineWorld) -> None:
    pushing, go = live.folder / "pushing", live.folder / "go"
    hook(live, "pre-receive", f"touch {pushing}; while ! test -e {go}; do sleep 0.05; done")
    watching = start(live, "--watch", "1")
    until(pushing.exists, "the push")
    watching.send_signal(signal.SIGTERM)
    go.touch()
    out, err = watching.communicate(timeout=PATIENCE)
    assert (watching.returncode, err) == (0, "")
    assert out.endswith(f"done see release {TRIAGE}/v1.0.0\n")
    assert live.kinds() == ["release-seen"]
    live.view()
    live.check()


def test_a_watch_waits_for_a_remote_that_is_away_from_the_start(live: PipelineWorld) -> None:
    away = live.remote.rename(live.folder / "away.git")
    watching = start(live, "--watch", "1")
    assert watching.stderr is not None
    assert watching.stdout is not None
    assert watching.stderr.readline().startswith("waiting the remote")
    away.rename(live.remote)
    assert watching.stdout.readline() == "watching, a look every 1 s\n"
    assert watching.stdout.readline() == f"done see release {TRIAGE}/v1.0.0\n"
    watching.send_signal(signal.SIGTERM)
    watching.communicate(timeout=PATIENCE)
    assert watching.returncode == 0
