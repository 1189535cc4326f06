"""The program in processes of its own that start with everything imported: forks of one that has done so before.

    process = Forked(["serve", ...], folder, environment, folder / "out", folder / "err")
    assert process.wait() == 0
    assert ran(["status"], folder, environment).stdout == "..."

They are processes as any: they have memory, signals and an end of their own. Only half a second of imports is spared.
That `python -m agentgov` starts from nothing is shown where that is the point.
"""

import atexit
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from movedclock import obey
from patience import PATIENCE

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(
    ["agentgov.cli.main", "agentgov.cli.run_time.serve", "agentgov.cli.run_time.serving", "agentgov.gate.oidc_client"]
)


class Forked:
    """One of them, used like a `subprocess.Popen`."""

    def __init__(self, args: Sequence[str], cwd: Path, env: Mapping[str, str], out: Path, err: Path) -> None:
        told = (list(args), str(cwd), dict(env), str(out), str(err))
        self._process = _forks.Process(target=_run, args=told, daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """Its exit code, or what signal ended it (negative); None while it runs."""
        return self._process.exitcode

    def wait(self, seconds: float = PATIENCE) -> int:
        """The same, when it has ended."""
        self._process.join(seconds)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired("agentgov", seconds)
        self._process.join()
        return code

    def send_signal(self, number: int) -> None:
        """A signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)


def ran(args: Sequence[str], cwd: Path, env: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """One command, when it has ended; exit code and output as `subprocess.run` has them."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        code = Forked(args, cwd, env, out, err).wait()
        return subprocess.CompletedProcess(args, code, out.read_text("utf-8"), err.read_text("utf-8"))


def _run(args: list[str], cwd: str, env: dict[str, str], out: str, err: str) -> None:
    """The program, from its first line to the end of what it leaves to its end."""
    for descriptor, path in ((1, out), (2, err)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(file, descriptor)
        os.close(file)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    obey(env)
    sys.argv = ["agentgov", *args]
    from agentgov.cli.launch import run

    try:
        run()
    finally:
        atexit._run_exitfuncs()
