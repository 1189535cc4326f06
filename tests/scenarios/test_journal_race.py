"""Many processes append to one journal through one remote at the same time."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from simulator import FleetSimulator

import agentgov

PROCESSES, ACTS = 6, 10


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_lands_twice(world: FleetSimulator, tmp_path: Path) -> None:
    script = Path(__file__).resolve().parents[1] / "appending.py"
    paths = [str(script.parent), str(Path(agentgov.__file__).resolve().parents[1])]
    before = world.view().state.head.seq
    running = []
    for number in range(PROCESSES):
        home = tmp_path / f"home-{number}"
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(paths),
            "AGENTGOV_CONFIG_HOME": str(tmp_path / "config"),
            "AGENTGOV_STATE_HOME": str(home),
        }
        words = [str(world.folder), str(tmp_path / f"clone-{number}"), ("alice", "bob", "carol")[number % 3]]
        command = [sys.executable, str(script), *words, str(ACTS), str(world.clock())]
        running.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE))
    for process in running:
        _, words_of_woe = process.communicate(timeout=300)
        assert process.returncode == 0, words_of_woe.decode()
    found = world.verify()
    assert found.offence is None
    assert found.view is not None
    assert found.view.state.head.seq == before + PROCESSES * ACTS
    reasons = Counter(pause.reason for pause in found.view.state.pauses().values())
    assert reasons == {f"clone-{number} {act}": 1 for number in range(PROCESSES) for act in range(ACTS)}
