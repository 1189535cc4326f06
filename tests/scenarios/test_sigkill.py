"""The reconciler is killed at random moments, fifty times, against a real remote: no act is lost, none done twice."""

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
from simulator import TRIAGE, FleetSimulator

from agentgov.journal.query import Logged, acts
from agentgov.release import orders

PROMPT = f"{TRIAGE.folder}/prompts/system.md"
KILLS = 50
QUICK = """apiVersion: agentgov.dev/v1
kind: Pipeline
stages:
  - {name: staging, environment: staging, soak: 1s}
  - {name: canary, environment: production, steps: [{share: 5%, soak: 1s}, {share: 25%, soak: 1s}], judge: none}
  - {name: production, environment: production, bake: 1s}
"""


class KilledWorld(FleetSimulator):
    """A fleet whose reconciler is the real command, in real time."""

    def begin(self) -> None:
        """Start the journal now."""
        self.clock.time = int(time.time())
        self.introduce()

    def now(self) -> None:
        """Let the simulator's clock follow the real one."""
        self.clock.time = int(time.time())

    def start(self) -> subprocess.Popen[bytes]:
        """The reconciler as a process of its own."""
        key = {"AGENTGOV_KEY_FILE": str(self.folder / "keys" / "reconciler")}
        env = {**os.environ, **key, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        command = [sys.executable, "-m", "agentgov", "reconcile", "--once", "--repo", str(self.work)]
        return subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def tip(self) -> str:
        """The journal's tip in the remote, asked without going through the clone."""
        return gitworld.git(self.remote, "rev-parse", "refs/heads/agentgov/journal").decode()

    def settle(self) -> None:
        """Run the reconciler unharmed until it changes nothing any more."""
        for _ in range(40):
            before = self.tip()
            done = self.start()
            _, err = done.communicate(timeout=60)
            assert done.returncode == 0, err.decode()
            _vouch(self)
            if self.tip() == before and self.view().state.deployment(TRIAGE).production.state == "STABLE":
                return
            time.sleep(1.1)
        raise AssertionError("the fleet never settled")


@pytest.mark.slow
def test_fifty_kills_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    world = KilledWorld(tmp_path / "world", files={"governance/pipeline.yaml": QUICK})
    world.begin()
    chance = random.Random(50)
    tips, version = [world.tip()], 0
    for kill in range(KILLS):
        world.now()
        if kill % 5 == 0:  # always something to do: content to take over, a tag to see, a candidate to move
            version += 1
            commit = world.change("alice", {PROMPT: f"Sort tickets, revision {version}.\n"})
            world.review("bob", commit)
        if kill % 5 == 2 and PROMPT not in world.view().state.pending:
            _release_what_is_authorised(world, version)
        victim = world.start()
        time.sleep(chance.uniform(0.05, 1.3))
        victim.send_signal(signal.SIGKILL)
        victim.communicate(timeout=60)
        tips.append(world.tip())
        _vouch(world)
    world.settle()
    _check_nothing_lost(world, tips)


def _release_what_is_authorised(world: KilledWorld, version: int) -> None:
    view = world.view()
    if view.contents.read(PROMPT) == f"Sort tickets, revision {version}.\n".encode():
        world.release("alice", TRIAGE, f"1.{version}.0")


def _vouch(world: KilledWorld) -> None:
    """Bob's word for whatever is on its way, so that unjudged canaries can graduate."""
    view = world.view()
    candidate = orders.candidate_of(view, TRIAGE)
    given = {vote.release for vote in view.state.deployment(TRIAGE).votes}
    if candidate is not None and candidate.tag not in given:
        world.order("bob", orders.order_promote, TRIAGE, "production")


def _check_nothing_lost(world: KilledWorld, tips: list[str]) -> None:
    assert world.verify().offence is None
    world.journal.fetch()
    final = world.tip()
    assert all(world.repo.is_ancestor(tip, final) for tip in tips), "an act that had landed is gone"
    logged = list(acts(world.repo, final))
    assert len({one.act.id for one in logged}) == len(logged)
    repeated = [what for what, count in Counter(map(_transition, logged)).items() if what and count > 1]
    assert repeated == []
    kinds = Counter(one.act.kind for one in logged)
    assert kinds["graduate"] >= 1
    assert kinds["advance"] >= 3
    assert not list((world.work / ".git").rglob("*.lock"))


def _transition(logged: Logged) -> str:
    """What may happen only once: a release entering a state, an advance to a commit."""
    act = logged.act
    if act.kind in ("stage", "pass", "canary", "share", "graduate", "settle", "release-seen"):
        return f"{act.kind} {act.get('Release')} {act.get('Share')}"
    if act.kind == "advance":
        return f"advance {act.get('Main')} {act.get('Authorised')}"
    return ""
