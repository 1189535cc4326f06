"""The demo tells what really happens, and leaves a fleet to play with and nothing else."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PEOPLE = ("carol", "dave", "alice", "bob", "erin", "frank")


def shell(script: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a script in a shell that knows nothing but where agentgov is."""
    programs = home / "bin"
    programs.mkdir(exist_ok=True)
    start = programs / "agentgov"
    start.write_text(f'#!/bin/sh\nexec {sys.executable} -m agentgov "$@"\n')
    start.chmod(0o755)
    env = {"HOME": str(home), "PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(PROJECT)}
    return subprocess.run(["bash", "-c", script], env=env, cwd=home, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_demo_plays_and_leaves_a_fleet_to_play_with(tmp_path: Path) -> None:
    home, base = tmp_path / "home", tmp_path / "demo"
    home.mkdir()
    played = shell(f"agentgov demo {base}", home)
    assert played.returncode == 0, played.stdout + played.stderr
    assert "Traceback" not in played.stderr
    for name in ("remote.git", "fleet", "keys", "env.sh"):
        assert (base / name).exists()
    assert sorted(path.name for path in home.iterdir()) == ["bin"], "the demo wrote outside its folder"
    again = shell(f"agentgov demo {base}", home)
    assert again.returncode == 2
    for person in PEOPLE:
        acting = f"cd {base}/fleet && AGENTGOV_AS={person} . {base}/env.sh && "
        doctor = shell(f"{acting} agentgov doctor --json", home)
        assert doctor.returncode == 0, doctor.stdout
        assert json.loads(doctor.stdout)["healthy"] is True
    acting = f"cd {base}/fleet && AGENTGOV_AS=bob . {base}/env.sh && "
    verified = shell(f"{acting} agentgov journal verify --json", home)
    assert json.loads(verified.stdout)["verdict"] == "accept"
    status = json.loads(shell(f"{acting} agentgov status --json", home).stdout)
    running = {row["agent"]: row for row in status["agents"]}
    assert running["support/refund-assistant"]["stages"]["production"]["release"].endswith("/v1.0.0")
    assert running["support/ticket-triage"]["paused"] is True
    incidents = json.loads(shell(f"{acting} agentgov incident list --all --json", home).stdout)["incidents"]
    assert [(one["state"], one["lead"]) for one in incidents] == [("closed", "erin")]
    lifted = shell(f"{acting} agentgov hold support/refund-assistant --lift", home)
    assert lifted.returncode == 0, lifted.stderr
    playing_on(home, base)
    assert sorted(path.name for path in home.iterdir()) == ["bin"], "playing on wrote outside the folder"


def playing_on(home: Path, base: Path) -> None:
    """In one shell: one person after the other, the reconciler too, and with no agentgov on the PATH."""
    turns = f"""
        cd {base}/fleet
        PATH=/usr/bin:/bin
        AGENTGOV_AS=frank . ../env.sh && ! agentgov resume support/ticket-triage
        AGENTGOV_AS=erin . ../env.sh && agentgov resume support/ticket-triage
        AGENTGOV_AS=reconciler . ../env.sh && agentgov reconcile && ! agentgov hold support/ticket-triage
        AGENTGOV_AS=alice . ../env.sh && ! agentgov reconcile
        AGENTGOV_AS=mallory . ../env.sh
    """
    done = shell(turns, home)
    assert done.returncode == 2, done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("done resume")], done.stdout + done.stderr
    assert "nobody in the demo is called mallory" in done.stderr
    assert done.stderr.count("error: ") == 3, done.stderr
