"""A playbook is followed on a real fleet, by the program itself: from a file, at a terminal, half-way and on."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from forked import ran
from terminal import terminal

from agentgov.model.playbook_kinds import KINDS

PROJECT = Path(__file__).resolve().parents[2]
REFUNDS, TRIAGE = "support/refund-assistant", "support/ticket-triage"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("followed") / "demo"
    env = {**os.environ, "PYTHONPATH": str(PROJECT)}
    subprocess.run([sys.executable, "-m", "agentgov", "demo", str(base)], env=env, check=True, capture_output=True)
    return base


def acting(demo: Path, who: str) -> dict[str, str]:
    """The environment of one of the demo's people."""
    script = f"AGENTGOV_AS={who} . {demo}/env.sh && env -0"
    told = subprocess.run(["bash", "-c", script], cwd=demo / "fleet", capture_output=True, check=True).stdout.decode()
    return {**dict(line.split("=", 1) for line in told.split("\0") if "=" in line), "PYTHONPATH": str(PROJECT)}


def run(demo: Path, who: str, *args: str) -> subprocess.CompletedProcess[str]:
    return ran(args, demo / "fleet", acting(demo, who))


def paused(demo: Path) -> bool:
    rows = json.loads(run(demo, "erin", "status", REFUNDS, "--json").stdout)["agents"]
    return bool(rows[0]["paused"])


@pytest.mark.slow
def test_a_playbook_is_followed_from_a_file_and_stops_where_it_says(demo: Path, tmp_path: Path) -> None:
    answers = tmp_path / "answers.yaml"
    answers.write_text("identify: [yes, wrong-refunds]\ncontain: [yes, yes]\nroll-back: yes\n")
    args = ("playbook", "run", REFUNDS, "--reason", "Two refunds; $(reboot)", "--answers", str(answers), "--json")
    done = run(demo, "erin", *args)
    document = json.loads(done.stdout)
    outcomes = [(one["step"], one["outcome"]) for one in document["steps"]]
    assert outcomes == [("identify", "chosen"), ("contain", "done"), ("roll-back", "failed")]  # nothing to return to
    assert done.returncode == 1
    assert paused(demo)
    log = run(demo, "erin", "journal", "log", "-n", "1").stdout
    assert "pause support/refund-assistant (read-only)" in log
    assert run(demo, "alice", "resume", REFUNDS).returncode == 0


@pytest.mark.slow
def test_it_is_put_down_and_taken_up_at_a_terminal(demo: Path) -> None:
    env = {**acting(demo, "erin"), "NO_COLOR": "1"}
    args = ["playbook", "run", REFUNDS, "--reason", "Odd refunds"]
    with terminal(args, cwd=demo / "fleet", env=env) as screen:
        screen.until("Run it? [yes/no/quit]")
        screen.types("y\n")
        screen.until("What is it?")
        screen.types("wrong-refunds\n")
        screen.until("Run it? [yes/no/quit]")
        screen.types("quit\n")
        assert screen.end() == 3
        assert "agentgov pause support/refund-assistant --mode read-only --reason 'Odd refunds'" in screen.said
    assert not paused(demo)
    with terminal(args, cwd=demo / "fleet", env=env) as screen:
        screen.until("Run it?")
        screen.types("y\n")
        screen.until("Is it so?")
        screen.types("no\n")
        screen.until("Undo it?")
        screen.types("no\n")
        assert screen.end() == 1
        assert "goes on at contain, after 1 step;" in screen.said
        assert "contain ended it: not as expected" in screen.said
    assert paused(demo)


@pytest.fixture(scope="module")
def with_all(demo: Path) -> Path:
    """Every playbook to begin with, for all agents, reviewed and authorised."""
    for kind in KINDS:
        assert run(demo, "carol", "playbook", "new", kind, "--owner", "team:oncall").returncode == 0
    steps = [
        ("carol", "git add playbooks && git commit -q -m 'Playbooks to begin with' && git push -q origin HEAD"),
        ("dave", f"{sys.executable} -m agentgov review approve -m 'Read them all'"),
        ("reconciler", f"{sys.executable} -m agentgov reconcile"),
    ]
    for who, script in steps:
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=demo / "fleet",
            env=acting(demo, who),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return demo


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_playbook_to_begin_with_contains_the_agent_and_no_other(with_all: Path, kind: str, tmp_path: Path) -> None:
    answers = tmp_path / "answers.yaml"
    cause = "wait" if kind == "provider-outage" else "world"
    several = {
        "identify": "[yes, yes]",
        "contain": "[yes, yes]",
        "cause": cause,
        "roll-back": "no",
        "resume": "[yes, yes]",
    }
    by_hand = dict.fromkeys(("repair", "privacy", "revoke", "source", "review"), "yes")
    answers.write_text("".join(f"{step}: {words}\n" for step, words in {**several, **by_hand}.items()))
    args = ("playbook", "run", kind, "--agent", REFUNDS, "--reason", "Rehearsed", "--answers", str(answers), "--json")
    done = run(with_all, "alice", *args)
    document = json.loads(done.stdout)
    outcomes = {one["step"]: one["outcome"] for one in document["steps"]}
    assert document["over"] is True, done.stderr
    assert (outcomes["contain"], outcomes["resume"], outcomes["review"]) == ("done", "done", "done"), done.stderr
    log = run(with_all, "alice", "journal", "log", "-n", "2").stdout
    assert f"resume {REFUNDS}" in log
    assert f"pause {REFUNDS}" in log
    assert not paused(with_all)


@pytest.mark.slow
def test_every_step_is_noted_in_the_incident(demo: Path, tmp_path: Path) -> None:
    opened = run(demo, "erin", "incident", "open", REFUNDS, "--title", "Odd refunds", "-m", "Odd refunds", "--json")
    assert opened.returncode == 0, opened.stderr
    incident = json.loads(run(demo, "erin", "incident", "list", "--json").stdout)["incidents"][0]["id"]
    answers = tmp_path / "answers.yaml"
    answers.write_text("identify: [yes, false-alarm]\n")
    args = ("playbook", "run", REFUNDS, "--incident", incident, "-m", "Odd", "--answers", str(answers), "--restart")
    assert run(demo, "erin", *args).returncode == 1, "a false alarm ends it"
    told = run(demo, "erin", "history", REFUNDS, "-n", "1").stdout
    assert "playbook refund-assistant, identify chosen after" in told
