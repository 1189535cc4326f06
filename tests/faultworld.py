"""What faults are made of: hooks of the remote, a server that outlives its clients, and the reconciler as a process.

live = in_real_time(fleet, monkeypatch)
held = Held(live.folder, "moment")
hook(live, "pre-receive", held.script)       # the remote stops there
with started(live, "--once") as process: ...  # and ends with its whole group, also where the test fails
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import gitworld
import pytest
from forked import ran
from patience import until
from pipelineworld import PipelineWorld

PROJECT = Path(__file__).resolve().parents[1]
# `ssh host command` runs the command where no signal to the client reaches it.
_SERVER = '#!/bin/sh\nshift $(($# - 1))\nexec setsid sh -c "$1"\n'


def hook(fleet: PipelineWorld, name: str, script: str) -> Path:
    """A hook of the remote; it is a shell script that runs in the bare repository."""
    return program(fleet.remote / "hooks" / name, script)


def program(path: Path, script: str) -> Path:
    """A program in shell, complete before anybody can run it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.new")
    beside.write_text(f"#!/bin/sh\n{script}\n")
    beside.chmod(0o755)
    return beside.rename(path)


class Held:
    """A moment at which something stops until it is let go, `script` in shell."""

    def __init__(self, folder: Path, name: str) -> None:
        self._reached, self._go = folder / f"{name}-reached", folder / f"{name}-go"
        self.script = f"touch {self._reached}; while ! test -e {self._go}; do sleep 0.05; done"

    def wait(self) -> None:
        """Until it is reached."""
        until(self._reached.exists, "the moment")

    def go(self) -> None:
        """Let it go on, now and ever after."""
        self._go.touch()


def behind_a_server(fleet: PipelineWorld, monkeypatch: pytest.MonkeyPatch) -> PipelineWorld:
    """The same fleet in real time, whose remote is reached through a server that goes on when its client dies."""
    server = fleet.folder / "server"
    server.write_text(_SERVER)
    server.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(server))
    monkeypatch.setenv("GIT_SSH_VARIANT", "simple")
    gitworld.git(fleet.work, "config", "core.sshCommand", str(server))
    gitworld.git(fleet.work, "config", "ssh.variant", "simple")
    gitworld.git(fleet.work, "remote", "set-url", "origin", f"ssh://server{fleet.remote}")
    fleet.clock.time = int(time.time())
    return fleet.beside()


@contextmanager
def started(fleet: PipelineWorld, *args: str, **more: str) -> Iterator[subprocess.Popen[str]]:
    """`agentgov reconcile ...` by the reconciler in a group of its own; killed at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "agentgov", "reconcile", "--repo", str(fleet.work), *args],
        env=os.environ | fleet.variables("reconciler") | {"PYTHONPATH": str(PROJECT), "PYTHONUNBUFFERED": "1"} | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            kill(process)


def kill(process: subprocess.Popen[str]) -> None:
    """SIGKILL for it and every child of its group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def once(fleet: PipelineWorld, *args: str) -> tuple[int, str, str]:
    """One tick as a process: its exit code, what it said, and what it complained of."""
    command = ("reconcile", "--repo", str(fleet.work), "--once", *args)
    done = ran(command, Path.cwd(), os.environ | fleet.variables("reconciler"))
    return done.returncode, done.stdout, done.stderr
