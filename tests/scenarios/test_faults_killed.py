"""The real command is killed fifty times at random moments, with every git that it started: nothing lost or repeated.

The remote is behind a connection of its own, as a server is: it goes on when its client dies. What is killed is the
whole process group here, so that git dies as well wherever it happens to be, with its locks in its hands.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import gitworld
import pytest
from faultworld import behind_a_server
from patience import PATIENCE
from pipelineworld import PipelineWorld, pipeline_file
from simulator import TRIAGE

from agentgov.model.act import Act
from agentgov.model.transitions import is_ramping
from agentgov.release import orders

PROJECT = Path(__file__).resolve().parents[2]
KILLS = 50
SEED = int(os.environ.get("KILL_SEED", "1"))  # for other moments
JUDGE = "{metrics: {error: {ceiling: 0.05}}, interval: 2s, noDataTicks: 1000, deadline: 24h}"


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PipelineWorld:
    """A fleet in real time, whose remote is reached through a server."""
    pipeline = pipeline_file(soak="1s", step="1s", bake="1s", judge=JUDGE)
    return behind_a_server(PipelineWorld(tmp_path / "world", pipeline=pipeline), monkeypatch)


class Killer:
    """Starts the reconciler and kills it, its children included, after a random while."""

    def __init__(self, fleet: PipelineWorld, seed: int) -> None:
        self.fleet, self._chance = fleet, random.Random(seed)
        self.counts = fleet.folder / "counts.json"
        self.said: list[str] = []
        self._life = 1.0  # seconds of a life to its end, on the machine that this runs on

    def measure(self) -> None:
        """See how long a life takes here, so that kills fall everywhere into it, and some behind its work."""
        start = time.monotonic()
        self.run_once()
        self._life = max(time.monotonic() - start, 0.5)

    def kill_one(self, *how: str) -> None:
        """One life of the reconciler."""
        self._count()
        process = self._start(*how)
        time.sleep(self._chance.uniform(0.2, 1.5) * self._life)
        os.killpg(process.pid, signal.SIGKILL)
        self.said.append(process.communicate(timeout=PATIENCE)[1])

    def run_once(self) -> None:
        """A life to the end, which must be a good one: nothing here needed a repair."""
        self._count()
        process = self._start("--once")
        _, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, err

    def _start(self, *how: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "agentgov", "reconcile", *how, "--counts", str(self.counts)],
            cwd=self.fleet.work,
            env=os.environ | self.fleet.variables("reconciler") | {"PYTHONPATH": str(PROJECT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def _count(self) -> None:
        self.fleet.clock.time = int(time.time())
        self.fleet.view()
        self.counts.write_text(json.dumps({"agents": self.fleet.traffic()}))


def vouch(fleet: PipelineWorld) -> None:
    """Bob's word for the first release, once its canary runs; said once."""
    at = fleet.at()
    if is_ramping(at) and at.production.state == "EMPTY" and not at.votes:
        fleet.order("bob", orders.order_promote, TRIAGE, "production")


def landed(fleet: PipelineWorld) -> list[Act]:
    """The acts on the remote, whatever this clone knows."""
    return fleet.acts()


@pytest.mark.slow
@pytest.mark.parametrize("how", [("--once",), ("--watch", "1")])
def test_fifty_kills_lose_nothing_and_repeat_nothing(live: PipelineWorld, how: tuple[str, ...]) -> None:
    killer, seen = Killer(live, SEED + len(how)), list[str]()
    live.clock.time = int(time.time())
    killer.measure()
    live.release("alice", TRIAGE, "1.0.0")
    for life in range(KILLS):
        killer.kill_one(*how)
        acts = landed(live)
        assert [act.id for act in acts][: len(seen)] == seen, "an act that had landed is gone"
        seen = [act.id for act in acts]
        vouch(live)
        if life == KILLS // 2:
            live.write("Words of v1.1.0.")
            live.release("alice", TRIAGE, "1.1.0")
    for _ in range(25):
        if live.running() == "1.1.0" and live.at().production.state == "STABLE":
            break
        killer.run_once()
        vouch(live)
        time.sleep(1.1)
    _check(live)
    assert not [said for said in killer.said if "internal error" in said or "Traceback" in said]


def _check(fleet: PipelineWorld) -> None:
    assert fleet.running() == "1.1.0"
    fleet.check()
    times = Counter((act.kind, act.get("Release"), act.get("Share")) for act in fleet.acts() if act.get("Release"))
    assert set(times.values()) == {1}
    way = ["release-seen", "stage", "pass", "canary", "share", "graduate", "settle"]
    for version in ("1.0.0", "1.1.0"):
        mine = [act.kind for act in fleet.acts() if act.get("Release").startswith(f"{TRIAGE}/v{version} ")]
        walked = [kind for kind in mine if kind != "promote"]
        # The second one is released in the middle, and takes the place of the first one wherever that stands by then.
        assert walked == way or (version == "1.0.0" and walked and walked == way[: len(walked)])
    git_dir = fleet.work / ".git"
    gitworld.git(fleet.work, "fsck", "--connectivity-only", "--no-dangling")
    locks = list(git_dir.rglob("*.lock"))
    print(f"{len(locks)} locks were left behind: {locks}")
    for lock in locks:  # what git left behind stopped nothing; somebody may take it away
        lock.unlink()
    gitworld.git(fleet.work, "fetch", "-q", "origin")
