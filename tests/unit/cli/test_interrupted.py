"""How the program ends when it is not left in peace: interrupted, its reader gone, its output full."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from patience import PATIENCE, until
from unit.cli.command_world import ROOT, CommandWorld


def start(world: CommandWorld, *args: str, stdout: int = subprocess.PIPE) -> subprocess.Popen[str]:
    """The program as a process that a test plays with."""
    return subprocess.Popen(
        [sys.executable, "-m", "agentgov", *args],
        cwd=world.fleet,
        env={**world.environment("bob"), "PYTHONPATH": str(ROOT)},
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    )


def heed_interrupts() -> None:
    """What starts the tests may ignore interrupts, and a process inherits that; a terminal's processes never do."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def slow_transport(world: CommandWorld) -> Path:
    """An address whose program never answers, and a file that it makes when it was started."""
    started = world.folder / "started"
    ssh = world.folder / "ssh"
    ssh.write_text(f"#!/bin/sh\ntouch {started}\nexec sleep 600\n")
    ssh.chmod(0o755)
    world.git("remote", "set-url", "origin", "ssh://nowhere.invalid/fleet.git")
    return started


@pytest.mark.parametrize(
    "command", [["hold", "support/triage"], ["status", "--fetch"], ["journal", "verify", "--fetch"]]
)
def test_an_interrupt_is_130_and_one_word(running: CommandWorld, command: list[str]) -> None:
    started = slow_transport(running)
    before = running.git("rev-parse", "refs/heads/agentgov/journal")
    environment = {**running.environment("bob", {"GIT_SSH": str(running.folder / "ssh")}), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-m", "agentgov", *command],
        cwd=running.fleet,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    ) as process:
        until(started.exists, "that it asks the remote")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (130, "")
    assert err.splitlines()[-1] == "interrupted"
    assert "Traceback" not in err
    assert running.git("rev-parse", "refs/heads/agentgov/journal") == before


@pytest.mark.parametrize(
    "command", ["status", "journal log", "show support/triage", "validate", "history support/triage"]
)
def test_a_reader_that_goes_away_is_no_error(running: CommandWorld, command: str) -> None:
    read, write = os.pipe()
    os.close(read)
    with start(running, *command.split(), stdout=write) as process:
        os.close(write)
        _, err = process.communicate(timeout=PATIENCE)
    assert err == ""
    assert process.returncode in (0, 1)


def test_a_pipe_that_is_read_in_part(running: CommandWorld) -> None:
    script = f"{sys.executable} -m agentgov journal log | head -n 1; echo ${{PIPESTATUS[0]}}"
    environment = {**running.environment("bob"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", script], cwd=running.fleet, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["act  time                  who         what", "0"]
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("command", ["status", "status --json", "journal log"])
def test_a_full_disk_is_said_and_never_a_yes(running: CommandWorld, command: str) -> None:
    with Path("/dev/full").open("w") as full, start(running, *command.split(), stdout=full.fileno()) as process:
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 3
    assert "Traceback" not in err
    assert "No space left on device" in err


def test_output_in_another_locale_is_still_utf_8(running: CommandWorld) -> None:
    running.must("bob", "hold", "support/triage", "-m", "Größe ✓")
    for variables in ({"LC_ALL": "C", "PYTHONUTF8": "0"}, {"LC_ALL": "POSIX", "PYTHONIOENCODING": "ascii"}):
        done = running.process("bob", "status", env=variables)
        assert done.returncode == 0, done.stderr
        assert "held support/triage by bob" in done.stdout
        assert "Traceback" not in done.stderr
